// Failure conditions for a load, as spawn-clients takes them: a metric, a comparison, a value with its unit.
//
//   const condition = parseFailIf("p99>100ms")      // throws Error with the allowed values
//   verdictOf(condition, measures)                  // { condition: "p99>100ms", value: 143.2, failed: true, said: "p99 is 143.2 ms" }
//
// A metric that was not measured (no action was acknowledged; guests do not read) fails: a check that passes without data is
// worse than no check.

import type { Measured } from "../analysis/measured.ts";
import { shownBeside } from "../analysis/measures.ts";

/** The measurable values of a load, by name; null: not measured. */
export type LoadMeasures = Readonly<Partial<Record<MetricName, Measured>>>;

const METRICS = {
  p50: { unit: "ms", what: "round trip of an action, median" },
  p90: { unit: "ms", what: "round trip of an action, nine in ten" },
  p99: { unit: "ms", what: "round trip of an action, 99 in 100" },
  max: { unit: "ms", what: "round trip of an action, the longest" },
  ping_p50: { unit: "ms", what: "ping, median" },
  ping_p99: { unit: "ms", what: "ping, 99 in 100" },
  drops: { unit: "", what: "links that broke" },
  reconnects: { unit: "", what: "clients that came back" },
  errors: { unit: "", what: "protocol errors" },
  lost: { unit: "", what: "actions lost with a link or a zone" },
  busy: { unit: "", what: "actions refused as busy" },
  late: { unit: "", what: "turns that this machine was too slow for" },
  out: { unit: "", what: "clients not playing at the end" },
  deaths: { unit: "", what: "deaths" },
  acked: { unit: "%", what: "actions acknowledged, of those sent" },
  rate: { unit: "/s", what: "actions sent a second, by all clients (guests: messages)" },
} as const satisfies Record<string, { unit: string; what: string }>;

export type MetricName = keyof typeof METRICS;

const OPERATORS = {
  ">=": (value: number, limit: number) => value >= limit,
  "<=": (value: number, limit: number) => value <= limit,
  "!=": (value: number, limit: number) => value !== limit,
  "==": (value: number, limit: number) => value === limit,
  ">": (value: number, limit: number) => value > limit,
  "<": (value: number, limit: number) => value < limit,
} as const;

/** The units that a metric's limit may be written in, as factors to the metric's own unit. */
const UNITS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  ms: { ms: 1, s: 1_000, us: 0.001, µs: 0.001 },
  "%": { "%": 1 },
  "/s": { "/s": 1 },
  "": {},
};

const FORM = /^\s*([a-z][a-z0-9_]*)\s*(>=|<=|!=|==|>|<)\s*(\d+(?:\.\d+)?)\s*(\D*?)\s*$/i;

export interface FailIf {
  /** The condition as it was written. */
  text: string;
  metric: MetricName;
  operator: keyof typeof OPERATORS;
  /** In the metric's unit. */
  limit: number;
}

export interface FailIfVerdict {
  condition: string;
  value: Measured;
  failed: boolean;
  /** The measured value as a text for people. */
  said: string;
}

/** Names with their meaning, for help and errors: "p50 (ms: round trip of an action, median)". */
export function metricLines(): string[] {
  return Object.entries(METRICS).map(([name, { unit, what }]) => `  ${name.padEnd(10)} ${unit.padEnd(3)} ${what}`);
}

/** Throws Error with the problem and the allowed values. */
export function parseFailIf(text: string): FailIf {
  const [, name = "", sign = "", number = "", unit = ""] = FORM.exec(text) ?? [];
  if (name === "")
    throw new Error(`"${text}" is no condition; give a metric, one of ${signs()}, and a value: p99>100ms.`);
  if (!isMetric(name)) throw new Error(`There is no metric "${name}"; choose from ${Object.keys(METRICS).join(", ")}.`);
  const own = METRICS[name].unit;
  const units = UNITS[own] ?? {};
  const factor = unit === "" ? 1 : units[unit];
  if (factor === undefined) {
    const known = Object.keys(units).join(", ");
    throw new Error(known === "" ? `${name} is a count and takes no unit.` : `${name} is in ${known}, not in ${unit}.`);
  }
  return { text: text.trim(), metric: name, operator: sign as FailIf["operator"], limit: Number(number) * factor };
}

export function verdictOf({ text, metric, operator, limit }: FailIf, measures: LoadMeasures): FailIfVerdict {
  const value = measures[metric] ?? null;
  if (value === null || !Number.isFinite(value))
    return { condition: text, value: null, failed: true, said: `${metric} was not measured` };
  const { unit } = METRICS[metric];
  const said = `${metric} is ${shownBeside(value, limit, rounded)}${unit === "ms" || unit === "%" ? ` ${unit}` : unit}`;
  return { condition: text, value, failed: OPERATORS[operator](value, limit), said };
}

function isMetric(name: string): name is MetricName {
  return Object.hasOwn(METRICS, name);
}

function signs(): string {
  return Object.keys(OPERATORS).join(" ");
}

function rounded(value: number): string {
  return String(Math.round(value * 10) / 10);
}
