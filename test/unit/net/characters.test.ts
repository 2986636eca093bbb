// Characters at the gateway: created, refused, taken over, taken out of the world and brought back, whatever the zones answer.

import { expect, test } from "bun:test";
import * as abi from "../../../assembly/abi.ts";
import { characterKey } from "../../../server/shared/character-store.ts";
import type { Character, CharacterStore } from "../../../server/shared/character-store.ts";
import { MemoryCharacters } from "../../../server/main/gateway/memory-characters.ts";
import { SecretHashes } from "../../../server/main/gateway/secret-hashes.ts";
import type { Session } from "../../../server/main/gateway/session.ts";
import { startGateway, until } from "../../helpers/net.ts";
import type { RawClient, TestGateway } from "../../helpers/net.ts";

const SECRET = "open sesame";

interface Player {
  client: RawClient;
  session: Session;
}

async function say(server: TestGateway, hello: Record<string, unknown>): Promise<RawClient> {
  const client = await server.client();
  client.send({ type: "hello", v: 1, name: "Ann", secret: SECRET, ...hello });
  return client;
}

async function enter(server: TestGateway, hello: Record<string, unknown> = {}): Promise<Player> {
  const client = await say(server, hello);
  await server.run(() => client.received.length > 0);
  expect(client.received[0]).toMatchObject({ type: "welcome" });
  const session = server.gateway.sessions.get(Number(client.last("welcome")?.["session_id"]))!;
  server.link.arrived(session.id, session.zoneId, true);
  return { client, session };
}

async function leave(server: TestGateway, { client, session }: Player): Promise<void> {
  client.send({ type: "bye" });
  await server.run(() => server.gateway.sessions.get(session.id) === undefined);
}

/** What the zone hands out of a character of this level and experience, who stood at x. */
function record(server: TestGateway, { session }: Player, level: number, experience: number, x = 1): void {
  const words = new Uint32Array(abi.TRANSFER_WORDS);
  words[abi.TRANSFER_LEVEL] = level;
  words[abi.TRANSFER_EXPERIENCE] = experience;
  server.link.handOut({ session: session.id, from: zoneOf(server, session), to: 0, at: { x, y: 2, z: 0 }, words });
}

/** The zone that was last told anything of the session. */
function zoneOf(server: TestGateway, session: Session): number {
  return server.link.commands.findLast((command) => command.session === session.id)!.zoneId;
}

async function errorOf(server: TestGateway, client: RawClient): Promise<string> {
  await server.run(() => client.last("error") !== undefined);
  return String(client.last("error")?.["code"]);
}

test.each([
  ["Ann", "ANN", true],
  ["Ann", "Ａｎｎ", true],
  ["Ann", " Ann ", true],
  ["Anna  Lee", "anna lee", true],
  ["Straße", "STRASSE", true],
  ["Straße", "STRAẞE", true],
  ["Ann", "Änn", false],
  ["Ann", "Anna", false],
])("the names %p and %p are the same: %p", (one, other, isSame) => {
  expect(characterKey(one) === characterKey(other)).toBe(isSame);
  expect(characterKey(characterKey(one))).toBe(characterKey(one));
});

test("a name with a secret becomes a character; nobody has the name without the secret", async () => {
  await using server = startGateway();
  const { client, session } = await enter(server, { class: "Mage" });
  expect(client.last("welcome")).toMatchObject({ class: "Mage", character: { name: "Ann", level: 10, experience: 0 } });
  expect(session.character?.secretHash).toStartWith("$argon2id$");
  for (const name of ["Ann", "ann", "Ａｎｎ"]) {
    const other = await server.client();
    other.send({ type: "hello", v: 1, name });
    expect(await errorOf(server, other)).toBe("name_taken");
    other.send({ type: "hello", v: 1, name: "Bob" });
    await server.run(() => other.last("welcome") !== undefined);
    expect(other.last("welcome")).not.toHaveProperty("character");
  }
  expect(await errorOf(server, await say(server, { secret: "open barley" }))).toBe("bad_secret");
  expect(server.gateway.characters.counts).toMatchObject({ created: 1, takenOver: 0 });
});

