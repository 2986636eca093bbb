// What a scenario waits for or asserts: a measured number, a diagnosis, the server's health, a zone's state.
//
//   measure = "tick_ms_p50", zone = 1, above = 150, over = "2s"      a number, of the last two seconds
//   measure = "player_drops", since = "start", equals = 0            a number, since a named moment
//   diagnosis = "latency-spike", zone = 1                            the likeliest cause
//   diagnosis = "none"                                               no cause at all, also not "unknown" or "cpu-starved"
//   diagnosis = "none-in-server"                                     no cause but those two
//   health = "healthy"
//   zone_state = "DOWN", zone = 1
//
// A reading says whether the condition holds, and with which numbers; `holds` is null when it could not be measured.

import { z } from "zod";
import { shown, shownBeside } from "../analysis/measures.ts";
import { assessHealth } from "../analysis/health.ts";
import { isTickless } from "../analysis/nothing.ts";
import { CAUSES, causesWithin, diagnose } from "../analysis/diagnosis.ts";
import { hasBegun } from "../analysis/timeline.ts";
import type { Timeline } from "../analysis/timeline.ts";
import { durationMs } from "./duration.ts";
import { MEASURE_NAMES, measureOf } from "./measures.ts";
import type { Felt, FeltCounts, MeasureName } from "./measures.ts";

const BOUNDS = ["above", "at_least", "below", "at_most", "equals"] as const;
const SUBJECTS = ["measure", "diagnosis", "health", "zone_state"] as const;
const NONE = "none";
const NONE_IN_SERVER = "none-in-server";
const OVER_MS = 1_000;
const OVER_MS_MAX = 120_000;
/** After a longer silence, the known values are out of date. */
const SILENT_MS_MAX = 3_000;
/** Less telemetry than this does not prove that something is absent. */
const KNOWN_MS_MIN = 3_000;

type Bound = (typeof BOUNDS)[number];

/** The fields of a condition in a file. */
export const conditionShape = {
  measure: z.enum(MEASURE_NAMES).optional(),
  diagnosis: z.enum([NONE, NONE_IN_SERVER, ...CAUSES]).optional(),
  health: z.enum(["healthy", "degraded", "critical"]).optional(),
  zone_state: z.enum(["ACTIVE", "DEGRADED", "CRASHED", "DOWN"]).optional(),
  zone: z.number().int().min(1).max(65_535).optional(),
  over: durationMs(100, OVER_MS_MAX).optional(),
  since: z.string().min(1).optional(),
  confidence: z.number().min(0).max(1).optional(),
  above: z.number().optional(),
  at_least: z.number().optional(),
  below: z.number().optional(),
  at_most: z.number().optional(),
  equals: z.number().optional(),
};

type Fields = z.infer<z.ZodObject<typeof conditionShape>>;

/** Which fields go with which subject. */
const ALLOWED: Record<(typeof SUBJECTS)[number], readonly string[]> = {
  measure: ["zone", "over", "since", ...BOUNDS],
  diagnosis: ["zone", "confidence"],
  health: [],
  zone_state: ["zone"],
};

/** The problems of the combined fields; [] when there are none. */
export function conditionProblems(fields: Fields): { field: string; text: string }[] {
  const given = SUBJECTS.filter((subject) => fields[subject] !== undefined);
  const [subject] = given;
  if (subject === undefined || given.length > 1) {
    const found = given.length === 0 ? "none is given" : `not ${given.join(" and ")} together`;
    return [{ field: "", text: `say one of ${SUBJECTS.join(", ")}; ${found}` }];
  }
  const strays = Object.keys(conditionShape).filter(
    (field) => field !== subject && fields[field as keyof Fields] !== undefined && !ALLOWED[subject].includes(field),
  );
  const problems = strays.map((field) => ({ field, text: `does not go with ${subject}` }));
  if (subject === "measure") problems.push(...measureProblems(fields));
  if (subject === "zone_state" && fields.zone === undefined)
    problems.push({ field: "zone", text: "say which zone's state" });
  return problems;
}

