// Faults that are held by a tool, on a real control server whose ticks the test drives.

import { expect, test } from "bun:test";
import { FaultLeases, LEASE_MS } from "../../../tools/client/fault-leases.ts";
import { ControlClient } from "../../../tools/client/control-client.ts";
import { NOMINAL_TICK_MS } from "../../../server/main/faults/nominal-ticks.ts";
import { startControl } from "../../helpers/control-server.ts";
import type { RunningControl } from "../../helpers/control-server.ts";

const host = "127.0.0.1";
const LEASE_TICKS = LEASE_MS / NOMINAL_TICK_MS;

/** Waits until the lease has been renewed since its clock was moved. */
async function renewed({ bench }: RunningControl, faultId: string): Promise<void> {
  while ((bench.registry.status(faultId).lease_ms_left ?? 0) < LEASE_MS) await Bun.sleep(5);
}

test("a fault is held past its lease, and ends with its release", async () => {
  await using control = startControl();
  await using faults = await FaultLeases.connect({ host, port: control.port });
  await faults.activate({ fault_id: "zone-trap", params: { every_ticks: 9 }, target_zone_id: 2, duration_ticks: 900 });
  expect(control.bench.registry.status("zone-trap")).toMatchObject({
    config: { every_ticks: 9 },
    targets: [2],
    ticks_left: 900,
  });
  for (let time = 0; time < 2; time++) {
    control.bench.tick(LEASE_TICKS - 1);
    await renewed(control, "zone-trap");
  }
  expect(faults.held).toEqual(["zone-trap"]);
  expect(await faults.release()).toEqual(["zone-trap"]);
  expect(control.bench.registry.status("zone-trap").active).toBe(false);
});

test("without its holder a fault ends within two seconds", async () => {
  await using control = startControl();
  const faults = await FaultLeases.connect({ host, port: control.port });
  await faults.activate({ fault_id: "zone-trap" });
  await faults.activate({ fault_id: "slow-leak" });
  faults.close();
  control.bench.tick(2_000 / NOMINAL_TICK_MS);
  expect(control.bench.registry.list().filter(({ active }) => active)).toEqual([]);
});

test("a fault that somebody else ended is told, once, and not ended again", async () => {
  await using control = startControl();
  const lost: string[] = [];
  const told = Promise.withResolvers<void>();
  await using faults = await FaultLeases.connect({ host, port: control.port }, (faultId, reason) => {
    lost.push(`${faultId}: ${reason}`);
    told.resolve();
  });
  await faults.activate({ fault_id: "zone-trap" });
  await using somebody = await ControlClient.connect({ host, port: control.port });
  await somebody.ask({ command: "activate", fault_id: "zone-trap" });
  await told.promise;
  expect(lost).toEqual(["zone-trap: Activation 1 of zone-trap is over; activate it again to go on."]);
  expect(await faults.release()).toEqual([]);
  expect(control.bench.registry.status("zone-trap").active).toBe(true);
});

test("activating again replaces our own, and a refused attempt leaves it as it was", async () => {
  await using control = startControl();
  const lost: string[] = [];
  await using faults = await FaultLeases.connect({ host, port: control.port }, (faultId) => void lost.push(faultId));
  await faults.activate({ fault_id: "zone-trap" });
  await faults.activate({ fault_id: "zone-trap", params: { every_ticks: 7 } });
  await expect(faults.activate({ fault_id: "zone-trap", params: { every_ticks: 0 } })).rejects.toMatchObject({
    code: "bad_params",
  });
  control.bench.tick(LEASE_TICKS - 1);
  await renewed(control, "zone-trap");
  expect(control.bench.registry.status("zone-trap")).toMatchObject({ active: true, config: { every_ticks: 7 } });
  expect({ held: faults.held, lost }).toEqual({ held: ["zone-trap"], lost: [] });
});

test("a server that is gone is told for every fault", async () => {
  const control = startControl();
  const lost: string[] = [];
  const faults = await FaultLeases.connect({ host, port: control.port }, (faultId) => void lost.push(faultId));
  await faults.activate({ fault_id: "zone-trap" });
  await faults.activate({ fault_id: "slow-leak" });
  await control.server.stop();
  while (lost.length < 2) await Bun.sleep(5);
  expect(lost).toEqual(["zone-trap", "slow-leak"]);
  await faults[Symbol.asyncDispose]();
});
