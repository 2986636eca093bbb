// A server that is killed with -9 at any moment, and started again on the same data directory, goes on by itself: players resume,
// nothing they were told is lost, nobody is doubled, and what operators had decided still holds.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ensureKernel } from "../../assembly/toolchain/build.ts";
import { buildCandidate } from "../../assembly/toolchain/candidates.ts";
import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import { loadKernel } from "../../assembly/toolchain/load.ts";
import type { World } from "../../server/protocol/content/content.ts";
import { loadWorld } from "../../server/protocol/content/load.ts";
import { seededRandom } from "../../server/protocol/seeded-random.ts";
import type { FaultStatus } from "../../server/protocol/faults/status.ts";
import { lookIntoJournal } from "../../server/testing/journal-look.ts";
import { KillFindings } from "../../server/testing/kill-findings.ts";
import { KillPlayers } from "../../server/testing/kill-players.ts";
import { KillableServer } from "../../server/testing/killable-server.ts";
import type { KillableServerOptions } from "../../server/testing/killable-server.ts";
import { killWorld } from "../../server/testing/kill-world.ts";
import { ClientStats } from "../../tools/client/client-stats.ts";
import { ControlClient } from "../../tools/client/control-client.ts";
import { GameClient } from "../../tools/client/game-client.ts";
import { DeployRemote } from "../../tools/deploy/remote.ts";
import { until } from "../helpers/control-live.ts";
import { TempFolder } from "../helpers/serve-process.ts";

setDefaultTimeout(180_000);

const host = "127.0.0.1";
const KILLS = 20;
const PLAYERS = 10;
const SETTLE_MS_MAX = 60_000;
const NEVER = new AbortController().signal;
const LEASE_MS = 60_000;

const folder = new TempFolder();
const worldFile = join(folder.path, "world.toml");
let world: World;
let kernel: Kernel;

beforeAll(async () => {
  writeFileSync(worldFile, killWorld({ zones: 2, creaturesPerZone: 24 }));
  world = await loadWorld(worldFile);
  kernel = loadKernel(await Bun.file(await ensureKernel()).bytes(), "test");
}, 120_000);
afterAll(() => folder[Symbol.dispose]());

const begin = (options: KillableServerOptions = {}): Promise<KillableServer> =>
  KillableServer.start({ world: worldFile, ...options });

const operator = ({ ports }: KillableServer): Promise<ControlClient> =>
  ControlClient.connect({ host, port: ports.control });

let looks = 0;
/** The journal of a server that does not run. */
function lookInto(server: KillableServer): ReturnType<typeof lookIntoJournal> {
  const copy = join(folder.path, `look-${++looks}`);
  mkdirSync(copy);
  server.copyJournal(copy);
  return lookIntoJournal(copy, world, kernel);
}

async function reborn(server: KillableServer, ...flags: string[]): Promise<void> {
  await server.kill();
  await server.restart(...flags);
}

function player({ ports }: KillableServer, stats: ClientStats, name: string, secret?: string): GameClient {
  const who = secret === undefined ? { name } : { name, secret };
  return new GameClient({ host, port: ports.game, ...who, zone: 1, playerClass: "Mage", random: () => 0.1, stats });
}

const playing = (client: GameClient): Promise<void> => until("the player plays", () => client.isPlaying);

test(`${KILLS} kills at random moments: nobody is lost or doubled, and nothing they were told`, async () => {
  await using server = await begin();
  const { game: port, control } = server.ports;
  const players = await KillPlayers.start({ port, control, count: PLAYERS, seed: 5, zones: 2, comers: 2 });
  const findings = new KillFindings();
  const random = seededRandom(5);
  for (let kill = 0; kill < KILLS; kill++) {
    await Bun.sleep(random() * 600);
    await server.kill();
    findings.journal(lookInto(server), players.known());
    await server.restart();
    findings.said(server.notices);
    const took = await players.untilAllPlay(SETTLE_MS_MAX);
    findings.settled({ took, ...players.report }, PLAYERS);
    findings.compared(await players.compare());
    findings.counted(
      await server.metric("wowsim_entities_in_two_zones"),
      await server.metric("wowsim_items_unaccounted"),
    );
  }
  await players.stop();
  expect(findings.toJson()).toEqual({});
}, 900_000);

test("a player resumes where it stood after an orderly stop, and so does a character", async () => {
  await using server = await begin();
  const stats = new ClientStats();
  const [plain, ann] = [player(server, stats, "Bob"), player(server, stats, "Ann", "open sesame")];
  const both = [plain, ann];
  await Promise.all(both.map((client) => client.connect()));
  for (const client of both) await walk(server, client, 7, 3);
  const sessions = both.map(({ sessionId }) => sessionId);
  expect(await server.stop()).toBe(0);
  await server.restart();
  await Promise.all(both.map(playing));
  expect(both.map(({ sessionId }) => sessionId)).toEqual(sessions);
  await using control = await operator(server);
  for (const client of both) expect(await placeOf(control, client)).toMatchObject({ x: 7, y: 3 });
  for (const client of both) client.move(8, 3, 0);
  await until("both act again", () => both.every(({ pendingActions }) => pendingActions === 0));
  expect(stats).toMatchObject({ restarted: 0, protocolErrors: 0 });
  await Promise.all(both.map((client) => client.leave()));
});

