// Whether a probe's value is within its tolerance, in every form that the Chaos Toolkit knows.
//
//   200                                          equal; for an HTTP answer or a process, its status
//   [4, 9]                                       from 4 to 9
//   [200, 201, 204]                              one of these; for a status, also with two of them
//   {"type":"range","range":[4.6,8.9],"target":"body"}
//   {"type":"regex","pattern":"^ok","target":"stdout"}
//   {"type":"jsonpath","path":"$.zones[*].state","expect":["ACTIVE","ACTIVE"],"target":"body"}
//
// The form {"type":"probe",...} is a probe itself; experiment.ts runs it.

import { z } from "zod";
import { messageOf } from "../../../server/protocol/errors.ts";
import { parseJsonPath } from "./json-path.ts";
import { pythonPattern } from "./python-pattern.ts";

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const target = z.string().optional();

/** The message for a value that is not a tolerance. */
export const TOLERANCE_FORMS =
  "must be a value, a list of values, or an object of type range, regex, jsonpath or probe with what that needs";

export const toleranceSchema = z.union(
  [
    scalar,
    z.array(scalar).min(1),
    z.looseObject({ type: z.literal("range"), range: z.tuple([z.number(), z.number()]), target }),
    z.looseObject({ type: z.literal("regex"), pattern: z.string().superRefine(checkPattern), target }),
    z.looseObject({
      type: z.literal("jsonpath"),
      path: z.string().superRefine(checkPath),
      count: z.number().int().min(0).optional(),
      expect: z.unknown().optional(),
      target,
    }),
  ],
  TOLERANCE_FORMS,
);

export type Tolerance = z.infer<typeof toleranceSchema>;

export function isWithin(tolerance: Tolerance, value: unknown): boolean {
  if (Array.isArray(tolerance)) return isInList(tolerance, value);
  if (typeof tolerance !== "object") return equal(tolerance, typeof tolerance === "number" ? statusOf(value) : value);
  const tested = targetOf(value, tolerance.target);
  switch (tolerance.type) {
    case "range":
      return isInRange(tolerance.range, tested);
    case "regex":
      return pythonPattern(tolerance.pattern).test(typeof tested === "string" ? tested : JSON.stringify(tested));
    case "jsonpath":
      return matchesPath(tolerance, tested);
  }
}

function isInList(list: readonly unknown[], value: unknown): boolean {
  const status = statusOf(value);
  if (status !== value) return list.some((each) => equal(each, status));
  const [low, high] = list;
  if (list.length === 2 && typeof low === "number" && typeof high === "number") return isInRange([low, high], value);
  return list.some((each) => equal(each, value));
}

/** A number as Python's float reads it; Number would also read "0x10", and "" as 0. */
const DECIMAL = /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i;

/** Also for a number in a text, which is all that a process can output. */
function isInRange([low, high]: readonly [number, number], value: unknown): boolean {
  const number = typeof value === "string" && DECIMAL.test(value) ? Number(value) : value;
  return typeof number === "number" && number >= low && number <= high;
}

function matchesPath(
  { path, count, expect }: { path: string; count?: number | undefined; expect?: unknown },
  value: unknown,
): boolean {
  const found = parseJsonPath(path)(parsedIfText(value));
  if (expect !== undefined) return equal(found, Array.isArray(expect) ? expect : [expect]);
  return count === undefined ? found.length > 0 : found.length === count;
}

/** For an HTTP answer or a process its status, else the value itself. */
function statusOf(value: unknown): unknown {
  return typeof value === "object" && value !== null && "status" in value ? value.status : value;
}

function targetOf(value: unknown, name: string | undefined): unknown {
  if (name === undefined || typeof value !== "object" || value === null) return value;
  return Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : value;
}

function parsedIfText(value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    // The text is not JSON, so no path matches in it.
    return value;
  }
}

const equal = (a: unknown, b: unknown): boolean => Bun.deepEquals(a, b, true);

function checkPattern(pattern: string, context: z.RefinementCtx): void {
  try {
    pythonPattern(pattern);
  } catch (error) {
    context.addIssue(`is not a regular expression that is supported here: ${messageOf(error)}`);
  }
}

function checkPath(path: string, context: z.RefinementCtx): void {
  try {
    parseJsonPath(path);
  } catch (error) {
    context.addIssue(messageOf(error));
  }
}
