// JSON of any value: this is how the `data` of a telemetry line is written, whatever it contains.
//
//   toJson({ tick: 7, hash: 12n })       // {"tick":7,"hash":"12"}
//   toJson(circular)                     // {"self":"[circular]"}
//   shortJson({ text: "a".repeat(1e6) }) // {"text":"aaaa… 1000000 characters"}
//
// The fast path is the engine's own JSON.stringify. Only values that it refuses (a BigInt, a circular reference, a
// getter that throws) take the slow path, through a copy that is bounded in depth, width and text.

import { messageOf } from "../protocol/errors.ts";

interface Limits {
  depthMax: number;
  /** The most entries of one object or array. */
  entriesMax: number;
  /** The most values of the whole copy; an object that occurs twice is copied twice. */
  valuesMax: number;
  textCharsMax: number;
}

const WHOLE: Limits = { depthMax: 16, entriesMax: 10_000, valuesMax: 100_000, textCharsMax: 1_000_000 };
const SHORT: Limits = { depthMax: 3, entriesMax: 24, valuesMax: 100, textCharsMax: 120 };

/** A JSON object for `data`. Never throws. A value that is no object is wrapped as {"value":...}. */
export function toJson(data: unknown): string {
  try {
    return asObject(JSON.stringify(data));
  } catch {
    return plainJson(data, WHOLE);
  }
}

/** Like toJson, but everything long is cut: for data that does not fit in a line. Never throws. */
export function shortJson(data: unknown): string {
  return plainJson(data, SHORT);
}

function plainJson(data: unknown, limits: Limits): string {
  try {
    return asObject(JSON.stringify(new PlainCopy(limits).of(data)));
  } catch (error) {
    // The copy ran out of memory or stack: the line only says that the data was unreadable.
    return `{"unreadable":${JSON.stringify(cut(messageOf(error), SHORT.textCharsMax))}}`;
  }
}

function asObject(json: string | undefined): string {
  if (json === undefined) return "{}";
  return json.startsWith("{") ? json : `{"value":${json}}`;
}

/** Copies plain data only: no getters, no toJSON, no circular references, no BigInt. */
class PlainCopy {
  readonly #limits: Limits;
  readonly #parents: object[] = [];
  #valuesLeft: number;

  constructor(limits: Limits) {
    this.#limits = limits;
    this.#valuesLeft = limits.valuesMax;
  }

  of(value: unknown): unknown {
    const { depthMax, textCharsMax } = this.#limits;
    if (typeof value === "string") return cut(value, textCharsMax);
    if (typeof value === "bigint") return cut(value.toString(), textCharsMax);
    if (typeof value !== "object" || value === null) return value;
    if (value instanceof Error) return cut(`${value.name}: ${value.message}`, textCharsMax);
    if (this.#parents.includes(value)) return "[circular]";
    if (this.#parents.length === depthMax) return "[deeper]";
    this.#parents.push(value);
    try {
      return this.#entries(value);
    } finally {
      this.#parents.pop();
    }
  }

  #entries(value: object): unknown {
    const keys = attempt(() => Object.keys(value));
    if (keys === undefined) return "[unreadable]";
    const count = Math.min(keys.length, this.#limits.entriesMax, this.#valuesLeft);
    this.#valuesLeft -= count;
    const copy: Record<string, unknown> = Object.create(null);
    for (const key of keys.slice(0, count)) {
      const entry = attempt(() => ({ copy: this.of(Reflect.get(value, key)) }));
      copy[cut(key, this.#limits.textCharsMax)] = entry === undefined ? "[unreadable]" : entry.copy;
    }
    if (count < keys.length) copy["[left out]"] = keys.length - count;
    else if (Array.isArray(value)) return Object.values(copy);
    return copy;
  }
}

/** The result of `read`, or undefined when it throws, as getters and proxies may. */
function attempt<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function cut(text: string, charsMax: number): string {
  return text.length <= charsMax ? text : `${text.slice(0, charsMax)}… ${text.length} characters`;
}
