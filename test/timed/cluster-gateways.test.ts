// Players of several gateways, which are real processes, over zones with the real kernel: they come back at any gateway with their token.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { BusNames } from "../../server/bus/subjects.ts";
import { loadWorld } from "../../server/protocol/content/load.ts";
import { NATS_SERVER, TestNats } from "../helpers/bus.ts";
import { BusHost } from "../helpers/bus-host.ts";
import { GatewayProcess, hello, helloUntil } from "../helpers/gateway-process.ts";
import { RawClient } from "../helpers/net.ts";
import type { Message } from "../helpers/net.ts";
import { modelOf, sees } from "../helpers/sessions.ts";

setDefaultTimeout(120_000);

/** Moves the player, and waits until a frame says that it is done. */
async function move(client: RawClient, seq: number, x: number): Promise<void> {
  client.send({ type: "movement", position: { x, y: 0, z: 0 }, seq });
  await sees(() => Number(client.last("state")?.["ack"] ?? 0) >= seq || acksOf(client) >= seq);
}

function acksOf(client: RawClient): number {
  return Math.max(0, ...client.received.map((message) => Number(message["ack"] ?? 0)));
}

const isIn = (client: RawClient): boolean =>
  client.received.some(({ type, reset }) => type === "state" && reset === true);

