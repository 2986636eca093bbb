// The validation of an uploaded module, as the control port tells it: names in snake_case, and of terms those that differ.
//
//   < {"success":true,"command":"validate_status","validation":1,"hash":"9f3c…","state":"running","share":0.4,"doing":"zone 1, tick 812",
//      "report":null,"error":null}

import { createHash } from "node:crypto";
import { z } from "zod";
import type { BehaviourTerm } from "./behaviour.ts";
import { firstInWords } from "./behaviour-words.ts";
import type { ValidationCheck, ValidationResult } from "./validation.ts";
import { BEHAVIOUR_CLASSES, VALIDATION_VERDICTS } from "./validation.ts";

/** How much of every zone's newest history is run, in milliseconds. */
export const VALIDATE_LAST_MS = { min: 1_000, max: 600_000, default: 60_000 } as const;
/** Longest text of expectations, in characters. */
export const EXPECT_LENGTH_MAX = 65_536;
/** Longest reason of an operator, in characters. */
export const FORCE_REASON_LENGTH_MAX = 300;
const CHECKS_MAX = 60;
const TERMS_MAX = 40;
const TEXT_LENGTH_MAX = 1_000;

const Numbers = z.object({
  ticks: z.number(),
  /** Ticks after which states, events and frames were equal. */
  equal: z.number(),
  zones: z.number(),
  /** The candidate's fuel over the incumbent's; null: it can not be told. */
  fuel_ratio: z.number().nullable(),
  seconds: z.number(),
});

/** A term of the game in which both modules differed, sums over all ticks in the unit of the thing. */
export const ShownTerm = z.object({
  what: z.string(),
  incumbent: z.number(),
  candidate: z.number(),
  /** Ticks in which both differ. */
  ticks: z.number(),
  /** How often it happened. */
  n: z.number(),
  /** Whether the expectations name it; null or missing: unknown. */
  expected: z.boolean().nullable().optional(),
  /** Where both first differ, in words. */
  first: z.string().nullable().optional(),
});
export type ShownTerm = z.infer<typeof ShownTerm>;

export const ValidationReport = Numbers.extend({
  verdict: z.enum(VALIDATION_VERDICTS),
  /** The verdict and what decided it. */
  reason: z.string(),
  class: z.enum(BEHAVIOUR_CLASSES),
  /** What decided stands first. */
  checks: z.array(z.object({ name: z.string(), holds: z.boolean().nullable(), shown: z.string() })),
  incumbents: z.array(z.string()),
  /** Those that differ, the largest first; an older server does not tell them. */
  terms: z.array(ShownTerm).optional(),
});
export type ValidationReport = z.infer<typeof ValidationReport>;

export const ValidationStatus = z.object({
  validation: z.number(),
  hash: z.string(),
  /** Failed: there is no report, and `error` says why. */
  state: z.enum(["running", "done", "failed"]),
  /** 0 to 1. */
  share: z.number(),
  doing: z.string(),
  report: ValidationReport.nullable(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
});
export type ValidationStatus = z.infer<typeof ValidationStatus>;

/** What the deploy history keeps of a validation. */
export const ValidationNote = Numbers.extend({
  verdict: z.enum(VALIDATION_VERDICTS),
  /** The checks that did not hold, or could not be told. */
  lines: z.array(z.string()),
  /** Why an operator goes on whatever the verdict is; "" when nobody does. */
  forced: z.string(),
  /** Of the expectations' text; "" when there were none. */
  expect: z.string(),
});
export type ValidationNote = z.infer<typeof ValidationNote>;

const HASH_LENGTH = 16;

/** Tells whether a module is judged by the same expectations as before. */
export function expectationsHash(text: string): string {
  return text.trim() === "" ? "" : createHash("sha256").update(text).digest("hex").slice(0, HASH_LENGTH);
}

export function reportOf(
  result: Pick<
    ValidationResult,
    "verdict" | "reason" | "class" | "checks" | "incumbents" | "ticks" | "equal" | "fuelRatio" | "seconds" | "terms"
  > & { zones: readonly unknown[] },
): ValidationReport {
  const { verdict, reason, class: kind, checks, incumbents, zones, ticks, equal, fuelRatio, seconds, terms } = result;
  return {
    verdict,
    reason: reason.slice(0, TEXT_LENGTH_MAX),
    class: kind,
    checks: checks
      .slice(0, CHECKS_MAX)
      .map(({ name, holds, shown }) => ({ name, holds, shown: shown.slice(0, TEXT_LENGTH_MAX) })),
    incumbents: incumbents.map(({ module }) => module),
    terms: terms
      .filter((term) => term.ticks > 0)
      .slice(0, TERMS_MAX)
      .map((term) => shownTerm(term, checks)),
    zones: zones.length,
    ticks,
    equal,
    fuel_ratio: Number.isFinite(fuelRatio) ? fuelRatio : null,
    seconds,
  };
}

/** A term that nothing decides about follows from others. */
function shownTerm(
  { what, incumbent, candidate, ticks, n, first }: BehaviourTerm,
  checks: readonly ValidationCheck[],
): ShownTerm {
  const expected = checks.find(({ name }) => name === what)?.holds ?? null;
  return { what, incumbent, candidate, ticks, n, expected, first: first === null ? null : firstInWords(first) };
}
