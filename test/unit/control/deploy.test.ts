// Deploys move by move: who answers what when, and what is then said and true of the zone.

import { expect, test } from "bun:test";
import { ensureKernel } from "../../../assembly/toolchain/build.ts";
import { findBeginnings } from "../../../server/main/journal/beginnings.ts";
import { DeployBench } from "../../helpers/deploy-model.ts";
import { testKernel, testWorld } from "../../helpers/zone.ts";

const [A, B] = ["aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb"];
const kernel = await testKernel();
const BASE = kernel.hash;

const newBench = (): DeployBench => new DeployBench(kernel, [A, B], 2);

/** With A in a canary in zone 1. */
async function canaried(): Promise<DeployBench> {
  const bench = newBench();
  bench.deployer.swap(A, 1, 30_000);
  await bench.settle();
  expect(bench.status(1)).toMatchObject({ phase: "canary", hash: A, canary: true, previous_hash: BASE });
  return bench;
}

/** With A promoted. */
async function promoted(): Promise<DeployBench> {
  const bench = await canaried();
  bench.deployer.promote(A);
  await bench.settle();
  expect(bench.deployer.status()).toMatchObject([1, 2].map(() => ({ phase: "steady", hash: A, previous_hash: BASE })));
  return bench;
}

/** A zone that is steady on what it ran, and takes the next module. */
async function isAsBefore(bench: DeployBench, why: string): Promise<void> {
  await bench.settle();
  expect(bench.status(1)).toMatchObject({ phase: "steady", hash: BASE, last_error: expect.stringContaining(why) });
  expect(bench.zone(1).runs).toBe(BASE);
  expect(() => bench.deployer.rollback(1)).toThrow("earlier module");
  bench.deployer.swap(B, 1, 30_000);
  await bench.settle();
  expect(bench.status(1)).toMatchObject({ phase: "canary", hash: B, last_error: null });
}

test("a candidate whose first live tick traps leaves the zone steady, whichever word comes first", async () => {
  for (const isReadAtOnce of [true, false]) {
    const bench = newBench();
    const zone = bench.zone(1);
    bench.deployer.swap(A, 1, 30_000);
    zone.work();
    zone.trap("unreachable");
    while (zone.outbox.length > 0) {
      zone.hear();
      if (!isReadAtOnce) await bench.turn();
    }
    await isAsBefore(bench, "rolled back by the zone: unreachable");
  }
});

test("a swap that was given up before its worker turned to it never happens", async () => {
  const bench = newBench();
  const zone = bench.zone(1);
  bench.deployer.swap(A, 1, 30_000);
  zone.giveUp();
  await bench.turn();
  expect(bench.status(1)).toMatchObject({
    phase: "steady",
    last_error: expect.stringContaining("Nothing was swapped"),
  });
  zone.work();
  expect(zone.runs).toBe(BASE);
  await isAsBefore(bench, "did not answer");
});

test("a swap that happened before it was given up is undone, and the zone is not steady until it is", async () => {
  const bench = newBench();
  const zone = bench.zone(1);
  bench.deployer.swap(A, 1, 30_000);
  zone.work();
  zone.giveUp();
  await bench.turn();
  for (let tries = 0; tries < 3; tries++) {
    expect(bench.status(1).phase).toBe("rolling_back");
    expect(() => bench.deployer.swap(B, 1, 30_000)).toThrow("Zone 1 is in phase rolling_back (Zone 1 did not answer");
    zone.giveUp();
    await bench.turn();
  }
  await isAsBefore(bench, "did not answer");
});

test("a worker that dies ends every move; what was on trial is gone, what was promoted stays", async () => {
  for (const act of ["swap", "rollback", "promote"] as const) {
    const bench = act === "swap" ? newBench() : await canaried();
    if (act === "swap") bench.deployer.swap(A, 1, 30_000);
    if (act === "rollback") bench.deployer.rollback(1);
    if (act === "promote") bench.deployer.promote(A);
    bench.zone(1).die();
    await isAsBefore(bench, "died");
    expect(bench.zone(2)).toMatchObject({ promoted: BASE, trial: null });
  }
  const bench = await promoted();
  bench.zone(1).die();
  await bench.settle();
  expect(bench.status(1)).toMatchObject({ phase: "steady", hash: A });
});

