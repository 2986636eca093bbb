// The variants for drills: each is what its name says, by measurement. They stand in for files of the kernel, so this is
// also where it shows when the kernel has moved on and a variant was left behind.

import { beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { Glob } from "bun";
import { addressesOf, FUEL_PER_TICK } from "../../../server/testing/work-file.ts";
import type { Work } from "../../../server/testing/work-file.ts";
import { runTick } from "../../../server/testing/run-tick.ts";
import { prepareWork } from "../../../server/testing/workload.ts";
import { loadContent } from "../../../server/protocol/content/load.ts";
import { ASSEMBLY, buildKernel, variantNames, VARIANTS } from "../../../assembly/toolchain/build.ts";
import { createMemory, instantiate } from "../../../assembly/toolchain/instance.ts";
import type { Kernel } from "../../../assembly/toolchain/kernel.ts";
import { planMigration } from "../../../assembly/toolchain/migration.ts";
import { writeContent } from "../../../server/zone/content-tables.ts";
import { loadKernel } from "../../../assembly/toolchain/load.ts";

const ENTITIES = 200;
const TICKS = 400;
const TICK_RATE_HZ = 20;

const kernels = new Map<string, Kernel>();
let work: Work;

const linesOf = (file: string): string[] => readFileSync(file, "utf8").split("\n");
const kernelOf = (name: string): Kernel => kernels.get(name)!;

beforeAll(async () => {
  await build("kernel");
  for (const name of await variantNames()) await build(name, name);
  const content = loadContent();
  work = prepareWork(kernelOf("kernel"), content, { entities: ENTITIES, ticks: TICKS, seed: 5 }).work;
}, 60_000);

async function build(name: string, variant?: string): Promise<void> {
  const { metered, hash } = await buildKernel(variant === undefined ? {} : { variant });
  kernels.set(name, loadKernel(metered, name, hash));
}

/** Runs the work through a kernel: state hash and frames of each tick, and the fuel of all; throws where it traps. */
function play(name: string) {
  const kernel = kernelOf(name);
  const memory = createMemory(kernel);
  const exports = instantiate(kernel, memory);
  const at = addressesOf(kernel.layout);
  const bytes = new Uint8Array(memory.buffer);
  const view = new DataView(memory.buffer);
  const [frameBytes, frames] = [kernel.layout.value("HEADER_FRAME_BYTES"), kernel.layout.value("FRAME_BASE")];
  const before = kernelOf("kernel").layout;
  if (kernel.layout.stateHash === before.stateHash) bytes.set(work.state, at.state);
  else {
    const end = kernel.layout.value("STATE_END");
    planMigration(before, kernel.layout).carry(work.state, bytes.subarray(at.state, end));
    writeContent(memory, kernel.layout, loadContent(), TICK_RATE_HZ);
  }
  const ticks: string[] = [];
  let fuel = 0n;
  work.batches.forEach((batch, index) => {
    runTick(exports, memory, at, work.firstTick + index, batch);
    fuel += FUEL_PER_TICK - (exports.fuel.value as bigint);
    const told = bytes.subarray(frames, frames + view.getUint32(frameBytes, true));
    ticks.push(`${view.getUint32(at.hashLow, true)} ${view.getUint32(at.hashHigh, true)} ${Bun.hash(told)}`);
  });
  return { ticks, fuelPerTick: Number(fuel) / TICKS };
}

test("there is a regression, a hotfix and a crash, each its own module of the kernel's own layout, and one with a column more", async () => {
  expect(await variantNames()).toEqual(["crash", "hotfix", "new-column", "regression"]);
  expect(new Set([...kernels.values()].map(({ hash }) => hash)).size).toBe(5);
  const before = kernelOf("kernel").layout;
  for (const name of ["crash", "hotfix", "regression"])
    expect([name, kernelOf(name).layout.constants]).toEqual([name, before.constants]);
  const { stateHash, borderHash } = kernelOf("new-column").layout;
  expect(stateHash).not.toBe(before.stateHash);
  expect(borderHash).toBe(before.borderHash);
});

test("each differs from the kernel by few lines", () => {
  for (const path of new Glob("*/**/*.ts").scanSync(VARIANTS)) {
    const own = linesOf(`${ASSEMBLY}/${path.slice(path.indexOf("/") + 1)}`);
    const added = linesOf(`${VARIANTS}/${path}`).filter((line) => !own.includes(line));
    expect([path, added.length > 0 && added.length <= 25]).toEqual([path, true]);
  }
});

test("the hotfix changes nothing that a zone keeps or a player is told, and burns no more fuel", () => {
  const [before, after] = [play("kernel"), play("hotfix")];
  expect(after.ticks).toEqual(before.ticks);
  // Charges are whole units: one instruction more may cost one, where a function had just none to spare.
  expect(after.fuelPerTick).toBeLessThanOrEqual(before.fuelPerTick * 1.01);
});

test("nor does the regression; but it burns many times the fuel in a crowd", () => {
  const [before, after] = [play("kernel"), play("regression")];
  expect(after.ticks).toEqual(before.ticks);

  expect(after.fuelPerTick).toBeGreaterThan(2.5 * before.fuelPerTick);
});

test("the one with a column more does the kernel's work for the kernel's fuel, on a state that was carried over", () => {
  const [before, after] = [play("kernel"), play("new-column")];
  expect(after.ticks).toHaveLength(TICKS);
  expect(after.fuelPerTick).toBeWithin(before.fuelPerTick * 0.9, before.fuelPerTick * 1.1);
});

test("the crash traps when somebody dies or gives up a fight who is not casting, which the kernel takes in its stride", () => {
  expect(play("kernel").ticks).toHaveLength(TICKS);
  let trap: unknown;
  try {
    play("crash");
  } catch (error) {
    trap = error;
  }
  expect(trap).toBeInstanceOf(Error);
});
