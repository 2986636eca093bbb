// Fuel. Every kernel is metered before it runs: what can repeat takes from a counter and traps below zero, so that work
// without end becomes a trap, at the same point in every run. (No host can stop a pure Wasm loop from outside.)
//
//   loop { body }          becomes   loop { fuel -= 3; if (fuel < 0) unreachable; body }
//   fill(at, 0, bytes)     becomes   n = bytes; fuel -= 16 + n / 8; if (fuel < 0) unreachable; fill(at, 0, n)
//
// A unit is about the time of one round of an empty loop, two nanoseconds. So a charge grows with what it pays for: that of a
// loop or function with the instructions it has, that of a bulk operation with its bytes. Without that, a loop around 4 MB of
// memory.fill, or around a megabyte of straight-line code, would burn a tick's fuel in hours.
//
// The counter is the exported mutable global "fuel" (i64), the one piece of state outside the memory: the host sets it
// before each call. The metered module carries the hash of what it was made from in the section "wowsim.source".

import { createHash } from "node:crypto";
import type binaryen from "binaryen";
import { WowsimError } from "../../server/protocol/errors.ts";
import { type Binaryen, allowedFeatures, instructionsOf, rawBinaryen, walkFunction } from "./walk.ts";

export const FUEL_EXPORT = "fuel";
export const SOURCE_SECTION = "wowsim.source";
/** What an instance starts with, for tools that call it without setting fuel: some ten milliseconds of it. */
const FUEL_INITIAL = 20_000_000n;

/** Instructions that one unit pays for, in a loop's round or a function's call; so much comes with the first unit. */
const INSTRUCTIONS_PER_UNIT = 128;
/** Locals of a function, zeroed at each call, that one unit pays for. */
const LOCALS_PER_UNIT = 64;
/** Bytes of a bulk operation that one unit pays for, as a power of two: 8. Measured by `bun bench/fuel-rate.ts`. */
const BULK_BYTES_SHIFT = 3n;
/** What each bulk operation costs beside its bytes. */
const BULK_UNITS = 16n;

/** First 16 hexadecimal digits of the SHA-256 of an unmetered binary: a kernel's name. */
export function hashOf(wasm: Uint8Array): string {
  return createHash("sha256").update(wasm).digest("hex").slice(0, 16);
}

/**
 * Adds fuel to an unmetered kernel. Takes about 0.1 s, the first call 0.3 s more for loading Binaryen: not for a thread
 * that ticks. Throws WowsimError("module_instruction") when the module uses what can not be metered.
 */
export async function meter(wasm: Uint8Array): Promise<Uint8Array> {
  const { default: library } = await import("binaryen");
  // The compiler sets these for the whole library; what is metered must not depend on whether it ran before.
  library.setOptimizeLevel(0);
  library.setShrinkLevel(0);
  const module = library.readBinaryWithFeatures(wasm, allowedFeatures(library));
  try {
    module.addGlobal(FUEL_EXPORT, library.i64, true, module.i64.const(...bigConstant(FUEL_INITIAL)));
    module.addGlobalExport(FUEL_EXPORT, FUEL_EXPORT);
    const meterer = new Meterer(library, module);
    for (let index = 0; index < module.getNumFunctions(); index++) meterer.meter(module.getFunctionByIndex(index));
    module.addCustomSection(SOURCE_SECTION, new TextEncoder().encode(hashOf(wasm)));
    if (module.validate() === 0) {
      throw new WowsimError("module_metering", "The metered module is not valid; please report the kernel's source.");
    }
    return module.emitBinary();
  } finally {
    module.dispose();
  }
}

class Meterer {
  readonly #library: Binaryen;
  readonly #module: binaryen.Module;
  readonly #raw: RawBinaryen;

  constructor(library: Binaryen, module: binaryen.Module) {
    this.#library = library;
    this.#module = module;
    this.#raw = rawBinaryen(library, RAW);
  }

