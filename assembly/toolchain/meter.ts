// Adds fuel to a kernel before it runs. All code that can repeat subtracts from a counter. When the counter falls below zero,
// the module asks its host for more. The host gives fuel slice by slice, or throws (fuel.ts). So endless work becomes a trap,
// at the same point in every run. (No host can stop a pure Wasm loop from outside.)
//
//   loop { body }          becomes   loop { fuel -= 3; if (fuel < 0) more(); body }
//   fill(at, 0, bytes)     becomes   n = bytes; fuel -= 16 + n / 64; if (fuel < 0) more(); fill(at, 0, n)
//   more()                 is        fuel += refuel(-fuel)
//
// The callers of a small function pay its charge as part of their own (call-charges.ts). A function pays at its own entry if it
// is large, exported or recursive.
//
// A call of more() in a short innermost loop costs a normal tick a tenth of its time, even if it is hardly ever executed,
// because engines do not unroll such a loop. So the charge of a light loop (#isLight) has no call. Light loops may overdraw the
// counter, and the next charge makes up for it. A loop that overdraws it by more than OVERDRAFT_MAX traps; no area of a kernel
// has so many elements.
//
//   for (...) sum += a[i]  becomes   loop { fuel -= 1; if (fuel < -131072) unreachable; body }
//
// A unit is about the time of one round of an empty loop, two nanoseconds. So a charge grows with the work it pays for: that of
// a loop or function with its instructions, that of a bulk operation with its bytes. Without that, a loop around 4 MB of
// memory.fill, or around a megabyte of straight-line code, would need hours to use a tick's fuel.
//
// The counter is the exported mutable global "fuel" (i64). It is the only state outside the memory, and the host sets it before
// each call. "wowsim.refuel" (i32 -> i32) is the only import that metering adds. The section "wowsim.source" of the metered
// module holds the hash of the unmetered module.

import { createHash } from "node:crypto";
import type binaryen from "binaryen";
import { WowsimError } from "../../server/protocol/errors.ts";
import { OVERDRAFT_MAX } from "./fuel.ts";
import { CallCharges } from "./call-charges.ts";
import {
  type Binaryen,
  allowedFeatures,
  callsOf,
  instructionsOf,
  rawBinaryen,
  walkFunction,
  walkRound,
} from "./walk.ts";

export const FUEL_EXPORT = "fuel";
export const SOURCE_SECTION = "wowsim.source";
/** The import by which a metered module asks for more fuel: module and name. */
export const REFUEL_IMPORT = ["wowsim", "refuel"] as const;
/** Fuel with which an instance starts, for tools that call it without setting fuel: some ten milliseconds. */
const FUEL_INITIAL = 20_000_000n;

/** Instructions that one unit pays for, in a loop's round or a function's call. The first unit of a charge covers this many. */
const INSTRUCTIONS_PER_UNIT = 128;
/** What a local of a function counts as: each call sets it to zero. */
const INSTRUCTIONS_PER_LOCAL = 2;
/**
 * Bytes of a bulk operation that one unit pays for, as a power of two: 64. By `bun bench/fuel-rate.ts` they take 0.3 to 2.3 ns.
 * A unit of a normal tick takes some 2 ns.
 */
const BULK_BYTES_SHIFT = 6n;
/** Units of each bulk operation, in addition to those for its bytes. */
const BULK_UNITS = 16n;

const LIGHT_ACCESSES_MAX = 16;

/** First 16 hexadecimal digits of the SHA-256 of an unmetered binary. They identify a kernel. */
export function hashOf(wasm: Uint8Array): string {
  return createHash("sha256").update(wasm).digest("hex").slice(0, 16);
}

/**
 * Adds fuel to an unmetered kernel. It takes about 0.1 s, and the first call 0.3 s more to load Binaryen: do not call it in a
 * thread that ticks. Throws WowsimError("module_instruction") when the module uses an instruction that can not be metered.
 */