test.each<[what: string, hello: Record<string, unknown>, code: string]>([
  ["a short secret", { secret: "short" }, "malformed"],
  ["an empty secret", { secret: "" }, "malformed"],
  ["a secret of too many bytes", { secret: "😀".repeat(65) }, "malformed"],
  ["a long secret", { secret: "x".repeat(129) }, "malformed"],
  ["a secret that is no text", { secret: { $gt: "" } }, "malformed"],
  ["a secret without a name", { name: "" }, "malformed"],
  ["a name that hides something", { name: "Ann\u202e" }, "malformed"],
  ["a name of players without one", { name: "Player 12" }, "name_taken"],
  ["a class that there is not", { class: "Jester" }, "no_such_class"],
  ["a zone that there is not", { zone: 9 }, "no_such_zone"],
])("%s is refused, and makes no character", async (_, hello, code) => {
  await using server = startGateway();
  expect(await errorOf(server, await say(server, hello))).toBe(code);
  expect(server.gateway.characters.store.size).toBe(0);
});

test("after too many wrong secrets the address's connections are closed; the right one still gets in", async () => {
  await using server = startGateway();
  await enter(server);
  const guesser = await server.client();
  for (let guess = 0; guess < 6; guess++) {
    const before = guesser.received.length;
    guesser.send({ type: "hello", v: 1, name: "Ann", secret: `a wrong one ${guess}` });
    await server.run(() => guesser.received.length > before);
  }
  expect(guesser.received.map(({ code }) => code)).toEqual([
    ...Array.from({ length: 5 }, () => "bad_secret"),
    "limit_wrong_tokens",
  ]);
  await server.run(() => guesser.closed);
  await enter(server);
});

test("a character that leaves hands its state out, and comes back with it, to the same zone and place", async () => {
  await using server = startGateway({ zones: [1, 2, 3] });
  const ann = await enter(server, { zone: 2 });
  await leave(server, ann);
  const last = server.link.commands.at(-1)!;
  expect([last.zoneId, last.op, last.flags]).toEqual([2, abi.OP_LEAVE, abi.LEAVE_RECORDS]);
  record(server, ann, 12, 345, 7);
  const { client, session } = await enter(server, { zone: 1 });
  expect(client.last("welcome")).toMatchObject({ zone_id: 2, character: { level: 12, experience: 345 } });
  expect(session.id).not.toBe(ann.session.id);
  expect(server.link.arrivals.at(-1)).toMatchObject({ zoneId: 2, session: session.id, x: 7, y: 2 });
  expect(server.gateway.characters.counts).toMatchObject({ created: 1, returned: 1, saved: 1 });
});

test("a login during the logout waits for what the zone hands out; the newest of two gets the character", async () => {
  await using server = startGateway();
  const ann = await enter(server);
  await leave(server, ann);
  const [early, late] = [await say(server, {}), await say(server, {})];
  await server.run(() => early.closed || late.closed);
  const [dismissed, kept] = early.closed ? [early, late] : [late, early];
  expect(dismissed.last("error")).toMatchObject({ code: "taken_over" });
  expect(kept.received).toEqual([]);
  record(server, ann, 11, 50);
  await server.run(() => kept.last("welcome") !== undefined);
  expect(kept.last("welcome")).toMatchObject({ character: { level: 11, experience: 50 } });
});

test("the right secret takes a character over that is in the world, with its link or without", async () => {
  await using server = startGateway();
  const first = await enter(server);
  const second = await say(server, {});
  await server.run(() => second.last("welcome") !== undefined && first.client.closed);
  expect(first.client.last("error")).toMatchObject({ code: "taken_over" });
  expect(second.last("welcome")).toMatchObject({ session_id: first.session.id, character: { name: "Ann" } });
  expect(second.last("welcome")?.["character"]).not.toHaveProperty("level");
  second.abort();
  await server.run(() => first.session.state === "DISCONNECTING");
  const third = await say(server, {});
  await server.run(() => third.last("welcome") !== undefined);
  expect(third.last("welcome")).toMatchObject({ session_id: first.session.id });
  expect(server.link.commands.filter(({ op }) => op === abi.OP_LEAVE)).toEqual([]);
});

test("two first hellos at the same moment make one character, which the second takes over", async () => {
  await using server = startGateway();
  const both = [await say(server, {}), await say(server, {})];
  const wrong = await say(server, { secret: "another one" });
  await server.run(() => both.every((client) => client.last("welcome") !== undefined));
  expect(await errorOf(server, wrong)).toBe("bad_secret");
  expect(new Set(both.map((client) => client.last("welcome")?.["session_id"])).size).toBe(1);
  expect(server.gateway.characters.store.size).toBe(1);
});

