// The policy of deploys in a TOML file: limits, how long each stage watches, and in which waves zones take a module.
//
//   [limits]
//   fuel_ratio_max = 1.05
//   [canary]
//   zones = [2]
//   [promote]
//   waves = [0.25, 1]
//
//   parsePolicy("policy.toml", text).limits.fuelRatioMax      // 1.05
//
// What a file leaves out is as in DEFAULT_POLICY. POLICY_FIELDS has each field with its default and its meaning, for help and docs.

import { z } from "zod";
import { messageOf, WowsimError } from "./errors.ts";
import { problemsOf } from "./problems.ts";
import type { Place } from "./problems.ts";
import { parseText } from "./text-data.ts";

export interface DeployPolicy {
  limits: { fuelRatioMax: number; timeRatioMax: number };
  validate: { minutes: number; randomCommands: number; freeRuns: number; zMax: number };
  shadow: { ticks: number; zones: readonly number[] | null; p99RatioMax: number };
  canary: {
    zones: readonly number[] | null;
    share: number | null;
    ticks: number;
    errorRate: number;
    refusedShareMax: number;
  };
  promote: { waves: readonly number[]; watchTicks: number };
}

const FILE_BYTES_MAX = 64 * 1_024;
const PROBLEMS_SHOWN_MAX = 20;
const ZONES_MAX = 64;
const WAVES_MAX = 16;
/** Ticks with players, of all zones together, that a shadow needs to speak for a module. */
export const SHADOW_PEOPLED_MIN = 200;
/** A day at 20 ticks a second. */
const TICKS_MAX = 24 * 60 * 60 * 20;

const between = (least: number, most: number): z.ZodNumber => {
  const range = `has to be a number from ${least} to ${most}`;
  return z.number(range).min(least, range).max(most, range);
};
const whole = (least: number, most: number): z.ZodNumber => {
  const range = `has to be a whole number from ${least} to ${most}`;
  return z.number(range).int(range).min(least, range).max(most, range);
};
const zoneList = z
  .array(whole(1, 2 ** 31 - 1), "has to be a list of zone numbers, such as [1, 2]")
  .min(1, "has to name a zone")
  .max(ZONES_MAX, `has to name ${ZONES_MAX} zones at most`)
  .refine((zones) => new Set(zones).size === zones.length, "names a zone twice");
const waveList = z
  .array(between(0, 1), "has to be a list of shares of all zones, such as [0.25, 1]")
  .min(1, "has to have a wave")
  .max(WAVES_MAX, `has to have ${WAVES_MAX} waves at most`)
  .refine(
    (waves) => waves.every((share, index) => share > (waves[index - 1] ?? 0)) && waves.at(-1) === 1,
    "has to rise from wave to wave and to end with 1, such as [0.25, 1]",
  );

const limits = z.strictObject({
  fuel_ratio_max: between(1, 100).default(1.03),
  time_ratio_max: between(1, 100).default(1.03),
});
const validate = z.strictObject({
  minutes: between(0.1, 1_440).default(5),
  random_commands: whole(0, 1_000).default(2),
  free_runs: whole(2, 1_000).default(12),
  z_max: between(1, 100).default(4.5),
});
/** Players may all be in one zone. */
const SHADOW_TOO_SHORT = `has to be 0 (no shadow) or at least ${SHADOW_PEOPLED_MIN}: with fewer ticks a shadow can not speak for a module`;
const shadow = z.strictObject({
  ticks: whole(0, TICKS_MAX)
    .refine((ticks) => ticks === 0 || ticks >= SHADOW_PEOPLED_MIN, SHADOW_TOO_SHORT)
    .default(400),
  zones: zoneList.nullable().default(null),
  p99_ratio_max: between(1, 100).default(1.1),
});
const canary = z
  .strictObject({
    zones: zoneList.nullable().default(null),
    share: between(0, 1).gt(0, "has to be more than 0").nullable().default(null),
    ticks: whole(20, TICKS_MAX).default(600),
    error_rate: between(0.000_001, 0.5).default(0.01),
    refused_share_max: between(0, 1).default(0.1),
  })
  .refine(({ zones, share }) => zones === null || share === null, "has zones and share: give one of them");
const promote = z.strictObject({
  waves: waveList.default([1]),
  watch_ticks: whole(0, TICKS_MAX).default(200),
});
const SECTIONS = { limits, validate, shadow, canary, promote };
const fileSchema = z.strictObject({
  limits: limits.prefault({}),
  validate: validate.prefault({}),
  shadow: shadow.prefault({}),
  canary: canary.prefault({}),
  promote: promote.prefault({}),
});

