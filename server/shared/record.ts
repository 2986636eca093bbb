// A record between threads, described once: a table of names and types writes it, reads it, empties it, and gives its
// length.
//
//   const ENTERED = new RecordTable(6, { zoneId: "u32", session: "u32", ticket: "u32" });
//   ENTERED.bytes                            // 16: the kind, then each field in the table's order
//   ENTERED.write(view, at, entered)
//   ENTERED.read(view, at, 16, into)         // reuses into; throws WowsimError("bad_record") when the length is wrong
//
// All numbers are little-endian, without gaps. A record with a tail has more data after its fields: words, or bytes
// that the caller reads.
//
//   const CENSUS = new RecordTable(4, { zoneId: "u32" }, "words");
//   CENSUS.read(view, at, length, into)       // the entity ids begin at at + CENSUS.bytes, and end at at + length

import { WowsimError } from "../protocol/errors.ts";
import { wordAt } from "../protocol/assert.ts";

/** A number, a 64-bit number, a boolean, a point of three f32, one of several strings, or a fixed-length list of numbers. */
export type FieldType =
  "u32" | "f32" | "f64" | "u64" | "flag" | "point" | readonly string[] | { readonly u32s: number };

type ValueOf<Type> = Type extends "u64"
  ? bigint
  : Type extends "flag"
    ? boolean
    : Type extends "point"
      ? Point
      : Type extends readonly (infer Word)[]
        ? Word
        : Type extends { u32s: number }
          ? Uint32Array
          : number;

/** In yards. */
export interface Point {
  x: number;
  y: number;
  z: number;
}

/** The record of a table as a TypeScript object. */
export type RecordOf<Fields> = { -readonly [Name in keyof Fields]: ValueOf<Fields[Name]> };

/** The kind of a record: its first word. */
export const KIND_BYTES = 4;

interface Field {
  name: string;
  type: FieldType;
  offset: number;
}

export type RecordFields = Readonly<Record<string, FieldType>>;

export class RecordTable<const Fields extends RecordFields> {
  readonly kind: number;
  /** The length of one record in bytes, including its kind but not its tail. */
  readonly bytes: number;
  readonly #fields: readonly Field[];
  readonly #tail: "none" | "words" | "bytes";

  constructor(kind: number, fields: Fields, tail: "none" | "words" | "bytes" = "none") {
    this.kind = kind;
    this.#tail = tail;
    let offset = KIND_BYTES;
    this.#fields = Object.entries(fields).map(([name, type]) => {
      const field = { name, type, offset };
      offset += bytesOf(type);
      return field;
    });
    this.bytes = offset;
  }

  write(view: DataView, at: number, record: Readonly<RecordOf<Fields>>): void {
    const values = record as Readonly<Record<string, unknown>>;
    view.setUint32(at, this.kind, true);
    for (const { name, type, offset } of this.#fields) writeField(view, at + offset, type, values[name]);
  }

  /**
   * Fills `into` from a record of `length` bytes. Throws WowsimError("bad_record") when the length does not fit the
   * table.
   */
  read(view: DataView, at: number, length: number, into: RecordOf<Fields>): RecordOf<Fields> {
    if (!this.#canBe(length)) {
      const least = this.#tail === "none" ? "" : "at least ";
      const message = `A record of kind ${this.kind} has ${least}${this.bytes} bytes, not ${length}.`;
      throw new WowsimError("bad_record", message);
    }
    const values = into as Record<string, unknown>;
    for (const { name, type, offset } of this.#fields) {
      if (typeof type === "object" && "u32s" in type) readWords(view, at + offset, values[name] as Uint32Array);
      else if (type === "point") readPoint(view, at + offset, values[name] as Point);
      else values[name] = readField(view, at + offset, type);
    }
    return into;
  }

  #canBe(length: number): boolean {
    if (this.#tail === "none") return length === this.bytes;
    return length >= this.bytes && (this.#tail === "bytes" || (length - this.bytes) % 4 === 0);
  }

  /** An empty record for reuse: 0, false, and the first string. */
  empty(): RecordOf<Fields> {
    return Object.fromEntries(this.#fields.map(({ name, type }) => [name, emptyOf(type)])) as RecordOf<Fields>;
  }
}

function bytesOf(type: FieldType): number {
  if (type === "f64" || type === "u64") return 8;
  if (type === "point") return 12;
  return typeof type === "object" && "u32s" in type ? type.u32s * 4 : 4;
}

function emptyOf(type: FieldType): unknown {
  if (type === "u64") return 0n;
  if (type === "flag") return false;
  if (type === "point") return { x: 0, y: 0, z: 0 };
  if (typeof type === "string") return 0;
  return "u32s" in type ? new Uint32Array(type.u32s) : type[0];
}

function writeField(view: DataView, at: number, type: FieldType, value: unknown): void {
  switch (type) {
    case "u32":
      return view.setUint32(at, value as number, true);
    case "f32":
      return view.setFloat32(at, value as number, true);
    case "f64":
      return view.setFloat64(at, value as number, true);
    case "u64":
      return view.setBigUint64(at, value as bigint, true);
    case "flag":
      return view.setUint32(at, value === true ? 1 : 0, true);
    case "point":
      return writePoint(view, at, value as Point);
    default:
      if ("u32s" in type) writeWords(view, at, value as Uint32Array, type.u32s);
      else view.setUint32(at, type.indexOf(value as string), true);
  }
}

function readField(view: DataView, at: number, type: Exclude<FieldType, "point" | { u32s: number }>): unknown {
  switch (type) {
    case "u32":
      return view.getUint32(at, true);
    case "f32":
      return view.getFloat32(at, true);
    case "f64":
      return view.getFloat64(at, true);
    case "u64":
      return view.getBigUint64(at, true);
    case "flag":
      return view.getUint32(at, true) === 1;
    default: {
      const word = type[view.getUint32(at, true)];
      if (word === undefined)
        throw new WowsimError("bad_record", `Word ${view.getUint32(at, true)} of ${type} is none.`);
      return word;
    }
  }
}

function writePoint(view: DataView, at: number, { x, y, z }: Point): void {
  view.setFloat32(at, x, true);
  view.setFloat32(at + 4, y, true);
  view.setFloat32(at + 8, z, true);
}

function readPoint(view: DataView, at: number, into: Point): void {
  into.x = view.getFloat32(at, true);
  into.y = view.getFloat32(at + 4, true);
  into.z = view.getFloat32(at + 8, true);
}

function writeWords(view: DataView, at: number, words: Uint32Array, count: number): void {
  if (words.length !== count) throw new WowsimError("bad_record", `${words.length} words, where ${count} belong.`);
  for (let index = 0; index < count; index++) view.setUint32(at + index * 4, wordAt(words, index), true);
}

function readWords(view: DataView, at: number, into: Uint32Array): void {
  for (let index = 0; index < into.length; index++) into[index] = view.getUint32(at + index * 4, true);
}
