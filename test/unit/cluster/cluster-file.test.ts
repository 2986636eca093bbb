// Where a cluster's bus is: from its file, or from an address and the environment.

import { expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadWorld } from "../../../server/protocol/content/load.ts";
import { busOf, clusterFileIn, readClusterFile, writeClusterFile } from "../../../tools/cluster/cluster-file.ts";
import { worldOf } from "../../../tools/cluster/world-file.ts";
import { TempFolder } from "../../helpers/serve-process.ts";

const PLACE = {
  host: "127.0.0.1",
  control: 4_001,
  bus: { url: "nats://127.0.0.1:4000", passwords: { host: "one", gateway: "two", controller: "three" } },
};

test("a role gets its own name and password from the file of a running cluster", () => {
  using folder = new TempFolder();
  const remove = writeClusterFile(folder.path, PLACE);
  expect(readClusterFile(folder.path)).toMatchObject({ ...PLACE, pid: process.pid });
  expect(busOf(clusterFileIn(folder.path), "gateway", {})).toEqual({
    servers: PLACE.bus.url,
    user: "gateway",
    password: "two",
  });
  remove();
  expect(readClusterFile(folder.path)).toBeNull();
});

test("the file of a cluster that is gone tells of none", async () => {
  using folder = new TempFolder();
  writeClusterFile(folder.path, PLACE);
  const child = Bun.spawn(["true"]);
  await child.exited;
  const file = { ...readClusterFile(folder.path), pid: child.pid };
  writeFileSync(clusterFileIn(folder.path), JSON.stringify(file));
  expect(readClusterFile(folder.path)).toBeNull();
});

test.each(["nats://10.0.0.7:4222", "tls://nats.example:4222", "10.0.0.7:4222"])("%p is an address", (text) => {
  expect(busOf(text, "host", {})).toEqual({ servers: text });
  const env = { WOWSIM_BUS_USER: "host", WOWSIM_BUS_PASSWORD: "secret", WOWSIM_BUS_CA: "ca.pem" };
  expect(busOf(text, "host", env)).toEqual({ servers: text, user: "host", password: "secret", ca: "ca.pem" });
});

test("anything else is wrong usage, and says what is right", () => {
  let error: unknown;
  try {
    busOf("nowhere.json", "host", {});
  } catch (caught) {
    error = caught;
  }
  expect(error).toMatchObject({ code: "usage", message: expect.stringContaining("nats://127.0.0.1:4222") });
});

test.each([1, 2, 12, 64])("a world with %p zones is one that a server takes", async (zones) => {
  using folder = new TempFolder();
  const file = join(folder.path, "world.toml");
  writeFileSync(file, worldOf(zones));
  const world = await loadWorld(file);
  expect(world.zones.map(({ id }) => id)).toEqual(Array.from({ length: zones }, (_, index) => index + 1));
  expect(new Set(world.zones.map(({ name }) => name)).size).toBe(zones);
  for (const zone of world.zones) expect(zone.portals).toHaveLength(zones === 1 ? 0 : 1);
});