test("a lease that ends takes the module back, and says so", async () => {
  const bench = await canaried();
  bench.fire();
  expect(bench.status(1)).toMatchObject({ phase: "rolling_back", lease_ms_left: null });
  await bench.settle();
  expect(bench.status(1)).toMatchObject({ phase: "steady", hash: BASE, previous_hash: null });
  expect(bench.events.at(-1)).toMatchObject({
    what: "rolled_back",
    from: A,
    to: BASE,
    reason: expect.stringContaining("lease ended"),
  });
  expect(bench.timers).toEqual([]);
});

test("a roll-back in the middle of a swap takes it back, whether it has happened or not", async () => {
  for (const isSwapped of [true, false]) {
    const bench = newBench();
    bench.deployer.swap(A, 1, 30_000, "anna");
    if (isSwapped) bench.zone(1).work();
    expect(bench.deployer.rollback(1)).toEqual([1]);
    await bench.settle();
    expect(bench.status(1)).toMatchObject({ phase: "steady", hash: BASE });
    expect(bench.zone(1).runs).toBe(BASE);
  }
});

test("a promotion is for all zones or for none", async () => {
  const refusing = await canaried();
  refusing.deployer.promote(A);
  refusing.zone(2).work(true);
  await refusing.settle();
  expect(refusing.deployer.status()).toMatchObject([1, 2].map(() => ({ phase: "steady", hash: BASE })));
  expect(refusing.status(1).last_error).toContain("promotion stopped: zone 2: out of memory");

  // The second zone's module traps when the first has kept it already.
  const late = await canaried();
  late.deployer.promote(A);
  late.zone(2).work();
  late.zone(2).hear();
  late.zone(2).hear();
  await late.turn();
  late.zone(1).work();
  late.zone(2).trap();
  await late.settle();
  expect(late.deployer.status()).toMatchObject([1, 2].map(() => ({ phase: "steady", hash: BASE })));
  expect(late.status(1).last_error).toContain("promotion stopped: zone 2: rolled back by the zone");
});

test("all zones go back to what a promotion replaced; with a canary somewhere, that is taken back first", async () => {
  const bench = await promoted();
  bench.deployer.swap(B, 2, 30_000);
  await bench.settle();
  expect(bench.deployer.rollback(0)).toEqual([2]);
  await bench.settle();
  expect(bench.deployer.status()).toMatchObject([1, 2].map(() => ({ phase: "steady", hash: A, previous_hash: BASE })));
  expect(() => bench.deployer.rollback(0, "anna", B)).toThrow("earlier module");
  expect(bench.deployer.rollback(0, "anna", A)).toEqual([1, 2]);
  await bench.settle();
  expect(bench.deployer.status()).toMatchObject(
    [1, 2].map(() => ({ phase: "steady", hash: BASE, previous_hash: null })),
  );
  expect(bench.events.at(-1)).toMatchObject({ what: "rolled_back", by: "anna" });
});

test("a server that stops lets zones keep what they run, and no lease or late answer does anything any more", async () => {
  const bench = await canaried();
  bench.deployer.rollback(1);
  bench.deployer.stop();
  bench.zone(1).giveUp();
  await bench.turn();
  expect(bench.timers).toEqual([]);
  expect(bench.zone(1).inbox).toHaveLength(1);
});

test("a roll-back goes into the history with the reason of who made it, else with that it was asked for", async () => {
  for (const reason of ["fuel, median: ×2.63", undefined]) {
    const bench = await canaried();
    bench.deployer.rollback(1, "anna", A, reason);
    await bench.settle();
    expect(bench.events.at(-1)).toMatchObject({ what: "rolled_back", from: A, reason: reason ?? "asked for" });
  }
});

