import { describe, expect, test } from "bun:test";
import { TelemetryCounters } from "../../../server/shared/telemetry-counters.ts";
import { RingEmitter } from "../../../server/shared/emitter.ts";
import { Secret } from "../../../server/shared/secret.ts";
import { DATAGRAM_BYTES_MAX, Feed } from "../../../server/feed/feed.ts";
import { FeedSubscribers, SUBSCRIPTION_MS } from "../../../server/feed/subscribers.ts";
import { FEED_LIMITS } from "../../../server/protocol/limits.ts";
import { Handshake, parseRequest } from "../../../server/feed/handshake.ts";
import { Ring } from "../../../server/shared/ring.ts";
import { eventually, TestClock, UdpWatcher, withMessage } from "../../helpers/telemetry.ts";

const secret = new Uint8Array(32).fill(7);

async function setUp(token?: string) {
  const buffer = Ring.allocate(1 << 20);
  const clock = new TestClock(1_000_000);
  const counters = new TelemetryCounters(TelemetryCounters.allocate());
  const options = {
    host: "127.0.0.1",
    port: 0,
    ring: new Ring(buffer),
    counters,
    secret,
    now: clock.now,
    token: Secret.of(token),
  };
  const feed = await Feed.open({ ...options, wallClock: Date.now });
  const emitter = new RingEmitter(new Ring(buffer), { now: Date.now, source: "test" });
  const say = (message: string, data: Record<string, unknown> = {}): void => {
    emitter.emit("event", "test", message, data);
    feed.pump();
  };
  return { feed, clock, counters, say, emitter, [Symbol.dispose]: () => feed.close() };
}

type Setup = Awaited<ReturnType<typeof setUp>>;

async function subscribed({ feed, counters }: Setup, datagramBytes?: number): Promise<UdpWatcher> {
  const watcher = await UdpWatcher.open(feed.port);
  const before = counters.get("subscribers");
  watcher.answer(await watcher.challenge(), datagramBytes);
  await eventually(() => counters.get("subscribers") > before);
  return watcher;
}

/** Resolves when the server has handled everything this watcher sent before. */
async function handled(watcher: UdpWatcher): Promise<void> {
  await watcher.challenge();
}

