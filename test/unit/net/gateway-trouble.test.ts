// The gateway when something is wrong: slow readers, limits, zones that go down, faults.

import { describe, expect, test } from "bun:test";
import * as abi from "../../../assembly/abi.ts";
import { IS_THERE } from "../../../server/shared/ring-records.ts";
import { FrameBuilder, startGateway } from "../../helpers/net.ts";
import { MOVE, enter, bigFrame, reason, isClosed } from "../../helpers/gateway-players.ts";

describe("a slow reader", () => {
  test("is not given a longer queue, and the newest state once it has caught up", async () => {
    await using server = startGateway({ limits: { slowReaderMsMax: 1e9 } });
    const { client } = await enter(server);
    client.pauseReading();
    let tick = 0;
    await server.run(() => {
      server.link.tick(1, bigFrame(++tick));
      return server.gateway.counters.framesDropped > 3;
    });
    const connection = server.gateway.sessions.get(1)?.connection;
    expect(connection?.outbox.pendingBytes).toBeLessThanOrEqual(server.gateway.limits.outboxBytesMax);
    expect(server.link.opsOf(1)).toEqual([abi.OP_JOIN]);
    client.resumeReading();
    await server.run(() => server.link.opsOf(1).includes(abi.OP_WATCH));
    expect(server.link.commands.find(({ op }) => op === abi.OP_WATCH)?.flags).toBe(abi.WATCH_IS_SLOW);
    server.link.tick(1, new FrameBuilder(1, 9_999).reset());
    await server.run(() => client.last("state")?.tick === 9_999);
    const ticks = client.received.filter((message) => message.type === "state").map((state) => state.tick as number);
    expect(ticks).toEqual(ticks.toSorted((a, b) => a - b));
  });

  test("who is only owed too much at once is told everything anew as soon as that is written", async () => {
    await using server = startGateway({ limits: { outboxBytesMax: 30_000 } });
    const { client } = await enter(server);
    server.link.tick(1, bigFrame(1), bigFrame(2));
    expect(server.gateway.counters.framesDropped).toBe(1);
    expect(server.link.opsOf(1)).toEqual([abi.OP_JOIN, abi.OP_WATCH]);
    server.link.tick(1, new FrameBuilder(1, 9).reset());
    await server.run(() => client.last("state")?.tick === 9);
  });

  test("is disconnected in the end, and may resume", async () => {
    await using server = startGateway();
    const { client, welcome } = await enter(server);
    client.pauseReading();
    let tick = 0;
    await server.run(() => {
      server.link.tick(1, bigFrame(++tick));
      return server.gateway.counters.framesDropped > 0;
    });
    await server.run(() => server.gateway.sessions.get(1)?.state === "DISCONNECTING");
    expect(server.emitter.all("Client disconnected")).toMatchObject([{ session_id: 1, reason: "limit:slow_reader" }]);
    const { welcome: second } = await enter(server, { resume: welcome.resume });
    expect(second.session_id).toBe(1);
  });
});

