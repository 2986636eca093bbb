// A fault's parameters, derived from its schema: to check a request, to explain its mistakes in words, and to
// make the flags of a command line.
//
//   describeParams(latencySpike)   // [{ name: "delay_ms", min: 1, max: 5000, default: 200, description: "..." }]
//   parseParams(latencySpike, { delay_ms: 0 })
//   // WowsimError: latency-spike: delay_ms must be a whole number from 1 to 5000, not 0.

import { z } from "zod";
import { WowsimError } from "../errors.ts";
import type { FaultDefinition } from "./fault.ts";
import { didYouMean } from "../did-you-mean.ts";

/** One parameter. All are whole numbers. */
export interface FaultParam {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly default: number;
  readonly description: string;
}

const paramSchema = z.object({
  type: z.literal("integer"),
  minimum: z.number(),
  maximum: z.number(),
  default: z.number(),
  description: z.string(),
});

/** The parameters in the order in which the fault lists them. Throws when one has no bound, default or description. */
export function describeParams(definition: FaultDefinition): FaultParam[] {
  const { properties = {} } = z.toJSONSchema(definition.params, { io: "input" });
  return Object.entries(properties).map(([name, property]) => {
    const { minimum, maximum, default: value, description } = paramSchema.parse(property);
    return { name, min: minimum, max: maximum, default: value, description };
  });
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
export function parseParams(definition: FaultDefinition, given: unknown): Record<string, unknown> {
  const parsed = definition.params.safeParse(given);
  if (parsed.success) return parsed.data;
  const params = describeParams(definition);
  const problems = new Set(parsed.error.issues.flatMap((issue) => wrongParams(issue, params, given)));
  throw new WowsimError("bad_params", `${definition.id}: ${[...problems].join(" ")}`);
}

/** The mistakes, one sentence for each parameter. */
function wrongParams(issue: z.core.$ZodIssue, params: readonly FaultParam[], given: unknown): string[] {
  const names = params.map((param) => param.name);
  if (issue.code === "unrecognized_keys") {
    const known = params.length === 0 ? "It has none." : `It has ${params.map(describeParam).join("; ")}.`;
    return issue.keys.map(
      (key) => `There is no parameter ${shorten(JSON.stringify(key))}.${didYouMean(key, names)} ${known}`,
    );
  }
  const param = params.find(({ name }) => name === issue.path[0]);
  if (param === undefined) return ['"params" must be an object, such as {}.'];
  const value = inWords(Object(given)[param.name]);
  return [`${param.name} must be a whole number from ${param.min} to ${param.max}, not ${value}.`];
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
