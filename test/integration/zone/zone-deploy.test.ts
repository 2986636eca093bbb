// A module on trial in a zone: swapped in, promoted, rolled back.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { WowsimError } from "../../../server/protocol/errors.ts";
import type { Kernel } from "../../../assembly/toolchain/kernel.ts";
import { DeployedRunner } from "../../helpers/deploy-runner.ts";
import { trappingKernel } from "../../helpers/odd-kernels.ts";
import { RunnerBench } from "../../helpers/zone-runner.ts";
import { plantedKernel, testKernel } from "../../helpers/zone.ts";

const kernel = await testKernel();
const bad = await plantedKernel();
const other: Kernel = { ...kernel, hash: "0123456789abcdef", label: "other" };

const LEASE_MS = 30_000;
const traps = { does: "traps", fromTick: 12 } as const;

describe("a module", () => {
  test("is swapped in, taken back or promoted", async () => {
    const bench = await RunnerBench.start();
    bench.tick(3);
    expect(() => bench.runner.rollback()).toThrow("no module to go back to");
    expect(bench.runner.swap(other)).toEqual({ tick: 3 });
    bench.tick();
    expect(bench.runner.rollback()).toEqual({ tick: 4 });
    expect(bench.runner.zone.kernel).toBe(kernel);
    bench.runner.swap(other);
    bench.runner.promote();
    expect(() => bench.runner.rollback()).toThrow("no module to go back to");
  });

  test("that traps by itself is taken back at once, and said to be", async () => {
    const bench = await RunnerBench.start({ plant: traps });
    bench.tick(8);
    bench.runner.swap(bad);
    bench.tick(6);
    expect(bench.runner.zone.kernel).toBe(kernel);
    const hashes = { fromHash: bad.hash, toHash: kernel.hash };
    expect(bench.told("rolled_back")).toMatchObject([{ zoneId: 1, tick: 12, ...hashes }]);
    expect(bench.told("recovered")).toMatchObject([{ step: "rollback", tick: 12 }]);
    expect(bench.emitter.messages("Module rolled back")[0]?.data).toMatchObject({
      zone_id: 1,
      from_hash: hashes.fromHash,
      to_hash: kernel.hash,
    });
    expect(bench.state).toBe("DEGRADED");
  });

  test("swapped in upon another goes back to what is trusted, not to that", async () => {
    const bench = await RunnerBench.start();
    bench.tick();
    bench.runner.swap(other);
    bench.runner.swap({ ...kernel, hash: "fedcba9876543210", label: "third" });
    bench.runner.rollback();
    expect(bench.runner.zone.kernel).toBe(kernel);
  });

  test("that is not promoted goes when its zone goes DOWN", async () => {
    const bench = await RunnerBench.start({ kernel: bad, plant: traps });
    bench.tick(8);
    bench.runner.swap({ ...bad, hash: "0123456789abcdef" });
    bench.tick(6);
    expect(bench.state).toBe("DOWN");
    expect(bench.told("rolled_back")).toMatchObject([{ fromHash: "0123456789abcdef" }]);
    expect(() => bench.runner.rollback()).toThrow("no module to go back to");
  });
});

describe("a deploy of a module", () => {
  test("that traps in its first live tick ends steady, and the next one is taken", async () => {
    const bench = await RunnerBench.start({ plant: { does: "traps", fromTick: 5 } });
    const deployed = new DeployedRunner(bench, kernel, [bad, other]);
    const { deployer } = deployed;
    bench.tick(8);
    deployer.swap(bad.hash, 1, LEASE_MS);
    await deployed.work();
    bench.tick();
    expect(bench.told("rolled_back")).toHaveLength(1);
    await deployed.settle();
    const last_error = expect.stringContaining("rolled back by the zone");
    expect(deployed.status).toMatchObject({ phase: "steady", hash: kernel.hash, last_error });
    deployer.swap(other.hash, 1, LEASE_MS);
    await deployed.settle();
    expect(deployed.status).toMatchObject({ phase: "canary", hash: other.hash });
    deployer.promote(other.hash);
    await deployed.settle();
    deployer.rollback(1);
    await deployed.settle();
    expect(deployed.status).toMatchObject({ phase: "steady", hash: kernel.hash });
    expect(bench.runner.zone.kernel.hash).toBe(kernel.hash);
  });

  test("ends with what the zone says and runs, however orders, ticks and words interleave", async () => {
    const event = fc.constantFrom(
      "bad",
      "bad",
      "other",
      "promote",
      "rollback",
      "work",
      "work",
      "hear",
      "tick",
      "tick",
      "turn",
    );
    let rolledBack = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(event, { minLength: 14, maxLength: 25, size: "max" }), async (events) => {
        const bench = await RunnerBench.start({ plant: { does: "traps", fromTick: 2 } });
        const deployed = new DeployedRunner(bench, kernel, [bad, other]);
        const { deployer } = deployed;
        bench.tick(3);
        for (const each of events) {
          try {
            if (each === "bad" || each === "other") deployer.swap((each === "bad" ? bad : other).hash, 1, LEASE_MS);
            else if (each === "promote") deployer.promote(deployed.status.hash);
            else if (each === "rollback") deployer.rollback(1);
            else if (each === "tick") bench.tick();
            else await deployed[each]();
          } catch (error) {
            if (!(error instanceof WowsimError)) throw error;
          }
        }
        await deployed.settle();
        bench.tick();
        await deployed.settle();
        rolledBack += bench.told("rolled_back").length;
        const { phase, hash } = deployed.status;
        expect(hash).toBe(bench.runner.zone.kernel.hash);
        expect(phase).toBe(bench.runner.inspect()["canary"] === true ? "canary" : "steady");
      }),
      { numRuns: 20 },
    );
    // Some nine on average, drawn anew each time.
    expect(rolledBack).toBeGreaterThan(0);
  });
});

test("what a promotion replaces is what the zone falls back to", async () => {
  const bench = await RunnerBench.start();
  bench.tick(3);
  bench.runner.swap(await trappingKernel("hash"));
  bench.runner.promote();
  bench.tick();
  expect(bench.state).toBe("DOWN");
  bench.pass(60_000);
  expect([bench.state, bench.runner.zone.kernel.hash]).toEqual(["ACTIVE", kernel.hash]);
  expect(bench.told("rolled_back")).toHaveLength(1);
});
