// What strangers can do at the game port, and what they can not: fill the zones, take everybody's place, guess a token,
// come back with a token that is over, speak HTTP, or be met with silence.

import { describe, expect, test } from "bun:test";
import { OP_JOIN, OP_LEAVE, OP_MOVE } from "../../../assembly/abi.ts";
import { startGateway } from "../../helpers/net.ts";
import type { Message, RawClient, TestGateway } from "../../helpers/net.ts";

const MOVE = { type: "movement", position: { x: 1, y: 2, z: 0 } };

/** Says hello, and waits for the answer. */
async function enter(server: TestGateway, hello: Message = {}): Promise<{ client: RawClient; answer: Message }> {
  const client = await server.client();
  client.send({ type: "hello", v: 1, name: "Ann", ...hello });
  await server.run(() => client.received.length > 0 || client.closed);
  return { client, answer: client.received[0] ?? {} };
}

/** Binary hello with these bytes as the name. */
function binaryHello(name: Uint8Array): Buffer {
  const fields = Buffer.concat([Buffer.from([1, 0, 0, 0, name.length, 0]), name, Buffer.alloc(6)]);
  const header = Buffer.from([0xb1, 1, 8 + fields.length, 0, 0, 0, 0, 0]);
  return Buffer.concat([header, fields]);
}

const sessionIn = (server: TestGateway, id: number): string | undefined => server.gateway.sessions.get(id)?.state;
const refused = (server: TestGateway, reason: string): number => server.gateway.counters.refused.get(reason) ?? 0;

describe("a session that never acted", () => {
  test("leaves its body for as long as its player was there, 5 s at least", async () => {
    await using server = startGateway();
    const { client } = await enter(server);
    server.clock.now += 20_000;
    client.close();
    await server.run(() => sessionIn(server, 1) === "DISCONNECTING");
    server.clock.now += 18_000;
    for (let tick = 1_000; tick < 1_003; tick++) server.gateway.onServerTick(tick);
    expect(sessionIn(server, 1)).toBe("DISCONNECTING");
    await server.run(() => server.link.opsOf(1).includes(OP_LEAVE));
    expect(server.clock.now).toBeLessThan(50_000);
  });

  test("keeps its 30 s when it was the server that cut its link", async () => {
    await using server = startGateway();
    const { answer } = await enter(server);
    server.gateway.faultSessions([])[0]!.crash();
    await server.run(() => sessionIn(server, 1) === "DISCONNECTING");
    server.clock.now += 28_000;
    for (let tick = 1_000; tick < 1_003; tick++) server.gateway.onServerTick(tick);
    expect((await enter(server, { resume: answer.resume })).answer).toMatchObject({ session_id: 1 });
  });

  test("leaves its body for 5 s only when it came and went", async () => {
    await using server = startGateway();
    const { client } = await enter(server);
    client.close();
    await server.run(() => sessionIn(server, 1) === "DISCONNECTING");
    server.clock.now += 5_001;
    await server.run(() => server.link.opsOf(1).includes(OP_LEAVE));
    expect(server.clock.now).toBeLessThan(15_000);
  });

  test("gives its place in a full zone to whoever comes, and so does a crowd of one address that did act", async () => {
    await using server = startGateway({ zones: [1], limits: { playersPerZoneMax: 20 } });
    const bodies = await Promise.all(Array.from({ length: 20 }, () => enter(server)));
    for (const { client } of bodies.slice(1)) client.send(MOVE);
    await server.run(() => server.gateway.counters.commands === 19);
    for (const { client } of bodies) client.close();
    await server.run(() => [...server.gateway.sessions.values()].every(({ state }) => state === "DISCONNECTING"));
    expect((await enter(server)).answer.type).toBe("welcome");
    expect(server.link.opsOf(1).at(-1)).toBe(OP_LEAVE);
    // Nineteen bodies of one address are more than a few links that broke.
    expect((await enter(server)).answer.type).toBe("welcome");
    expect(refused(server, "room_made")).toBe(2);
    for (let more = 0; more < 2; more++) expect((await enter(server)).answer.type).toBe("welcome");
    expect((await enter(server)).answer).toMatchObject({ code: "no_zone" });
  });

  test("come and go by the hundred, and the zones are not full", async () => {
    await using server = startGateway({ limits: { playersPerZoneMax: 100 } });
    for (let round = 0; round < 30; round++) {
      const crowd = await Promise.all(Array.from({ length: 30 }, () => server.client()));
      for (const client of crowd) {
        client.send({ type: "hello", v: 1 });
        client.close();
      }
      await server.run(() => server.gateway.trafficNow().connected === 0);
    }
    expect((await enter(server)).answer.type).toBe("welcome");
  });
});

