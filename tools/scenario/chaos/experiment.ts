// A Chaos Toolkit experiment (https://chaostoolkit.org/reference/api/experiment/), checked completely before it runs:
//
//   {"title":"...","description":"...",
//    "steady-state-hypothesis":{"title":"...","probes":[{"type":"probe","name":"healthy","tolerance":200,
//      "provider":{"type":"http","url":"http://${wowsim_host}:${wowsim_http_port}/healthz"}}]},
//    "method":[{"type":"action","name":"spike","pauses":{"after":5},
//      "provider":{"type":"wowsim","step":{"activate":{"fault":"latency-spike","zone":1}}}}],
//    "rollbacks":[...]}
//
// Providers are http, process, and wowsim, which does a step of a scenario or reads one of its measures.
// Python can not be run here, and is refused. What is ignored is listed in the notes: controls, and the runtime's settings.

import { z } from "zod";
import { didYouMean } from "../../../server/protocol/did-you-mean.ts";
import { problemsOf } from "../../../server/protocol/problems.ts";
import { durationMs } from "../duration.ts";
import { MEASURE_NAMES } from "../measures.ts";
import { invalid } from "../read-file.ts";
import { stepSchema } from "../scenario.ts";
import { redactor } from "./redact.ts";
import { loadVariables, namedEnvironment, secretTexts, substitute } from "./substitute.ts";
import type { Variables } from "./substitute.ts";
import { TOLERANCE_FORMS, toleranceSchema } from "./tolerance.ts";

const ACTIVITIES_MAX = 200;
const OVER_MS_MAX = 120_000;

const text = z.string().min(1);
const seconds = z.number().min(0).max(3_600);

const httpProvider = z.looseObject({
  type: z.literal("http"),
  url: text,
  method: z.string().default("GET"),
  headers: z.record(z.string(), z.unknown()).default({}),
  arguments: z.unknown().optional(),
  /** Seconds; or one value for the connection and one for the answer. */
  timeout: z.union([seconds, z.tuple([seconds, seconds])]).optional(),
  verify_tls: z.boolean().default(true),
});

const processProvider = z.looseObject({
  type: z.literal("process"),
  path: text,
  arguments: z.union([z.string(), z.array(z.unknown()), z.record(z.string(), z.unknown())]).default([]),
  timeout: seconds.optional(),
  /** Environment variables, besides PATH and the like and those that the configuration names. */
  env: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String)).default({}),
});

const READABLE = ["health", "diagnosis", "zone_state", ...MEASURE_NAMES] as const;

const wowsimProvider = z
  .strictObject({
    type: z.literal("wowsim"),
    step: stepSchema.optional(),
    read: z.enum(READABLE).optional(),
    zone: z.number().int().min(1).max(65_535).optional(),
    over: durationMs(100, OVER_MS_MAX).optional(),
  })
  .refine(({ step, read }) => (step === undefined) !== (read === undefined), {
    message: "say either step (what a step of a scenario says) or read (a measure, health, diagnosis or zone_state)",
  });

const pythonProvider = z.looseObject({ type: z.literal("python") }).superRefine((_provider, context) => {
  context.addIssue({
    code: "custom",
    path: ["type"],
    message: 'python is not supported; use "process" (python3 -c ...), "http", or "wowsim"',
  });
});

const provider = z.discriminatedUnion("type", [httpProvider, processProvider, wowsimProvider, pythonProvider], {
  error: (issue) => (issue.code === "invalid_union" ? "type must be http, process or wowsim" : undefined),
});

export type Provider = Exclude<z.infer<typeof provider>, { type: "python" }>;

const probeTolerance = z.looseObject({ type: z.literal("probe"), name: text, provider });

const activity = z.looseObject({
  type: z.enum(["probe", "action"]),
  name: text,
  provider,
  tolerance: z.union([probeTolerance, toleranceSchema], TOLERANCE_FORMS).optional(),
  pauses: z.looseObject({ before: seconds.default(0), after: seconds.default(0) }).default({ before: 0, after: 0 }),
  background: z.boolean().default(false),
});

export interface Activity extends z.infer<typeof activity> {
  /** The activity as it is in the file, for the journal. */
  source: unknown;
}

const steadyProbe = activity.refine(({ tolerance }) => tolerance !== undefined, {
  path: ["tolerance"],
  message: "is missing; a probe of the steady state needs one",
});

const experiment = z.looseObject({
  title: text,
  description: text,
  configuration: z.record(z.string(), z.unknown()).default({}),
  secrets: z.record(z.string(), z.record(z.string(), z.unknown())).default({}),
  "steady-state-hypothesis": z
    .looseObject({ title: text, probes: z.array(steadyProbe).max(ACTIVITIES_MAX).default([]) })
    .optional(),
  method: z.array(activity).max(ACTIVITIES_MAX),
  rollbacks: z.array(activity).max(ACTIVITIES_MAX).default([]),
});

export interface Experiment {
  title: string;
  /** The experiment as it is in the file, for the journal. */
  source: unknown;
  steady: Activity[];
  method: Activity[];
  rollbacks: Activity[];
  /** The values known before the run; the server's address is added later. */
  variables: Variables;
  /** The part of our environment that its programs get: the variables that its configuration names. */
  environment: Readonly<Record<string, string | undefined>>;
  /** Every program that it would run, as a command line. */
  programs: string[];
  /** Masks its secrets in everything that is printed or saved. */
  redact: ReturnType<typeof redactor>;
  notes: string[];
}

/** Whether the data looks like an experiment rather than a scenario. */
export function isExperiment(data: unknown): data is Record<string, unknown> {
  return typeof data === "object" && data !== null && ("method" in data || "steady-state-hypothesis" in data);
}

