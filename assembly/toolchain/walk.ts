// Visits every expression of a Binaryen module. A kernel may contain only the kinds of expression listed here. Any other kind
// could hide a loop from the metering, so it is an error and is not skipped.

import type binaryen from "binaryen";
import { WowsimError } from "../../server/protocol/errors.ts";

export type Binaryen = typeof binaryen;

/**
 * Functions of Binaryen that its types do not contain: "LoopSetBody" is its _BinaryenLoopSetBody. Throws
 * WowsimError("module_metering") when one is missing.
 */
export function rawBinaryen<Name extends string>(
  library: Binaryen,
  names: readonly Name[],
): Record<Name, (...args: number[]) => number> {
  const raw = library as unknown as Record<string, ((...args: number[]) => number) | undefined>;
  const entries = names.map((name) => [name, raw[`_Binaryen${name}`]] as const);
  const missing = entries.filter(([, found]) => found === undefined).map(([name]) => name);
  if (missing.length === 0) return Object.fromEntries(entries) as Record<Name, (...args: number[]) => number>;
  const message = `This Binaryen has no ${missing.join(", ")}; install the version in package.json.`;
  throw new WowsimError("module_metering", message);
}

/** Wasm features that a kernel may use. Relaxed SIMD is excluded, because its results differ between hosts. */
export function allowedFeatures(library: Binaryen): number {
  const { BulkMemory, BulkMemoryOpt, SIMD128, MutableGlobals, SignExt, NontrappingFPToInt } = library.Features;
  return BulkMemory | BulkMemoryOpt | SIMD128 | MutableGlobals | SignExt | NontrappingFPToInt;
}

/** By kind of expression: the fields of its description that hold further expressions. */
function childFields(library: Binaryen): Map<number, readonly string[]> {
  fieldsOfKinds ??= new Map<number, readonly string[]>([
    [library.BlockId, ["children"]],
    [library.IfId, ["condition", "ifTrue", "ifFalse"]],
    [library.LoopId, ["body"]],
    [library.BreakId, ["condition", "value"]],
    [library.SwitchId, ["condition", "value"]],
    [library.CallId, ["operands"]],
    [library.LocalGetId, []],
    [library.LocalSetId, ["value"]],
    [library.GlobalGetId, []],
    [library.GlobalSetId, ["value"]],
    [library.LoadId, ["ptr"]],
    [library.StoreId, ["ptr", "value"]],
    [library.ConstId, []],
    [library.UnaryId, ["value"]],
    [library.BinaryId, ["left", "right"]],
    [library.SelectId, ["condition", "ifTrue", "ifFalse"]],
    [library.DropId, ["value"]],
    [library.ReturnId, ["value"]],
    [library.MemorySizeId, []],
    [library.MemoryGrowId, ["delta"]],
    [library.NopId, []],
    [library.UnreachableId, []],
    [library.MemoryCopyId, ["dest", "source", "size"]],
    [library.MemoryFillId, ["dest", "value", "size"]],
    [library.SIMDExtractId, ["vec"]],
    [library.SIMDReplaceId, ["vec", "value"]],
    [library.SIMDShuffleId, ["left", "right"]],
    [library.SIMDTernaryId, ["a", "b", "c"]],
    [library.SIMDShiftId, ["vec", "shift"]],
    [library.SIMDLoadId, ["ptr"]],
    [library.SIMDLoadStoreLaneId, ["ptr", "vec"]],
  ]);
  return fieldsOfKinds;
}

let fieldsOfKinds: Map<number, readonly string[]> | null = null;

/**
 * Calls `visit(expression, kind)` for every expression of every function, parents first. Throws
 * WowsimError("module_instruction").
 */
export function walkModule(
  library: Binaryen,
  module: binaryen.Module,
  visit: (expression: number, kind: number) => void,
): void {
  for (let index = 0; index < module.getNumFunctions(); index++) {
    const body = library.getFunctionInfo(module.getFunctionByIndex(index)).body;
    if (body !== 0) walkFunction(library, body, visit);
  }
}

/** The same for one function, given its body. */
export function walkFunction(library: Binaryen, body: number, visit: (expression: number, kind: number) => void): void {
  walk(library, body, (expression, kind) => {
    visit(expression, kind);
    return true;
  });
}

/** Visits a body without what is in its loops: one round of a loop, or one call of a function. The loops themselves are visited. */
export function walkRound(library: Binaryen, body: number, visit: (expression: number, kind: number) => void): void {
  walk(library, body, (expression, kind) => {
    visit(expression, kind);
    return kind !== library.LoopId;
  });
}

/** Number of instructions in a body, without those of its loops. A slow instruction counts as several. */
export function instructionsOf(library: Binaryen, body: number): number {
  const slow = slowOperations(library);
  const raw = rawBinaryen(library, ["BinaryGetOp", "UnaryGetOp"]);
  let count = 0;
  walkRound(library, body, (expression, kind) => {
    const isSlow =
      (kind === library.BinaryId && slow.binary.has(raw.BinaryGetOp(expression))) ||
      (kind === library.UnaryId && slow.unary.has(raw.UnaryGetOp(expression)));
    count += isSlow ? SLOW_INSTRUCTIONS : 1;
  });
  return count;
}

/** Names of the functions that a body calls, one for each call in the code, without the calls in its loops. */
export function callsOf(library: Binaryen, body: number): string[] {
  const targets: string[] = [];
  walkRound(library, body, (expression, kind) => {
    if (kind === library.CallId) targets.push((library.getExpressionInfo(expression) as binaryen.CallInfo).target);
  });
  return targets;
}

/** A division or a square root counts as this many instructions. */
const SLOW_INSTRUCTIONS = 16;

interface SlowOperations {
  binary: ReadonlySet<number>;
  unary: ReadonlySet<number>;
}
let slowOperationsFound: SlowOperations | null = null;

/** Binaryen's operation numbers of divisions and square roots. */
function slowOperations(library: Binaryen): SlowOperations {
  const named = (name: RegExp): ReadonlySet<number> =>
    new Set(
      Object.entries(library).flatMap(([key, value]) => (typeof value === "number" && name.test(key) ? [value] : [])),
    );
  slowOperationsFound ??= { binary: named(/^(Div|Rem)[A-Z]/), unary: named(/^Sqrt[A-Z]/) };
  return slowOperationsFound;
}

/** Visits `root` and the expressions in it. When `visit` returns false, the children of that expression are skipped. */
function walk(library: Binaryen, root: number, visit: (expression: number, kind: number) => boolean): void {
  const fields = childFields(library);
  const open = [root];
  for (let expression = open.pop(); expression !== undefined; expression = open.pop()) {
    const kind = library.getExpressionId(expression);
    const names = fields.get(kind);
    if (!names) {
      throw new WowsimError(
        "module_instruction",
        `The module uses an instruction a kernel may not use (Binaryen kind ${kind}): only plain numeric, memory and control instructions can be metered.`,
      );
    }
    if (!visit(expression, kind) || names.length === 0) continue;
    const info = library.getExpressionInfo(expression) as unknown as Record<string, number | number[]>;
    for (const name of names) for (const child of [info[name] ?? 0].flat()) if (child !== 0) open.push(child);
  }
}
