// JSON of anything: what a telemetry line's `data` becomes, whatever was put into it.
//
//   toJson({ tick: 7, hash: 12n })       // {"tick":7,"hash":"12"}
//   toJson(circular)                     // {"self":"[circular]"}
//   shortJson({ text: "a".repeat(1e6) }) // {"text":"aaaa… 1000000 characters"}
//
// The fast path is the engine's own JSON.stringify. Only what it refuses (a BigInt, a circle, a getter that throws)
// goes the slow way, through a copy that is bounded in depth, width and text.

import { messageOf } from "../protocol/errors.ts";

interface Limits {
  depthMax: number;
  /** Of one object or array. */
  entriesMax: number;
  /** Of the whole copy: shared parts are copied as often as they are met. */
  valuesMax: number;
  textCharsMax: number;
}

const WHOLE: Limits = { depthMax: 16, entriesMax: 10_000, valuesMax: 100_000, textCharsMax: 1_000_000 };
const SHORT: Limits = { depthMax: 3, entriesMax: 24, valuesMax: 100, textCharsMax: 120 };

/** A JSON object for `data`. Never throws. What is no object is wrapped as {"value":...}. */
export function toJson(data: unknown): string {
  try {
    return asObject(JSON.stringify(data));
  } catch {
    return plainJson(data, WHOLE);
  }
}

/** Like toJson, with everything long cut short: for data that does not fit in a line. Never throws. */
export function shortJson(data: unknown): string {
  return plainJson(data, SHORT);
}

function plainJson(data: unknown, limits: Limits): string {
  try {
    return asObject(JSON.stringify(new PlainCopy(limits).of(data)));
  } catch (error) {
    // Out of memory or stack while copying: what is left to say is that there was something.
    return `{"unreadable":${JSON.stringify(cut(messageOf(error), SHORT.textCharsMax))}}`;
  }
}

function asObject(json: string | undefined): string {
  if (json === undefined) return "{}";
  return json.startsWith("{") ? json : `{"value":${json}}`;
}

/** Makes a copy of plain data only: no getters, no toJSON, no circles, no BigInt. */
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

/** What `read` returns, or undefined when it throws, as getters and proxies may. */
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
