// Whoever pays for a call, nothing is for nothing: however functions call each other, what was charged at any moment is at least
// what was done until then.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { CallCharges } from "../../assembly/toolchain/call-charges.ts";
import type { CalledFunction } from "../../assembly/toolchain/call-charges.ts";

/** Calls that are followed in one run; a graph with a circle has no end. */
const CALLS_MAX = 2_000;

const graph = fc.integer({ min: 1, max: 12 }).chain((size) =>
  fc.array(
    fc.record({
      instructions: fc.integer({ min: 1, max: 150 }),
      calls: fc.array(fc.integer({ min: 0, max: size - 1 }), { maxLength: 4 }),
      isExported: fc.boolean(),
    }),
    { minLength: size, maxLength: size },
  ),
);

test("charges are never behind what is done, whoever calls whom", () => {
  const reached = { paidByCaller: 0, circles: 0 };
  fc.assert(
    fc.property(graph, (drawn) => {
      const functions: CalledFunction[] = drawn.map(({ instructions, calls, isExported }, index) => ({
        name: String(index),
        instructions,
        calls: calls.map(String),
        isExported: isExported || index === 0,
      }));
      const charges = new CallCharges(functions);
      for (const { name, isExported } of functions) {
        if (charges.atEntry(name) === null) reached.paidByCaller++;
        if (isExported) expect(charges.atEntry(name)).not.toBeNull();
      }
      const byName = new Map(functions.map((each) => [each.name, each]));
      let [charged, done, calls] = [0, 0, 0];
      const open = functions.filter(({ isExported }) => isExported).map(({ name }) => name);
      for (let name = open.pop(); name !== undefined && calls < CALLS_MAX; name = open.pop()) {
        calls++;
        charged += charges.atEntry(name) ?? 0;
        done += byName.get(name)?.instructions ?? 0;
        expect(charged).toBeGreaterThanOrEqual(done);
        open.push(...(byName.get(name)?.calls ?? []));
      }
      if (calls === CALLS_MAX) reached.circles++;
    }),
    { numRuns: 500, seed: 7 },
  );
  expect(reached.paidByCaller).toBeGreaterThan(100);
  expect(reached.circles).toBeGreaterThan(50);
});

function called(name: string, instructions: number, calls: string[] = [], isExported = false): CalledFunction {
  return { name, instructions, calls, isExported };
}

test("a caller pays for each place of a call; what is dear, exported or calls itself pays for itself", () => {
  const charges = new CallCharges([
    called("tick", 200, ["step", "step", "long", "round", "abort"], true),
    called("step", 30),
    called("long", 129),
    called("round", 10, ["round", "step"]),
  ]);
  const names = ["tick", "step", "long", "round"];
  expect(names.map((name) => charges.atEntry(name))).toEqual([260, null, 129, 40]);
  expect(charges.ofCalls(names)).toBe(30);
});
