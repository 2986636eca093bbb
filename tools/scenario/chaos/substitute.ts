// ${name} in an experiment: values from its configuration, its secrets, the environment, and where the drill's server is.
//
//   const variables = loadVariables({ configuration: { delay: 150 }, secrets: {} }, process.env)
//   substitute({ delay_ms: "${delay}", url: "http://${wowsim_host}/" }, variables)
//   // { delay_ms: 150, url: "http://${wowsim_host}/" }      a name that is not known (yet) stays as it is

import { WowsimError } from "../../../server/errors.ts";

export type Variables = ReadonlyMap<string, unknown>;

type Environment = Readonly<Record<string, string | undefined>>;

/** Throws WowsimError("scenario_invalid") for a variable of the environment that is not set, or a vault. */
export function loadVariables(
  {
    configuration,
    secrets,
  }: { configuration: Record<string, unknown>; secrets: Record<string, Record<string, unknown>> },
  environment: Environment,
): Variables {
  const variables = new Map<string, unknown>();
  for (const [group, values] of Object.entries(secrets)) {
    for (const [name, value] of Object.entries(values))
      variables.set(name, resolved(`secrets.${group}.${name}`, value, environment));
  }
  for (const [name, value] of Object.entries(configuration))
    variables.set(name, resolved(`configuration.${name}`, value, environment));
  return variables;
}

function resolved(place: string, value: unknown, environment: Environment): unknown {
  if (typeof value !== "object" || value === null || !("type" in value)) return value;
  const { type, key, default: fallback } = value as { type: unknown; key?: unknown; default?: unknown };
  if (type !== "env") {
    const message = `${place}: values of type ${JSON.stringify(type)} are not fetched here; give it inline or as {"type":"env","key":"NAME"}.`;
    throw new WowsimError("scenario_invalid", message);
  }
  const found = typeof key === "string" ? (environment[key] ?? fallback) : undefined;
  if (found !== undefined) return found;
  throw new WowsimError(
    "scenario_invalid",
    `${place}: the environment has no ${String(key)}, and there is no default.`,
  );
}

/** A copy in which every known ${name} has its value; a text that is nothing but ${name} becomes that value itself. */
export function substitute<Value>(value: Value, variables: Variables): Value {
  return replaced(value, variables) as Value;
}

function replaced(value: unknown, variables: Variables): unknown {
  if (typeof value === "string") return replacedText(value, variables);
  if (Array.isArray(value)) return value.map((each) => replaced(each, variables));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, replaced(each, variables)]));
}

function replacedText(text: string, variables: Variables): unknown {
  const whole = /^\$\{([^{}]+)\}$/.exec(text)?.[1];
  if (whole !== undefined && variables.has(whole)) return variables.get(whole);
  return text.replaceAll(/\$\{([^{}]+)\}/g, (found, name: string) =>
    variables.has(name) ? String(variables.get(name)) : found,
  );
}
