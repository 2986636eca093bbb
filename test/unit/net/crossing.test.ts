// A player between two zones, as the gateway holds them: sent on, sent back, sent elsewhere, never twice and never lost.

import { expect, test } from "bun:test";
import { OP_LEAVE, TRANSFER_ACK } from "../../../assembly/abi.ts";
import type { Session } from "../../../server/main/gateway/session.ts";
import { FrameBuilder, startGateway } from "../../helpers/net.ts";
import type { RawClient, TestGateway } from "../../helpers/net.ts";

async function enter(server: TestGateway, zone: number): Promise<{ client: RawClient; session: Session }> {
  const client = await server.client();
  client.send({ type: "hello", v: 1, name: "Ann", zone });
  await server.run(() => client.last("welcome") !== undefined);
  const session = server.gateway.sessions.get(Number(client.last("welcome")?.["session_id"]))!;
  server.link.tick(zone, new FrameBuilder(session.id, 2).reset());
  await server.run(() => client.last("state") !== undefined);
  return { client, session };
}

test("goes through a portal: is told, and held until the next zone has them", async () => {
  await using server = startGateway({ zones: [1, 2, 3] });
  const { client, session } = await enter(server, 1);
  server.link.depart(session.id, 1, 2);
  expect(session).toMatchObject({ state: "TRANSFERRING", zoneId: 2, homeZoneId: 2, crossing: { from: 1, to: 2 } });
  expect(server.link.arrivals).toMatchObject([{ zoneId: 2, session: session.id }]);
  await server.run(() => client.last("zone") !== undefined);
  expect(client.last("zone")).toMatchObject({ zone_id: 2, reason: "portal" });
  server.link.arrived(session.id, 2, true);
  expect(session.crossing).toBeNull();
  server.link.tick(2, new FrameBuilder(session.id, 3).reset());
  await server.run(() => session.state === "IN_WORLD");
  expect(server.emitter.all("Invalid state transition attempted")).toEqual([]);
});

test("what they did when they had already left the zone is told to be lost, once", async () => {
  await using server = startGateway({ zones: [1, 2, 3] });
  const { client, session } = await enter(server, 1);
  const act = async (seq: number): Promise<void> => {
    client.send({ type: "movement", position: { x: 1, y: 0, z: 0 }, seq });
    await server.run(() => session.lastSeq === seq);
  };
  for (const seq of [4, 7, 9]) await act(seq);
  server.link.depart(session.id, 1, 2, 4);
  await server.run(() => client.last("zone") !== undefined);
  expect(client.last("zone")).toMatchObject({ zone_id: 2, lost_from: 5, lost_to: 9 });
  expect(session.crossing?.words[TRANSFER_ACK]).toBe(9);
  server.link.arrived(session.id, 2, false); // back to where they came from, with nothing lost on the way
  await server.run(() => client.last("zone")?.["zone_id"] === 1);
  expect(client.last("zone")).not.toHaveProperty("lost_from");
  server.link.arrived(session.id, 1, false);
  await act(10);
  server.link.arrived(session.id, session.zoneId, true);
  server.link.depart(session.id, session.zoneId, 2, 10);
  await server.run(() => client.last("zone")?.["zone_id"] === 2);
  expect(client.last("zone")).not.toHaveProperty("lost_from");
});

test("with nobody to tell, what came too late was never received: whoever resumes says it again", async () => {
  await using server = startGateway({ zones: [1, 2, 3] });
  const { client, session } = await enter(server, 1);
  for (const seq of [4, 9]) client.send({ type: "movement", position: { x: 1, y: 0, z: 0 }, seq });
  await server.run(() => session.lastSeq === 9);
  client.abort();
  await server.run(() => session.state === "DISCONNECTING");
  server.link.depart(session.id, 1, 2, 4);
  const back = await server.client();
  back.send({ type: "hello", v: 1, name: "Ann", resume: session.resumeToken });
  await server.run(() => back.last("welcome") !== undefined);
  expect(back.last("welcome")).toMatchObject({ zone_id: 2, seq: 4 });
});

test.each<[what: string, tried: number[]]>([
  ["takes nobody", [1]],
  ["refuses them", [2, 1]],
  ["goes down with them on the way", [2, 1]],
])("the zone %s: they are sent back with all that is theirs", async (what, tried) => {
  await using server = startGateway({ zones: [1, 2, 3] });
  const { session } = await enter(server, 1);
  if (what === "takes nobody") server.link.zones.get(2)!.state = "DOWN";
  server.link.depart(session.id, 1, 2);
  if (what === "refuses them") server.link.arrived(session.id, 2, false);
  if (what === "goes down with them on the way") server.link.setState(2, "DOWN");
  expect(server.link.arrivals.map(({ zoneId }) => zoneId)).toEqual(tried);
  expect(session).toMatchObject({ zoneId: 1, homeZoneId: 1 });
  server.link.arrived(session.id, 2, true); // of the zone they are not bound for any more
  expect(session.crossing).not.toBeNull();
  server.link.arrived(session.id, 1, true);
  expect(session.crossing).toBeNull();
  expect(server.gateway.sessions.playersIn(1)).toBe(1);
  expect(server.gateway.sessions.playersIn(2)).toBe(0);
});

test("a zone that is too overloaded for anybody new sends them back and says why; who came from it comes back", async () => {
  await using server = startGateway({ zones: [1, 2] });
  const { client, session } = await enter(server, 1);
  server.link.zones.get(2)!.overloadLevel = 5;
  server.link.zones.get(1)!.overloadLevel = 5;
  server.link.depart(session.id, 1, 2);
  await server.run(() => client.last("zone") !== undefined);
  expect(client.last("zone")).toMatchObject({ zone_id: 1, reason: "zone_overloaded" });
  expect(server.link.arrivals).toMatchObject([{ zoneId: 1, session: session.id }]);
});

test("when no zone can take them they wait, and are let in when one can", async () => {
  await using server = startGateway();
  const { session } = await enter(server, 1);
  for (const zone of [1, 2]) server.link.zones.get(zone)!.state = "DOWN";
  server.link.depart(session.id, 1, 2);
  expect([session.zoneId, session.state, server.link.arrivals.length]).toEqual([0, "TRANSFERRING", 0]);
  server.link.zones.get(1)!.state = "ACTIVE";
  await server.run(() => session.zoneId === 1);
  expect(server.link.arrivals).toMatchObject([{ zoneId: 1, session: session.id }]);
});

test("a full ring delays an arrival, and what comes after it stays behind it", async () => {
  await using server = startGateway();
  const { client, session } = await enter(server, 1);
  server.link.full.add(2);
  server.link.depart(session.id, 1, 2);
  client.send({ type: "bye" });
  await server.run(() => server.gateway.sessions.size === 0);
  expect(server.link.arrivals).toEqual([]);
  server.link.commands.length = 0;
  server.link.full.delete(2);
  await server.run(() => server.link.arrivals.length === 1);
  await server.run(() => server.link.opsOf(session.id).includes(OP_LEAVE));
  expect(server.link.commands.map(({ zoneId, op }) => [zoneId, op])).toEqual([[2, OP_LEAVE]]);
});

test("one who left the game, or was moved, is not waited for", async () => {
  await using server = startGateway();
  const { client, session } = await enter(server, 1);
  server.link.setState(1, "DOWN");
  expect(session.zoneId).toBe(2);
  server.link.depart(session.id, 1, 2);
  expect(session.crossing).toBeNull();
  client.send({ type: "bye" });
  await server.run(() => server.gateway.sessions.size === 0);
  server.link.depart(session.id, 2, 1);
  expect(server.link.arrivals).toEqual([]);
});
