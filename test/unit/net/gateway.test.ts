// The gateway over real sockets; zones are recorded (test/helpers/net.ts).

import { describe, expect, test } from "bun:test";
import * as abi from "../../../assembly/abi.ts";
import { IS_THERE } from "../../../server/shared/ring-records.ts";
import { FrameBuilder, startGateway } from "../../helpers/net.ts";
import type { Message, RawClient, TestGateway } from "../../helpers/net.ts";

const MOVE = { type: "movement", session_id: 5, position: { x: 1, y: 2, z: 0 } };

/** A client that has said hello and was welcomed. */
async function enter(server: TestGateway, hello: Message = {}): Promise<{ client: RawClient; welcome: Message }> {
  const client = await server.client();
  client.send({ type: "hello", v: 1, name: "Ann", ...hello });
  await server.run(() => client.last("welcome") !== undefined || client.last("error") !== undefined);
  return { client, welcome: client.last("welcome") ?? {} };
}

/** A frame of some 20 KB as JSON. */
const bigFrame = (tick: number): FrameBuilder => {
  const frame = new FrameBuilder(1, tick);
  if (tick === 1) frame.reset();
  for (let i = 0; i < 200; i++)
    frame.record(abi.RECORD_ENTER, 1, 1_000_001 + i, { f: i }, { f: i }, { f: i }, 9, 9, 0, 11);
  return frame;
};

/** The reason a connection was closed with. */
const reason = (server: TestGateway): unknown => server.emitter.all("Client disconnected")[0]?.reason;

/** Both ends have seen it: the client often does before the server's own callback has run. */
const isClosed = (server: TestGateway, client: { readonly closed: boolean }): boolean =>
  client.closed && reason(server) !== undefined;

describe("a guest", () => {
  test("is let in at its first valid message, and is told nothing", async () => {
    await using server = startGateway();
    const client = await server.client();
    client.send(MOVE, { type: "ping", t: 1 });
    await server.run(() => server.link.opsOf(1).includes(abi.OP_MOVE));
    const [join, move] = server.link.commands;
    expect(join).toMatchObject({ zoneId: 1, op: abi.OP_JOIN, session: 1, seq: 0, flags: abi.JOIN_GUEST });
    expect(move).toMatchObject({ op: abi.OP_MOVE, session: 1, seq: 1, x: 1, y: 2, z: 0 });
    await server.run(() => server.gateway.counters.messages === 2);
    expect(client.received).toEqual([]);
  });

  test("has its commands in the order it sent them, whatever session it claims to be", async () => {
    await using server = startGateway();
    const client = await server.client();
    client.send(
      MOVE,
      { type: "spell_cast", session_id: 9, action: "CAST_START", spell_id: 200, cast_time_ticks: 30 },
      { type: "combat", session_id: 8, action: "ATTACK", target_session_id: 1_000_001, base_damage: 25 },
    );
    await server.run(() => server.link.commands.length === 4);
    expect(server.link.opsOf(1)).toEqual([abi.OP_JOIN, abi.OP_MOVE, abi.OP_CAST, abi.OP_ATTACK]);
    expect(server.link.commands.map((command) => command.seq)).toEqual([0, 1, 2, 3]);
  });

  test("leaves its zone at once when it disconnects", async () => {
    await using server = startGateway();
    const client = await server.client();
    client.send(MOVE);
    await server.run(() => server.link.opsOf(1).includes(abi.OP_MOVE));
    client.close();
    await server.run(() => server.link.opsOf(1).includes(abi.OP_LEAVE));
    expect(server.gateway.sessions.size).toBe(0);
    expect(server.emitter.all("Client disconnected")).toEqual([{ session_id: 1, zone_id: 1, reason: "client_closed" }]);
  });

  test("is shown the door where guests are switched off", async () => {
    await using server = startGateway({ guests: false });
    const client = await server.client();
    client.send(MOVE);
    await server.run(() => isClosed(server, client));
    expect(server.link.commands).toEqual([]);
    expect(server.gateway.counters.refused.get("guests_off")).toBe(1);
  });

  test("survives a malformed line, which is counted and reported", async () => {
    await using server = startGateway();
    const client = await server.client();
    client.raw("this is not JSON\n");
    client.send(MOVE);
    await server.run(() => server.link.opsOf(1).includes(abi.OP_MOVE));
    expect(server.gateway.counters.malformed).toBe(1);
    expect(server.emitter.all("Malformed JSON from client")).toMatchObject([{ session_id: 1 }]);
  });
});