/** Each field as "section.field", and what it means; the default is in DEFAULT_POLICY. */
export const POLICY_FIELDS: Readonly<Record<string, string>> = {
  "limits.fuel_ratio_max": "fuel of the candidate over that of the running module, in the same ticks",
  "limits.time_ratio_max": "the same for time; 99 % sure above it fails",
  "validate.minutes": "of each zone's journal, the newest",
  "validate.random_commands": "commands that are added to each tick, for what players never do",
  "validate.free_runs": "runs of both modules with other luck, for what builds up",
  "validate.z_max": "standard errors by which both may differ in such runs",
  "shadow.ticks": "of each zone that the candidate runs beside the zone, 200 at least; 0: none",
  "shadow.zones": "the zones; default: all",
  "shadow.p99_ratio_max": "tick p99 of a zone while it is shadowed over that before",
  "canary.zones": "the zones that run the candidate first; default: one zone",
  "canary.share": "or a share of all zones, rounded up",
  "canary.ticks": "of each canary zone, at most",
  "canary.error_rate": "how often a harmless candidate may fail by chance",
  "canary.refused_share_max": "of 300 commands or more in a zone on trial, those that are refused",
  "promote.waves": "shares of all zones that run the candidate after each wave",
  "promote.watch_ticks": "after each wave, before the next one and after the last",
};

export const DEFAULT_POLICY: DeployPolicy = policyOf(fileSchema.parse({}));

/** A field's default as in a file. */
export function defaultOf(field: string): string {
  const [section = "", key = ""] = field.split(".");
  const value = (fileSchema.parse({}) as Record<string, Record<string, unknown>>)[section]?.[key];
  return value === null || value === undefined ? "-" : JSON.stringify(value);
}

/** Throws WowsimError("no_such_file" | "policy_invalid"). */
export async function readPolicy(path: string): Promise<DeployPolicy> {
  const file = Bun.file(path);
  let text: string;
  try {
    if (file.size > FILE_BYTES_MAX) throw new Error(`it has more than ${FILE_BYTES_MAX} bytes`);
    text = await file.text();
  } catch (cause) {
    const message = `The policy ${path} can not be read (${messageOf(cause)}); give a TOML file with --policy.`;
    throw new WowsimError("no_such_file", message, { cause });
  }
  return parsePolicy(path, text);
}

/** Throws WowsimError("policy_invalid") with one line for each problem. */
export function parsePolicy(path: string, text: string): DeployPolicy {
  let data: unknown;
  try {
    data = parseText("toml", text);
  } catch (cause) {
    throw invalid(path, [messageOf(cause)]);
  }
  return policyFrom(path, data);
}

/** A policy from the fields that a file has; those that are left out are as in DEFAULT_POLICY. `path` is for the error. Throws as parsePolicy does. */
export function policyFrom(path: string, data: unknown): DeployPolicy {
  const parsed = fileSchema.safeParse(data, { reportInput: true });
  if (parsed.success) return policyOf(parsed.data);
  throw invalid(path, problemsOf(parsed.error.issues, data, placeOf));
}

function policyOf(file: z.infer<typeof fileSchema>): DeployPolicy {
  return {
    limits: { fuelRatioMax: file.limits.fuel_ratio_max, timeRatioMax: file.limits.time_ratio_max },
    validate: {
      minutes: file.validate.minutes,
      randomCommands: file.validate.random_commands,
      freeRuns: file.validate.free_runs,
      zMax: file.validate.z_max,
    },
    shadow: { ticks: file.shadow.ticks, zones: file.shadow.zones, p99RatioMax: file.shadow.p99_ratio_max },
    canary: {
      zones: file.canary.zones,
      share: file.canary.share,
      ticks: file.canary.ticks,
      errorRate: file.canary.error_rate,
      refusedShareMax: file.canary.refused_share_max,
    },
    promote: { waves: file.promote.waves, watchTicks: file.promote.watch_ticks },
  };
}

function placeOf([section]: readonly PropertyKey[]): Place {
  const known = Object.entries(SECTIONS).find(([name]) => name === section);
  if (known === undefined) return { place: "", used: 0, fields: Object.keys(SECTIONS) };
  return { place: `[${known[0]}]`, used: 1, fields: Object.keys(known[1].shape) };
}

function invalid(path: string, problems: readonly string[]): WowsimError {
  const shown = problems.slice(0, PROBLEMS_SHOWN_MAX).map((problem) => `${path}: ${problem}`);
  const more = problems.length - shown.length;
  return new WowsimError("policy_invalid", [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join("\n"));
}

/** The policy with the names that a file has. */
export function policyFields(policy: DeployPolicy): Record<string, Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(policy).map(([section, fields]) => [
      section,
      Object.fromEntries(Object.entries(fields).map(([name, value]) => [snakeCase(name), value])),
    ]),
  );
}

const snakeCase = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
