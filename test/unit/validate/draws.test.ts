import { expect, test } from "bun:test";
import fc from "fast-check";
import { Draws } from "../../../server/lockstep/draws.ts";

const MASK = (1n << 64n) - 1n;

/** As assembly/state/random.ts has it. */
function next(state: bigint): bigint {
  let x = state;
  x ^= x >> 12n;
  x = (x ^ (x << 25n)) & MASK;
  return x ^ (x >> 27n);
}

function viewOf(state: bigint): DataView {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, state, true);
  return view;
}

test("draws are counted exactly, whatever the state", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: MASK }), fc.nat(300), (first, count) => {
      let state = first;
      for (let step = 0; step < count; step++) state = next(state);
      const draws = new Draws();
      draws.from(viewOf(first), 0);
      expect(draws.until(viewOf(state), 0)).toBe(count);
    }),
  );
});

test("a state to which no draws lead is none", () => {
  const draws = new Draws();
  draws.from(viewOf(1n), 0);
  expect(draws.until(viewOf(0n), 0)).toBeNull();
});