describe("hello", () => {
  test("is answered with who and where the player is", async () => {
    await using server = startGateway();
    const { welcome } = await enter(server, { zone: 2, class: "mage" });
    expect(welcome).toEqual({
      type: "welcome",
      session_id: 1,
      entity_id: 1,
      zone_id: 2,
      tick: expect.any(Number),
      tick_rate_hz: 20,
      resume: expect.stringMatching(/^\S{16,}$/),
      seq: 0,
      class: "Mage",
      spells: [
        { id: 100, name: "Fire Blast", effect: "damage", range_yd: 30 },
        { id: 200, name: "Fireball", effect: "damage", range_yd: 30 },
      ],
      portals: [],
    });
    expect(server.link.commands[0]).toMatchObject({
      zoneId: 2,
      op: abi.OP_JOIN,
      flags: abi.JOIN_WATCHES,
      e: 1 | (10 << 8),
    });
  });

  test("spreads players over zones and classes in turn", async () => {
    await using server = startGateway();
    const seen: unknown[] = [];
    for (let i = 0; i < 4; i++) {
      const { welcome } = await enter(server);
      seen.push([welcome.zone_id, welcome.class]);
    }
    expect(seen).toEqual([
      [1, "Warrior"],
      [2, "Mage"],
      [1, "Warrior"],
      [2, "Mage"],
    ]);
  });

  test.each([
    ["unsupported_version", { v: 2 }],
    ["no_such_zone", { zone: 77 }],
    ["no_such_class", { class: "Jester" }],
    ["malformed", { name: "x".repeat(33) }],
    ["malformed", { name: "a\nb" }],
    ["resume_expired", { resume: "nobody's" }],
  ])("is refused with %s where it must be", async (code, hello) => {
    await using server = startGateway();
    const { client } = await enter(server, hello);
    expect(client.last("error")).toMatchObject({ code, message: expect.any(String) });
    expect(server.link.commands).toEqual([]);
  });

  test("may be tried again after what can be mended", async () => {
    await using server = startGateway();
    const { client } = await enter(server, { zone: 77 });
    client.send({ type: "hello", v: 1, name: "Ann" });
    await server.run(() => client.last("welcome") !== undefined);
  });

  test("must name the token where there is one", async () => {
    await using server = startGateway({ token: "open sesame" });
    const { client } = await enter(server, { token: "guess" });
    expect(client.last("error")).toMatchObject({ code: "bad_token" });
    await server.run(() => isClosed(server, client));
    const { welcome } = await enter(server, { token: "open sesame" });
    expect(welcome.session_id).toBe(2);
  });

  test("finds no place in a full zone, but in another", async () => {
    await using server = startGateway({ limits: { playersPerZoneMax: 1 } });
    await enter(server, { zone: 1 });
    const { client } = await enter(server, { zone: 1 });
    expect(client.last("error")).toMatchObject({ code: "zone_full" });
    const { welcome } = await enter(server);
    expect(welcome.zone_id).toBe(2);
    const { client: last } = await enter(server);
    expect(last.last("error")).toMatchObject({ code: "no_zone" });
  });

  test("a zone that is too overloaded lets nobody new in, but who was there already", async () => {
    await using server = startGateway({ zones: [1, 2] });
    const first = await server.client();
    first.send({ type: "hello", v: 1, name: "Ann", zone: 1 });
    await server.run(() => first.last("welcome") !== undefined);
    const resume = first.last("welcome")?.["resume"];
    server.link.zones.get(1)!.overloadLevel = 5;
    const second = await server.client();
    second.send({ type: "hello", v: 1, name: "Bo", zone: 1 });
    await server.run(() => second.last("error") !== undefined);
    expect(second.last("error")).toMatchObject({ code: "zone_overloaded" });
    second.send({ type: "hello", v: 1, name: "Bo" });
    await server.run(() => second.last("welcome") !== undefined);
    expect(second.last("welcome")).toMatchObject({ zone_id: 2 });
    first.abort();
    const back = await server.client();
    back.send({ type: "hello", v: 1, name: "Ann", resume });
    await server.run(() => back.last("welcome") !== undefined);
    expect(back.last("welcome")).toMatchObject({ zone_id: 1 });
  });

  test("comes once", async () => {
    await using server = startGateway();
    const { client } = await enter(server);
    client.send({ type: "hello", v: 1, name: "Ann" });
    await server.run(() => client.last("error") !== undefined);
    expect(client.last("error")).toMatchObject({ code: "already_in_world" });
  });
});

