// A kernel with something more to do before or after each tick, made from the finished binary in a tenth of a second: for tests and
// measurements of what judges a kernel. What is added costs no fuel, unless it is metered afterwards.
//
//   const slow = await wrappedKernel(metered, { before: (code) => [code.work(27, address)] })
//   const leak = await wrappedKernel(metered, { after: (code) => [code.store(address, code.add(code.load(address), 1))] })

import type binaryen from "binaryen";
import { WowsimError } from "../protocol/errors.ts";
import { allowedFeatures } from "../../assembly/toolchain/walk.ts";
import type { Binaryen } from "../../assembly/toolchain/walk.ts";

/** An expression of Binaryen, of type i32 or none. */
type Expression = number;

export interface Wrapping {
  before?: (code: Code) => Expression[];
  /** The state's hash is computed again after it. */
  after?: (code: Code) => Expression[];
}

/** Multiplications of one round of `work`, one after the other: about a seventh of a microsecond. */
const WORK_STEPS = 100;
const TICK = 0;
const COUNT = 1;
const WORK = 2;

/** Makes expressions; each is used once. Addresses are numbers, values are expressions. */
export class Code {
  readonly #library: Binaryen;
  readonly #module: binaryen.Module;
  #loops = 0;

  constructor(library: Binaryen, module: binaryen.Module) {
    this.#library = library;
    this.#module = module;
  }

  /** The number of the tick. */
  get tick(): Expression {
    return this.#module.local.get(TICK, this.#library.i32);
  }

  number(value: number): Expression {
    return this.#module.i32.const(value | 0);
  }

  load(at: number): Expression {
    return this.#module.i32.load(0, 4, this.number(at));
  }

  store(at: number, value: Expression): Expression {
    return this.#module.i32.store(0, 4, this.number(at), value);
  }

  add(one: Expression, other: number): Expression {
    return this.#module.i32.add(one, this.number(other));
  }

  /** Runs the expressions when `one` is not 0. */
  when(one: Expression, ...then: Expression[]): Expression {
    return this.#module.if(one, this.#module.block(null, then));
  }

  /** 1 when equal, otherwise 0. */
  equals(one: Expression, other: number): Expression {
    return this.#module.i32.eq(one, this.number(other));
  }

  /** 1 when more, unsigned. */
  isMore(one: Expression, other: number): Expression {
    return this.#module.i32.gt_u(one, this.number(other));
  }

  remainder(one: Expression, by: number): Expression {
    return this.#module.i32.rem_u(one, this.number(by));
  }

  trap(): Expression {
    return this.#module.unreachable();
  }

  /** Bulk work in the memory. */
  fill(at: number, bytes: number): Expression {
    return this.#module.memory.fill(this.number(at), this.number(0), this.number(bytes));
  }

  /** Rounds of arithmetic that no compiler can leave out; the result goes to the address. */
  work(rounds: number, at: number): Expression {
    const { local, i32, block, loop, br_if: again } = this.#module;
    const type = this.#library.i32;
    const name = `work${this.#loops++}`;
    const step = (): Expression =>
      local.set(WORK, i32.add(i32.mul(local.get(WORK, type), this.number(1_664_525)), this.number(1_013_904_223)));
    const next = local.set(COUNT, i32.sub(local.get(COUNT, type), this.number(1)));
    const steps = Array.from({ length: WORK_STEPS }, step);
    return block(null, [
      local.set(COUNT, this.number(rounds)),
      local.set(WORK, this.tick),
      loop(name, block(null, [...steps, next, again(name, i32.gt_s(local.get(COUNT, type), this.number(0)))])),
      this.store(at, local.get(WORK, type)),
    ]);
  }
}

/** The binary with what is added. Throws WowsimError("module_malformed") when the result is no valid module. */
export async function wrappedKernel(wasm: Uint8Array, { before, after }: Wrapping): Promise<Uint8Array> {
  const { default: library } = await import("binaryen");
  library.setOptimizeLevel(0);
  library.setShrinkLevel(0);
  const module = library.readBinaryWithFeatures(wasm, allowedFeatures(library));
  try {
    const code = new Code(library, module);
    const names = new Map<string, string>();
    for (let index = 0; index < module.getNumExports(); index++) {
      const { name, value } = library.getExportInfo(module.getExportByIndex(index));
      names.set(name, value);
    }
    const call = (name: string, operands: Expression[]): Expression =>
      module.call(names.get(name) ?? name, operands, library.none);
    const body = [...(before?.(code) ?? []), call("tick", [code.tick])];
    if (after !== undefined) body.push(...after(code), call("hash", []));
    const locals = [library.i32, library.i32];
    module.addFunction("wrapped_tick", library.i32, library.none, locals, module.block(null, body));
    module.removeExport("tick");
    module.addFunctionExport("wrapped_tick", "tick");
    if (module.validate() === 0) throw new WowsimError("module_malformed", "The wrapped kernel is not valid.");
    return module.emitBinary();
  } finally {
    module.dispose();
  }
}