export async function meter(wasm: Uint8Array): Promise<Uint8Array> {
  const { default: library } = await import("binaryen");
  // The compiler sets these for the whole library. The metered module must not depend on whether the compiler ran before.
  library.setOptimizeLevel(0);
  library.setShrinkLevel(0);
  const module = library.readBinaryWithFeatures(wasm, allowedFeatures(library));
  try {
    const meterer = new Meterer(library, module);
    const functions = Array.from({ length: module.getNumFunctions() }, (_, index) => module.getFunctionByIndex(index));
    const charges = meterer.chargesOf(functions);
    meterer.addCounter();
    for (const reference of functions) meterer.meter(reference, charges);
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
  /** The counter, and the function that gets more fuel. Their names do not occur in the module. */
  readonly #fuel: string;
  readonly #more: string;

  constructor(library: Binaryen, module: binaryen.Module) {
    this.#library = library;
    this.#module = module;
    this.#raw = rawBinaryen(library, RAW);
    this.#fuel = unused("fuel", (name) => module.getGlobal(name) !== 0);
    this.#more = unused("more", (name) => module.getFunction(name) !== 0);
  }

  /** Adds the counter and the function that gets more fuel. */
  addCounter(): void {
    const module = this.#module;
    const { i32, i64, none } = this.#library;
    const refuel = unused("refuel", (name) => name === this.#more || module.getFunction(name) !== 0);
    module.addGlobal(this.#fuel, i64, true, constant(module.i64, FUEL_INITIAL));
    module.addGlobalExport(this.#fuel, FUEL_EXPORT);
    module.addFunctionImport(refuel, ...REFUEL_IMPORT, i32, i32);
    const fuel = (): number => module.global.get(this.#fuel, i64);
    const lacking = module.i32.wrap(module.i64.sub(constant(module.i64, 0n), fuel()));
    const units = module.i64.extend_u(module.call(refuel, [lacking], i32));
    const body = module.global.set(this.#fuel, module.i64.add(fuel(), units));
    module.addFunction(this.#more, none, none, [], body);
  }

  /** Decides who pays for the call of each function. */
  chargesOf(functions: readonly number[]): CallCharges {
    const library = this.#library;
    const exported = new Set(
      Array.from({ length: this.#module.getNumExports() }, (_, index) => {
        const { kind, value } = library.getExportInfo(this.#module.getExportByIndex(index));
        return kind === library.ExternalFunction ? value : "";
      }),
    );
    return new CallCharges(
      functions.flatMap((reference) => {
        const { name, body } = library.getFunctionInfo(reference);
        if (body === 0) return [];
        const instructions = instructionsOf(library, body) + this.#instructionsForLocals(reference);
        return [{ name, instructions, calls: callsOf(library, body), isExported: exported.has(name) }];
      }),
    );
  }

  /** Adds all charges of one function. It finds all loops and bulk operations before it adds anything. */
  meter(reference: number, charges: CallCharges): void {
    const library = this.#library;
    const { name, body } = library.getFunctionInfo(reference);
    if (body === 0) return;
    const loops: number[] = [];
    const bulks: { expression: number; kind: number }[] = [];
    walkFunction(library, body, (expression, kind) => {
      if (kind === library.LoopId) loops.push(expression);
      else if (kind === library.MemoryFillId || kind === library.MemoryCopyId) bulks.push({ expression, kind });
    });
    const rounds = loops.map((loop) => {
      const round = this.#bodyOf(loop);
      const units = unitsFor(instructionsOf(library, round) + charges.ofCalls(callsOf(library, round)));
      return { loop, units, isLight: units === 1 && this.#isLight(loop) };
    });
    if (bulks.length > 0) this.#meterBulks(reference, bulks);
    for (const { loop, units, isLight } of rounds) {
      this.#raw.LoopSetBody(loop, this.#charged(this.#bodyOf(loop), units, isLight));
    }
    const atEntry = charges.atEntry(name);
    if (atEntry !== null) {
      const charged = this.#charged(library.getFunctionInfo(reference).body, unitsFor(atEntry));
      this.#raw.FunctionSetBody(reference, charged);
    }
  }

  /**
   * True for a short loop that accesses memory and contains nothing with its own charge. (A loop without memory access does no
   * work.)
   */
  #isLight(loop: number): boolean {
    const { LoopId, CallId, MemoryFillId, MemoryCopyId, LoadId, StoreId, SIMDLoadId, SIMDLoadStoreLaneId } =
      this.#library;
    let [isInnermost, accesses] = [true, 0];
    walkRound(this.#library, this.#bodyOf(loop), (_expression, kind) => {
      if ([LoopId, CallId, MemoryFillId, MemoryCopyId].includes(kind)) isInnermost = false;
      if ([LoadId, StoreId, SIMDLoadId, SIMDLoadStoreLaneId].includes(kind)) accesses++;
    });
    return isInnermost && accesses > 0 && accesses <= LIGHT_ACCESSES_MAX;
  }

  #bodyOf(loop: number): number {
    return (this.#library.getExpressionInfo(loop) as binaryen.LoopInfo).body;
  }

  #instructionsForLocals(reference: number): number {
    return this.#raw.FunctionGetNumVars(reference) * INSTRUCTIONS_PER_LOCAL;
  }

  /** All sizes use one added local of the function. Nothing else runs between its writing and its reading. */
  #meterBulks(reference: number, bulks: { expression: number; kind: number }[]): void {
    const raw = this.#raw;
    const library = this.#library;
    const { i64, local, block } = this.#module;
    const size = raw.FunctionAddVar(reference, library.i32);
    for (const { expression, kind } of bulks) {
      const isFill = kind === library.MemoryFillId;
      const wanted = isFill ? raw.MemoryFillGetSize(expression) : raw.MemoryCopyGetSize(expression);
      // Unsigned, as in the operation itself. 2^32 bytes are far below the counter's range.
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

  /** `body`, with a charge before it. */
  #charged(body: number, units: number, mayOverdraw = false): number {
    const { block, i64 } = this.#module;
    const charge = this.#charge(constant(i64, BigInt(units)), mayOverdraw);
    return block(null, [...charge, body], this.#library.getExpressionType(body));
  }

  /**
   * Subtracts `units` (an i64 expression) of fuel. Below zero it gets more fuel. With `mayOverdraw` it traps below
   * -OVERDRAFT_MAX instead.
   */
  #charge(units: number, mayOverdraw = false): number[] {
    const { i64, global, if: when, call, unreachable } = this.#module;
    const fuel = (): number => global.get(this.#fuel, this.#library.i64);
    const isBelow = i64.lt_s(fuel(), constant(i64, mayOverdraw ? -OVERDRAFT_MAX : 0n));
    const otherwise = mayOverdraw ? unreachable() : call(this.#more, [], this.#library.none);
    return [global.set(this.#fuel, i64.sub(fuel(), units)), when(isBelow, otherwise)];
  }
}

/** The name, with `_` appended until it is not in the module: an upload may use any name. */
function unused(name: string, isTaken: (name: string) => boolean): string {
  return isTaken(name) ? unused(`${name}_`, isTaken) : name;
}

function unitsFor(instructions: number): number {
  return 1 + Math.floor(instructions / INSTRUCTIONS_PER_UNIT);
}

function constant(i64: binaryen.Module["i64"], value: bigint): number {
  return i64.const(...bigConstant(value));
}

/** Binaryen takes one bigint here, but its types still require two halves. */
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