describe("a player", () => {
  test("is told what its zone says, with names, in one go", async () => {
    await using server = startGateway();
    const { client } = await enter(server, { zone: 1 });
    await enter(server, { zone: 1, name: "Änn" });
    server.link.tick(
      1,
      new FrameBuilder(1, 5, 3)
        .reset()
        .record(abi.RECORD_ENTER, 0, 2, { f: 1 }, { f: 2 }, { f: 3 }, 10, 10, 0, 10 | (1 << 8))
        .record(abi.RECORD_ENTER, 1, 1_000_001, { f: 1 }, { f: 2 }, { f: 3 }, 10, 10, 0, 11),
    );
    await server.run(() => client.last("state") !== undefined);
    expect(client.last("state")).toMatchObject({
      tick: 5,
      ack: 3,
      reset: true,
      enter: [
        { id: 2, kind: "player", name: "Änn" },
        { id: 1_000_001, kind: "creature", name: "Hogger" },
      ],
    });
  });

  test("is told nothing before the kernel begins anew", async () => {
    await using server = startGateway();
    const { client } = await enter(server);
    server.link.tick(1, new FrameBuilder(1, 4).record(abi.RECORD_CHANGE, 8, 1_000_001, 0));
    server.link.tick(1, new FrameBuilder(1, 5).reset());
    await server.run(() => client.last("state") !== undefined);
    expect(client.received.filter((message) => message.type === "state").map((state) => state.tick)).toEqual([5]);
  });

  test("gets pong", async () => {
    await using server = startGateway();
    const { client } = await enter(server);
    client.send({ type: "ping", t: 12.5 });
    await server.run(() => client.last("pong") !== undefined);
    expect(client.last("pong")).toEqual({ type: "pong", t: 12.5, tick: expect.any(Number) });
  });

  test("may number its commands, and goes on where it was", async () => {
    await using server = startGateway();
    const { client } = await enter(server);
    client.send({ ...MOVE, seq: 7 }, MOVE, { ...MOVE, seq: 8 }, { ...MOVE, seq: 9 });
    await server.run(() => client.last("error") !== undefined && server.gateway.counters.commands === 3);
    expect(server.link.commands.filter((command) => command.op === abi.OP_MOVE).map((command) => command.seq)).toEqual([
      7, 8, 9,
    ]);
    expect(client.last("error")).toMatchObject({ code: "malformed" });
  });

  test("whose own numbers are used up is told so, and no number of the server's goes beyond them", async () => {
    await using server = startGateway();
    const { client } = await enter(server);
    client.send({ ...MOVE, seq: 2_147_483_647 }, MOVE);
    await server.run(() => client.last("error") !== undefined);
    expect(client.last("error")).toMatchObject({ code: "malformed", message: expect.stringContaining("2147483647") });
    expect(server.link.commands.filter(({ op }) => op === abi.OP_MOVE).map(({ seq }) => seq)).toEqual([2_147_483_647]);
  });

  test("is told busy, with the number of the command, when its zone takes no more", async () => {
    await using server = startGateway();
    const { client } = await enter(server);
    server.link.full.add(1);
    client.send({ ...MOVE, seq: 4 });
    await server.run(() => client.last("error") !== undefined);
    expect(client.last("error")).toMatchObject({ code: "busy", seq: 4 });
    expect(server.gateway.counters.commandsRefused).toBe(1);
  });

  test("enters, though the ring was full, as soon as there is room", async () => {
    await using server = startGateway();
    server.link.full.add(1);
    const { client } = await enter(server);
    expect(server.link.commands).toEqual([]);
    server.link.full.clear();
    await server.run(() => server.link.opsOf(1).length > 0);
    client.send(MOVE);
    await server.run(() => server.link.opsOf(1).length === 2);
    expect(server.link.opsOf(1)).toEqual([abi.OP_JOIN, abi.OP_MOVE]);
  });

  test("leaves for good with bye", async () => {
    await using server = startGateway();
    const { client } = await enter(server);
    client.send({ type: "bye" });
    await server.run(() => isClosed(server, client));
    expect(server.gateway.sessions.size).toBe(0);
    expect(server.link.opsOf(1)).toEqual([abi.OP_JOIN, abi.OP_LEAVE]);
  });

  test("has its way from input to frame measured", async () => {
    await using server = startGateway();
    const { client } = await enter(server);
    client.send(MOVE);
    await server.run(() => server.gateway.counters.commands === 1);
    server.link.tick(1, new FrameBuilder(1, 5, 1).reset());
    await server.run(() => server.emitter.all("Round trip").length > 0);
    const [line] = server.emitter.all("Round trip");
    expect(line).toMatchObject({ samples: 1 });
    expect(line?.input_to_frame_ms_p50).toBeGreaterThanOrEqual(0);
  });
});