/** Who asked for each roll-back, by telemetry. */
const askedBy = (bench: DeployBench): unknown[] =>
  bench.emitter.messages("Module rolled back").map(({ data }) => ("by" in data ? data["by"] : "nobody"));

test("telemetry names who asked for a roll-back, and nobody when a lease made it or a promotion that failed", async () => {
  const [asked, lease, promotion] = [await canaried(), await canaried(), await canaried()];
  asked.deployer.rollback(1, "bob@desk");
  lease.fire();
  promotion.deployer.promote(A, "anna");
  promotion.zone(2).work(true);
  for (const bench of [asked, lease, promotion]) await bench.settle();
  expect(askedBy(asked)).toEqual(["bob@desk"]);
  expect([...askedBy(lease), ...askedBy(promotion)].every((by) => by === "nobody")).toBe(true);
  expect(askedBy(lease)).toHaveLength(1);
});

test("a roll-back of one module leaves the promotion of another one alone", async () => {
  const bench = await promoted();
  bench.deployer.swap(B, 1, 30_000);
  await bench.settle();
  bench.deployer.promote(B);
  for (const zoneId of [0, 1, 2])
    expect(() => bench.deployer.rollback(zoneId, "anna", A)).toThrow(`Module ${B} is being promoted`);
  await bench.settle();
  expect(bench.deployer.status()).toMatchObject([1, 2].map(() => ({ phase: "steady", hash: B, previous_hash: A })));
  expect(bench.deployer.rollback(0, "anna", B)).toEqual([1, 2]);
});

test("a roll-back of one module means the zones that run or try it, also while another one is on trial elsewhere", async () => {
  const bench = await promoted();
  bench.deployer.swap(B, 1, 30_000);
  await bench.settle();
  expect(bench.deployer.rollback(0, "anna", A)).toEqual([2]);
  await bench.settle();
  expect(bench.status(1)).toMatchObject({ phase: "canary", hash: B });
  expect(bench.status(2)).toMatchObject({ phase: "steady", hash: BASE });
  expect(() => bench.deployer.rollback(2, "anna", B)).toThrow("earlier module to go back to");
});

test("the history has the reason that is given for a promotion", async () => {
  const bench = await canaried();
  bench.deployer.promote(A, "bob", "promoted by hand: players wait");
  await bench.settle();
  const kept = bench.events.filter(({ what }) => what === "promoted");
  expect(kept.map(({ by, reason }) => [by, reason])).toEqual(
    [1, 2].map(() => ["bob", "promoted by hand: players wait"]),
  );
});

test("a module of an earlier server is in the journal again when zones go back to it", async () => {
  const metered = await Bun.file(await ensureKernel()).bytes();
  const [S, label] = ["5555555555555555", "fix.wasm"];
  const zones = [1, 2].map((zone) => ({ zone, epoch: 3, history: null, module: S, lostTicks: 0, problems: [] }));
  const facts = zones.map(({ zone }) => ({ kind: "zone", key: String(zone), json: JSON.stringify({ promoted: S }) }));
  const modules = [{ hash: S, label, wasm: metered }];
  const found = { meta: {}, zones, modules, facts, rowsMissing: 0, problems: [] };
  const standing = new Map(
    [...findBeginnings(found, await testWorld(), kernel).standing].map(([id, each]) => [id, { ...each, hash: S }]),
  );
  const kept: unknown[] = [];
  const keepModule = (module: unknown): number => kept.push(module);
  const bench = new DeployBench(kernel, [A], 2, { standing, keepModule });
  expect(bench.deployer.status()).toMatchObject([{ hash: S }, { hash: S }]);
  bench.deployer.swap(A, 1, 30_000);
  await bench.settle();
  bench.deployer.promote(A);
  await bench.settle();
  expect(kept).toEqual([]);
  // The journal has removed the module meanwhile, because no zone ran it.
  expect(bench.deployer.rollback(0)).toEqual([1, 2]);
  await bench.settle();
  expect(kept).toEqual([1, 2].map(() => ({ hash: S, label, wasm: metered })));
  expect(bench.deployer.status()).toMatchObject([{ hash: S }, { hash: S }]);
});
