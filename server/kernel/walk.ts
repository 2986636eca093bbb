// Visits every expression of a Binaryen module. Only the kinds of expression listed here may occur in a kernel: what is
// not listed could hide a loop from the metering, so it is an error instead of being passed over.

import type binaryen from "binaryen";
import { WowsimError } from "../errors.ts";

export type Binaryen = typeof binaryen;

/** Wasm features a kernel may use. Relaxed SIMD is not one: its results differ between hosts. */
export function allowedFeatures(library: Binaryen): number {
  const { BulkMemory, BulkMemoryOpt, SIMD128, MutableGlobals, SignExt, NontrappingFPToInt } = library.Features;
  return BulkMemory | BulkMemoryOpt | SIMD128 | MutableGlobals | SignExt | NontrappingFPToInt;
}

/** Which fields of an expression's description hold further expressions, by kind. */
function childFields(library: Binaryen): Map<number, readonly string[]> {
  return new Map<number, readonly string[]>([
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
}

/** Calls `visit(expression, kind)` for every expression of every function, parents first. */
export function walkModule(
  library: Binaryen,
  module: binaryen.Module,
  visit: (expression: number, kind: number) => void,
): void {
  const fields = childFields(library);
  for (let index = 0; index < module.getNumFunctions(); index++) {
    const body = library.getFunctionInfo(module.getFunctionByIndex(index)).body;
    if (body !== 0) walk(library, fields, body, visit);
  }
}

function walk(
  library: Binaryen,
  fields: Map<number, readonly string[]>,
  root: number,
  visit: (expression: number, kind: number) => void,
): void {
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
    visit(expression, kind);
    if (names.length === 0) continue;
    const info = library.getExpressionInfo(expression) as unknown as Record<string, number | number[]>;
    for (const name of names) open.push(...[info[name] ?? 0].flat().filter((child) => child !== 0));
  }
}
