// Who pays for the call of a function: its caller, as part of what the caller's own round or call costs, or itself at its entry.
// A charge at the entry of each small function costs an honest tick some 3 % of its time.
//
//   new CallCharges([
//     { name: "tick", units: 2, calls: ["step", "step"], isExported: true },
//     { name: "step", units: 1, calls: [], isExported: false },
//   ])
//   charges.atEntry("tick")          // 4: its own two, and one for each place where it calls step
//   charges.atEntry("step")          // 0
//   charges.ofCalls(["step"])        // 1: what a loop that calls step pays more a round
//
// A caller pays for every place of a call, whether it comes by or not. So what a function can do before the next charge is
// bounded by PAID_BY_CALLER_MAX, however the functions call each other.

/** The dearest function that its callers pay for, in units, with all that it calls. */
const PAID_BY_CALLER_MAX = 8;

export interface CalledFunction {
  name: string;
  /** What a call costs without the calls and the loops in it. */
  units: number;
  /** The functions it calls outside its loops, one for each place. */
  calls: readonly string[];
  /** Its caller is the host, which pays nothing. */
  isExported: boolean;
}

export class CallCharges {
  readonly #atEntry = new Map<string, number>();
  readonly #paidByCaller = new Map<string, number>();

  /** From the leaves up. What may call itself is never reached, nor is what calls that: these pay for themselves. */
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

  /** What a function takes when it is entered; 0 for one that its callers pay for. */
  atEntry(name: string): number {
    return this.#atEntry.get(name) ?? 0;
  }

  /** What a round or a function pays for the calls in it, beside what it costs itself. */
  ofCalls(targets: readonly string[]): number {
    return targets.reduce((sum, target) => sum + (this.#paidByCaller.get(target) ?? 0), 0);
  }
}
