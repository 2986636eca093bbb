// Characters over real sockets, in a real server with real zones: what is theirs is theirs again when they come back, at
// whatever moment they left, and nobody ever sees one twice.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { TRANSFER_EXPERIENCE } from "../../assembly/abi.ts";
import { MemoryCharacters } from "../../server/main/gateway/memory-characters.ts";
import { startServer } from "../../server/main.ts";
import type { RunningServer } from "../../server/protocol/server-options.ts";
import { seededRandom } from "../../server/protocol/seeded-random.ts";
import { ClientStats } from "../../tools/client/client-stats.ts";
import { GameClient } from "../../tools/client/game-client.ts";
import { Swarm } from "../../tools/client/swarm.ts";
import { RawClient, until } from "../helpers/net.ts";
import type { Message } from "../helpers/net.ts";
import { TempFolder } from "../helpers/serve-process.ts";
import { events, eventually, metric, modelOf, PATIENCE_MS, sees, states } from "../helpers/sessions.ts";

setDefaultTimeout(120_000);

const BOAR = 1_000_001;
const WORLD = `
name = "Characters"
[[zone]]
id = 1
name = "Pasture"
[[zone.portal]]
to = 2
x = 0
y = 40
radius_yd = 5
exit_x = 3
exit_y = 8
[[zone.creature]]
kind = "Young Boar"
entity_id = ${BOAR}
x = 12
y = 0
[[zone]]
id = 2
name = "Barn"
[[zone.portal]]
to = 1
x = -40
y = 0
radius_yd = 5
exit_x = 0
exit_y = -8
`;

const folder = new TempFolder();
const worldFile = `${folder.path}/world.toml`;
const store = new MemoryCharacters();
const begin = (name: string): Promise<RunningServer> =>
  startServer(
    { port: 0, controlPort: 0, httpPort: 0, telemetryPort: 0, dataDir: `${folder.path}/${name}`, worldFile },
    { characters: store },
  );
let server: RunningServer;
beforeAll(async () => {
  writeFileSync(worldFile, WORLD);
  server = await begin("first");
});
afterAll(async () => {
  await server.stop();
  folder[Symbol.dispose]();
});

async function hello(name: string, more: Message = {}): Promise<RawClient> {
  const client = await RawClient.connect(server.ports.game);
  client.send({ type: "hello", v: 1, name, secret: `the secret of ${name.toLowerCase()}`, class: "Mage", ...more });
  return client;
}

/** In the world, and told where. */
async function enter(name: string, more: Message = {}): Promise<RawClient> {
  const client = await hello(name, more);
  await sees(() => client.last("state") !== undefined);
  return client;
}

async function bye(client: RawClient): Promise<void> {
  client.send({ type: "bye" });
  await sees(() => client.closed);
}

const at = (client: RawClient): { x: number; y: number } =>
  states(client).findLast(({ position }) => position !== undefined)!.position!;

const isNear = (client: RawClient, x: number, y: number, yards: number): boolean =>
  Math.hypot(at(client).x - x, at(client).y - y) <= yards;

async function walk(client: RawClient, x: number, y: number): Promise<void> {
  const go = (): void => client.send({ type: "movement", position: { x, y, z: 0 } });
  let asked = 0;
  await until(
    () => isNear(client, x, y, 0.05),
    () => (asked++ % 30 === 0 ? go() : undefined),
    PATIENCE_MS,
  );
}

/** Kills the boar; the points that the player has then. */
async function fight(client: RawClient): Promise<number> {
  const before = events(client, "experience").length;
  let asked = 0;
  const cast = (): void => {
    if (asked++ % 100 === 0) client.send({ type: "spell_cast", action: "CAST_START", spell_id: 200, target_id: BOAR });
  };
  await until(() => events(client, "experience").length > before, cast, PATIENCE_MS);
  return Number(events(client, "experience").at(-1)!["experience"]);
}

const welcome = (client: RawClient): Message => client.last("welcome")!;
const characterOf = (client: RawClient): Message => welcome(client)["character"] as Message;

test("level, experience, health, place and zone are the same when a character comes back, also after a restart", async () => {
  const ann = await enter("Ann", { zone: 1 });
  expect(characterOf(ann)).toEqual({ name: "Ann", level: 10, experience: 0 });
  const experience = await fight(ann);
  expect(experience).toBeGreaterThan(0);
  await walk(ann, -3, 7);
  await bye(ann);
  const back = await enter("ann", { zone: 2, class: "Warrior" });
  expect(welcome(back)).toMatchObject({ zone_id: 1, class: "Mage" });
  expect(characterOf(back)).toEqual({ name: "Ann", level: 10, experience });
  expect(isNear(back, -3, 7, 0.1)).toBe(true);
  // A portal right before the logout: it is at the portal, or through it, with everything.
  await walk(back, 0, 34);
  back.send({ type: "movement", position: { x: 0, y: 36, z: 0 } }, { type: "bye" });
  const third = await enter("Ann");
  expect(characterOf(third)).toEqual({ name: "Ann", level: 10, experience });
  expect(isNear(third, 0, 35, 3) || (welcome(third)["zone_id"] === 2 && isNear(third, 3, 8, 1))).toBe(true);
  // The server stops while it plays: its zones hand it out before they end.
  const place = at(third);
  const zone = welcome(third)["zone_id"];
  await server.stop();
  expect(store.find("Ann")?.record).toMatchObject({ zoneId: zone as number });
  expect(store.find("Ann")?.record?.words[TRANSFER_EXPERIENCE]).toBe(experience);
  server = await begin("second");
  const fourth = await enter("Ann");
  expect(welcome(fourth)).toMatchObject({ zone_id: zone, character: { level: 10, experience } });
  expect(isNear(fourth, place.x, place.y, 1)).toBe(true);
  await bye(fourth);
});