describe("a lost link", () => {
  test("leaves the player in the world for 30 s, to be resumed where it was", async () => {
    await using server = startGateway();
    const { client, welcome } = await enter(server);
    client.send({ ...MOVE, seq: 41 });
    await server.run(() => server.gateway.counters.commands === 1);
    client.abort();
    await server.run(() => server.link.opsOf(1).includes(abi.OP_UNWATCH));
    server.clock.now += 29_000;
    const { client: again, welcome: second } = await enter(server, { resume: welcome.resume });
    expect(second).toMatchObject({ session_id: 1, zone_id: 1, seq: 41 });
    expect(server.link.opsOf(1)).toEqual([abi.OP_JOIN, abi.OP_MOVE, abi.OP_UNWATCH, abi.OP_WATCH]);
    expect(server.link.commands.at(-1)?.flags).toBe(0);
    server.link.tick(1, new FrameBuilder(1, 9).reset());
    await server.run(() => again.last("state") !== undefined);
    expect(server.emitter.all("Invalid state transition attempted")).toEqual([]);
    expect(server.gateway.sessions.size).toBe(1);
  });

  test("ends the session after 30 s", async () => {
    await using server = startGateway();
    const { client, welcome } = await enter(server);
    client.send(MOVE);
    await server.run(() => server.gateway.counters.commands === 1);
    client.abort();
    await server.run(() => server.link.opsOf(1).includes(abi.OP_UNWATCH));
    server.clock.now += 29_000;
    server.gateway.onServerTick(1_000);
    expect(server.gateway.sessions.size).toBe(1);
    server.clock.now += 1_001;
    await server.run(() => server.link.opsOf(1).includes(abi.OP_LEAVE));
    expect(server.gateway.sessions.size).toBe(0);
    const { client: late } = await enter(server, { resume: welcome.resume });
    expect(late.last("error")).toMatchObject({ code: "resume_expired" });
  });

  test("is not needed for a resume: the former socket is told and closed", async () => {
    await using server = startGateway();
    const { client, welcome } = await enter(server);
    const { client: other, welcome: second } = await enter(server, { resume: welcome.resume });
    expect(second.session_id).toBe(1);
    await server.run(() => isClosed(server, client));
    expect(client.last("error")).toMatchObject({ code: "taken_over" });
    expect(other.closed).toBe(false);
    expect(server.gateway.sessions.get(1)?.state).toBe("IN_WORLD");
  });
});

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
    await server.run(() => client.last("zone")?.zone_id === 1);
    expect(server.link.commands.map(({ zoneId, op, session }) => [zoneId, op, session])).toEqual([
      [2, abi.OP_LEAVE, 1],
      [1, abi.OP_JOIN, 1],
      [2, abi.OP_LEAVE, 2],
      [1, abi.OP_JOIN, 2],
    ]);
    expect(client.closed || guest.closed).toBe(false);
    expect(server.emitter.all("Client disconnected")).toEqual([]);
    expect(server.emitter.all("Invalid state transition attempted")).toEqual([]);
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

test("a server that stops tells every player", async () => {
  await using server = startGateway();
  const { client } = await enter(server);
  const guest = await server.client();
  guest.send(MOVE);
  await server.run(() => server.gateway.counters.commands === 1);
  await server.gateway.stop();
  await server.run(() => client.closed && guest.closed);
  expect(client.last("error")).toMatchObject({ code: "server_stopping" });
  expect(server.emitter.all("Client disconnected").map((line) => line.reason)).toEqual(["shutdown", "shutdown"]);
});

test("a port in use is named, with the flag that mends it", async () => {
  await using server = startGateway();
  await using other = startGateway();
  const complaint = `Port ${server.port} is in use; choose another with --port, or see who has it: wowsim doctor --port ${server.port}`;
  expect(() => other.gateway.listen("127.0.0.1", server.port)).toThrow(complaint);
  expect(() => other.gateway.listen("192.0.2.1", 0)).toThrow(/^Port 0 can not be listened on at 192\.0\.2\.1 /);
});

test("traffic is reported once a second, with what was counted since", async () => {
  await using server = startGateway();
  const { client } = await enter(server);
  client.send(MOVE, MOVE);
  await server.run(() => server.gateway.counters.commands === 2);
  await server.run(() => server.emitter.all("Traffic").some((line) => line.commands === 2));
  const line = server.emitter.all("Traffic").find((candidate) => candidate.commands === 2);
  expect(line).toMatchObject({ sessions: 1, connected: 1, in_world: 1, malformed: 0, refused_by_reason: {} });
});