describe("new players", () => {
  test("of an address are limited a second, where that is asked for; who resumes is none", async () => {
    await using server = startGateway({ limits: { newSessionsPerAddressMax: 1 } });
    const first = await enter(server);
    for (let more = 0; more < 3; more++) expect((await enter(server)).answer.type).toBe("welcome");
    server.clock.now -= 200;
    const late = await server.client();
    late.send({ type: "hello", v: 1 });
    await server.run(() => late.closed);
    expect(late.last("error")).toMatchObject({ code: "limit_new_sessions_per_address" });
    expect(refused(server, "new_sessions_per_address")).toBe(1);
    expect((await enter(server, { resume: first.answer.resume })).answer.type).toBe("welcome");
  });

  test("are limited a second in all", async () => {
    await using server = startGateway({ limits: { newSessionsPerSecondMax: 0.2 } });
    expect((await enter(server)).answer.type).toBe("welcome");
    expect((await enter(server)).answer).toMatchObject({ code: "limit_new_sessions" });
  });

  test("find a place where connections without a player took all: the oldest of those makes room", async () => {
    await using server = startGateway({ limits: { connectionsMax: 3 } });
    const player = await enter(server);
    const idle = [await server.client(), await server.client()];
    await server.run(() => server.gateway.trafficNow().connected === 3);
    const newcomer = await enter(server);
    expect(newcomer.answer.type).toBe("welcome");
    await server.run(() => idle[0]!.closed);
    expect([player.client.closed, idle[1]!.closed]).toEqual([false, false]);
    expect(refused(server, "connections")).toBe(1);
  });
});

describe("the players' token", () => {
  test("lets no guest in, and its players in whatever others of their address guess", async () => {
    await using server = startGateway({ token: "open sesame" });
    const guest = await server.client();
    guest.send(MOVE);
    await server.run(() => guest.closed);
    expect(guest.last("error")).toMatchObject({ code: "guests_off" });
    for (let tries = 0; tries < 5; tries++)
      expect((await enter(server, { token: `${tries}` })).answer).toMatchObject({ code: "bad_token" });
    for (let tries = 0; tries < 3; tries++) {
      expect((await enter(server, { token: `${tries}` })).answer).toMatchObject({ code: "limit_wrong_tokens" });
      expect((await enter(server, { token: "open sesame" })).answer.type).toBe("welcome");
    }
  });
});

describe("a resume token", () => {
  test("is another one after each use, and the one before is over once the player acted", async () => {
    await using server = startGateway();
    const first = await enter(server);
    first.client.abort();
    const second = await enter(server, { resume: first.answer.resume });
    expect(second.answer).toMatchObject({ type: "welcome", session_id: 1 });
    expect(second.answer.resume).not.toBe(first.answer.resume);
    second.client.send(MOVE);
    await server.run(() => server.gateway.counters.commands === 1);
    expect((await enter(server, { resume: first.answer.resume })).answer).toMatchObject({ code: "resume_expired" });
    expect((await enter(server, { resume: second.answer.resume })).answer).toMatchObject({ session_id: 1 });
  });

  test("still takes up its session when the welcome with the next one was lost, as often as that happens", async () => {
    await using server = startGateway();
    const { answer } = await enter(server);
    let lost = answer;
    for (let times = 0; times < 3; times++) {
      const again = await enter(server, { resume: answer.resume });
      expect(again.answer).toMatchObject({ type: "welcome", session_id: 1 });
      again.client.abort();
      // Of the welcomes that were lost only the last one's token is good.
      if (times > 0) expect((await enter(server, { resume: lost.resume })).answer.code).toBe("resume_expired");
      lost = again.answer;
    }
    expect((await enter(server, { resume: lost.resume })).answer).toMatchObject({ session_id: 1 });
    expect((await enter(server, { resume: answer.resume })).answer).toMatchObject({ code: "resume_expired" });
  });
});

