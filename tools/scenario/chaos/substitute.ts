// ${name} in an experiment: values from its configuration, its secrets, the environment, and the address of the drill's server.
//
//   const { variables } = loadVariables({ configuration: { delay: 150 }, secrets: {} }, process.env)
//   substitute({ delay_ms: "${delay}", url: "http://${wowsim_host}/" }, variables)
//   // { delay_ms: 150, url: "http://${wowsim_host}/" }      a name that is not known (yet) stays unchanged

import { messageOf } from "../../../server/protocol/errors.ts";

export type Variables = ReadonlyMap<string, unknown>;

type Environment = Readonly<Record<string, string | undefined>>;

/** Values are JSON values: what a file of JSON, YAML or TOML can hold. */
interface Given {
  configuration: Record<string, unknown>;
  secrets: Record<string, Record<string, unknown>>;
}

/** The conversions of an environment variable; without a type it is a text. */
const ENV_TYPES: Readonly<Record<string, (text: string) => unknown>> = {
  str: (text) => text,
  int: (text) => numberOf(text, /^\s*[+-]?\d+\s*$/),
  float: (text) => numberOf(text, /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i),
  bool: (text) => boolOf(text),
  json: (text) => JSON.parse(text) as unknown,
  bytes: (text) => text,
};

const TYPE_WORDS: Readonly<Record<string, string>> = {
  int: "a whole number",
  float: "a number",
  bool: "true or false",
  json: "JSON",
};

export interface LoadedVariables {
  variables: Variables;
  /** A sentence for each variable that is not set or has the wrong type, and for each vault. */
  problems: string[];
  /** The names of these variables. */
  missing: string[];
}

export function loadVariables({ configuration, secrets }: Given, environment: Environment): LoadedVariables {
  const variables = new Map<string, unknown>();
  const problems: string[] = [];
  const missing: string[] = [];
  const load = (place: string, name: string, value: unknown): void => {
    try {
      variables.set(name, resolved(value, environment));
    } catch (error) {
      problems.push(`${place}.${name}: ${messageOf(error)}`);
      missing.push(name);
    }
  };
  for (const [group, values] of Object.entries(secrets))
    for (const [name, value] of Object.entries(values)) load(`secrets.${group}`, name, value);
  for (const [name, value] of Object.entries(configuration)) load("configuration", name, value);
  return { variables, problems, missing };
}

/** The environment variables that a configuration names, without those that only a secret uses. */
export function namedEnvironment(configuration: Record<string, unknown>, environment: Environment): Environment {
  const keys = Object.values(configuration).flatMap((value) => (isReference(value) ? String(value["key"]) : []));
  return Object.fromEntries(keys.map((key) => [key, environment[key]]));
}

/** Every text of a secret that may occur in output, longest first. */
export function secretTexts(secrets: Given["secrets"], environment: Environment): string[] {
  const values = Object.values(secrets).flatMap((group) => Object.values(group));
  const texts = values.flatMap((value) => {
    if (!isReference(value)) return textsIn(value);
    const { key, default: fallback } = value;
    return [...textsIn(fallback), ...(typeof key === "string" ? textsIn(environment[key]) : [])];
  });
  return [...new Set(texts)].toSorted((a, b) => b.length - a.length);
}

function textsIn(value: unknown): string[] {
  if (typeof value === "object" && value !== null) return Object.values(value).flatMap(textsIn);
  const text = typeof value === "string" || typeof value === "number" ? String(value) : "";
  return text === "" ? [] : [text];
}

const isReference = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && "type" in value;

function resolved(value: unknown, environment: Environment): unknown {
  if (!isReference(value)) return value;
  const { type, key, default: fallback, env_var_type: as = "str" } = value;
  if (type !== "env") {
    throw new Error(
      `values of type ${JSON.stringify(type)} are not supported; give the value inline or as {"type":"env","key":"NAME"}.`,
    );
  }
  const read = ENV_TYPES[String(as)];
  if (read === undefined) {
    throw new Error(`env_var_type ${JSON.stringify(as)} is none of ${Object.keys(ENV_TYPES).join(", ")}.`);
  }
  const found = typeof key === "string" ? environment[key] : undefined;
  if (found === undefined) {
    if (fallback !== undefined) return fallback;
    throw new Error(`the environment has no ${String(key)}, and there is no default.`);
  }
  try {
    return read(found);
  } catch (cause) {
    // The message does not show the value: it may be a secret.
    throw new Error(
      `the value of ${String(key)} in the environment is not ${TYPE_WORDS[String(as)] ?? `of type ${String(as)}`}.`,
      { cause },
    );
  }
}

function numberOf(text: string, form: RegExp): number {
  if (!form.test(text)) throw new TypeError("no number");
  return Number(text);
}

const TRUE = ["y", "yes", "t", "true", "on", "1"];
const FALSE = ["n", "no", "f", "false", "off", "0"];

/** Parsed as the Chaos Toolkit does. */
function boolOf(text: string): boolean {
  const word = text.trim().toLowerCase();
  if (TRUE.includes(word)) return true;
  if (FALSE.includes(word)) return false;
  throw new TypeError("neither true nor false");
}

/** A copy in which every known ${name} has its value; a text that is only ${name} becomes the value itself. */
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