test("a client that is gone, or said bye, before its secret was hashed makes no character and loses none", async () => {
  await using server = startGateway();
  const [gone, bye] = [await say(server, {}), await say(server, { name: "Bob" })];
  gone.abort();
  bye.send({ type: "bye" });
  const impatient = await say(server, { name: "Cleo" });
  impatient.send({ type: "hello", v: 1, name: "Dan" }, { type: "movement", position: { x: 1, y: 0, z: 0 } });
  await server.run(() => impatient.last("welcome") !== undefined);
  expect(impatient.received.map(({ code, type }) => code ?? type)).toEqual(["busy", "malformed", "welcome"]);
  expect([...server.gateway.sessions.values()].map(({ name }) => name)).toEqual(["Cleo"]);
  const { client } = await enter(server, { name: "Ann" });
  expect(client.last("welcome")).toMatchObject({ character: { level: 10 } });
});

test("a zone that still has the player is asked again; one that never had it leaves the record as it was", async () => {
  await using server = startGateway();
  const ann = await enter(server, { zone: 1 });
  await leave(server, ann);
  const leaves = (): number => server.link.commands.filter(({ op }) => op === abi.OP_LEAVE).length;
  server.link.census(1, [ann.session.id]);
  expect(leaves()).toBe(2);
  expect(server.link.commands.at(-1)!.flags).toBe(abi.LEAVE_RECORDS);
  server.link.census(1, [ann.session.id], 0); // it has not handled the second one
  expect(leaves()).toBe(2);
  record(server, ann, 13, 1);
  const back = await enter(server);
  await leave(server, back);
  server.link.census(1, []);
  const again = await enter(server);
  expect(again.client.last("welcome")).toMatchObject({ character: { level: 13, experience: 1 } });
  await leave(server, again);
  for (let round = 0; round < 8; round++) server.link.census(1, [again.session.id]);
  expect(server.gateway.characters.counts.unrecorded).toBe(1);
  expect(server.link.commands.at(-1)!.flags).toBe(0); // removed without a record in the end
  server.link.census(1, [again.session.id], 0);
  expect(server.gateway.membership.ghosts).toBe(0);
});

test("a zone that goes down during the logout: what it still told counts, else the record of before", async () => {
  await using server = startGateway();
  const ann = await enter(server, { zone: 1 });
  await leave(server, ann);
  server.link.setState(1, "DOWN");
  record(server, ann, 14, 2);
  const back = await enter(server);
  expect(back.client.last("welcome")).toMatchObject({ zone_id: 2, character: { level: 14 } });
  expect(server.link.arrivals.at(-1)).toMatchObject({ x: 0, y: 0 }); // another zone: its spawn point
  await leave(server, back);
  server.link.setState(2, "DOWN");
  server.link.setState(1, "ACTIVE");
  const waiting = await say(server, {});
  await server.run(() => waiting.last("welcome") !== undefined);
  expect(waiting.last("welcome")).toMatchObject({ zone_id: 1, character: { level: 14 } });
  expect(server.gateway.characters.counts.unrecorded).toBe(1);
});

test("a portal right before the logout: the state that came through it is the record", async () => {
  await using server = startGateway();
  const ann = await enter(server, { zone: 1 });
  await leave(server, ann);
  server.link.depart(ann.session.id, 1, 2);
  server.link.census(1, []);
  const { session } = await enter(server);
  expect(session.zoneId).toBe(2);
  expect(server.link.arrivals).toHaveLength(1);
});

test("a character on its way between zones that leaves is stored as it departed", async () => {
  await using server = startGateway();
  const ann = await enter(server, { zone: 1 });
  const words = new Uint32Array(abi.TRANSFER_WORDS);
  words[abi.TRANSFER_LEVEL] = 15;
  server.link.zones.get(2)!.state = "DOWN";
  server.link.zones.get(1)!.state = "DOWN";
  server.link.handOut({ session: ann.session.id, from: 1, to: 2, at: { x: 1, y: 1, z: 0 }, words });
  expect(ann.session.zoneId).toBe(0);
  await leave(server, ann);
  server.link.zones.get(2)!.state = "ACTIVE";
  const { client } = await enter(server);
  expect(client.last("welcome")).toMatchObject({ zone_id: 2, character: { level: 15 } });
});

test("an arrival that every zone refuses ends the session, and the record is still in the store", async () => {
  await using server = startGateway({ zones: [1, 2, 3] });
  const ann = await enter(server, { zone: 1 });
  await leave(server, ann);
  record(server, ann, 12, 9);
  const client = await say(server, {});
  await server.run(() => client.last("welcome") !== undefined);
  const session = server.gateway.sessions.get(Number(client.last("welcome")?.["session_id"]))!;
  for (let tries = 0; tries < 8; tries++) server.link.arrived(session.id, session.zoneId, false);
  expect(server.link.arrivals.filter((arrival) => arrival.session === session.id)).toHaveLength(8);
  await server.run(() => client.closed);
  for (const zone of [1, 2, 3]) server.link.census(zone, []);
  const again = await enter(server);
  expect(again.client.last("welcome")).toMatchObject({ character: { level: 12, experience: 9 } });
});