describe("limits", () => {
  test("a line without end", async () => {
    await using server = startGateway();
    const { client } = await enter(server);
    client.raw("x".repeat(17_000));
    await server.run(() => isClosed(server, client));
    expect(client.last("error")).toMatchObject({ code: "limit_line_bytes" });
    expect(reason(server)).toBe("limit:line_bytes");
  });

  test("too many messages", async () => {
    await using server = startGateway({ limits: { messagesBurstMax: 5 } });
    const { client } = await enter(server);
    client.send(MOVE, MOVE, MOVE, MOVE, MOVE, MOVE, MOVE);
    await server.run(() => isClosed(server, client));
    expect(client.last("error")).toMatchObject({ code: "limit_messages" });
    expect(reason(server)).toBe("limit:messages");
    expect(server.gateway.counters.refused.get("messages")).toBe(1);
    expect(server.gateway.sessions.size).toBe(0);
  });

  test("a run of malformed lines", async () => {
    await using server = startGateway();
    const { client } = await enter(server);
    client.raw("nonsense\n".repeat(19));
    client.send({ type: "ping", t: 1 });
    await server.run(() => client.last("pong") !== undefined);
    expect(client.received.filter((message) => message.code === "malformed").length).toBe(19);
    client.raw("nonsense\n".repeat(20));
    await server.run(() => isClosed(server, client));
    expect(client.last("error")).toMatchObject({ code: "limit_malformed" });
    expect(server.gateway.counters.malformed).toBe(39);
  });

  test("a socket that says nothing", async () => {
    await using server = startGateway();
    const client = await server.client();
    await server.run(() => server.gateway.counters.accepted === 1);
    server.clock.now += 10_001;
    await server.run(() => isClosed(server, client));
    expect(reason(server)).toBe("limit:authenticate");
  });

  test("a message that is never finished", async () => {
    await using server = startGateway();
    const { client } = await enter(server);
    client.raw('{"type":');
    await server.run(() => server.gateway.sessions.get(1)!.connection!.splitter.partialBytes > 0);
    server.clock.now += 10_001;
    await server.run(() => isClosed(server, client));
    expect(reason(server)).toBe("limit:partial");
  });

  test("a player that is silent for too long", async () => {
    await using server = startGateway();
    const { client } = await enter(server);
    server.clock.now += 300_001;
    await server.run(() => isClosed(server, client));
    expect(client.last("error")).toMatchObject({ code: "limit_idle" });
  });

  test("too many connections, in all and from one address", async () => {
    for (const limits of [{ connectionsMax: 1 }, { connectionsPerAddressMax: 1 }]) {
      await using server = startGateway({ limits });
      await enter(server);
      const client = await server.client();
      await server.run(() => client.closed);
      expect(server.gateway.counters.accepted).toBe(1);
      expect([...server.gateway.counters.refused.values()]).toEqual([1]);
    }
  });

  test.each([
    ["an encoding that is not spoken here", [0x80, 1, 2, 3], "neither a JSON line"],
    ["a byte order mark", [0xef, 0xbb, 0xbf, ...Buffer.from('{"type":"hello","v":1}\n')], "byte order mark"],
    ["UTF-16", [0xff, 0xfe, 0x7b, 0x00], "neither a JSON line"],
  ])("%s, and is told why", async (_what, bytes, told) => {
    await using server = startGateway();
    const client = await server.client();
    client.raw(Uint8Array.from(bytes));
    await server.run(() => isClosed(server, client));
    expect(client.received).toMatchObject([
      { type: "error", code: "malformed", message: expect.stringContaining(told) },
    ]);
    expect(reason(server)).toBe("encoding");
    expect(server.gateway.counters.refused.get("encoding")).toBe(1);
  });
});

