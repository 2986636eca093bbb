// Reads a scenario or a Chaos Toolkit experiment, and reports all its problems at once, each with file,
// step and field:
//
//   spike.toml: step 3 "players feel it": assert.measure: there is no "tick_p50"; did you mean "tick_ms_p50"?

import { basename, extname } from "node:path";
import { messageOf, WowsimError } from "../../server/protocol/errors.ts";
import { problemsOf } from "../../server/protocol/problems.ts";
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
