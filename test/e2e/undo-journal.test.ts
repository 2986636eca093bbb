// What a module did is undone under live players when the memory of its zone is gone: its worker died or hung, or the server was killed. The
// state is that of a zone that never had the module, and clients know what the zone knows.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import type { Subprocess } from "bun";
import { buildCandidate } from "../../assembly/toolchain/candidates.ts";
import type { UndoReport } from "../../server/protocol/undo.ts";
import { firstLine } from "../../tools/client/child-output.ts";
import { ControlClient } from "../../tools/client/control-client.ts";
import { Swarm } from "../../tools/client/swarm.ts";
import { DeployRemote } from "../../tools/deploy/remote.ts";
import { wowsim } from "../helpers/command.ts";
import { wasmOf } from "../helpers/candidates.ts";
import { until } from "../helpers/control-live.ts";
import { sameAsZone } from "../helpers/same-as-zone.ts";
import { TempFolder } from "../helpers/serve-process.ts";
import { untouchedHash } from "../helpers/untouched-hash.ts";

setDefaultTimeout(180_000);

const ROOT = join(import.meta.dir, "../..");
const host = "127.0.0.1";
const PLAYERS = 8;
const ZONES = [1, 2];
const NEVER = new AbortController().signal;
/** Each cast takes all of a player's power, so whoever casts is changed for long, whether or not anybody is hit. */
const EXHAUSTING = {
  change: ["spells/cast-costs.ts", "setPower(row, U32.get(ENTITY_POWER, row) - cost)", "setPower(row, 0)"],
} as const;
const folder = new TempFolder();
let child: Subprocess<"pipe", "pipe", "inherit">;
let ports = { game: 0, control: 0, http: 0, telemetry: 0 };
let swarms: Swarm[] = [];
let control: ControlClient;
let remote: DeployRemote;

/** The real server, with workers that end on request. */
async function serve(): Promise<void> {
  const { game: port, control: controlPort, http: httpPort, telemetry: telemetryPort } = ports;
  const options = JSON.stringify({ dataDir: folder.path, port, controlPort, httpPort, telemetryPort });
  child = Bun.spawn([process.execPath, join(ROOT, "test/helpers/mortal-server.ts"), options], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  ports = JSON.parse(await firstLine(child.stdout, 60_000)) as typeof ports;
  control = await ControlClient.connect({ host, port: ports.control });
  remote = new DeployRemote(control);
}

beforeAll(async () => {
  await serve();
  const common = { host, port: ports.game, count: PLAYERS, rate: 4 };
  swarms = await Promise.all(
    ZONES.map((zone) => Swarm.start({ ...common, seed: zone, zone, namePrefix: `Bot ${zone}` })),
  );
}, 120_000);

afterAll(async () => {
  await Promise.all(swarms.map((swarm) => swarm.stop()));
  control?.close();
  child?.kill("SIGKILL");
  await child?.exited;
  folder[Symbol.dispose]();
});

interface Undo {
  zone_id: number;
  state: string;
  error: string | null;
  report: UndoReport;
}

const undosOf = async (zone: number): Promise<Undo | undefined> =>
  ((await control.ask({ command: "deploy_undo_report", zone_id: zone })) as unknown as { undos: Undo[] }).undos[0];

async function zoneTick(zone: number): Promise<number> {
  const answer = await control.request({ command: "inspect_zone", zone_id: zone });
  return answer.success ? Number(answer["tick"]) : 0;
}

async function runs(zone: number, ticks: number): Promise<void> {
  const from = await zoneTick(zone);
  await until(`zone ${zone} runs ${ticks} ticks`, async () => (await zoneTick(zone)) > from + ticks);
}

/** The zone has the state that it would have had, its players are there, and know it. */
async function expectUntouched(zone: number, report: UndoReport): Promise<void> {
  await runs(zone, 20);
  expect(report.hash).toBe(untouchedHash(folder.path, report));
  const swarm = swarms[zone - 1]!;
  const here = swarm.clients.filter((client) => client.zoneId === zone);
  await Promise.all(here.slice(0, 4).map((client) => sameAsZone(client, { zoneId: zone, controlPort: ports.control })));
  expect(swarm.playing).toBe(PLAYERS);
  expect(swarm.stats.protocolErrorExamples).toEqual([]);
}

for (const [zone, how] of [
  [1, "throw"],
  [2, "loop"],
] as const) {
  test(`a module on trial is undone when its worker ends by ${how}`, async () => {
    const before = await remote.zone(zone);
    const hash = await remote.load(await wasmOf(EXHAUSTING), "exhausting", NEVER);
    await remote.beginSwap(hash, zone, 60_000);
    await remote.swapped(hash, zone, NEVER);
    await runs(zone, 120);
    child.stdin.write(`end ${how} ${zone - 1}\n`);
    await child.stdin.flush();
    await until("it is undone", async () => {
      const state = (await undosOf(zone))?.state;
      return state === "done" || state === "failed";
    });
    const undo = await undosOf(zone);
    expect(undo).toMatchObject({ state: "done", error: null, report: { from_hash: hash, to_hash: before.hash } });
    expect(undo!.report.tick - undo!.report.from_tick).toBeGreaterThan(100);
    expect(undo!.report.players_changed).toBeGreaterThan(0);
    expect(undo!.report.reason).toContain("its worker");
    await expectUntouched(zone, undo!.report);
    const { entries } = await remote.history(10);
    expect(
      entries
        .map(({ event }) => event)
        .filter((event) => event !== "refused")
        .slice(-2),
    ).toEqual(["rolled_back", "undone"]);
  });
}

test("a promoted module is undone after the server was killed", async () => {
  const before = await remote.zone(1);
  const bad = await buildCandidate("no-experience");
  const hash = await remote.load(bad.wasm, "no-experience", NEVER);
  await remote.beginSwap(hash, 1, 60_000);
  await remote.swapped(hash, 1, NEVER);
  await control.ask({ command: "deploy_promote", hash, by: "test" });
  await until("both zones keep it", async () => {
    const { zones } = await remote.status();
    return zones.every((zone) => zone.hash === hash && zone.phase === "steady");
  });
  await runs(1, 120);
  control.close();
  child.kill("SIGKILL");
  await child.exited;
  await serve();
  await until("players are back", () => swarms.every((swarm) => swarm.playing === PLAYERS));
  expect((await remote.zone(1)).hash).toBe(hash);

  const flags = ["--server", `${host}:${ports.control}`, "--format", "json", "--reason", "no experience"];
  const { code, stdout, stderr } = await wowsim("deploy", "undo", ...flags);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const { undos } = JSON.parse(stdout) as { undos: Undo[] };
  expect(undos.map(({ zone_id: zone, state }) => [zone, state])).toEqual(ZONES.map((zone) => [zone, "done"]));
  for (const { zone_id: zone, report } of undos) {
    expect(report).toMatchObject({ from_hash: hash, to_hash: before.hash, reason: "no experience" });
    expect(await remote.zone(zone)).toMatchObject({ hash: before.hash, phase: "steady" });
    await expectUntouched(zone, report);
  }
  const again = await wowsim("deploy", "undo", ...flags);
  expect(again.code).toBe(1);
  expect(again.stderr).toContain("is undone already");
  expect((await wowsim("store", "verify", "--data-dir", folder.path)).code).toBe(0);
  expect((await wowsim("replay", "--data-dir", folder.path, "--format", "json")).code).toBe(0);
});
