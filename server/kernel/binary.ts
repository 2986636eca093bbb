// Reads the little of a WebAssembly binary that a host must know before it instantiates: imports, globals, exports, the
// extent of static data, and custom sections. So a layout can be read, and a module refused, without giving it a memory.
//
//   readModule(bytes).constants   // Map { "STATE_BASE" => 65536, ... }: exported immutable i32 globals

import { WowsimError } from "../errors.ts";

/** What a module brings into being or asks for, as its sections say. */
export interface ModuleShape {
  imports: { module: string; name: string; kind: number }[];
  /** The imported memory's limits in pages, null when none is imported. */
  memory: { initial: number; maximum: number | null } | null;
  ownMemories: number;
  /** Globals the module itself defines. */
  globals: { mutable: boolean; value: number | null }[];
  exports: Map<string, { kind: number; index: number }>;
  /** Exported, immutable i32 globals with a constant value. */
  constants: Map<string, number>;
  hasStart: boolean;
  /** One past the last byte that data segments write; Infinity when an offset is not a constant. */
  dataEnd: number;
  custom: Map<string, Uint8Array>;
}

const SECTION = { custom: 0, import: 2, memory: 5, global: 6, export: 7, start: 8, data: 11 } as const;
export const KIND = { function: 0, table: 1, memory: 2, global: 3, tag: 4 } as const;
const I32 = 0x7f;
const HEADER_BYTES = 8;

/** Parses a module's sections. Throws WowsimError("module_malformed") on anything but a well-formed module. */
export function readModule(bytes: Uint8Array): ModuleShape {
  if (!WebAssembly.validate(new Uint8Array(bytes))) {
    throw new WowsimError(
      "module_malformed",
      "This is not a valid WebAssembly module; build one with `bun run build`.",
    );
  }
  const shape: ModuleShape = {
    imports: [],
    memory: null,
    ownMemories: 0,
    globals: [],
    exports: new Map(),
    constants: new Map(),
    hasStart: false,
    dataEnd: 0,
    custom: new Map(),
  };
  const reader = new Reader(bytes, HEADER_BYTES);
  while (!reader.atEnd) {
    const id = reader.byte();
    const size = reader.unsigned();
    readSection(id, new Reader(reader.take(size), 0), shape);
  }
  nameConstants(shape);
  return shape;
}

function readSection(id: number, reader: Reader, shape: ModuleShape): void {
  if (id === SECTION.import) readImports(reader, shape);
  else if (id === SECTION.memory) shape.ownMemories = reader.unsigned();
  else if (id === SECTION.global) readGlobals(reader, shape);
  else if (id === SECTION.export) readExports(reader, shape);
  else if (id === SECTION.start) shape.hasStart = true;
  else if (id === SECTION.data) readData(reader, shape);
  else if (id === SECTION.custom) shape.custom.set(reader.name(), reader.rest());
}

function readImports(reader: Reader, shape: ModuleShape): void {
  for (let left = reader.unsigned(); left > 0; left--) {
    const entry = { module: reader.name(), name: reader.name(), kind: reader.byte() };
    shape.imports.push(entry);
    if (entry.kind === KIND.function || entry.kind === KIND.tag) reader.unsigned();
    else if (entry.kind === KIND.memory) shape.memory = reader.limits();
    else if (entry.kind === KIND.global) reader.take(2);
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

  limits(): { initial: number; maximum: number | null } {
    const flags = this.byte();
    const initial = this.unsigned();
    return { initial, maximum: (flags & 1) === 1 ? this.unsigned() : null };
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
