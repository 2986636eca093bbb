// Visits every expression of a Binaryen module. Only the kinds of expression listed here may occur in a kernel: what is
// not listed could hide a loop from the metering, so it is an error instead of being passed over.

import type binaryen from "binaryen";
import { WowsimError } from "../../server/protocol/errors.ts";

export type Binaryen = typeof binaryen;

/**
 * Those of Binaryen's own functions that its types leave out: "LoopSetBody" is its _BinaryenLoopSetBody.
 * Throws WowsimError("module_metering") when one is gone.
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

/** Wasm features a kernel may use. Relaxed SIMD is not one: its results differ between hosts. */
export function allowedFeatures(library: Binaryen): number {
  const { BulkMemory, BulkMemoryOpt, SIMD128, MutableGlobals, SignExt, NontrappingFPToInt } = library.Features;
  return BulkMemory | BulkMemoryOpt | SIMD128 | MutableGlobals | SignExt | NontrappingFPToInt;
}

/** Which fields of an expression's description hold further expressions, by kind. */
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

/** Calls `visit(expression, kind)` for every expression of every function, parents first. */
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

/** The same for one function, by its body. */
export function walkFunction(library: Binaryen, body: number, visit: (expression: number, kind: number) => void): void {
  walk(library, body, (expression, kind) => {
    visit(expression, kind);
    return true;
  });
}

/** How many instructions a body has, without those of the loops in it; slow ones count for several. */
export function instructionsOf(library: Binaryen, body: number): number {
  const slow = slowOperations(library);
  const raw = rawBinaryen(library, ["BinaryGetOp", "UnaryGetOp"]);
  let count = 0;
  walk(library, body, (expression, kind) => {
    const isSlow =
      (kind === library.BinaryId && slow.binary.has(raw.BinaryGetOp(expression))) ||
      (kind === library.UnaryId && slow.unary.has(raw.UnaryGetOp(expression)));
    count += isSlow ? SLOW_INSTRUCTIONS : 1;
    return kind !== library.LoopId;
  });
  return count;
}

/** The names of the functions that a body calls, one for each place of a call, without those in its loops. */
export function callsOf(library: Binaryen, body: number): string[] {
  const targets: string[] = [];
  walk(library, body, (expression, kind) => {
    if (kind === library.CallId) targets.push((library.getExpressionInfo(expression) as binaryen.CallInfo).target);
    return kind !== library.LoopId;
  });
  return targets;
}

/** What a division or a root counts for. */
const SLOW_INSTRUCTIONS = 16;

interface SlowOperations {
  binary: ReadonlySet<number>;
  unary: ReadonlySet<number>;
}
let slowOperationsFound: SlowOperations | null = null;

/** Binaryen's numbers of divisions and of roots. */
function slowOperations(library: Binaryen): SlowOperations {
  const named = (name: RegExp): ReadonlySet<number> =>
    new Set(
      Object.entries(library).flatMap(([key, value]) => (typeof value === "number" && name.test(key) ? [value] : [])),
    );
  slowOperationsFound ??= { binary: named(/^(Div|Rem)[A-Z]/), unary: named(/^Sqrt[A-Z]/) };
  return slowOperationsFound;
}

/** Visits what is below `root`, itself included; `visit` says whether to go into the expression. */
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