function measureProblems(fields: Fields): { field: string; text: string }[] {
  const problems: { field: string; text: string }[] = [];
  const { measure: name, since, over, zone } = fields;
  const measure = measureOf(name ?? "players");
  if (!BOUNDS.some((bound) => fields[bound] !== undefined))
    problems.push({ field: "", text: `say what ${name} must be: ${BOUNDS.join(", ")}` });
  if (since !== undefined && over !== undefined)
    problems.push({ field: "since", text: "say over how long or since when, not both" });
  if (since !== undefined && measure.sinceStepOnly === true)
    problems.push({ field: "since", text: `${name} is known from the beginning of the step only; say over` });
  if (zone !== undefined && !measure.perZone)
    problems.push({ field: "zone", text: `${name} is the server's as a whole; leave zone out` });
  return problems;
}

/** A point in time that a condition can refer to: its telemetry time, and the players' counts up to it. */
export interface Mark {
  atMs: number;
  felt: FeltCounts;
}

/** The input of conditions. */
export interface View {
  timeline: Timeline;
  /** Milliseconds since the last telemetry line. */
  silentMs: number;
  /** The begin of the current step. */
  step: Mark;
  markOf(name: string): Mark | null;
  /** Null while there are no players. */
  feltSince(mark: Mark): Felt | null;
}

export interface Reading {
  /** Null: could not be measured. */
  holds: boolean | null;
  text: string;
  numbers: Record<string, unknown>;
}

/** Evaluates the condition once. */
export function read(condition: Fields, view: View): Reading {
  if (view.silentMs > SILENT_MS_MAX) {
    const text = `not measured: telemetry has been silent for ${(view.silentMs / 1_000).toFixed(1)} s`;
    return { holds: null, text, numbers: { silent_ms: Math.round(view.silentMs) } };
  }
  const { timeline } = view;
  if (!hasBegun(timeline)) return { holds: null, text: "not measured yet: no telemetry has come", numbers: {} };
  if (condition.measure !== undefined) return readMeasure(condition, condition.measure, view, timeline.nowMs);
  const knownMs = timeline.nowMs - timeline.fromMs;
  if (knownMs < KNOWN_MS_MIN) {
    const text = `not measured yet: ${seconds(knownMs)} of ${seconds(KNOWN_MS_MIN)} of telemetry`;
    return { holds: null, text, numbers: {} };
  }
  if (isTickless(timeline)) {
    const text = "not measured: no zone has ticked, there is nothing to look at";
    return { holds: null, text, numbers: {} };
  }
  if (condition.diagnosis !== undefined) return readDiagnosis(condition, condition.diagnosis, view);
  if (condition.health !== undefined) return readHealth(condition.health, view);
  return readZoneState(condition, view);
}

/** The time range that a measured number needs, in milliseconds; 0 where one reading is enough. */
export function overMsOf({ measure, since, over }: Fields): number {
  return measure === undefined || since !== undefined ? 0 : (over ?? OVER_MS);
}

/** The condition as text: "tick_ms_p50 of zone 1 above 150 ms". */
export function describe(condition: Fields): string {
  const { measure, diagnosis, health, zone, zone_state: state } = condition;
  const where = zone === undefined ? "" : ` of zone ${zone}`;
  if (measure !== undefined) return `${measure}${where} ${boundsText(condition, measureOf(measure).unit)}`;
  if (diagnosis !== undefined) {
    const place = zone === undefined ? "" : ` in zone ${zone}`;
    if (diagnosis === NONE_IN_SERVER) return `nothing in the server is diagnosed${place}`;
    return diagnosis === NONE ? `nothing is diagnosed${place}` : `diagnosed: ${diagnosis}${place}`;
  }
  return health === undefined ? `zone ${zone} is ${state}` : `the server is ${health}`;
}