test("bye is final at once, however long the socket stays", async () => {
  await using server = startGateway();
  const { client, answer } = await enter(server);
  client.pauseReading();
  client.send({ type: "bye" });
  await server.run(() => server.gateway.sessions.size === 0);
  expect(server.link.opsOf(1)).toEqual([OP_JOIN, OP_LEAVE]);
  expect((await enter(server, { resume: answer.resume })).answer).toMatchObject({ code: "resume_expired" });
  expect(server.emitter.all("Invalid state transition attempted")).toEqual([]);
});

describe("after the process stood still for 35 s", () => {
  test("a resume that waited in the socket is in time", async () => {
    await using server = startGateway();
    const { client, answer } = await enter(server);
    client.send(MOVE);
    await server.run(() => server.gateway.counters.commands === 1);
    client.abort();
    await server.run(() => sessionIn(server, 1) === "DISCONNECTING");
    const back = await server.client();
    back.send({ type: "hello", v: 1, resume: answer.resume });
    server.clock.now += 35_000;
    // The first thing that runs is the timer of the ticks.
    server.gateway.onServerTick(500);
    await server.run(() => back.received.length > 0);
    expect(back.last("welcome")).toMatchObject({ session_id: 1 });
  });

  test("nobody is late who spoke meanwhile", async () => {
    await using server = startGateway();
    const { client: player } = await enter(server);
    const begun = await server.client();
    begun.raw('{"type":"hello",');
    const silent = await server.client();
    await server.run(() => server.gateway.trafficNow().connected === 3 && server.gateway.counters.bytesIn > 45);
    player.send({ type: "ping", t: 1 });
    begun.raw('"v":1}\n');
    silent.send({ type: "hello", v: 1 });
    server.clock.now += 310_000;
    server.gateway.onServerTick(500);
    await server.run(() => [player, begun, silent].every((client) => client.received.length > 0));
    expect([player.last("pong"), begun.last("welcome"), silent.last("welcome")]).not.toContain(undefined);
  });
});

describe("who speaks another protocol", () => {
  test.each(["GET", "POST", "PUT", "HEAD", "OPTIONS"])("%s is answered, shown the door and counted", async (method) => {
    await using server = startGateway();
    const client = await server.client();
    const socket = client as unknown as { received: unknown[] };
    const body = `${JSON.stringify(MOVE)}\n`;
    client.raw(`${method} / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n${body}${body}`);
    await server.run(() => client.closed && refused(server, "http") > 0);
    expect(socket.received).toEqual([]);
    expect(server.link.commands.filter(({ op }) => op === OP_JOIN || op === OP_MOVE)).toEqual([]);
    expect(refused(server, "http")).toBe(1);
    expect(server.gateway.sessions.size).toBe(0);
  });

  test("TLS gets an alert", async () => {
    await using server = startGateway();
    const client = await server.client();
    client.raw(Uint8Array.of(0x16, 0x03, 0x01, 0x02, 0x00));
    await server.run(() => client.closed && refused(server, "tls") > 0);
    expect(refused(server, "tls")).toBe(1);
  });
});

