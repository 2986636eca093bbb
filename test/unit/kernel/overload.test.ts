// What an overloaded zone leaves out, rule by rule: held-back state, a shorter sight, rarer thoughts, and that clients are
// told the pace. What the kernel does not leave out is tested over random streams (property/kernel-overload.test.ts).

import { describe, expect, test } from "bun:test";
import { OP_SET_OVERLOAD, OP_WATCH, WATCH_IS_SLOW } from "../../../assembly/abi.ts";
import { LADDER, overloadFields } from "../../../server/shared/overload.ts";
import { creature } from "../../helpers/kernel-content.ts";
import { openZone } from "../../helpers/kernel-zone.ts";
import type { KernelZone } from "../../helpers/kernel-zone.ts";

const WOLF = 1_000_001;
const stepOf = (level: number, last = true): number =>
  last ? LADDER.findLastIndex((step) => step.level === level) : LADDER.findIndex((step) => step.level === level);

function setOverload(zone: KernelZone, step: number): KernelZone {
  const { flags, a, x, y } = overloadFields(step);
  return zone.command(OP_SET_OVERLOAD, { flags, a, x, y });
}

/** Ticks, of eight, in which session 1 is told of a change of that entity, which moves in each. */
function toldOf(zone: KernelZone, id: number, y = 0): number {
  const x = zone.position(id)[0];
  let told = 0;
  for (let tick = 1; tick <= 8; tick++) {
    zone.place(id, x + tick / 10, y).run();
    if (zone.frames.get(1)?.change.some((change) => change.id === id)) told++;
  }
  return told;
}

/** How often a wolf in melee strikes in 400 ticks. */
async function strikes(step: number): Promise<number> {
  const zone = await openZone({ seed: 3, creatures: [creature({ name: "Wolf", aggroRadiusYd: 40 })] });
  zone.spawn(WOLF, { x: 2 }).join(1).run(3);
  zone.attack(1, WOLF).run(1);
  setOverload(zone, step);
  let count = 0;
  for (let tick = 0; tick < 400; tick++) {
    zone.run();
    count += zone.events.filter(({ kind, source }) => source === WOLF && /damage|avoided/.test(kind)).length;
    if (zone.get(1, "HEALTH") < 100) zone.set(1, "HEALTH", 400);
    if (zone.get(WOLF, "HEALTH") < 100) zone.set(WOLF, "HEALTH", 900);
  }
  return count;
}

describe("state", () => {
  test.each([
    [0, 8, 8],
    [stepOf(1, false), 8, 4],
    [stepOf(1), 8, 2],
  ])("at step %p what is near is told in %p of eight ticks, what is far in %p", async (step, near, far) => {
    const zone = await openZone();
    zone
      .spawn(WOLF, { x: 5 })
      .spawn(WOLF + 1, { x: 50 })
      .join(1)
      .run(5);
    setOverload(zone, step).run(5);
    expect([toldOf(zone, WOLF), toldOf(zone, WOLF + 1)]).toEqual([near, far]);
  });

  test("whoever one has for a target is near, wherever it is", async () => {
    const zone = await openZone();
    zone.spawn(WOLF, { x: 50 }).join(1).run(5);
    zone.set(1, "TARGET", WOLF);
    setOverload(zone, stepOf(1)).run(5);
    expect(toldOf(zone, WOLF)).toBe(8);
  });

  test("to a reader that was behind all else is far", async () => {
    const zone = await openZone();
    zone.spawn(WOLF, { x: 5 }).join(1).run(5);
    zone.command(OP_WATCH, { session: 1, flags: WATCH_IS_SLOW });
    setOverload(zone, stepOf(1)).run(5);
    expect(toldOf(zone, WOLF)).toBe(2);
    zone.command(OP_WATCH, { session: 1 }).run(5);
    expect(toldOf(zone, WOLF)).toBe(8);
  });
});

test("sight shrinks: who drops out leaves, who is near stays, and it grows again", async () => {
  const zone = await openZone();
  for (let n = 0; n < 60; n++) zone.spawn(WOLF + n, { x: 1 + n * 1.5 });
  zone.join(1).run(8);
  const known = (): number => zone.get(1, "PLAYER_KNOWN_COUNT");
  expect(known()).toBe(60);
  const left: number[] = [];
  const run = (ticks: number): void => {
    for (let tick = 0; tick < ticks; tick++) left.push(...(zone.run().frames.get(1)?.leave ?? []));
  };
  setOverload(zone, stepOf(2, false));
  run(4);
  expect([known(), left.length]).toEqual([40, 20]);
  setOverload(zone, stepOf(2));
  run(4);
  expect([known(), left.length]).toEqual([24, 36]);
  expect(left).not.toContain(WOLF);
  setOverload(zone, 0).run(8);
  expect(known()).toBe(60);
});

describe("thought", () => {
  const RUNNER = creature({ name: "Runner", roamRadiusYd: 0, aggroRadiusYd: 40, speedYdS: 8 });

  /** A creature that chases a player over a long way; its place after so many ticks. */
  async function chase(step: number, ticks: number): Promise<{ x: number; moves: number; thoughts: number }> {
    const zone = await openZone({ creatures: [RUNNER] });
    zone.spawn(WOLF, { kind: "Runner", x: 0 }).join(1, { x: 5 }).run(3);
    zone.attack(1, WOLF).run(2);
    setOverload(zone, step).place(1, 60).run();
    let [moves, thoughts] = [0, 0];
    let last = zone.position(WOLF)[0];
    for (let tick = 0; tick < ticks; tick++) {
      zone.run();
      const x = zone.position(WOLF)[0];
      if (x !== last) moves++;
      last = x;
      thoughts += zone.counter("FIGHTING");
    }
    return { x: last, moves, thoughts };
  }

  test("a creature moves every few ticks only, and comes as far", async () => {
    const usual = await chase(0, 40);
    for (const [step, every] of [
      [stepOf(3, false), 2],
      [stepOf(3), 4],
    ] as const) {
      const rare = await chase(step, 40);
      expect([every, rare.moves]).toEqual([every, usual.moves / every]);
      expect(Math.abs(rare.x - usual.x)).toBeLessThan((8 / 20) * every);
      expect(rare.thoughts).toBe(usual.thoughts);
    }
  });

  test("it strikes as often as ever", async () => {
    const usual = await strikes(0);
    expect(usual).toBeGreaterThan(5);
    expect(Math.abs((await strikes(stepOf(3))) - usual)).toBeLessThan(2);
  });
});

test("watchers are told the pace in the tick from which it holds, and with a reset while it is not the usual", async () => {
  const zone = await openZone();
  zone.join(1).run(5);
  setOverload(zone, stepOf(4)).run();
  expect(zone.frames.get(1)?.pace).toEqual({ level: 4, rate: 0.25, sightYd: 40 });
  zone.move(1, 1).run();
  expect(zone.frames.get(1)?.pace).toBeUndefined();
  zone.join(2).run();
  expect(zone.frames.get(2)?.pace).toEqual({ level: 4, rate: 0.25, sightYd: 40 });
});
