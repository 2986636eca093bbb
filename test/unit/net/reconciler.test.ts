// The router's word against what zones say: who is in a zone without a session, in two, or in none, and who is let in nowhere.

import { expect, test } from "bun:test";
import { OP_JOIN, OP_LEAVE, OP_WATCH, REFUSED_ZONE_FULL } from "../../../assembly/abi.ts";
import type { Session } from "../../../server/main/gateway/session.ts";
import { ENTRY_TRIES_MAX } from "../../../server/main/gateway/zone-router.ts";
import { IS_THERE, QUARANTINED, REFUSED, UNDONE } from "../../../server/shared/ring-records.ts";
import { FrameBuilder, startGateway } from "../../helpers/net.ts";
import type { RawClient, TestGateway } from "../../helpers/net.ts";

async function enter(server: TestGateway, zone: number): Promise<{ client: RawClient; session: Session }> {
  const client = await server.client();
  client.send({ type: "hello", v: 1, name: "Ann", zone });
  await server.run(() => client.last("welcome") !== undefined);
  const session = server.gateway.sessions.get(Number(client.last("welcome")?.["session_id"]))!;
  return { client, session };
}

/** The same, and the zone has said that they are there. */
async function enterAndBeThere(server: TestGateway, zone: number): Promise<{ client: RawClient; session: Session }> {
  const entered = await enter(server, zone);
  server.link.entered(entered.session.id, zone, IS_THERE);
  server.link.tick(zone, new FrameBuilder(entered.session.id, 2).reset());
  await server.run(() => entered.client.last("state") !== undefined);
  server.link.commands.length = 0;
  return entered;
}

const told = ({ link }: TestGateway): [number, number, number][] =>
  link.commands.map(({ zoneId, op, session }) => [zoneId, op, session]);

test("an id without a session is taken out of its zone, again after 1, 2, 4 ... rounds", async () => {
  await using server = startGateway();
  const rounds: number[] = [];
  for (let round = 0; round < 16; round++) {
    const before = server.link.commands.length;
    server.link.census(1, [77]);
    if (server.link.commands.length > before) rounds.push(round);
  }
  expect(rounds).toEqual([0, 2, 5, 10]);
  expect(server.link.commands[0]).toMatchObject({ zoneId: 1, op: OP_LEAVE, session: 77 });
  expect(server.gateway.membership.ghosts).toBe(4);
  expect(server.emitter.all("Membership mended")[0]).toMatchObject({ zone_id: 1, taken_out: 1, entity_ids: [77] });
});

test("a LEAVE on its way is waited for; the zone that has dealt with it and kept them is told again", async () => {
  await using server = startGateway();
  const { client, session } = await enterAndBeThere(server, 1);
  client.send({ type: "bye" });
  await server.run(() => server.gateway.sessions.size === 0);
  const { a: ticket } = server.link.commands[0]!;
  server.link.commands.length = 0;
  server.link.census(1, [session.id], ticket - 1);
  expect(server.link.commands).toEqual([]);
  server.link.census(1, [session.id], ticket);
  expect(told(server)).toEqual([[1, OP_LEAVE, session.id]]);
});

test("in two zones the router's word holds; creatures and phantoms are not its business", async () => {
  await using server = startGateway();
  const { session } = await enterAndBeThere(server, 1);
  for (let round = 0; round < 3; round++) {
    server.link.census(1, [session.id, 1_000_001, 2_000_001]);
    server.link.census(2, [session.id, 1_000_001, 2_000_001], round === 0 ? 0 : undefined);
  }
  expect(told(server).every(([zone, op, id]) => zone === 2 && op === OP_LEAVE && id === session.id)).toBe(true);
  expect(told(server).length).toBeGreaterThan(0);
});

test("who is not in their zone for two rounds is put in again, and told so", async () => {
  await using server = startGateway();
  const { client, session } = await enterAndBeThere(server, 1);
  server.link.census(1, []);
  server.link.census(1, [session.id]);
  server.link.census(1, []);
  expect(server.link.commands).toEqual([]);
  server.link.census(1, []);
  expect(told(server)).toEqual([[1, OP_JOIN, session.id]]);
  await server.run(() => client.last("zone") !== undefined);
  expect(client.last("zone")).toMatchObject({ zone_id: 1, reason: "put_back" });
  expect(server.gateway.membership.misses.absent).toBe(1);
});

test("a rollback that undoes an arrival puts them in again at once; an older answer says nothing", async () => {
  await using server = startGateway();
  const { session } = await enterAndBeThere(server, 1);
  server.link.entered(session.id, 2, UNDONE);
  expect(server.link.commands).toEqual([]);
  server.link.entered(session.id, 1, UNDONE);
  expect(told(server)).toEqual([[1, OP_JOIN, session.id]]);
});

test.each<[what: string, outcome: number]>([
  ["refuses", REFUSED],
  ["fails on", QUARANTINED],
])("who a zone %s is put into another, and told so", async (_what, outcome) => {
  await using server = startGateway();
  const { client, session } = await enter(server, 1);
  server.link.entered(session.id, 1, outcome, REFUSED_ZONE_FULL);
  expect(session).toMatchObject({ zoneId: 2, homeZoneId: 2, isThere: false });
  await server.run(() => client.last("zone") !== undefined);
  expect(client.last("zone")).toMatchObject({ zone_id: 2, reason: "not_let_in" });
  expect(server.emitter.all("Player not in zone")).toMatchObject([{ zone_id: 1, reason: "zone_full", tries: 1 }]);
});

test("who no zone lets in is told so, and the session ends", async () => {
  await using server = startGateway();
  const { client, session } = await enter(server, 1);
  for (let tries = 0; tries < ENTRY_TRIES_MAX; tries++) {
    await server.run(() => session.zoneId !== 0);
    server.link.entered(session.id, session.zoneId, QUARANTINED);
  }
  await server.run(() => client.closed);
  expect(client.last("error")).toMatchObject({ code: "no_zone" });
  expect(server.gateway.sessions.size).toBe(0);
  expect(server.gateway.membership.expelled).toBe(1);
  expect(server.emitter.all("Invalid state transition attempted")).toEqual([]);
});

test("a JOIN that no zone ever answers is not waited for", async () => {
  await using server = startGateway();
  const { session } = await enter(server, 1);
  server.link.commands.length = 0;
  for (let round = 0; round < 5; round++) server.link.census(1, [], 0);
  expect(told(server)).toEqual([
    [1, OP_LEAVE, session.id],
    [2, OP_JOIN, session.id],
  ]);
});

test("who waits for a reset for two rounds is told everything anew; a census confirms who is there", async () => {
  await using server = startGateway();
  const { session } = await enter(server, 1);
  server.link.commands.length = 0;
  server.link.census(1, [session.id]);
  expect(session.isThere).toBe(true);
  server.link.census(1, [session.id]);
  expect(told(server)).toEqual([[1, OP_WATCH, session.id]]);
});

test("a LEAVE that was owed to a zone when it went DOWN is not waited for: if it comes back with them, it is told", async () => {
  await using server = startGateway();
  const { client, session } = await enterAndBeThere(server, 1);
  server.link.full.add(1);
  client.send({ type: "bye" });
  await server.run(() => server.gateway.sessions.size === 0);
  server.link.setState(1, "DOWN");
  server.link.full.delete(1);
  server.link.setState(1, "ACTIVE");
  server.gateway.onServerTick(1_000);
  expect(server.link.commands).toEqual([]);
  server.link.census(1, [session.id]);
  expect(told(server)).toEqual([[1, OP_LEAVE, session.id]]);
});
