// Decides who pays the fuel of a function call: the caller, within the charge of its own loop round or call, or the function
// itself at its entry. A charge at the entry of every small function would cost a normal tick some 3 % of its time.
//
//   new CallCharges([
//     { name: "tick", units: 2, calls: ["step", "step"], isExported: true },
//     { name: "step", units: 1, calls: [], isExported: false },
//   ])
//   charges.atEntry("tick")          // 4: two of its own, and one for each of the two calls of step
//   charges.atEntry("step")          // 0
//   charges.ofCalls(["step"])        // 1: added to each round of a loop that calls step
//
// A caller pays for each call in its code, even if the call is not executed. So PAID_BY_CALLER_MAX limits what a function can
// do before the next charge, however the functions call each other.

/** Largest charge, in units, that a caller pays for a function and all functions it calls. */
const PAID_BY_CALLER_MAX = 8;

export interface CalledFunction {
  name: string;
  /** Units of one call, without its own calls and loops. */
  units: number;
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
      const units = called.units + this.ofCalls(called.calls);
      if (!isExported && units <= PAID_BY_CALLER_MAX) this.#paidByCaller.set(name, units);
      for (const { name: caller } of callers.get(name) ?? []) {
        const left = (waitsFor.get(caller) ?? 0) - 1;
        waitsFor.set(caller, left);
        const next = byName.get(caller);
        if (left === 0 && next !== undefined) ready.push(next);
      }
    }
    for (const { name, units, calls } of functions) {
      this.#atEntry.set(name, this.#paidByCaller.has(name) ? 0 : units + this.ofCalls(calls));
    }
  }

  /** Units that a function takes at its entry; 0 when its callers pay. */
  atEntry(name: string): number {
    return this.#atEntry.get(name) ?? 0;
  }

  /** Units that a loop round or a function pays for its calls, in addition to its own. */
  ofCalls(targets: readonly string[]): number {
    return targets.reduce((sum, target) => sum + (this.#paidByCaller.get(target) ?? 0), 0);
  }
}