describe("a watcher", () => {
  test("that sends its challenge back gets every line, one a datagram", async () => {
    using setup = await setUp();
    using watcher = await subscribed(setup);
    for (let index = 0; index < 200; index++) setup.say("Said", { index });
    await eventually(() => watcher.lines.length === 200);
    expect(watcher.lines.map(({ data }) => data["index"])).toEqual(Array.from({ length: 200 }, (_, index) => index));
    expect(setup.counters.get("datagramsSent")).toBe(200);
  });

  test("that asks for longer datagrams gets every line too, as many in one as fit and a longer one alone", async () => {
    using setup = await setUp();
    using alone = await subscribed(setup);
    using together = await subscribed(setup, 1_400);
    const texts = Array.from({ length: 60 }, (_, index) => "x".repeat(index % 20 === 7 ? 2_000 : index));
    for (const [index, text] of texts.entries()) setup.emitter.emit("event", "test", "Said", { index, text });
    setup.feed.pump();
    await eventually(() => alone.lines.length === 60 && together.lines.length === 60);
    expect(together.lines).toEqual(alone.lines);
    expect(alone.lines.map(({ data }) => data["text"])).toEqual(texts);
    expect(alone.datagramsBytes).toHaveLength(60);
    expect(together.datagramsBytes.filter((bytes) => bytes > 1_400)).toHaveLength(3);
    expect(together.datagramsBytes.length).toBeLessThan(20);
  });

  test.each([-1, 0, 1, 1e300])(
    "that asks for datagrams of %d bytes gets whole lines, never more than fits",
    async (bytes) => {
      using setup = await setUp();
      using watcher = await subscribed(setup, bytes);
      for (let index = 0; index < 60; index++) setup.emitter.emit("event", "test", "Said", { index });
      setup.feed.pump();
      await eventually(() => watcher.lines.length === 60);
      expect(watcher.datagramsBytes.every((length) => length <= DATAGRAM_BYTES_MAX)).toBe(true);
      expect(watcher.datagramsBytes.length < 60).toBe(bytes > 1);
    },
  );

  test("that only asks gets its challenge, as often as it asks, and no line", async () => {
    using setup = await setUp();
    using watcher = await UdpWatcher.open(setup.feed.port);
    await watcher.challenge();
    await watcher.challenge();
    setup.say("Said");
    await handled(watcher);
    expect(watcher.challenges).toHaveLength(3);
    expect(watcher.lines).toEqual([]);
    expect(setup.counters.get("subscribers")).toBe(0);
  });

  test("that sends another one's challenge back, an old one or a made-up one gets a new challenge and no line", async () => {
    using setup = await setUp();
    using owner = await UdpWatcher.open(setup.feed.port);
    using thief = await UdpWatcher.open(setup.feed.port);
    const challenge = await owner.challenge();
    for (const forged of [challenge, "", "0123456789abcdef", `${challenge}0`, challenge.slice(1), "é".repeat(16)]) {
      thief.answer(forged);
    }
    await handled(thief);
    setup.clock.pass(30_001);
    owner.answer(challenge);
    await handled(owner);
    expect(setup.counters.get("subscribers")).toBe(0);
    setup.say("Said");
    await handled(thief);
    expect([...owner.lines, ...thief.lines]).toEqual([]);
    expect(thief.challenges).toHaveLength(8);
  });

  test("is forgotten 30 s after its last renewal, and not before", async () => {
    using setup = await setUp();
    using watcher = await subscribed(setup);
    setup.clock.pass(SUBSCRIPTION_MS - 1);
    setup.say("still there");
    await eventually(() => watcher.lines.length === 1);
    watcher.answer(await watcher.challenge());
    await handled(watcher);
    setup.clock.pass(SUBSCRIPTION_MS - 1);
    setup.say("renewed");
    await eventually(() => watcher.lines.length === 2);
    setup.clock.pass(1);
    setup.feed.pump();
    expect(setup.counters.get("subscribers")).toBe(0);
    setup.say("too late");
    await handled(watcher);
    expect(watcher.lines).toHaveLength(2);
  });

  test("can renew with the challenge it has for as long as that is good, 15 s at least", async () => {
    using setup = await setUp();
    using watcher = await UdpWatcher.open(setup.feed.port);
    const challenge = await watcher.challenge();
    setup.clock.pass(15_000);
    watcher.answer(challenge);
    await eventually(() => setup.counters.get("subscribers") === 1);
    expect(watcher.challenges).toHaveLength(1);
  });

  test("beyond the sixty-fourth gets in, and the one that renewed longest ago is told that it is out", async () => {
    using setup = await setUp();
    const watchers: UdpWatcher[] = [];
    try {
      while (watchers.length < FEED_LIMITS.watchersMax) watchers.push(await subscribed(setup));
      const [renewed, oldest] = watchers;
      renewed!.answer(await renewed!.challenge());
      await handled(renewed!);
      using late = await UdpWatcher.open(setup.feed.port);
      late.answer(await late.challenge());
      await eventually(() => oldest!.errors.length === 1);
      expect(setup.counters.get("subscribers")).toBe(FEED_LIMITS.watchersMax);
      expect(setup.counters.get("watchersEvicted")).toBe(1);
      setup.say("Said");
      await eventually(() => [renewed!, late, ...watchers.slice(2)].every(({ lines }) => lines.length === 1));
      await handled(oldest!);
      expect(oldest!.lines).toEqual([]);
    } finally {
      for (const watcher of watchers) watcher[Symbol.dispose]();
    }
  });

  test("has to show the token where there is one, and gets in with it whatever was guessed before", async () => {
    using setup = await setUp("hush");
    using watcher = await UdpWatcher.open(setup.feed.port);
    const tries = [undefined, "a", "b", "c", "d", "e", "f", "g"];
    for (const [index, token] of tries.entries()) {
      watcher.answer(await watcher.challenge(), undefined, token);
      await eventually(() => watcher.errors.length === index + 1);
    }
    expect(watcher.errors[0]).toContain("--token");
    expect(watcher.errors[5]).toContain("what serve got as --token");
    expect(watcher.errors[6]).toContain("too many wrong ones from your address");
    expect(setup.counters.get("wrongTokens")).toBe(7);
    expect(setup.counters.get("subscribers")).toBe(0);
    watcher.answer(await watcher.challenge(), undefined, "hush");
    await eventually(() => setup.counters.get("subscribers") === 1);
  });

  test("that is gone takes nothing from the others", async () => {
    using setup = await setUp();
    const gone = await subscribed(setup);
    using watcher = await subscribed(setup);
    gone[Symbol.dispose]();
    for (let index = 0; index < 100; index++) {
      setup.say("Said", { index });
      await Bun.sleep(0);
    }
    await eventually(() => watcher.lines.length === 100);
    expect(setup.counters.get("subscribers")).toBe(2);
  });
});

test("watchers of one address off this machine have their share, and make room for each other first", () => {
  const subscribers = new FeedSubscribers({ watchersMax: 6, watchersPerAddressMax: 4 });
  const take = (address: string, port: number) => subscribers.subscribe({ address, port, datagramBytes: 0 }, port);
  for (let port = 1; port <= 4; port++) expect(take("203.0.113.7", port)).toBeNull();
  expect(take("203.0.113.7", 5)).toMatchObject({ port: 1 });
  for (const address of ["203.0.113.8", "127.0.0.1"]) expect(take(address, 6)).toBeNull();
  expect(take("203.0.113.9", 7)).toMatchObject({ address: "203.0.113.7", port: 2 });
  expect(take("203.0.113.7", 3)).toBeNull();
  expect(take("203.0.113.9", 8)).toMatchObject({ address: "203.0.113.7", port: 4 });
  expect(subscribers.size).toBe(6);
});