describe("a first message that is not right", () => {
  test.each([
    ["hello without version", '{"type":"hello"}'],
    ["a zone that is text", '{"type":"hello","v":1,"zone":"1"}'],
    ["a name that is a number", '{"type":"hello","v":1,"name":7}'],
    ["an unknown type", '{"type":"login"}'],
    ["no JSON", "hello"],
  ])("%s is answered, and may be said better", async (_what, line) => {
    await using server = startGateway();
    const client = await server.client();
    client.raw(`${line}\n`);
    await server.run(() => client.received.length > 0);
    expect(client.received[0]).toMatchObject({ type: "error", code: "malformed" });
    expect(server.emitter.all("Malformed JSON from client")).toMatchObject([{ session_id: 1 }]);
    client.send({ type: "hello", v: 1 });
    await server.run(() => client.last("welcome") !== undefined);
  });

  test("of an old client, which never reads, does not keep it from being a guest", async () => {
    await using server = startGateway();
    const client = await server.client();
    client.raw('{"type":"movement"}\n');
    client.send(MOVE);
    await server.run(() => server.link.opsOf(1).includes(OP_MOVE));
    await server.run(() => client.received.length === 1);
    client.raw("nonsense\n");
    await server.run(() => server.gateway.counters.malformed === 2);
    const since = server.clock.now;
    await server.run(() => server.clock.now > since + 200);
    expect(client.received.length).toBe(1);
  });

  test("is a line of telemetry with its session when it is too long, too", async () => {
    await using server = startGateway();
    const client = await server.client();
    client.raw(`{"type":"${"x".repeat(20_000)}`);
    await server.run(() => client.closed);
    expect(server.emitter.all("Malformed JSON from client")).toMatchObject([{ session_id: 1 }]);
  });
});

/** A family, a heart, a keycap, a rainbow flag, Persian, Sinhala, Hindi; 32 characters of more code units. */
const JOINED = [
  "👨\u200d👩\u200d👧\u200d👦",
  "❤\ufe0f",
  "1\ufe0f\u20e3",
  "🏳\ufe0f\u200d🌈",
  "👩🏽\u200d🚀",
  "می\u200cخواهم",
  "ක්\u200dෂ",
  "क्\u200dष",
  "🐗".repeat(32),
  "é".normalize("NFD").repeat(32),
];

describe("a name", () => {
  test.each([
    ["turns the text around", "Ann\u202enoob"],
    ["isolates", "\u2066Ann"],
    ["joins invisibly", "A\u200bnn"],
    ["is a byte order mark", "\ufeffAnn"],
    ["fills with nothing", "\u3164"],
    ["is a blank of dots", "\u2800\u2800"],
    ["is blank", "   "],
    ["has half of a pair", "Ann\ud800"],
    ["is a tag", "Ann\u{e0041}"],
    ["is of nobody's plane", "Ann\ue000"],
    ["is a control", "Ann\u001b[31m"],
    ["ends the line", "Ann\u2028"],
    ["joins what needs no joiner", "A\u200dnn"],
    ["joins at its end", "می\u200c"],
    ["joins twice", "می\u200c\u200cخ"],
    ["chooses how a letter looks", "Ann\ufe0f"],
    ["has more than a person counts to 32", "🐗".repeat(33)],
    ["has no end of accents", `A${"\u0301".repeat(150)}`],
    ["is empty", ""],
  ])("that %s is refused", async (_what, name) => {
    await using server = startGateway();
    expect((await enter(server, { name })).answer).toMatchObject({ code: "malformed" });
  });

  test("of other scripts is taken", async () => {
    await using server = startGateway();
    for (const name of ["Jörg", "Ана", "美咲", "محمد", "Ann B.", "🐗", ...JOINED])
      expect((await enter(server, { name })).answer.type).toBe("welcome");
  });

  test("of bytes that are no UTF-8 is refused in both encodings", async () => {
    await using server = startGateway();
    const json = await server.client();
    json.raw(Buffer.concat([Buffer.from('{"type":"hello","v":1,"name":"A'), Buffer.from([0xff]), Buffer.from('"}\n')]));
    await server.run(() => json.received.length > 0);
    expect(json.received[0]).toMatchObject({ code: "malformed" });
    for (const name of [
      [0x41, 0xff],
      [0xed, 0xa0, 0x80],
      [0xe2, 0x80, 0xae, 0x41],
    ]) {
      const { malformed } = { malformed: refused(server, "malformed") };
      (await server.client()).raw(binaryHello(Uint8Array.from(name)));
      await server.run(() => refused(server, "malformed") === malformed + 1);
    }
    (await server.client()).raw(binaryHello(Buffer.from("Ann")));
    await server.run(() => server.link.commands.some(({ op }) => op === OP_JOIN));
  });
});
