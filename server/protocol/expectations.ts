// What a hotfix is meant to change, in a TOML file beside its source: expect.toml in a folder with kernel sources, or
// hotfix.expect.toml beside hotfix.wasm.
//
//   [[expect]]
//   what = "damage.spell.fireball"     # a term of behaviour (behaviour.ts); damage.spell.* is all of them
//   change = "+10..15 %"               # or "-5 %", "-5 ±0.5 %", "appears", "disappears", "any", "equal"
//   at_least = 30                      # times that it has to happen (default 1; 0: it may as well not happen)
//   why = "Fireball was weaker than its rank says"
//
// What differs and is not expected fails, and so does what is expected and does not happen. When several tables match a term,
// the one that names it most exactly decides, the later one of two that are as exact. Terms that begin with "free." are measures
// of free runs (server/validate/free-measures.ts): what becomes of a change in minutes, "free.kills" for example.

import { basename, dirname, extname, join } from "node:path";
import { z } from "zod";
import type { BehaviourTerm } from "./behaviour.ts";
import { messageOf, WowsimError } from "./errors.ts";
import { CHANGE_FORMS, parseChange } from "./expected-change.ts";
import type { ExpectedChange } from "./expected-change.ts";
import { problemsOf } from "./problems.ts";
import type { Place } from "./problems.ts";
import { parseText } from "./text-data.ts";

export interface Expectation {
  /** Number of its table in the file, from 1 on. */
  table: number;
  /** Words joined by "."; a "*" is any word, and at the end any number of words. */
  what: string;
  change: ExpectedChange;
  /** How often it has to happen. */
  atLeast: number;
  why: string | null;
}

/** The beginning of all terms of free runs. */
export const FREE_RUNS = "free.";
const FILE_BYTES_MAX = 256 * 1_024;
const TABLES_MAX = 200;
const PROBLEMS_SHOWN_MAX = 20;
const PATTERN = /^(?:[a-z0-9_]+|\*)(?:\.(?:[a-z0-9_]+|\*))*$/;
const FORM = 'what = "damage.spell.fireball" change = "+10..15 %"';

const tableSchema = z.strictObject({
  what: z
    .string()
    .max(200)
    .regex(PATTERN, 'is no term: words in lower case joined by ".", such as damage.spell.fireball or damage.spell.*'),
  change: z
    .string(`is no text: write ${CHANGE_FORMS}`)
    .max(100)
    .transform((text, context): ExpectedChange => {
      const change = parseChange(text);
      if (typeof change !== "string") return change;
      context.addIssue({ code: "custom", message: change });
      return z.NEVER;
    }),
  at_least: z.number("is no whole number").int("is no whole number").min(0, "is less than 0").max(1e9).default(1),
  why: z.string().max(1_000).optional(),
});
const fileSchema = z.strictObject({ expect: z.array(tableSchema).min(1).max(TABLES_MAX) });

/** Where the expectations of a source lie, if there are any: a folder with kernel sources, or a module's file. */
export function expectationsFileOf(source: string): string {
  if (extname(source) !== ".wasm") return join(source, "expect.toml");
  return join(dirname(source), `${basename(source, ".wasm")}.expect.toml`);
}

/** Null when there is no such file. Throws WowsimError("expectations_invalid" | "file_unreadable"). */
export async function readExpectations(path: string): Promise<Expectation[] | null> {
  const file = Bun.file(path);
  if (!(await file.exists())) return null;
  if (file.size > FILE_BYTES_MAX) throw invalid(path, [`it has more than ${FILE_BYTES_MAX} bytes`]);
  let text: string;
  try {
    text = await file.text();
  } catch (cause) {
    throw new WowsimError("file_unreadable", `${path} can not be read (${messageOf(cause)}).`, { cause });
  }
  return parseExpectations(path, text);
}

/** Throws WowsimError("expectations_invalid") with one line for each problem. */
export function parseExpectations(path: string, text: string): Expectation[] {
  let data: unknown;
  try {
    data = parseText("toml", text);
  } catch (cause) {
    throw invalid(path, [messageOf(cause)]);
  }
  const parsed = fileSchema.safeParse(data, { reportInput: true });
  if (!parsed.success) throw invalid(path, problemsOf(parsed.error.issues, data, placeOf));
  const expectations = parsed.data.expect.map(({ what, change, at_least: atLeast, why }, index): Expectation => {
    return { table: index + 1, what, change, atLeast, why: why ?? null };
  });
  const twice = expectations.flatMap(({ what, table }, index) => {
    const first = expectations.findIndex((other) => other.what === what);
    return first < index ? [`table ${table}: ${what} is there twice, first in table ${first + 1}`] : [];
  });
  if (twice.length > 0) throw invalid(path, twice);
  return expectations;
}

function placeOf([list, index]: readonly PropertyKey[]): Place {
  if (list === undefined) return { place: "", used: 0, fields: Object.keys(fileSchema.shape) };
  if (list !== "expect" || typeof index !== "number") return { place: `[[expect]] with ${FORM}`, used: 1 };
  return { place: `table ${index + 1}`, used: 2, fields: Object.keys(tableSchema.shape) };
}

function invalid(path: string, problems: readonly string[]): WowsimError {
  const shown = problems.slice(0, PROBLEMS_SHOWN_MAX).map((problem) => `${path}: ${problem}`);
  const more = problems.length - shown.length;
  return new WowsimError("expectations_invalid", [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join("\n"));
}

/** What is expected of each tick by itself. */
export function ofTicks(expectations: readonly Expectation[]): Expectation[] {
  return expectations.filter(({ what }) => !what.startsWith(FREE_RUNS));
}

/** What is expected of free runs. */
export function ofFreeRuns(expectations: readonly Expectation[]): Expectation[] {
  return expectations.filter(({ what }) => what.startsWith(FREE_RUNS));
}

/** The expectation that decides about a term; null when none matches. */
export function deciding(expectations: readonly Expectation[], { what }: BehaviourTerm): Expectation | null {
  let best: Expectation | null = null;
  for (const each of expectations) {
    if (!matches(each.what, what)) continue;
    if (best === null || exactness(each.what) >= exactness(best.what)) best = each;
  }
  return best;
}

export function matches(pattern: string, what: string): boolean {
  const [wanted, words] = [pattern.split("."), what.split(".")];
  const isOpen = wanted.at(-1) === "*";
  if (isOpen ? words.length < wanted.length : words.length !== wanted.length) return false;
  return wanted.every((word, index) => word === "*" || word === words[index]);
}

/** Words that are named, then whether it has no "*" at all. */
function exactness(pattern: string): number {
  const words = pattern.split(".");
  const named = words.filter((word) => word !== "*").length;
  return named * 2 + (named === words.length ? 1 : 0);
}