describe.skipIf(NATS_SERVER === null)("players of several gateways", () => {
  let nats: TestNats;
  let host: BusHost;
  const names = new BusNames();
  beforeAll(async () => {
    nats = await TestNats.start();
    host = await BusHost.start(await nats.bus("host"), names, await loadWorld());
  });
  afterAll(async () => {
    await host.stop();
    await nats[Symbol.asyncDispose]();
  });

  const start = async (count: number): Promise<{ all: GatewayProcess[] } & AsyncDisposable> => {
    const all = await Promise.all(Array.from({ length: count }, () => GatewayProcess.start(nats.url)));
    return {
      all,
      async [Symbol.asyncDispose]() {
        for (const gateway of all) await gateway[Symbol.asyncDispose]();
      },
    };
  };
  const players = (): number[] => [1, 2].flatMap((zone) => host.entities(zone));
  /** Waits until the zones have these players and no others, and still have them a little later. */
  const untilPlayers = async (...ids: number[]): Promise<void> => {
    const isSo = (): boolean => Bun.deepEquals(new Set(players()), new Set(ids));
    await host.counted();
    await sees(isSo);
    await host.counted();
    expect(isSo()).toBe(true);
  };

  test("each gateway gives sessions of its own block; players see each other, with names", async () => {
    await using gateways = await start(2);
    const [a, b] = gateways.all as [GatewayProcess, GatewayProcess];
    expect([a.ready.gateway, b.ready.gateway].toSorted()).toEqual([1, 2]);
    const [ann, ben] = [await hello(a.port, { zone: 1 }), await hello(b.port, { name: "Ben", zone: 1 })];
    for (const [{ answer }, gateway] of [
      [ann, a],
      [ben, b],
    ] as const) {
      expect(Number(answer["session_id"])).toBeGreaterThan(block(gateway));
      expect(Number(answer["session_id"])).toBeLessThanOrEqual(block(gateway) + 15_000);
    }
    await sees(() => seen(ann.client).includes("Ben") && seen(ben.client).includes("Ann"));
    await move(ann.client, 1, 0.2);
    await sees(() => {
      const other = modelOf(ben.client).model.entities.get(Number(ann.answer["session_id"]));
      return other !== undefined && Math.abs(other.x - 0.2) < 0.02;
    });
    for (const { client } of [ann, ben]) client.send({ type: "bye" });
    await untilPlayers();
  });

  test("a player comes back at another gateway while the first one lives; its token is used up then", async () => {
    await using gateways = await start(2);
    const [a, b] = gateways.all as [GatewayProcess, GatewayProcess];
    const ann = await hello(a.port, { zone: 1 });
    const { session_id: id, resume } = ann.answer;
    await sees(() => isIn(ann.client));
    await move(ann.client, 1, 0.2);
    const again = await hello(b.port, { resume });
    expect(again.answer).toMatchObject({ type: "welcome", session_id: id, seq: 1, zone_id: 1 });
    expect(ann.client.last("error")).toMatchObject({ code: "taken_over" });
    await sees(() => isIn(again.client));
    await move(again.client, 2, 0.4);
    await untilPlayers(Number(id));
    for (const { port } of [a, b])
      expect((await hello(port, { resume })).answer).toMatchObject({ type: "error", code: "resume_expired" });
    // And back.
    const back = await hello(a.port, { resume: again.answer["resume"] });
    expect(back.answer).toMatchObject({ type: "welcome", session_id: id, seq: 2 });
    await sees(() => isIn(back.client));
    await move(back.client, 3, 0.6);
    back.client.send({ type: "bye" });
    await untilPlayers();
  });

  test("kill -9 of a gateway: its players go on at another, its guests are taken out", async () => {
    await using gateways = await start(3);
    const [a, b, c] = gateways.all as [GatewayProcess, GatewayProcess, GatewayProcess];
    const here = await Promise.all([1, 2, 3, 4, 5, 6].map((n) => hello(a.port, { name: `P${n}`, zone: 1 + (n % 2) })));
    const stays = await hello(b.port, { name: "Stays", zone: 1 });
    const guest = await RawClient.connect(a.port);
    guest.send({ type: "movement", session_id: 1, position: { x: 1, y: 0, z: 0 } });
    for (const { client } of [...here, stays]) await sees(() => isIn(client));
    for (const { client } of here) await move(client, 1, 0.2);
    await sees(() => players().length === 8);
    const before = acksOf(stays.client);
    await a.end("SIGKILL");
    const again = await Promise.all(
      here.map(
        async ({ answer }, index) => await helloUntil(index % 2 === 0 ? b.port : c.port, { resume: answer["resume"] }),
      ),
    );
    for (const [index, { answer, client }] of again.entries()) {
      const { session_id: id, zone_id: zone } = here[index]?.answer ?? {};
      expect(answer).toMatchObject({ type: "welcome", session_id: id, zone_id: zone, seq: 1 });
      await sees(() => isIn(client));
      await move(client, 2, 0.4);
      expect(modelOf(client).problems).toEqual([]);
    }
    await untilPlayers(...[...here, stays].map(({ answer }) => Number(answer["session_id"])));
    expect(stays.client.closed).toBe(false);
    await move(stays.client, before + 1, 0.1);
    for (const { client } of [...again, stays]) client.send({ type: "bye" });
    await untilPlayers();
  });

  test("one token at two gateways at once, after the first one was killed: one session, one player", async () => {
    await using gateways = await start(3);
    const [a, b, c] = gateways.all as [GatewayProcess, GatewayProcess, GatewayProcess];
    const { answer, client } = await hello(a.port, { zone: 1 });
    await sees(() => isIn(client));
    await move(client, 1, 0.2);
    const { session_id: id, resume } = answer;
    await a.end("SIGKILL");
    const both = await Promise.all([b, c, b, c].map(({ port }) => helloUntil(port, { resume })));
    for (const said of both) expect(said.answer).toMatchObject({ type: "welcome", session_id: id });
    const live = (): RawClient[] =>
      both.map((said) => said.client).filter((one) => !one.closed && one.last("error") === undefined);
    await sees(() => live().length === 1);
    const [last] = live() as [RawClient];
    await sees(() => isIn(last));
    await move(last, 2, 0.4);
    await untilPlayers(Number(id));
    for (const { port } of [b, c])
      expect((await helloUntil(port, { resume })).answer).toMatchObject({ code: "resume_expired" });
    last.send({ type: "bye" });
    await untilPlayers();
  });

  test("a gateway that was stopped for long has lost its players, and ends when it goes on", async () => {
    await using gateways = await start(2);
    const [a, b] = gateways.all as [GatewayProcess, GatewayProcess];
    const { answer, client } = await hello(a.port, { zone: 2 });
    await sees(() => isIn(client));
    a.child.kill("SIGSTOP");
    const again = await helloUntil(b.port, { resume: answer["resume"] });
    expect(again.answer).toMatchObject({ type: "welcome", session_id: answer["session_id"], zone_id: 2 });
    client.send({ type: "movement", position: { x: 5, y: 5, z: 0 }, seq: 9 }, { type: "bye" });
    a.child.kill("SIGCONT");
    expect(await a.child.exited).toBe(75);
    await sees(() => isIn(again.client));
    await move(again.client, 1, 0.2);
    await untilPlayers(Number(answer["session_id"]));
    again.client.send({ type: "bye" });
    await untilPlayers();
  });

  test("a gateway that is told to stop leaves its players to the others at once", async () => {
    await using gateways = await start(2);
    const [a, b] = gateways.all as [GatewayProcess, GatewayProcess];
    const { answer, client } = await hello(a.port, { zone: 1 });
    await sees(() => isIn(client));
    expect(await a.end("SIGTERM")).toBe(0);
    expect(client.last("error")).toMatchObject({ code: "server_stopping" });
    const again = await helloUntil(b.port, { resume: answer["resume"] });
    expect(again.answer).toMatchObject({ type: "welcome", session_id: answer["session_id"] });
    await sees(() => isIn(again.client));
    again.client.send({ type: "bye" });
    await untilPlayers();
  });

  test("all gateways are killed: the next one takes their players up, and gives no number twice", async () => {
    const first = await start(2);
    const [a, b] = first.all as [GatewayProcess, GatewayProcess];
    const both = [await hello(a.port, { zone: 1 }), await hello(b.port, { name: "Ben", zone: 2 })];
    for (const { client } of both) await sees(() => isIn(client));
    await first[Symbol.asyncDispose]();
    await using gateways = await start(1);
    const [c] = gateways.all as [GatewayProcess];
    for (const { answer } of both) {
      const again = await helloUntil(c.port, { resume: answer["resume"] });
      expect(again.answer).toMatchObject({ type: "welcome", session_id: answer["session_id"] });
      await sees(() => isIn(again.client));
      again.client.send({ type: "bye" });
    }
    await untilPlayers();
  });

  test("a character is in the world once, at whatever gateway its player says its secret", async () => {
    await using gateways = await start(2);
    const [a, b] = gateways.all as [GatewayProcess, GatewayProcess];
    const secret: Message = { name: "Brunhild", secret: "open sesame" };
    const made = await Promise.all([a, b].map(({ port }) => helloUntil(port, secret)));
    await sees(() => made.filter(({ client }) => !client.closed && client.last("error") === undefined).length === 1);
    const again = await helloUntil(a.port, { name: "BRUNHILD", secret: "open sesame" });
    expect(again.answer).toMatchObject({ type: "welcome", character: { name: "Brunhild" } });
    await untilPlayers(Number(again.answer["session_id"]));
    expect((await hello(b.port, { name: "Brunhild", secret: "a wrong one" })).answer).toMatchObject({
      code: "bad_secret",
    });
    expect((await hello(b.port, { name: "brunhild" })).answer).toMatchObject({ code: "name_taken" });
    again.client.send({ type: "bye" });
    await untilPlayers();
    const back = await helloUntil(b.port, secret);
    expect(back.answer).toMatchObject({ type: "welcome", character: { name: "Brunhild", level: 10 } });
    await untilPlayers(Number(back.answer["session_id"]));
    back.client.send({ type: "bye" });
    await untilPlayers();
  });
});

/** The number before the first of the sessions that it gives. */
function block(gateway: GatewayProcess): number {
  return (gateway.ready.gateway - 1) * 15_000;
}

function seen(client: RawClient): unknown[] {
  return [...modelOf(client).model.entities.values()].map(({ name }) => name);
}
