// A fault's parameters, derived from its definition: to check a request, to explain its mistakes in words, and to
// make the flags of a command line.
//
//   describeParams(latencySpike)   // [{ name: "delay_ms", min: 1, max: 5000, default: 200, description: "..." }]
//   parseParams(latencySpike, { delay_ms: 0 })
//   // WowsimError: latency-spike: delay_ms must be a whole number from 1 to 5000, not 0.

import { WowsimError } from "../errors.ts";
import type { FaultDefinition, FaultParamRange } from "./fault.ts";
import { didYouMean } from "../did-you-mean.ts";

export interface FaultParam extends FaultParamRange {
  readonly name: string;
}

/** The parameters in the order in which the fault lists them. */
export function describeParams(definition: FaultDefinition): FaultParam[] {
  return Object.entries(definition.params).map(([name, range]) => ({ name, ...range }));
}

/** True if the fault uses the requested zone; some faults choose their targets themselves. */
export function heedsZone(definition: FaultDefinition): boolean {
  if (definition.targets === undefined) return true;
  const params = parseParams(definition, {});
  const targetsOf = (requested: number): string =>
    String(definition.targets?.(params, { zones: [1, 2, 3], requested }));
  return targetsOf(1) !== targetsOf(2);
}

/** The checked parameters with defaults. Throws WowsimError that names every wrong one and its valid values. */
export function parseParams(definition: FaultDefinition, given: unknown): Record<string, number> {
  const params = describeParams(definition);
  const parsed: Record<string, number> = {};
  const problems = typeof given === "object" && given !== null && !Array.isArray(given) ? [] : [NO_OBJECT];
  const values = new Map(problems.length === 0 ? Object.entries(Object(given)) : []);
  for (const { name, min, max, default: value } of params) {
    const asked = values.get(name);
    const wish = asked === undefined ? value : asked;
    values.delete(name);
    if (typeof wish === "number" && Number.isInteger(wish) && wish >= min && wish <= max) parsed[name] = wish;
    else problems.push(`${name} must be a whole number from ${min} to ${max}, not ${inWords(wish)}.`);
  }
  for (const name of values.keys()) problems.push(unknownParam(name, params));
  if (problems.length > 0) {
    const told = problems.slice(0, PROBLEMS_MAX).join(" ");
    throw new WowsimError("bad_params", `${definition.id}: ${told}`);
  }
  return parsed;
}

/** A request with thousands of mistakes gets an answer of some lines. */
const PROBLEMS_MAX = 8;
const NO_OBJECT = '"params" must be an object, such as {}.';

function unknownParam(name: string, params: readonly FaultParam[]): string {
  const names = params.map((param) => param.name);
  const known = params.length === 0 ? "It has none." : `It has ${params.map(describeParam).join("; ")}.`;
  return `There is no parameter ${shorten(JSON.stringify(name))}.${didYouMean(name, names)} ${known}`;
}

function describeParam(param: FaultParam): string {
  return `${param.name} (${param.min} to ${param.max}, default ${param.default}: ${param.description})`;
}

/** A value from a request, short and on one line; it may be anything, also nested too deep to be printed. */
function inWords(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" && value !== null ? "an object" : shorten(String(JSON.stringify(value)));
}

function shorten(text: string): string {
  return text.length <= 40 ? text : `${text.slice(0, 37)}...`;
}
