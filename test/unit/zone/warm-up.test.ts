// A candidate is refused for what it can not do, before the zone has it: also for what only a zone that begins anew would ask.

import { expect, test } from "bun:test";
import { createMemory } from "../../../assembly/toolchain/instance.ts";
import { WarmUp } from "../../../server/zone/warm-up.ts";
import type { Zone } from "../../../server/zone/zone.ts";
import { slowKernel, trappingKernel } from "../../helpers/odd-kernels.ts";
import { playedZone, TEST_FUEL, testKernel } from "../../helpers/zone.ts";

/** All its steps; the ticks that it ran. */
function warmUp(...of: ConstructorParameters<typeof WarmUp>): number {
  const begun = new WarmUp(...of);
  while (!begun.step());
  return begun.ticks;
}

test.each(["init", "hash", "tick"] as const)("a module that traps in %s is refused", async (name) => {
  const zone = await playedZone(20);
  const scratch = createMemory(await testKernel());
  const candidate = await trappingKernel(name);
  expect(() => warmUp(zone, candidate, scratch, { fuelPerTick: TEST_FUEL, now: () => performance.now() })).toThrow(
    "it was not swapped in",
  );
});

test("one tick at least is tried, however late it is", async () => {
  const zone = await playedZone(20);
  let ms = 0;
  const ticks = warmUp(zone, await testKernel(), createMemory(await testKernel()), {
    fuelPerTick: TEST_FUEL,
    now: () => (ms += 1_000),
  });
  expect(ticks).toBe(1);
});

test("a module that does not come to an end holds its zone up for half of a tick's time, not for all of it", async () => {
  const zone = await playedZone(20);
  let ms = 0;
  const options = { fuelPerTick: TEST_FUEL, now: () => (ms += 1), cpuMs: () => ms, timeLimitMs: 300 };
  const [candidate, scratch] = [await slowKernel(), createMemory(await testKernel())];
  expect(() => warmUp(zone, candidate, scratch, options)).toThrow("out of time: more than 150 ms");
  expect(ms).toBeLessThan(200);
});

/** A hash of the copy's memory after all steps, between which something is done to the zone. */
async function copyAfter(meanwhile: (zone: Zone) => void): Promise<number> {
  const zone = await playedZone(20);
  const [kernel, scratch] = [await testKernel(), createMemory(await testKernel())];
  const begun = new WarmUp(zone, kernel, scratch, { fuelPerTick: TEST_FUEL, now: () => 0 });
  while (!begun.step()) meanwhile(zone);
  expect(begun.ticks).toBe(400);
  return Bun.hash.crc32(new Uint8Array(scratch.buffer));
}

test("its ticks do not depend on what the zone does between two steps", async () => {
  const meanwhile = await copyAfter((zone) => {
    zone.step(new Uint8Array(0));
    zone.snapshotTwice();
  });
  expect(meanwhile).toBe(await copyAfter(() => {}));
});