describe("a zone that goes down", () => {
  test("gives its players to another and gets them back, no socket closed", async () => {
    await using server = startGateway();
    const { client } = await enter(server, { zone: 1 });
    const guest = await server.client();
    server.link.zones.get(2)!.state = "DOWN";
    guest.send(MOVE);
    await server.run(() => server.gateway.sessions.get(2)?.zoneId === 1);
    server.link.zones.get(2)!.state = "ACTIVE";

    server.link.setState(1, "DOWN");
    await server.run(() => client.last("zone") !== undefined);
    expect(client.last("zone")).toEqual({
      type: "zone",
      zone_id: 2,
      tick: expect.any(Number),
      reason: "zone_down",
      portals: [],
    });
    expect(server.gateway.sessions.get(1)).toMatchObject({ state: "TRANSFERRING", zoneId: 2 });
    expect(server.gateway.sessions.get(2)?.state).toBe("TRANSFERRING");
    server.link.entered(2, 2, IS_THERE); // one who watches nothing is there when the zone says so
    expect(server.gateway.sessions.get(2)).toMatchObject({ state: "IN_WORLD", zoneId: 2 });
    server.link.tick(2, new FrameBuilder(1, 3).reset());
    await server.run(() => client.last("state") !== undefined);
    expect(server.gateway.sessions.get(1)?.state).toBe("IN_WORLD");

    server.link.commands.length = 0;
    server.link.setState(1, "DEGRADED");
    server.link.setState(1, "ACTIVE");
    expect(server.link.commands.map(({ zoneId, op, session }) => [zoneId, op, session])).toEqual([
      [2, abi.OP_LEAVE, 1],
      [2, abi.OP_LEAVE, 2],
      [1, abi.OP_JOIN, 2],
    ]);
    server.link.depart(1, 2, 0);
    await server.run(() => client.last("zone")?.zone_id === 1);
    expect(server.link.arrivals.at(-1)).toMatchObject({ zoneId: 1, session: 1 });
    expect(client.closed || guest.closed).toBe(false);
    expect(server.emitter.all("Client disconnected")).toEqual([]);
    expect(server.emitter.all("Invalid state transition attempted")).toEqual([]);
  });

  test("lets its players leave with what they have, before it says that it is DOWN", async () => {
    await using server = startGateway();
    const { client } = await enter(server, { zone: 1 });
    server.link.depart(1, 1, 0);
    server.link.setState(1, "DOWN");
    await server.run(() => client.last("zone") !== undefined);
    expect(
      client.received.filter(({ type }) => type === "zone").map(({ zone_id, reason: why }) => [zone_id, why]),
    ).toEqual([[2, "zone_down"]]);
    expect(server.link.arrivals.map(({ zoneId, session }) => [zoneId, session])).toEqual([[2, 1]]);
  });

  test("leaves nobody behind who left meanwhile", async () => {
    await using server = startGateway();
    const { client } = await enter(server, { zone: 1 });
    server.link.setState(1, "DOWN");
    client.send({ type: "bye" });
    await server.run(() => server.gateway.sessions.size === 0);
    server.link.commands.length = 0;
    server.link.setState(1, "ACTIVE");
    server.link.census(1, [1]); // it should have begun without players, and has not
    expect(server.link.commands).toMatchObject([{ zoneId: 1, op: abi.OP_LEAVE, session: 1 }]);
  });

  test("keeps its players' sockets though no other zone is there, and finds them one later", async () => {
    await using server = startGateway({ zones: [1] });
    const { client } = await enter(server);
    server.link.setState(1, "DOWN");
    client.send(MOVE);
    await server.run(() => client.last("error")?.code === "busy");
    server.link.setState(1, "ACTIVE");
    await server.run(() => client.last("zone")?.zone_id === 1);
    expect(client.closed).toBe(false);
  });
});

describe("faults", () => {
  test("can crash one player's link; its session waits", async () => {
    await using server = startGateway();
    const { client } = await enter(server, { zone: 2 });
    expect(server.gateway.faultSessions([1])).toEqual([]);
    const [session] = server.gateway.faultSessions([2]);
    session!.crash();
    await server.run(() => isClosed(server, client));
    expect(server.emitter.all("Client disconnected")).toMatchObject([{ reason: "link_lost" }]);
    expect(server.gateway.sessions.get(1)?.state).toBe("DISCONNECTING");
    expect(session!.connected).toBe(false);
  });

  test("can hold off everybody for a while", async () => {
    await using server = startGateway();
    const { client: early } = await enter(server);
    server.gateway.holdConnections(1_000_000);
    const client = await server.client();
    await server.run(() => client.closed);
    expect(server.gateway.counters.refused.get("held")).toBe(1);
    expect(early.closed).toBe(false);
    server.gateway.holdConnections(0);
    const { welcome } = await enter(server);
    expect(welcome.session_id).toBeGreaterThan(0);
  });

  test("see all bytes that come and go", async () => {
    await using server = startGateway();
    const { client } = await enter(server);
    server.gateway.setIngress((_session, bytes) =>
      Buffer.from(Buffer.from(bytes).toString().replace('"t":1', '"t":2')),
    );
    server.gateway.setEgress((_session, bytes) => Buffer.from(Buffer.from(bytes).toString().replace("pong", "PONG")));
    client.send({ type: "ping", t: 1 });
    await server.run(() => client.last("PONG") !== undefined);
    expect(client.last("PONG")?.t).toBe(2);
  });
});