/** Throws WowsimError("scenario_invalid") with one line for each fault. */
export function checkExperiment(path: string, source: Record<string, unknown>, environment = process.env): Experiment {
  const { configuration, secrets } = source;
  const given = { configuration: recordOf(configuration), secrets: recordOf(secrets) as Record<string, never> };
  const { variables, problems, missing } = loadVariables(given, environment);
  const { whole, dangling } = withReferences(source);
  const data = substitute(whole, variables);
  const parsed = experiment.safeParse(data, { reportInput: true });
  const redact = redactor(secretTexts(given.secrets, environment));
  const issues = (parsed.error?.issues ?? []).filter(({ input }) => !mentionsVariable(input, missing));
  const all = [...problems, ...dangling, ...problemsOf(issues, data, placeOf)];
  if (!parsed.success || all.length > 0) throw invalid(path, all.map(redact));
  const { title, method, rollbacks, "steady-state-hypothesis": hypothesis } = parsed.data;
  if ([...(hypothesis?.probes ?? []), ...method].length === 0)
    throw invalid(path, ["it has no activity: nothing would be done, and nothing measured"]);
  return {
    title,
    source,
    steady: withSources(hypothesis?.probes ?? [], recordOf(whole["steady-state-hypothesis"])["probes"]),
    method: withSources(method, whole["method"]),
    rollbacks: withSources(rollbacks, whole["rollbacks"]),
    variables,
    environment: namedEnvironment(given.configuration, environment),
    programs: redact(programsOf([...(hypothesis?.probes ?? []), ...method, ...rollbacks])),
    redact,
    notes: notesOf(source),
  };
}

/** Includes the programs of probes inside a tolerance. */
function programsOf(activities: readonly z.infer<typeof activity>[]): string[] {
  const providers = activities.flatMap(({ provider: own, tolerance }): z.infer<typeof provider>[] =>
    typeof tolerance === "object" && !Array.isArray(tolerance) && tolerance.type === "probe"
      ? [own, (tolerance as z.infer<typeof probeTolerance>).provider]
      : [own],
  );
  const programs = providers.flatMap((each) => {
    if (each.type !== "process") return [];
    const { path, arguments: list } = each;
    const words = Array.isArray(list) ? list : typeof list === "string" ? [list] : Object.entries(list).flat();
    return [[path, ...words].map(String).join(" ").trim()];
  });
  return [...new Set(programs)];
}

/** The activities with their original source: the journal must not have substituted values, such as secrets. */
function withSources(activities: readonly z.infer<typeof activity>[], sources: unknown): Activity[] {
  return activities.map((each, index) => ({ ...each, source: listOf(sources)[index] ?? null }));
}

/** Replaces a missing activity, so that the others are checked anyway. */
const STAND_IN = { type: "action", name: "-", provider: { type: "process", path: "true" } };

/** Each {"ref":"name"} becomes the activity of that name; references to unknown names are returned. */
function withReferences(source: Record<string, unknown>): { whole: Record<string, unknown>; dangling: string[] } {
  const hypothesis = recordOf(source["steady-state-hypothesis"]);
  const activities = [hypothesis["probes"], source["method"], source["rollbacks"]].flatMap(listOf).map(recordOf);
  const known = new Map(activities.filter((each) => "name" in each).map((each) => [each["name"], each]));
  const names = [...known.keys()].map(String);
  const dangling: string[] = [];
  const resolve = (list: unknown, word: string): unknown => {
    if (!Array.isArray(list)) return list;
    return list.map((each: unknown, index) => {
      const { ref } = recordOf(each);
      if (ref === undefined) return each;
      const found = known.get(ref);
      if (found !== undefined) return found;
      const problem = `ref: there is no activity ${JSON.stringify(ref)}.${didYouMean(String(ref), names)}`;
      dangling.push(`${word} ${index + 1}: ${problem}`);
      return STAND_IN;
    });
  };
  const whole = {
    ...source,
    method: resolve(source["method"], "activity"),
    rollbacks: resolve(source["rollbacks"], "rollback"),
  };
  return { whole, dangling };
}

/** Whether a value still has the ${name} of one of these: then its only problem is the missing variable. */
const mentionsVariable = (value: unknown, names: readonly string[]): boolean =>
  names.some((name) => (JSON.stringify(value) ?? "").includes(`\${${name}}`));

function notesOf(source: Record<string, unknown>): string[] {
  const notes: string[] = [];
  if (mentions(source, "controls")) notes.push("controls are ignored");
  if (source["runtime"] !== undefined) notes.push("runtime settings are ignored; rollbacks always run");
  return notes;
}

function mentions(value: unknown, key: string): boolean {
  if (typeof value !== "object" || value === null) return false;
  return Object.hasOwn(value, key) || Object.values(value).some((each) => mentions(each, key));
}

const LISTS = [
  { at: ["steady-state-hypothesis", "probes"], word: "steady state probe" },
  { at: ["method"], word: "activity" },
  { at: ["rollbacks"], word: "rollback" },
] as const;

/** ["method", 2, ...] is `activity 3 "its name"`. */
function placeOf(path: readonly PropertyKey[], data: unknown): { place: string; used: number } {
  for (const { at, word } of LISTS) {
    const index = path[at.length];
    if (!at.every((key, depth) => path[depth] === key) || typeof index !== "number") continue;
    const list = at.reduce<unknown>((value, key) => recordOf(value)[key], data);
    const { name } = recordOf(listOf(list)[index]);
    const shown = typeof name === "string" ? ` "${name}"` : "";
    return { place: `${word} ${index + 1}${shown}`, used: at.length + 1 };
  }
  return { place: "", used: 0 };
}

const recordOf = (value: unknown): Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