  /** Adds every charge of one function. All that is there is found before anything is added. */
  meter(reference: number): void {
    const library = this.#library;
    const { body } = library.getFunctionInfo(reference);
    if (body === 0) return;
    const loops: number[] = [];
    const bulks: { expression: number; kind: number }[] = [];
    walkFunction(library, body, (expression, kind) => {
      if (kind === library.LoopId) loops.push(expression);
      else if (kind === library.MemoryFillId || kind === library.MemoryCopyId) bulks.push({ expression, kind });
    });
    const ownUnits = unitsFor(instructionsOf(library, body)) + this.#unitsOfLocals(reference);
    const loopUnits = loops.map((loop) => unitsFor(instructionsOf(library, this.#bodyOf(loop))));
    if (bulks.length > 0) this.#meterBulks(reference, bulks);
    for (const [index, loop] of loops.entries()) {
      this.#raw.LoopSetBody(loop, this.#charged(this.#bodyOf(loop), loopUnits[index] ?? 1));
    }
    this.#raw.FunctionSetBody(reference, this.#charged(library.getFunctionInfo(reference).body, ownUnits));
  }

  #bodyOf(loop: number): number {
    return (this.#library.getExpressionInfo(loop) as binaryen.LoopInfo).body;
  }

  #unitsOfLocals(reference: number): number {
    return Math.floor(this.#raw.FunctionGetNumVars(reference) / LOCALS_PER_UNIT);
  }

  /** Each size goes through one local of the function's own; between writing and reading it nothing else runs. */
  #meterBulks(reference: number, bulks: { expression: number; kind: number }[]): void {
    const raw = this.#raw;
    const library = this.#library;
    const { i64, local, block } = this.#module;
    const size = raw.FunctionAddVar(reference, library.i32);
    for (const { expression, kind } of bulks) {
      const isFill = kind === library.MemoryFillId;
      const wanted = isFill ? raw.MemoryFillGetSize(expression) : raw.MemoryCopyGetSize(expression);
      // As unsigned as the operation itself takes it; 2^32 bytes are far from what the counter holds.
      const bytes = i64.extend_u(local.get(size, library.i32));
      const units = i64.add(constant(i64, BULK_UNITS), i64.shr_u(bytes, constant(i64, BULK_BYTES_SHIFT)));
      const charged = block(
        null,
        [local.set(size, wanted), ...this.#charge(units), local.get(size, library.i32)],
        library.i32,
      );
      if (isFill) raw.MemoryFillSetSize(expression, charged);
      else raw.MemoryCopySetSize(expression, charged);
    }
  }

  /** `body` behind a charge. */
  #charged(body: number, units: number): number {
    const { block, i64 } = this.#module;
    return block(null, [...this.#charge(constant(i64, BigInt(units))), body], this.#library.getExpressionType(body));
  }

  /** Takes `units` (an i64 expression) of fuel, and traps when there was less. */
  #charge(units: number): number[] {
    const { i64, global, if: when, unreachable } = this.#module;
    const fuel = (): number => global.get(FUEL_EXPORT, this.#library.i64);
    const isGone = i64.lt_s(fuel(), constant(i64, 0n));
    return [global.set(FUEL_EXPORT, i64.sub(fuel(), units)), when(isGone, unreachable())];
  }
}

function unitsFor(instructions: number): number {
  return 1 + Math.floor(instructions / INSTRUCTIONS_PER_UNIT);
}

function constant(i64: binaryen.Module["i64"], value: bigint): number {
  return i64.const(...bigConstant(value));
}

/** Binaryen takes one bigint here, while its types still ask for two halves. */
function bigConstant(value: bigint): [low: number, high: number] {
  return [value] as unknown as [number, number];
}

const RAW = [
  "LoopSetBody",
  "FunctionSetBody",
  "FunctionAddVar",
  "FunctionGetNumVars",
  "MemoryFillGetSize",
  "MemoryFillSetSize",
  "MemoryCopyGetSize",
  "MemoryCopySetSize",
] as const;
type RawBinaryen = Record<(typeof RAW)[number], (...args: number[]) => number>;