test("a portal on the way: the character is in the other zone, and comes back there", async () => {
  const bob = await enter("Bob", { zone: 1 });
  await walk(bob, 0, 30);
  bob.send({ type: "movement", position: { x: 0, y: 40, z: 0 } });
  await sees(() => bob.last("zone")?.["zone_id"] === 2);
  await bye(bob);
  const back = await enter("Bob");
  expect(welcome(back)).toMatchObject({ zone_id: 2 });
  expect(isNear(back, 3, 8, 0.1)).toBe(true);
  await bye(back);
});

test("its secret takes a character over; a wrong one does not, and its name is taken", async () => {
  const first = await enter("Cleo");
  const wrong = await hello("Cleo", { secret: "not the secret" });
  const nameless = await RawClient.connect(server.ports.game);
  nameless.send({ type: "hello", v: 1, name: "CLEO" });
  await sees(() => wrong.last("error") !== undefined && nameless.last("error") !== undefined);
  expect([wrong.last("error")?.["code"], nameless.last("error")?.["code"]]).toEqual(["bad_secret", "name_taken"]);
  expect(first.closed).toBe(false);
  const second = await enter("Cleo");
  await sees(() => first.closed);
  expect(first.last("error")).toMatchObject({ code: "taken_over" });
  expect(welcome(second)["session_id"]).toBe(welcome(first)["session_id"]);
  for (const client of [wrong, nameless]) client.close();
  await bye(second);
});

test("two first logins at the same moment, and a login in the same write as the logout before it", async () => {
  const both = await Promise.all([hello("Dora"), hello("Dora")]);
  await sees(() => both.every((client) => client.last("welcome") !== undefined));
  expect(new Set(both.map((client) => welcome(client)["session_id"])).size).toBe(1);
  await sees(() => both.some((client) => client.closed));
  let last = both.find((client) => !client.closed)!;
  await sees(() => last.last("state") !== undefined);
  for (let turn = 1; turn <= 5; turn++) {
    await walk(last, turn, -turn);
    last.send({ type: "bye" });
    last = await enter("Dora");
    expect([turn, isNear(last, turn, -turn, 0.1)]).toEqual([turn, true]);
  }
  await bye(last);
});

test("a client that dies at any moment loses nothing, and nobody sees its character twice", async () => {
  const watcher = await enter("Watcher", { zone: 1 });
  await walk(watcher, 2, 2);
  const eve = await enter("Eve", { zone: 1 });
  const experience = await fight(eve);
  await bye(eve);
  const random = seededRandom(7);
  for (let turn = 0; turn < 25; turn++) {
    const client = await hello("Eve");
    if (random() < 0.3) client.send({ type: "bye" });
    if (random() < 0.5) await sees(() => client.last("welcome") !== undefined || client.closed);
    await Bun.sleep(random() * 120);
    client.abort();
  }
  const back = await enter("Eve");
  await bye(back);
  const again = await enter("Eve");
  expect(characterOf(again)).toEqual({ name: "Eve", level: 10, experience });
  await sees(() => [...modelOf(watcher).model.entities.values()].some(({ name }) => name === "Eve"));
  const { model, problems } = modelOf(watcher);
  expect(problems).toEqual([]);
  expect([...model.entities.values()].filter(({ name }) => name === "Eve")).toHaveLength(1);
  expect(await metric(server.ports.http, 'wowsim_character_saves_total{outcome="never_came"}')).toBe(0);
  for (const client of [watcher, again]) await bye(client);
});

test("bots with characters, in both encodings: the same ones come back with what they had", async () => {
  const options = { host: "127.0.0.1", port: server.ports.game, count: 4, rate: 5, seed: 5, characters: true } as const;
  const first = await Swarm.start({ ...options, protocol: "json" });
  expect(first.clients.map(({ character }) => character?.level)).toEqual([10, 10, 10, 10]);
  await first.stop();
  const returned = await metric(server.ports.http, 'wowsim_character_logins_total{how="returned"}');
  const second = await Swarm.start({ ...options, protocol: "binary" });
  expect(second.clients.map(({ character }) => character?.name)).toEqual([1, 2, 3, 4].map((n) => `Hero 5-${n}`));
  expect(second.stats.protocolErrors).toBe(0);
  await second.stop();
  await eventually(
    async () => (await metric(server.ports.http, 'wowsim_character_logins_total{how="returned"}')) - returned === 4,
  );
  const impostor = new GameClient({
    host: "127.0.0.1",
    port: server.ports.game,
    name: "Hero 5-1",
    secret: "some other one",
    random: () => 0.5,
    stats: new ClientStats(),
  });
  await expect(impostor.connect()).rejects.toMatchObject({ code: "bad_secret" });
});

test("many wrong secrets of a stranger at once delay nobody else's messages", async () => {
  const player = await enter("Fay");
  const strangers = await Promise.all(Array.from({ length: 20 }, () => hello("Fay", { secret: "a wrong secret" })));
  let answered = 0;
  for (let ping = 1; ping <= 20; ping++) {
    player.send({ type: "ping", t: ping });
    await sees(() => player.last("pong")?.["t"] === ping);
    if (strangers.every((stranger) => stranger.last("error") === undefined)) answered++;
  }
  await sees(() => strangers.every((stranger) => stranger.last("error") !== undefined));
  const codes = new Set(strangers.map((stranger) => stranger.last("error")?.["code"]));
  expect([...codes].toSorted()).toEqual(["bad_secret", "limit_wrong_tokens"]);
  expect(answered).toBeLessThan(20); // the secrets were really compared meanwhile
  for (const stranger of strangers) stranger.close();
  await bye(player);
});
