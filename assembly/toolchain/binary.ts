// Reads the parts of a WebAssembly binary that a host needs before it instantiates the module: imports, globals, exports, the
// extent of static data, and custom sections. So the host can read a layout, or refuse a module, without creating a memory for
// it.
//
//   readModule(bytes).constants   // Map { "STATE_BASE" => 65536, ... }: exported immutable i32 globals

import { WowsimError } from "../../server/protocol/errors.ts";

/** Limits in pages. `isPlain`: the memory is not shared between threads and has no 64-bit addresses. */
export interface MemoryLimits {
  initial: number;
  maximum: number | null;
  isPlain: boolean;
}

/** What a module defines and imports, as its sections say. */
export interface ModuleShape {
  imports: { module: string; name: string; kind: number }[];
  /** The imported memory's limits in pages, null when none is imported. */
  memory: MemoryLimits | null;
  /** Number of imported memories. A kernel may have one only. */
  importedMemories: number;
  ownMemories: number;
  /** Sum of the initial elements of all its tables. */
  tableElements: number;
  /** Number of functions, imported ones included. */
  functions: number;
  /** Signature of each exported function, such as "i32,i32->f64"; "?" when a type is not a plain number. */
  signatures: Map<string, string>;
  /** Globals the module itself defines. */
  globals: { mutable: boolean; value: number | null }[];
  exports: Map<string, { kind: number; index: number }>;
  /** Exported, immutable i32 globals with a constant value. */
  constants: Map<string, number>;
  hasStart: boolean;
  /** Address after the last byte that data segments write; Infinity when an offset is not a constant. */
  dataEnd: number;
  custom: Map<string, Uint8Array>;
}

const SECTION = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  global: 6,
  export: 7,
  start: 8,
  data: 11,
} as const;
export const KIND = { function: 0, table: 1, memory: 2, global: 3, tag: 4 } as const;
const I32 = 0x7f;
const NUMBERS: Readonly<Record<number, string>> = { 0x7f: "i32", 0x7e: "i64", 0x7d: "f32", 0x7c: "f64", 0x7b: "v128" };
const FUNCTION_TYPE = 0x60;
/** Types of plain tables: funcref and externref. */
const PLAIN_TABLES: readonly number[] = [0x70, 0x6f];
const HEADER_BYTES = 8;

/** Parses a module's sections. Throws WowsimError("module_malformed") when the module is not well-formed. */
export function readModule(bytes: Uint8Array): ModuleShape {
  if (!WebAssembly.validate(new Uint8Array(bytes))) {
    throw new WowsimError("module_malformed", "This is not a valid WebAssembly module.");
  }
  const shape: ModuleShape = {
    imports: [],
    memory: null,
    importedMemories: 0,
    ownMemories: 0,
    tableElements: 0,
    functions: 0,
    signatures: new Map(),
    globals: [],
    exports: new Map(),
    constants: new Map(),
    hasStart: false,
    dataEnd: 0,
    custom: new Map(),
  };
  const reader = new Reader(bytes, HEADER_BYTES);
  const types: string[] = [];
  const functions: number[] = [];
  while (!reader.atEnd) {
    const id = reader.byte();
    const size = reader.unsigned();
    readSection(id, new Reader(reader.take(size), 0), { shape, types, functions });
  }
  nameConstants(shape);
  shape.functions = functions.length;
  for (const [name, { kind, index }] of shape.exports) {
    if (kind === KIND.function) shape.signatures.set(name, types[functions[index] ?? -1] ?? "?");
  }
  return shape;
}

/** The result, and what is needed only while reading: signatures by type index, and the type index of each function. */
interface Reading {
  shape: ModuleShape;
  types: string[];
  functions: number[];
}

function readSection(id: number, reader: Reader, { shape, types, functions }: Reading): void {
  if (id === SECTION.import) readImports(reader, shape, functions);
  else if (id === SECTION.type) readTypes(reader, types);
  else if (id === SECTION.function) {
    for (let left = reader.unsigned(); left > 0; left--) functions.push(reader.unsigned());
  } else if (id === SECTION.table) readTables(reader, shape);
  else if (id === SECTION.memory) shape.ownMemories = reader.unsigned();
  else if (id === SECTION.global) readGlobals(reader, shape);
  else if (id === SECTION.export) readExports(reader, shape);
  else if (id === SECTION.start) shape.hasStart = true;
  else if (id === SECTION.data) readData(reader, shape);
  else if (id === SECTION.custom) shape.custom.set(reader.name(), reader.rest());
}

