// Every session is in exactly one place, and every player that a zone has belongs to one, through traps, rollbacks between two
// modules that behave differently, workers that die, full rings, links that are lost (bench/membership.ts runs it for long).

import { beforeAll, expect, test } from "bun:test";
import { buildMembershipKernels } from "../../server/testing/membership-kernels.ts";
import type { MembershipKernels } from "../../server/testing/membership-kernels.ts";
import { MembershipFault, MembershipRun, REACHED, shortest } from "../../server/testing/membership-run.ts";
import { BenchWorld, PORTAL } from "../../server/testing/membership-world.ts";

const SEEDS = 20;
const STEPS = 2_500;

let kernels: MembershipKernels;
beforeAll(async () => {
  kernels = await buildMembershipKernels();
}, 120_000);

test(`${SEEDS} streams of everything that can happen to players and zones`, () => {
  const counts = new Map<string, number>();
  for (let seed = 1; seed <= SEEDS; seed++) {
    const run = new MembershipRun(kernels, seed);
    try {
      run.steps(STEPS);
    } catch (error) {
      throw error instanceof MembershipFault ? new Error(shortest(kernels, seed, 1, error)) : error;
    }
    for (const [what, times] of run.world.counts) counts.set(what, (counts.get(what) ?? 0) + times);
  }
  expect(REACHED.filter((what) => (counts.get(what) ?? 0) === 0)).toEqual([]);
}, 120_000);

/** Turns of zone 1 alone until it is so. */
function runUntil(world: BenchWorld, isTrue: () => boolean): void {
  for (let turn = 0; !isTrue(); turn++) {
    if (turn > 400) throw new Error("what the test waited for did not come");
    world.passTime();
    world.zones.get(1)!.run();
  }
}

test("a departure that was told, and that the replay through the module before refuses: the player is in one zone", () => {
  const world = new BenchWorld(kernels);
  const zone = world.zones.get(1)!;
  world.join(false);
  const session = world.sessions.get(1)!;
  runUntil(world, () => zone.has(1));
  world.mainTurn(() => true, true);
  expect(session).toMatchObject({ zoneId: 1, isThere: true });
  zone.runner.swap(kernels.trial);
  // One kernel refuses departures in every fourth tick, the other in the one after it: this one comes in the former's.
  runUntil(world, () => (zone.runner.zone.tick & 3) === 2);
  zone.places.push({ session: 1, ...PORTAL });
  runUntil(world, () => !zone.has(1));
  world.mainTurn(() => true, true);
  expect(session.zoneId).toBe(2);
  runUntil(world, () => zone.runner.zone.kernel === kernels.steady); // a phase of the other traps
  expect(zone.has(1)).toBe(true);
  world.passTime();
  zone.run();
  expect(zone.has(1)).toBe(false);
});