function readMeasure(condition: Fields, name: MeasureName, view: View, toMs: number): Reading {
  const { timeline, step } = view;
  const measure = measureOf(name);
  const since = condition.since === undefined ? null : view.markOf(condition.since);
  if (condition.since !== undefined && since === null)
    return { holds: null, text: `not measured: step "${condition.since}" has not run yet`, numbers: {} };
  const overMs = overMsOf(condition);
  const fromMs = since?.atMs ?? Math.max(step.atMs, toMs - overMs);
  if (toMs - fromMs < overMs) {
    const text = `not measured yet: ${seconds(toMs - fromMs)} of ${seconds(overMs)}`;
    return { holds: null, text, numbers: {} };
  }
  // The range includes the time of the newest line.
  const look = { timeline, fromMs, toMs: toMs + 1, zone: condition.zone ?? null, felt: view.feltSince(since ?? step) };
  const value = measure.read(look);
  const where = condition.zone === undefined ? "" : ` of zone ${condition.zone}`;
  const stretch = since === null ? `over ${seconds(toMs - fromMs)}` : `since "${condition.since}"`;
  const numbers = { measure: name, zone: condition.zone ?? null, value, over_ms: toMs - fromMs };
  if (value === null) return { holds: null, text: `${name}${where} was not measured ${stretch}`, numbers };
  const text = `${name}${where} is ${withUnit(value, measure.unit, condition)} ${stretch}, wanted ${boundsText(condition, measure.unit)}`;
  return { holds: isWithin(value, condition), text, numbers };
}

function readDiagnosis({ zone, confidence = 0 }: Fields, wanted: string, { timeline }: View): Reading {
  const found = diagnose(timeline);
  const here = found.filter(({ zones }) => zone === undefined || zones.length === 0 || zones.includes(zone));
  // A cause outside the server, or an unknown one, does not hide a cause in the server.
  const inServer = causesWithin(here);
  const best = inServer.length > 0 ? inServer[0] : here[0];
  const numbers = {
    likeliest: best?.cause ?? "none",
    diagnoses: found.map(({ cause, confidence: sure, zones }) => ({ cause, confidence: sure, zones })),
  };
  const place = zone === undefined ? "" : ` in zone ${zone}`;
  if (best === undefined)
    return { holds: wanted === NONE || wanted === NONE_IN_SERVER, text: `nothing is diagnosed${place}`, numbers };
  if (wanted === NONE_IN_SERVER && inServer.length === 0) {
    const text = `nothing in the server is diagnosed${place}, only ${here.map(({ cause }) => cause).join(", ")}`;
    return { holds: true, text, numbers };
  }
  const holds = best.cause === wanted && best.confidence >= confidence;
  const text = `diagnosed${place}: ${here.map(({ cause, confidence: sure }) => `${cause} (${sure})`).join(", ")}. ${best.evidence[0] ?? ""}`;
  return { holds, text: text.trimEnd(), numbers };
}

function readHealth(wanted: string, { timeline }: View): Reading {
  const { status, reasons } = assessHealth(timeline);
  const why = reasons.length === 0 ? "" : `: ${reasons.map(({ text }) => text).join("; ")}`;
  return {
    holds: status === wanted,
    text: `the server is ${status}${why}`,
    numbers: { status, reasons: reasons.map(({ text }) => text) },
  };
}

function readZoneState({ zone = 0, zone_state: wanted }: Fields, { timeline }: View): Reading {
  const state = timeline.zones.get(zone)?.state ?? "";
  if (state === "") return { holds: null, text: `not measured: nothing is known of zone ${zone}`, numbers: {} };
  return { holds: state === wanted, text: `zone ${zone} is ${state}`, numbers: { zone, state } };
}

function isWithin(value: number, { above, at_least, below, at_most, equals }: Fields): boolean {
  return (
    (above === undefined || value > above) &&
    (at_least === undefined || value >= at_least) &&
    (below === undefined || value < below) &&
    (at_most === undefined || value <= at_most) &&
    (equals === undefined || value === equals)
  );
}

const WORDS: Record<Bound, string> = {
  above: "above",
  at_least: "at least",
  below: "below",
  at_most: "at most",
  equals: "exactly",
};

function boundsText(condition: Fields, unit: string): string {
  return BOUNDS.flatMap((bound) => {
    const limit = condition[bound];
    return limit === undefined ? [] : [`${WORDS[bound]} ${limit}`];
  })
    .join(" and ")
    .concat(unit === "" ? "" : ` ${unit}`);
}

/** With enough digits to differ from every limit. */
function withUnit(value: number, unit: string, condition: Fields): string {
  const limits = BOUNDS.flatMap((bound) => condition[bound] ?? []);
  const texts = [
    Number.isInteger(value) ? String(value) : shown(value),
    ...limits.map((limit) => shownBeside(value, limit)),
  ];
  const text = texts.reduce((longest, each) => (each.length > longest.length ? each : longest));
  return `${Number.isInteger(value) ? value : text}${unit === "" ? "" : ` ${unit}`}`;
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