describe("datagrams", () => {
  test("that are no request are counted and not answered", async () => {
    using setup = await setUp();
    using stranger = await UdpWatcher.open(setup.feed.port);
    const rubbish = [
      "",
      "x",
      "[]",
      "null",
      "7",
      '{"subscribe":2}',
      '{"subscribe":1',
      `{"subscribe":1,"x":"${"a".repeat(1_100)}"}`,
    ];
    for (const datagram of [...rubbish, new Uint8Array(8000)]) stranger.send(datagram);
    stranger.send(Uint8Array.of(0xff, 0xfe, 0x00));
    await handled(stranger);
    expect(stranger.challenges).toHaveLength(1);
    // An empty datagram may not even reach the handler.
    expect(setup.counters.get("requestsRefused")).toBeWithin(rubbish.length + 1, rubbish.length + 3);
  });

  test("in a flood are answered up to a limit a second, and watchers get their lines all the while", async () => {
    using setup = await setUp();
    using watcher = await subscribed(setup);
    using flooder = await UdpWatcher.open(setup.feed.port);
    for (let sent = 0; sent < 3000; sent++) {
      flooder.send('{"subscribe":1}');
      if (sent % 50 === 0) {
        const seen = setup.counters.get("requests") + setup.counters.get("requestsRefused");
        await eventually(() => setup.counters.get("requests") + setup.counters.get("requestsRefused") > seen);
        setup.emitter.emit("event", "test", "Said", {});
        setup.feed.pump();
      }
    }
    await eventually(() => watcher.lines.length === 60);
    expect(setup.counters.get("requests")).toBe(2000);
    expect(setup.counters.get("requestsRefused")).toBeGreaterThan(500);
    setup.clock.pass(1000);
    const before = flooder.challenges.length;
    flooder.send('{"subscribe":1}');
    await eventually(() => flooder.challenges.length > before);
  });

  test("set off a pump that is overdue, since a flood keeps timers from firing", async () => {
    using setup = await setUp();
    using watcher = await subscribed(setup);
    using flooder = await UdpWatcher.open(setup.feed.port);
    setup.emitter.emit("event", "test", "Said", {});
    setup.clock.pass(100);
    flooder.send("x");
    await eventually(() => watcher.lines.length === 1);
  });

  test("are never longer than they may be: a longer line is left out, and a line says how many", async () => {
    using setup = await setUp();
    using watcher = await subscribed(setup);
    setup.say("long", { text: "x".repeat(DATAGRAM_BYTES_MAX) });
    setup.say("long", { text: "x".repeat(DATAGRAM_BYTES_MAX) });
    setup.clock.pass(1000);
    setup.say("short");
    await eventually(() => watcher.lines.length >= 3);
    const notices = withMessage(watcher.lines, "Lines too long for the feed");
    expect(notices.map(({ data }) => data["count"])).toEqual([1, 1]);
    expect(setup.counters.get("linesTooLong")).toBe(2);
    expect(withMessage(watcher.lines, "long")).toEqual([]);
  });
});

test("a port in use names the flag to choose another", async () => {
  using setup = await setUp();
  const ring = new Ring(Ring.allocate(1024));
  const { counters, clock } = setup;
  const options = { host: "127.0.0.1", port: setup.feed.port, ring, counters, secret, now: clock.now };
  const failure = await Feed.open({ ...options, wallClock: Date.now }).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: "port_in_use" });
  expect(String(failure)).toContain("--telemetry-port");
});

const parse = (text: string) => parseRequest(new TextEncoder().encode(text));

describe("a challenge", () => {
  test("differs by address, port, time and secret, and is good for its own only", () => {
    const clock = new TestClock(1_000_000);
    const handshake = new Handshake(secret, clock.now);
    const challenge = handshake.challenge("10.0.0.1", 5000);
    expect(handshake.accepts("10.0.0.1", 5000, challenge)).toBe(true);
    expect(handshake.accepts("10.0.0.1", 5001, challenge)).toBe(false);
    expect(handshake.accepts("10.0.0.2", 5000, challenge)).toBe(false);
    expect(new Handshake(new Uint8Array(32), clock.now).accepts("10.0.0.1", 5000, challenge)).toBe(false);
    clock.pass(30_000);
    expect(handshake.accepts("10.0.0.1", 5000, challenge)).toBe(false);
  });

  test("is found in a request, and nothing else is", () => {
    const datagramBytes = 0;
    const token = null;
    expect(parse('{"subscribe":1}')).toEqual({ challenge: null, token, datagramBytes });
    expect(parse('{"subscribe":1,"challenge":"abc"}\n')).toEqual({ challenge: "abc", token, datagramBytes });
    expect(parse('{"subscribe":1,"challenge":7}')).toEqual({ challenge: null, token, datagramBytes });
    expect(parse('{"subscribe":1,"datagram_bytes":1400}')).toEqual({ challenge: null, token, datagramBytes: 1_400 });
    expect(parse('{"subscribe":1,"datagram_bytes":"1400"}')).toEqual({ challenge: null, token, datagramBytes });
    expect(parse('{"subscribe":true}')).toBeNull();
    expect(parse("")).toBeNull();
  });
});