test("a zone that loses its memory: the character enters another with its last record, and is brought home with a new one", async () => {
  await using server = startGateway();
  const ann = await enter(server, { zone: 1 });
  await leave(server, ann);
  record(server, ann, 12, 9);
  const { client, session } = await enter(server);
  server.link.setState(1, "DOWN");
  expect(server.link.arrivals.at(-1)).toMatchObject({ zoneId: 2, session: session.id, x: 0 });
  server.link.arrived(session.id, 2, true);
  server.link.setState(1, "ACTIVE");
  expect(session.zoneId).toBe(2);
  record(server, { client, session }, 12, 44);
  expect(session.zoneId).toBe(1);
  await server.run(() => client.last("zone")?.["reason"] === "zone_restored");
  expect(server.link.arrivals.at(-1)).toMatchObject({ zoneId: 1, session: session.id });
  expect(session.character?.record?.words[abi.TRANSFER_EXPERIENCE]).toBe(44);
});

test("a stop takes characters out of the world and waits for what their zones hand out", async () => {
  const server = startGateway();
  const [ann, bob] = [await enter(server), await enter(server, { name: "Bob" })];
  bob.client.abort();
  await server.run(() => bob.session.state === "DISCONNECTING");
  const stopped = server.gateway.stop();
  await until(() => server.link.commands.filter(({ op }) => op === abi.OP_LEAVE).length === 2);
  record(server, ann, 16, 1);
  record(server, bob, 17, 1);
  await stopped;
  const { store } = server.gateway.characters;
  const levels = ["Ann", "Bob"].map((name) => store.find(name)?.record?.words[abi.TRANSFER_LEVEL]);
  expect(levels).toEqual([16, 17]);
});

/** A store whose saves become safe, or fail, when the test says so. */
class SlowStore implements CharacterStore {
  readonly inner = new MemoryCharacters();
  readonly waiting: { end(isSafe: boolean): void }[] = [];

  get size(): number {
    return this.inner.size;
  }

  hasRoom = true;

  find(name: string): Character | undefined {
    return this.inner.find(name);
  }

  save(character: Character): Promise<void> {
    void this.inner.save(character);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.waiting.push({ end: (isSafe) => (isSafe ? resolve() : reject(new Error("the disk is full"))) });
    return promise;
  }

  enters(): void {}
}

test("the welcome of a new character waits until it is safe, and keeps nobody else waiting", async () => {
  const characters = new SlowStore();
  await using server = startGateway({ characters });
  const client = await say(server, {});
  await server.run(() => characters.waiting.length === 1);
  const other = await server.client();
  other.send({ type: "hello", v: 1, name: "Bob" });
  await server.run(() => other.last("welcome") !== undefined);
  expect(client.received).toEqual([]);
  const second = await say(server, {}); // Ann too: waits as well, and gets her
  const pending = server.gateway.characters.isUnsettled("ann");
  characters.waiting[0]!.end(true);
  await server.run(() => client.last("welcome") !== undefined && second.last("welcome") !== undefined);
  expect(pending).toBe(true);
  expect(client.last("welcome")?.["session_id"]).toBe(second.last("welcome")?.["session_id"]);
});

test("a store that can not keep a character, or has no room: busy, and other clients play on", async () => {
  const characters = new SlowStore();
  await using server = startGateway({ characters });
  const client = await say(server, {});
  await server.run(() => characters.waiting.length === 1);
  characters.waiting[0]!.end(false);
  expect(await errorOf(server, client)).toBe("busy");
  characters.hasRoom = false;
  expect(await errorOf(server, await say(server, { name: "Bob" }))).toBe("busy");
});

test("hashing takes turns between addresses, one at a time, and a full queue says so", async () => {
  const hashes = new SecretHashes();
  const done: string[] = [];
  const add = (address: string, what: string): boolean => hashes.make(address, SECRET, () => void done.push(what));
  const taken = Array.from({ length: 20 }, (_, index) => add("203.0.113.7", `attacker ${index}`));
  expect(taken.filter(Boolean)).toHaveLength(17); // one runs, 16 wait
  expect(add("198.51.100.1", "Ann")).toBe(true);
  await until(() => done.length === 18);
  expect(done.indexOf("Ann")).toBeLessThanOrEqual(2);
  expect(hashes.pending).toBe(0);
  const { promise, resolve } = Promise.withResolvers<boolean>();
  hashes.compare("203.0.113.7", SECRET, "no hash", resolve);
  expect(await promise).toBe(false);
});
