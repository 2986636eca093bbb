// Fuel. Every kernel is metered before it runs: what can repeat takes from a counter, and where that falls below zero the module
// asks its host for more. The host gives it slice by slice, or throws (fuel.ts): so work without end becomes a trap, at the same
// point in every run. (No host can stop a pure Wasm loop from outside.)
//
//   loop { body }          becomes   loop { fuel -= 3; if (fuel < 0) more(); body }
//   fill(at, 0, bytes)     becomes   n = bytes; fuel -= 16 + n / 64; if (fuel < 0) more(); fill(at, 0, n)
//   more()                 is        fuel += refuel(-fuel)
//
// A function's charge is paid where it is called, as part of its caller's, if it is small (call-charges.ts). It pays at its own
// entry if it is large or exported, or if it may call itself.
//
// A call in a short innermost loop, even one that hardly ever happens, costs an honest tick a tenth of its time: engines do not
// unroll such a loop. So those that are light (#isLight) have none: they may overdraw the counter, and the next charge makes up
// for it. Who overdraws it by more than OVERDRAFT_MAX traps; no area of a kernel has so many elements.
//
//   for (...) sum += a[i]  becomes   loop { fuel -= 1; if (fuel < -131072) unreachable; body }
//
// A unit is about the time of one round of an empty loop, two nanoseconds. So a charge grows with what it pays for: that of a
// loop or function with the instructions it has, that of a bulk operation with its bytes. Without that, a loop around 4 MB of
// memory.fill, or around a megabyte of straight-line code, would burn a tick's fuel in hours.
//
// The counter is the exported mutable global "fuel" (i64), the one piece of state outside the memory: the host sets it
// before each call. "wowsim.refuel" (i32 -> i32) is the one import that metering adds. The metered module carries the hash of
// what it was made from in the section "wowsim.source".

import { createHash } from "node:crypto";
import type binaryen from "binaryen";
import { WowsimError } from "../../server/protocol/errors.ts";
import { OVERDRAFT_MAX } from "./fuel.ts";
import { CallCharges } from "./call-charges.ts";
import { type Binaryen, allowedFeatures, callsOf, instructionsOf, rawBinaryen, walkFunction } from "./walk.ts";

export const FUEL_EXPORT = "fuel";
export const SOURCE_SECTION = "wowsim.source";
/** The import by which a metered module asks for more fuel: module and name. */
export const REFUEL_IMPORT = ["wowsim", "refuel"] as const;
/** What an instance starts with, for tools that call it without setting fuel: some ten milliseconds of it. */
const FUEL_INITIAL = 20_000_000n;

/** Instructions that one unit pays for, in a loop's round or a function's call; so much comes with the first unit. */
const INSTRUCTIONS_PER_UNIT = 128;
/** Locals of a function, zeroed at each call, that one unit pays for. */
const LOCALS_PER_UNIT = 64;
/**
 * Bytes of a bulk operation that one unit pays for, as a power of two: 64. By `bun bench/fuel-rate.ts` that is 0.3 to 2.3 ns, and
 * a unit of honest play is some 2 ns.
 */
const BULK_BYTES_SHIFT = 6n;
/** What each bulk operation costs beside its bytes. */
const BULK_UNITS = 16n;

const LIGHT_ACCESSES_MAX = 16;

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
  /** The counter, and the function that gets it more: by names that the module itself has not. */
  readonly #fuel: string;
  readonly #more: string;

  constructor(library: Binaryen, module: binaryen.Module) {
    this.#library = library;
    this.#module = module;
    this.#raw = rawBinaryen(library, RAW);
    this.#fuel = unused("fuel", (name) => module.getGlobal(name) !== 0);
    this.#more = unused("more", (name) => module.getFunction(name) !== 0);
  }

  /** Adds the counter, and the function that gets more for it. */
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

  /** Who pays for the call of each function. */
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
        const units = unitsFor(instructionsOf(library, body)) + this.#unitsOfLocals(reference);
        return [{ name, units, calls: callsOf(library, body), isExported: exported.has(name) }];
      }),
    );
  }

  /** Adds every charge of one function. All that is there is found before anything is added. */
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
      const units = unitsFor(instructionsOf(library, round)) + charges.ofCalls(callsOf(library, round));
      return { loop, units, isLight: units === 1 && this.#isLight(loop) };
    });
    if (bulks.length > 0) this.#meterBulks(reference, bulks);
    for (const { loop, units, isLight } of rounds) {
      this.#raw.LoopSetBody(loop, this.#charged(this.#bodyOf(loop), units, isLight));
    }
    const atEntry = charges.atEntry(name);
    if (atEntry > 0) {
      this.#raw.FunctionSetBody(reference, this.#charged(library.getFunctionInfo(reference).body, atEntry));
    }
  }

  /** Short, with some access to memory, and nothing in it that charges by itself. (A loop without any access does no work.) */
  #isLight(loop: number): boolean {
    const { LoopId, CallId, MemoryFillId, MemoryCopyId, LoadId, StoreId, SIMDLoadId, SIMDLoadStoreLaneId } =
      this.#library;
    let [isInnermost, accesses] = [true, 0];
    walkFunction(this.#library, this.#bodyOf(loop), (_expression, kind) => {
      if ([LoopId, CallId, MemoryFillId, MemoryCopyId].includes(kind)) isInnermost = false;
      if ([LoadId, StoreId, SIMDLoadId, SIMDLoadStoreLaneId].includes(kind)) accesses++;
    });
    return isInnermost && accesses > 0 && accesses <= LIGHT_ACCESSES_MAX;
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
  #charged(body: number, units: number, mayOverdraw = false): number {
    const { block, i64 } = this.#module;
    const charge = this.#charge(constant(i64, BigInt(units)), mayOverdraw);
    return block(null, [...charge, body], this.#library.getExpressionType(body));
  }

  /** Takes `units` (an i64 expression) of fuel, and gets more when there was less; or traps, when there was far less. */
  #charge(units: number, mayOverdraw = false): number[] {
    const { i64, global, if: when, call, unreachable } = this.#module;
    const fuel = (): number => global.get(this.#fuel, this.#library.i64);
    const isBelow = i64.lt_s(fuel(), constant(i64, mayOverdraw ? -OVERDRAFT_MAX : 0n));
    const otherwise = mayOverdraw ? unreachable() : call(this.#more, [], this.#library.none);
    return [global.set(this.#fuel, i64.sub(fuel(), units)), when(isBelow, otherwise)];
  }
}

/** The name, or one made of it, that nothing in the module has: an upload may call its own whatever it likes. */
function unused(name: string, isTaken: (name: string) => boolean): string {
  return isTaken(name) ? unused(`${name}_`, isTaken) : name;
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
