// Fuel. Every kernel is metered before it runs: each function entry and each loop header takes one from a counter and
// traps below zero, so that a loop without end becomes a trap, at the same point in every run. (No host can stop a pure
// Wasm loop from outside.)
//
//   loop { body }   becomes   loop { fuel -= 1; if (fuel < 0) unreachable; body }
//
// The counter is the exported mutable global "fuel" (i64), the one piece of state outside the memory: the host sets it
// before each tick. The metered module carries the hash of what it was made from in the section "wowsim.source".

import { createHash } from "node:crypto";
import type binaryen from "binaryen";
import { WowsimError } from "../errors.ts";
import { type Binaryen, allowedFeatures, walkModule } from "./walk.ts";

export const FUEL_EXPORT = "fuel";
export const SOURCE_SECTION = "wowsim.source";
/** What an instance starts with: enough for `init` and anything a tool does, not endless. */
const FUEL_INITIAL = 1_000_000_000n;

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
  const module = library.readBinaryWithFeatures(wasm, allowedFeatures(library));
  try {
    module.addGlobal(FUEL_EXPORT, library.i64, true, module.i64.const(...bigConstant(FUEL_INITIAL)));
    module.addGlobalExport(FUEL_EXPORT, FUEL_EXPORT);
    meterLoops(library, module);
    meterFunctions(library, module);
    module.addCustomSection(SOURCE_SECTION, new TextEncoder().encode(hashOf(wasm)));
    if (module.validate() === 0) {
      throw new WowsimError("module_metering", "The metered module is not valid; please report the kernel's source.");
    }
    return module.emitBinary();
  } finally {
    module.dispose();
  }
}

function meterLoops(library: Binaryen, module: binaryen.Module): void {
  const loops: number[] = [];
  walkModule(library, module, (expression, kind) => {
    if (kind === library.LoopId) loops.push(expression);
  });
  for (const loop of loops) {
    const { body } = library.getExpressionInfo(loop) as binaryen.LoopInfo;
    setters(library).setLoopBody(loop, charged(library, module, body));
  }
}

function meterFunctions(library: Binaryen, module: binaryen.Module): void {
  for (let index = 0; index < module.getNumFunctions(); index++) {
    const reference = module.getFunctionByIndex(index);
    const { body } = library.getFunctionInfo(reference);
    if (body !== 0) setters(library).setFunctionBody(reference, charged(library, module, body));
  }
}

/** `body` behind a charge of one unit of fuel. */
function charged(library: Binaryen, module: binaryen.Module, body: number): number {
  const { i64, global } = module;
  const one = i64.const(...bigConstant(1n));
  const zero = i64.const(...bigConstant(0n));
  const fuel = () => global.get(FUEL_EXPORT, library.i64);
  return module.block(
    null,
    [global.set(FUEL_EXPORT, i64.sub(fuel(), one)), module.if(i64.lt_s(fuel(), zero), module.unreachable()), body],
    library.getExpressionType(body),
  );
}

/** Binaryen takes one bigint here, while its types still ask for two halves. */
function bigConstant(value: bigint): [low: number, high: number] {
  return [value] as unknown as [number, number];
}

/** Binaryen's own setters, which its types leave out. */
function setters(library: Binaryen): { setLoopBody: Setter; setFunctionBody: Setter } {
  const raw = library as unknown as Record<string, Setter>;
  const { _BinaryenLoopSetBody: setLoopBody, _BinaryenFunctionSetBody: setFunctionBody } = raw;
  if (!setLoopBody || !setFunctionBody) {
    throw new WowsimError("module_metering", "This Binaryen can not set a body; install the version in package.json.");
  }
  return { setLoopBody, setFunctionBody };
}

type Setter = (parent: number, body: number) => void;
