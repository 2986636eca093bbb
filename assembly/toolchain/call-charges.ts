// Decides who pays the fuel of a function call: the caller, within the charge of its own loop round or call, or the function
// itself at its entry. A charge at the entry of every small function would cost a normal tick some 3 % of its time.
//
//   new CallCharges([
//     { name: "tick", instructions: 200, calls: ["step", "step"], isExported: true },
//     { name: "step", instructions: 30, calls: [], isExported: false },
//   ])
//   charges.atEntry("tick")          // 260: what tick itself has, and step for each of the two calls
//   charges.atEntry("step")          // null
//   charges.ofCalls(["step"])        // 30: added to each round of a loop that calls step
//
// It is as if small functions stood in their callers. A caller pays for each call in its code, even if the call is not executed.
// So PAID_BY_CALLER_MAX limits what a function can do before the next charge, however the functions call each other.

/**
 * Instructions of the largest function that its callers pay for, with all that it calls: what one unit pays for. With 1,024 a normal
 * tick would pay half as much again for calls that it does not execute.
 */
const PAID_BY_CALLER_MAX = 128;

export interface CalledFunction {
  name: string;
  /** Instructions of one call, without those of its own calls and loops. */
  instructions: number;
  /** Names of the functions it calls outside its loops, one entry for each call in the code. */
  calls: readonly string[];
  /** The host calls it, and the host pays nothing. */
  isExported: boolean;
}

export class CallCharges {
  readonly #atEntry = new Map<string, number>();
  readonly #paidByCaller = new Map<string, number>();

  /**
   * Goes from functions without calls up to their callers. A recursive function and its callers are never reached: they pay at
   * their own entry.
   */
  constructor(functions: readonly CalledFunction[]) {
    const byName = new Map(functions.map((called) => [called.name, called]));
    const callers = Map.groupBy(
      functions.flatMap(({ name, calls }) =>
        calls.filter((callee) => byName.has(callee)).map((callee) => ({ name, callee })),
      ),
      ({ callee }) => callee,
    );
    const waitsFor = new Map(
      functions.map(({ name, calls }) => [name, calls.filter((callee) => byName.has(callee)).length]),
    );
    const ready = functions.filter(({ name }) => waitsFor.get(name) === 0);
    for (let called = ready.pop(); called !== undefined; called = ready.pop()) {
      const { name, isExported } = called;
      const instructions = called.instructions + this.ofCalls(called.calls);
      if (!isExported && instructions <= PAID_BY_CALLER_MAX) this.#paidByCaller.set(name, instructions);
      for (const { name: caller } of callers.get(name) ?? []) {
        const left = (waitsFor.get(caller) ?? 0) - 1;
        waitsFor.set(caller, left);
        const next = byName.get(caller);
        if (left === 0 && next !== undefined) ready.push(next);
      }
    }
    for (const { name, instructions, calls } of functions) {
      if (!this.#paidByCaller.has(name)) this.#atEntry.set(name, instructions + this.ofCalls(calls));
    }
  }

  /** Instructions that a function pays for at its entry; null when its callers pay. */
  atEntry(name: string): number | null {
    return this.#atEntry.get(name) ?? null;
  }

  /** Instructions that a loop round or a function pays for its calls, in addition to its own. */
  ofCalls(targets: readonly string[]): number {
    return targets.reduce((sum, target) => sum + (this.#paidByCaller.get(target) ?? 0), 0);
  }
}