/** Stops at the first type that is not a function of plain numbers. A kernel can not use the types after it. */
function readTypes(reader: Reader, types: string[]): void {
  for (let left = reader.unsigned(); left > 0; left--) {
    if (reader.byte() !== FUNCTION_TYPE) return;
    const [parameters, results] = [reader.numbers(), reader.numbers()];
    if (parameters === null || results === null) return;
    types.push(`${parameters.join(",")}->${results.join(",")}`);
  }
}

function readTables(reader: Reader, shape: ModuleShape): void {
  for (let left = reader.unsigned(); left > 0; left--) {
    if (!PLAIN_TABLES.includes(reader.byte())) {
      shape.tableElements = Number.POSITIVE_INFINITY;
      return;
    }
    shape.tableElements += reader.limits().initial;
  }
}

function readImports(reader: Reader, shape: ModuleShape, functions: number[]): void {
  for (let left = reader.unsigned(); left > 0; left--) {
    const entry = { module: reader.name(), name: reader.name(), kind: reader.byte() };
    shape.imports.push(entry);
    if (entry.kind === KIND.function) functions.push(reader.unsigned());
    else if (entry.kind === KIND.tag) {
      reader.byte();
      reader.unsigned();
    } else if (entry.kind === KIND.memory) {
      shape.memory = reader.limits();
      shape.importedMemories++;
    } else if (entry.kind === KIND.global) reader.take(2);
    else {
      reader.byte();
      reader.limits();
    }
  }
}

function readGlobals(reader: Reader, shape: ModuleShape): void {
  for (let left = reader.unsigned(); left > 0; left--) {
    const type = reader.byte();
    const mutable = reader.byte() === 1;
    const value = reader.constant();
    shape.globals.push({ mutable, value: type === I32 ? value : null });
  }
}

function readExports(reader: Reader, shape: ModuleShape): void {
  for (let left = reader.unsigned(); left > 0; left--) {
    shape.exports.set(reader.name(), { kind: reader.byte(), index: reader.unsigned() });
  }
}

function readData(reader: Reader, shape: ModuleShape): void {
  for (let left = reader.unsigned(); left > 0; left--) {
    const form = reader.unsigned();
    if (form === 2) reader.unsigned();
    const offset = form === 1 ? 0 : (reader.constant() ?? Number.POSITIVE_INFINITY);
    const length = reader.unsigned();
    reader.take(length);
    if (form !== 1) shape.dataEnd = Math.max(shape.dataEnd, offset + length);
  }
}

function nameConstants(shape: ModuleShape): void {
  const imported = shape.imports.filter((entry) => entry.kind === KIND.global).length;
  for (const [name, { kind, index }] of shape.exports) {
    const global = kind === KIND.global ? shape.globals[index - imported] : undefined;
    if (global && !global.mutable && global.value !== null) shape.constants.set(name, global.value);
  }
}

class Reader {
  readonly #bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  get atEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  byte(): number {
    const value = this.#bytes[this.#at++];
    if (value === undefined) throw new WowsimError("module_malformed", "The WebAssembly module ends too early.");
    return value;
  }

  take(length: number): Uint8Array {
    const part = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return part;
  }

  rest(): Uint8Array {
    return this.take(this.#bytes.length - this.#at);
  }

  /** LEB128, up to 32 bits. */
  unsigned(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }

  name(): string {
    return new TextDecoder().decode(this.take(this.unsigned()));
  }

  limits(): MemoryLimits {
    const flags = this.byte();
    const initial = this.unsigned();
    return { initial, maximum: (flags & 1) === 1 ? this.unsigned() : null, isPlain: flags <= 1 };
  }

  /** A list of number types; null when one of them is something else. */
  numbers(): string[] | null {
    const names: string[] = [];
    for (let left = this.unsigned(); left > 0; left--) {
      const name = NUMBERS[this.byte()];
      if (name === undefined) return null;
      names.push(name);
    }
    return names;
  }

  /** A constant expression: its i32 value, or null when it is anything but one `i32.const`. */
  constant(): number | null {
    const opcode = this.byte();
    let value: number | null = null;
    if (opcode === 0x41) value = this.#signed32();
    else if (opcode === 0x42 || opcode === 0x23) while (this.byte() >= 0x80);
    else if (opcode === 0x43) this.take(4);
    else if (opcode === 0x44) this.take(8);
    else
      throw new WowsimError("module_malformed", `A constant expression uses opcode ${opcode}; use a plain constant.`);
    if (this.byte() !== 0x0b) {
      throw new WowsimError("module_malformed", "A constant expression has several operations; use a plain constant.");
    }
    return value;
  }

  #signed32(): number {
    let value = 0;
    let shift = 0;
    while (true) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      shift += 7;
      if (byte < 0x80) return shift < 32 && (byte & 0x40) !== 0 ? value | (-1 << shift) : value;
    }
  }
}
