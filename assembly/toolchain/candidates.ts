// Candidates: kernels for drills and tests, each the kernel of this tree with a small true change. A candidate is one file in
// assembly/candidates/: what it is, and the edits that make it. It copies no file of the kernel.
//
//   label = "bad"
//   about = "Armour makes hits harder."
//   stage = "validate"
//
//   [[edit]]
//   file = "combat/mitigation.ts"
//   before = "(<f32>1 - armorShare"
//   after = "(<f32>1 + armorShare"
//
// The text before must be in the file exactly once. So a change of the kernel that breaks a candidate is noticed when the
// candidate is built, and no candidate becomes the plain kernel in silence.

import { existsSync, readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { didYouMean } from "../../server/protocol/did-you-mean.ts";
import { WowsimError, messageOf } from "../../server/protocol/errors.ts";
import { problemsOf } from "../../server/protocol/problems.ts";
import type { Place } from "../../server/protocol/problems.ts";
import { parseText } from "../../server/protocol/text-data.ts";
import { ASSEMBLY, buildFrom, readSources } from "./build.ts";
import type { BuiltKernel } from "./build.ts";

const CANDIDATES = join(ASSEMBLY, "candidates");
/** Where a deploy is expected to stop a bad candidate. */
export const CANDIDATE_STAGES = ["validate", "free-run", "cost", "canary"] as const;
export type CandidateStage = (typeof CANDIDATE_STAGES)[number];

export interface Candidate {
  name: string;
  label: "good" | "bad";
  /** One sentence: what it changes. */
  about: string;
  /** Null for a good one. */
  stage: CandidateStage | null;
  edits: readonly Edit[];
  /** Path of its expectations; null for one that is to behave like the kernel. */
  expectations: string | null;
}

type Edit = z.infer<typeof editSchema>;

const SUFFIX = ".toml";
const EXPECTATIONS_SUFFIX = ".expect.toml";
const NAME = /^[a-z0-9-]+$/;
const EDITS_MAX = 16;

const about = z
  .string()
  .max(90)
  .regex(/^[A-Z].*\.$/, "is no sentence: begin with a capital letter and end with a full stop");
const editSchema = z.strictObject({
  /** Path in assembly/. */
  file: z.string(),
  before: z.string().min(1, "is empty"),
  after: z.string(),
});
const edit = z.array(editSchema).min(1).max(EDITS_MAX);
const fileSchema = z.discriminatedUnion("label", [
  z.strictObject({ label: z.literal("good"), about, edit }),
  z.strictObject({ label: z.literal("bad"), about, stage: z.enum(CANDIDATE_STAGES), edit }),
]);

/** Names of all candidates, sorted. */
export function candidateNames(folder = CANDIDATES): string[] {
  const files = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith(SUFFIX)) : [];
  return files
    .map((file) => file.slice(0, -SUFFIX.length))
    .filter((name) => NAME.test(name))
    .toSorted();
}

/** Throws WowsimError("no_such_file" | "candidate_invalid"). */
export async function readCandidate(name: string, folder = CANDIDATES): Promise<Candidate> {
  const names = candidateNames(folder);
  if (!names.includes(name)) {
    const message = `There is no candidate ${name}.${didYouMean(name, names)} \`wowsim candidates\` lists them.`;
    throw new WowsimError("no_such_file", message);
  }
  const expectations = join(folder, `${name}${EXPECTATIONS_SUFFIX}`);
  const text = await readFile(join(folder, `${name}${SUFFIX}`), "utf8");
  return { ...parseCandidate(name, text), expectations: existsSync(expectations) ? expectations : null };
}

/** All of them, sorted by name. Throws WowsimError("candidate_invalid"). */
export async function readCandidates(folder = CANDIDATES): Promise<Candidate[]> {
  return await Promise.all(candidateNames(folder).map((name) => readCandidate(name, folder)));
}

/** Compiles, checks and meters a candidate. Throws like readCandidate, candidateSources and buildKernel. */
export async function buildCandidate(name: string): Promise<BuiltKernel> {
  return await buildFrom(await candidateSources(await readCandidate(name)));
}

/** The kernel's source texts, with the candidate's edits. Throws WowsimError("candidate_invalid"). */
export async function candidateSources({ name, edits }: Candidate): Promise<Map<string, string>> {
  const sources = await readSources();
  for (const [index, { file, before, after }] of edits.entries()) {
    const text = sources.get(file);
    const parts = text?.split(before) ?? [];
    const [start, end, ...others] = parts;
    if (start !== undefined && end !== undefined && others.length === 0) {
      sources.set(file, `${start}${after}${end}`);
      continue;
    }
    const isTwice = others.length > 0;
    const problem = isTwice
      ? `${file} has the text before ${parts.length - 1} times: add what stands around the right one`
      : `${file} does not have the text before: take it over from the file as it is now`;
    const none = `there is no ${file} in assembly/`;
    throw invalid(name, [`edit ${index + 1}: ${text === undefined ? none : problem}`]);
  }
  return sources;
}

/** Throws WowsimError("candidate_invalid") with one line for each problem. */
export function parseCandidate(name: string, toml: string): Omit<Candidate, "expectations"> {
  let data: unknown;
  try {
    data = parseText("toml", toml);
  } catch (cause) {
    throw invalid(name, [messageOf(cause)]);
  }
  const parsed = fileSchema.safeParse(data, { reportInput: true });
  if (!parsed.success) throw invalid(name, problemsOf(parsed.error.issues, data, placeOf));
  const { label, about: sentence, edit: edits } = parsed.data;
  return { name, label, about: sentence, stage: parsed.data.label === "bad" ? parsed.data.stage : null, edits };
}

function placeOf([list, index]: readonly PropertyKey[]): Place {
  if (list !== "edit" || typeof index !== "number")
    return { place: "", used: 0, fields: ["label", "about", "stage (bad)", "edit"] };
  return { place: `edit ${index + 1}`, used: 2, fields: Object.keys(editSchema.shape) };
}

function invalid(name: string, problems: readonly string[]): WowsimError {
  const lines = problems.map((problem) => `assembly/candidates/${name}${SUFFIX}: ${problem}`);
  return new WowsimError("candidate_invalid", lines.join("\n"));
}
