// Reads a scenario or a Chaos Toolkit experiment, and reports all its problems at once, each with file,
// step and field:
//
//   spike.toml: step 3 "players feel it": assert.measure: there is no "tick_p50"; did you mean "tick_ms_p50"?

import { basename, extname } from "node:path";
import type { z } from "zod";
import { messageOf, WowsimError } from "../../server/protocol/errors.ts";
import { didYouMean } from "../../server/protocol/did-you-mean.ts";
import { parseText } from "../../server/protocol/text-data.ts";
import type { TextFormat } from "../../server/protocol/text-data.ts";
import { scenarioSchema } from "./scenario.ts";
import type { Scenario } from "./scenario.ts";

const PROBLEMS_SHOWN_MAX = 20;
const FILE_BYTES_MAX = 2 ** 20;
const FORMATS: Readonly<Record<string, TextFormat>> = {
  ".toml": "toml",
  ".yaml": "yaml",
  ".yml": "yaml",
  ".json": "json",
};

/** A file's text as data. Throws WowsimError: no_such_file, scenario_invalid. */
export async function readData(path: string): Promise<unknown> {
  return parseData(path, await readText(path));
}

/** Throws WowsimError("scenario_invalid") with one line for each problem. */
export function parseScenario(path: string, text: string): Scenario {
  return checkScenario(path, parseData(path, text));
}

/** Throws WowsimError("scenario_invalid") with one line for each problem. */
export function checkScenario(path: string, data: unknown): Scenario {
  const parsed = scenarioSchema.safeParse(data, { reportInput: true });
  if (parsed.success) return parsed.data;
  throw invalid(path, problemsOf(parsed.error.issues, data, placeInScenario));
}

export async function readText(path: string): Promise<string> {
  const file = Bun.file(path);
  try {
    if (file.size > FILE_BYTES_MAX) throw new Error(`it has more than ${FILE_BYTES_MAX} bytes`);
    return await file.text();
  } catch (cause) {
    const message = `${path} can not be read (${messageOf(cause)}). wowsim scenario list shows those that come with wowsim.`;
    throw new WowsimError("no_such_file", message, { cause });
  }
}

function parseData(path: string, text: string): unknown {
  const format = FORMATS[extname(path).toLowerCase()];
  if (format === undefined) throw new WowsimError("usage", `${path}: the name has to end in .toml, .yaml or .json.`);
  try {
    return parseText(format, text);
  } catch (cause) {
    throw invalid(path, [messageOf(cause)]);
  }
}

export function invalid(path: string, problems: readonly string[]): WowsimError {
  const shown = problems.slice(0, PROBLEMS_SHOWN_MAX).map((problem) => `${basename(path)}: ${problem}`);
  const more = problems.length - shown.length;
  return new WowsimError("scenario_invalid", [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join("\n"));
}

/** One sentence for each problem. `placeOf` gives the place of a path in words, and how many of its parts that includes. */
export function problemsOf(
  issues: readonly z.core.$ZodIssue[],
  data: unknown,
  placeOf: (path: readonly PropertyKey[], data: unknown) => { place: string; used: number },
): string[] {
  return issues.flatMap(ofTheRightBranch).map((issue) => {
    const { place, used } = placeOf(issue.path, data);
    const field = issue.path.slice(used).join(".");
    return [place, field, inWords(issue)].filter((part) => part !== "").join(": ");
  });
}

/**
 * For a value with several allowed forms: the problems of the form that was meant, which is the one that matches in its
 * type and as a whole. If no form, or more than one, is that close, the problem is that the value has none of the forms.
 */
function ofTheRightBranch(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== "invalid_union") return [issue];
  const meant = issue.errors
    .map((branch) => branch.flatMap(ofTheRightBranch))
    .filter((branch) => branch.every(({ path: [key] }) => key !== undefined && key !== "type"));
  const [branch] = meant;
  if (branch === undefined || meant.length > 1) return [issue];
  return branch.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
}

const LISTS: Record<string, string> = { steps: "step", steady: "steady state", rollback: "rollback step" };

/** ["steps", 2, ...] is `step 3 "its name"`. */
function placeInScenario(path: readonly PropertyKey[], data: unknown): { place: string; used: number } {
  const [list, index] = path;
  const word = typeof list === "string" ? LISTS[list] : undefined;
  if (word === undefined || typeof index !== "number") return { place: "", used: 0 };
  const entry: unknown = at(at(data, String(list)), String(index));
  const name = at(entry, "name");
  return { place: `${word} ${index + 1}${typeof name === "string" ? ` "${name}"` : ""}`, used: 2 };
}

const at = (value: unknown, key: string): unknown =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;

function inWords(issue: z.core.$ZodIssue): string {
  if (issue.code === "unrecognized_keys") {
    const keys = issue.keys.map((key) => JSON.stringify(key)).join(", ");
    return `there is no field ${keys} here`;
  }
  if (issue.code === "invalid_value") {
    const known = issue.values.map(String);
    const given = typeof issue.input === "string" ? didYouMean(issue.input, known) : "";
    return `${JSON.stringify(issue.input)} is none of ${known.join(", ")}.${given}`;
  }
  if (issue.code === "invalid_type" && issue.input === undefined) return "is missing";
  return issue.message;
}