test("a character that was logging out is whole afterwards, and needs its secret", async () => {
  await using server = await begin();
  const stats = new ClientStats();
  const ann = player(server, stats, "Ann", "open sesame");
  await ann.connect();
  await walk(server, ann, 9, 2);
  const left = ann.leave();
  await reborn(server);
  await left;
  const { players, people } = lookInto(server);
  expect([...players.values()].every(({ zones }) => zones.length <= 1)).toBe(true);
  expect(people.characters.map(({ character }) => character.name)).toEqual(["Ann"]);
  const thief = player(server, new ClientStats(), "Ann", "a wrong guess");
  expect(await thief.connect().then(String, ({ code }: { code: string }) => code)).toBe("bad_secret");
  const again = player(server, stats, "Ann", "open sesame");
  await again.connect();
  await using control = await operator(server);
  expect(await placeOf(control, again)).toMatchObject({ x: 9, y: 2 });
  await again.leave();
});

test("a halt stays, and the faults before it are gone, with what they had put into zones", async () => {
  await using server = await begin();
  {
    await using control = await operator(server);
    await control.ask({ command: "activate", fault_id: "split-brain", lease_ms: LEASE_MS });
    await control.ask({ command: "activate", fault_id: "latency-spike", lease_ms: LEASE_MS });
    await until("the phantoms are in both zones", async () => (await phantoms(control)) === 4);
  }
  await reborn(server);
  {
    await using control = await operator(server);
    const { faults, halted } = await control.ask({ command: "list" });
    expect((faults as FaultStatus[]).filter(({ active }) => active)).toEqual([]);
    expect(halted).toBe(false);
    await until("the phantoms are gone", async () => (await phantoms(control)) === 0);
    await control.ask({ command: "halt" });
  }
  await reborn(server);
  {
    await using control = await operator(server);
    expect((await control.ask({ command: "list" }))["halted"]).toBe(true);
    const refused = control.ask({ command: "activate", fault_id: "latency-spike" });
    expect(await refused.then(String, ({ code }: { code: string }) => code)).toBe("halted");
    await control.ask({ command: "resume" });
  }
  await reborn(server);
  await using control = await operator(server);
  expect((await control.ask({ command: "list" }))["halted"]).toBe(false);
});

/** Walks there, and waits until the zone has the player there. */
async function walk(server: KillableServer, client: GameClient, x: number, y: number): Promise<void> {
  await using control = await operator(server);
  await until(`the player is at ${x}, ${y}`, async () => {
    client.move(x, y, 0);
    const place = (await placeOf(control, client)) as { x: number; y: number } | undefined;
    return place?.x === x && place.y === y;
  });
  await until("all is acknowledged", () => client.pendingActions === 0);
}

/** Where the zone has the player. */
async function placeOf(control: ControlClient, { entityId, zoneId }: GameClient): Promise<object | undefined> {
  let entities: { id: number }[] | undefined;
  // The channel does not wait for a zone that is busy.
  await until("the zone can be looked into", async () => {
    const answer = await control.request({ command: "inspect_zone", zone_id: zoneId });
    if (answer["code"] !== "zone_busy") entities = answer["entities"] as { id: number }[];
    return entities !== undefined;
  });
  return entities?.find(({ id }) => id === entityId);
}

async function phantoms(control: ControlClient): Promise<number> {
  const zones = await Promise.all([1, 2].map((zone_id) => control.request({ command: "inspect_zone", zone_id })));
  const entities = zones.flatMap((zone) => (zone["entities"] ?? []) as { states: string[] }[]);
  return entities.filter(({ states }) => states.includes("phantom")).length;
}

async function onTrial(remote: DeployRemote, wasm: Uint8Array, label: string): Promise<void> {
  const hash = await remote.load(wasm, label, NEVER);
  await remote.beginSwap(hash, 1, LEASE_MS);
  await remote.swapped(hash, 1, NEVER);
}

describe("modules", () => {
  test("what was promoted runs again, what was on trial does not, and the history says so", async () => {
    const [good, trial] = await Promise.all([buildCandidate("hotfix"), buildCandidate("new-column")]);
    await using server = await begin();
    {
      await using control = await operator(server);
      const remote = new DeployRemote(control);
      await onTrial(remote, good.wasm, "good.wasm");
      await remote.promote(good.hash, NEVER);
      await onTrial(remote, trial.wasm, "trial.wasm");
      // The history is written in the background.
      const history = Bun.file(join(server.dataDir, "deploys.jsonl"));
      await until("the history is written", async () => (await history.text()).split('"promoted"').length > 2);
    }
    await reborn(server);
    await using control = await operator(server);
    const remote = new DeployRemote(control);
    const { zones, lost } = await remote.status();
    expect(zones.map(({ hash, label, canary }) => ({ hash, label, canary }))).toEqual([
      { hash: good.hash, label: "good.wasm", canary: false },
      { hash: good.hash, label: "good.wasm", canary: false },
    ]);
    expect(lost).toEqual([]);
    const { entries } = await remote.history(100);
    const promoted = entries.filter(({ event }) => event === "promoted");
    expect(new Set(promoted.map(({ to_hash }) => to_hash))).toEqual(new Set([good.hash]));
    expect(server.notices).toEqual([]);
  });
});

test("--fresh begins anew and keeps the old world; another world and a second server are refused", async () => {
  await using server = await begin();
  const stats = new ClientStats();
  const bob = player(server, stats, "Bob");
  await bob.connect();
  const second = await server.second("--world", worldFile);
  expect(second.code).toBe(1);
  expect(second.stderr).toContain("data_dir_in_use");
  await server.kill();
  const other = await server.second();
  expect(other.code).not.toBe(0);
  expect(other.stderr).toContain("other_world");
  expect(other.stderr).toContain("--fresh");
  await server.restart("--fresh");
  expect(server.notices.join("\n")).toContain("kept as world-");
  expect(server.files().some((name) => /^world-.*\.sqlite$/.test(name))).toBe(true);
  await playing(bob);
  expect(stats.restarted).toBe(1);
  await bob.leave();
});
