// A module on trial makes players invulnerable. It is undone under live players: their clients know what the zone knows, nobody loses
// the connection, the journal has a history that can be run again, and the list says what has changed for whom.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { dirname } from "node:path";
import { buildCandidate } from "../../assembly/toolchain/candidates.ts";
import type { BuiltKernel } from "../../assembly/toolchain/build.ts";
import type { UndoReport } from "../../server/protocol/undo.ts";
import { startServerChild } from "../../server/testing/server-child.ts";
import type { ServerChild } from "../../server/testing/server-child.ts";
import { ControlClient } from "../../tools/client/control-client.ts";
import { Swarm } from "../../tools/client/swarm.ts";
import { DeployRemote } from "../../tools/deploy/remote.ts";
import { wowsim } from "../helpers/command.ts";
import { until } from "../helpers/control-live.ts";
import { sameAsZone } from "../helpers/same-as-zone.ts";

setDefaultTimeout(120_000);

const host = "127.0.0.1";
const PLAYERS = 16;
const ZONE = 1;
const NEVER = new AbortController().signal;

interface Undone {
  isDone: boolean;
  undos: { zone_id: number; state: string; dry_run: boolean; report: UndoReport }[];
}

let server: ServerChild;
let swarm: Swarm;
let control: ControlClient;
let remote: DeployRemote;
let bad: BuiltKernel;

beforeAll(async () => {
  bad = await buildCandidate("invulnerable");
  server = await startServerChild();
  control = await ControlClient.connect({ host, port: server.ports.control });
  remote = new DeployRemote(control);
  swarm = await Swarm.start({ host, port: server.ports.game, count: PLAYERS, rate: 4, seed: 5, zone: ZONE });
}, 120_000);

afterAll(async () => {
  await swarm?.stop();
  control?.close();
  await server?.[Symbol.asyncDispose]();
});

const undo = async (...flags: string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
  wowsim("deploy", "undo", "--server", `${host}:${server.ports.control}`, "--format", "json", ...flags);

const undone = ({ stdout }: { stdout: string }): Undone => JSON.parse(stdout) as Undone;

async function zoneTick(): Promise<number> {
  return Number((await control.ask({ command: "inspect_zone", zone_id: ZONE }))["tick"]);
}

test("an undo under live players", async () => {
  expect((await undo()).code).toBe(1);
  const before = await remote.zone(ZONE);
  const hash = await remote.load(bad.wasm, "invulnerable", NEVER);
  await remote.beginSwap(hash, ZONE, 60_000);
  await remote.swapped(hash, ZONE, NEVER);
  const swappedAt = await zoneTick();
  await until("it has run for some seconds", async () => (await zoneTick()) > swappedAt + 120);

  const dry = undone(await undo("--zone", String(ZONE), "--dry-run"));
  expect(dry).toMatchObject({ isDone: true, undos: [{ zone_id: ZONE, state: "done", dry_run: true }] });
  expect(dry.undos[0]?.report.players_changed).toBeGreaterThan(0);
  expect(await remote.zone(ZONE)).toMatchObject({ hash, phase: "canary" });

  const real = await undo("--zone", String(ZONE), "--reason", "nobody dies");
  const [{ report }] = undone(real).undos as [Undone["undos"][0]];
  expect({ code: real.code, state: undone(real).undos[0]?.state }).toEqual({ code: 0, state: "done" });
  expect(report).toMatchObject({ from_hash: hash, to_hash: before.hash, reason: "nobody dies", clients: PLAYERS });
  expect(report.players[0]?.name).toMatch(/^Bot \d+$/);
  expect(report.tick - report.from_tick).toBeGreaterThan(100);
  expect(await remote.zone(ZONE)).toMatchObject({ hash: before.hash, phase: "steady" });

  await Promise.all(
    swarm.clients
      .filter((client) => client.zoneId === ZONE)
      .slice(0, 6)
      .map((client) => sameAsZone(client, { zoneId: ZONE, controlPort: server.ports.control })),
  );
  const { drops, protocolErrors, protocolErrorExamples } = swarm.stats;
  expect({ playing: swarm.playing, drops, protocolErrors, protocolErrorExamples }).toEqual({
    playing: PLAYERS,
    drops: 0,
    protocolErrors: 0,
    protocolErrorExamples: [],
  });

  const { entries } = await remote.history(10);
  expect(entries.slice(-2).map(({ event, reason }) => [event, reason])).toEqual([
    ["rolled_back", "nobody dies"],
    ["undone", expect.stringContaining("another state for")],
  ]);
  const again = await undo("--zone", String(ZONE));
  expect(again.code).toBe(1);
  expect(again.stderr).toContain("is undone already");

  await until("the journal has it", async () => (await zoneTick()) > report.tick + 40);
  const replay = await wowsim(
    "replay",
    "--data-dir",
    dirname(server.telemetryFile),
    "--zone",
    String(ZONE),
    "--format",
    "json",
  );
  expect(replay.code).toBe(0);
});
