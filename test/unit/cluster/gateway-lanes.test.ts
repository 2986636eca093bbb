// Commands of gateways in the ring of a zone: each once, in order, and done when a tick with them was told.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { GatewayLanes } from "../../../server/main/cluster/gateway-lanes.ts";

/** A ring whose reader frees what the test says. */
class FakeRing {
  written = 0;
  freed = 0;

  isFreed(place: number): boolean {
    return this.freed >= place;
  }
}

test("what has come is known, the next one is next, and a later one is a gap", () => {
  const ring = new FakeRing();
  const lanes = new GatewayLanes(() => ring);
  expect([lanes.order(1, 1), lanes.order(1, 2)]).toEqual(["next", "gap"]);
  lanes.took(1, 1);
  expect([lanes.order(1, 1), lanes.order(1, 2), lanes.order(1, 3)]).toEqual(["known", "next", "gap"]);
  // Each gateway counts for itself.
  expect(lanes.order(2, 1)).toBe("next");
});

test("a command is done when the ring was freed up to it", () => {
  const ring = new FakeRing();
  const lanes = new GatewayLanes(() => ring);
  for (const [gateway, number] of [
    [1, 1],
    [2, 1],
    [1, 2],
  ] as const) {
    ring.written += 40;
    lanes.took(gateway, number);
  }
  lanes.look();
  expect([lanes.appliedOf(1), lanes.appliedOf(2)]).toEqual([0, 0]);
  ring.freed = 80;
  lanes.look();
  expect([lanes.appliedOf(1), lanes.appliedOf(2)]).toEqual([1, 1]);
  ring.freed = 120;
  lanes.look();
  expect([lanes.appliedOf(1), lanes.waiting]).toEqual([2, 0]);
});

test("a new worker's ring has all that was not done", () => {
  let ring = new FakeRing();
  const lanes = new GatewayLanes(() => ring);
  ring.written = 40;
  lanes.took(1, 1);
  ring = new FakeRing();
  ring.written = 40;
  lanes.ringChanged();
  lanes.look();
  expect(lanes.appliedOf(1)).toBe(0);
  ring.freed = 40;
  lanes.look();
  expect(lanes.appliedOf(1)).toBe(1);
});

test("whatever is lost and sent again: each command enters the ring once, in order, and nothing is done before it is told", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 12 }), fc.boolean()), {
        maxLength: 200,
      }),
      (steps) => {
        const ring = new FakeRing();
        const lanes = new GatewayLanes(() => ring);
        const entered = new Map<number, number[]>();
        for (const [gateway, number, isFreed] of steps) {
          if (lanes.order(gateway, number) === "next") {
            ring.written += 40;
            lanes.took(gateway, number);
            entered.set(gateway, [...(entered.get(gateway) ?? []), number]);
          }
          if (isFreed) ring.freed = ring.written;
          lanes.look();
          for (const [one, numbers] of entered) {
            expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, index) => index + 1));
            expect(lanes.appliedOf(one)).toBeLessThanOrEqual(numbers.length);
            if (isFreed) expect(lanes.appliedOf(one)).toBe(numbers.length);
          }
        }
      },
    ),
  );
});
