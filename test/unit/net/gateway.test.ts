// The gateway as players and guests meet it: how they get in, what they may send, how they come back.

import { describe, expect, test } from "bun:test";
import * as abi from "../../../assembly/abi.ts";
import { FrameBuilder, startGateway } from "../../helpers/net.ts";
import { MOVE, enter, isClosed } from "../../helpers/gateway-players.ts";

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
