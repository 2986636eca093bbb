// The tools' end of the feed, against the real feed on real sockets and against peers that are none.

import { expect, test } from "bun:test";
import { TelemetryCounters } from "../../../server/shared/telemetry-counters.ts";
import { RingEmitter } from "../../../server/shared/emitter.ts";
import { Feed } from "../../../server/feed/feed.ts";
import type { TelemetryLine } from "../../../server/protocol/telemetry-line.ts";
import { Ring } from "../../../server/shared/ring.ts";
import { FeedClient } from "../../../tools/client/feed-client.ts";
import { eventually, withMessage } from "../../helpers/telemetry.ts";

const host = "127.0.0.1";

/** A feed that speaks all the time, as a server's does: "Tick" with a number. */
async function startFeed(port = 0) {
  const buffer = Ring.allocate(1 << 20);
  const counters = new TelemetryCounters(TelemetryCounters.allocate());
  const secret = crypto.getRandomValues(new Uint8Array(32));
  const clocks = { now: () => performance.now(), wallClock: Date.now };
  const feed = await Feed.open({ host, port, ring: new Ring(buffer), counters, secret, ...clocks });
  const emitter = new RingEmitter(new Ring(buffer), { now: Date.now, source: "test" });
  let ticks = 0;
  const timer = setInterval(() => {
    emitter.emit("metric", "test", "Tick", { tick: ticks++ });
    feed.pump();
  }, 5);
  const stop = (): void => {
    clearInterval(timer);
    feed.close();
  };
  return { port: feed.port, counters, emitter, stop, [Symbol.dispose]: stop };
}

/** A UDP socket that answers every datagram with these. */
async function startPeer(...answers: string[]) {
  const peer = await Bun.udpSocket({
    hostname: host,
    socket: {
      data: (socket, _datagram, port, address) => answers.forEach((answer) => socket.send(answer, port, address)),
      error: () => {},
    },
  });
  return { port: peer.port, [Symbol.dispose]: () => peer.close() };
}

test("every listener gets every line in order, until it has had enough", async () => {
  using feed = await startFeed();
  await using client = await FeedClient.connect({ host, port: feed.port });
  const first: TelemetryLine[] = [];
  const second: TelemetryLine[] = [];
  const stop = client.onLine((line) => first.push(line));
  client.onLine((line) => second.push(line));
  await eventually(() => first.length >= 20);
  stop();
  const had = first.length;
  await eventually(() => second.length >= 2 * had);
  expect(first).toHaveLength(had);
  const ticks = second.map(({ data }) => Number(data["tick"]));
  expect(ticks).toEqual(ticks.map((_, index) => (ticks[0] ?? 0) + index));
  expect(second[0]).toMatchObject({ v: 1, type: "metric", component: "test", message: "Tick" });
  expect(client.lines).toBeGreaterThanOrEqual(second.length);
  expect(client.malformed).toBe(0);
});

const hasNoSeven = (text: string): boolean => !/"tick":\d*7}/.test(text);

test("what is not worth reading is counted, and nobody is told of it", async () => {
  using feed = await startFeed();
  await using client = await FeedClient.connect({ host, port: feed.port, isWorthReading: hasNoSeven });
  const linesBefore = client.lines;
  const ticks: number[] = [];
  client.onLine(({ data }) => ticks.push(Number(data["tick"])));
  await eventually(() => ticks.length >= 20);
  const [first, last] = [Math.min(...ticks), Math.max(...ticks)];
  const all = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  expect(ticks).toEqual(all.filter((tick) => tick % 10 !== 7));
  expect(client.lines - linesBefore).toBeGreaterThanOrEqual(all.length);
  expect(client.malformed).toBe(0);
});

test("the same function may listen twice, and leave once", async () => {
  using feed = await startFeed();
  await using client = await FeedClient.connect({ host, port: feed.port });
  let calls = 0;
  const count = (): void => void calls++;
  const stop = client.onLine(count);
  client.onLine(count);
  const before = client.lines;
  await eventually(() => client.lines >= before + 3);
  expect(calls).toBe(2 * (client.lines - before));
  stop();
  const [linesThen, callsThen] = [client.lines, calls];
  await eventually(() => client.lines >= linesThen + 3);
  expect(calls - callsThen).toBe(client.lines - linesThen);
});

test("a host may be a name", async () => {
  using feed = await startFeed();
  await using client = await FeedClient.connect({ host: "localhost", port: feed.port });
  expect(client.lines).toBeGreaterThan(0);
});

test("a feed that dies is silent, and is heard again when it is back on its port", async () => {
  const feed = await startFeed();
  await using client = await FeedClient.connect({ host, port: feed.port });
  feed.stop();
  await eventually(() => client.silentMs > 300);
  const before = client.lines;
  using again = await startFeed(feed.port);
  await eventually(() => client.lines > before + 5 && client.silentMs < 300);
  expect(again.counters.get("subscribers")).toBe(1);
});

test("nobody there is told with what to do", async () => {
  const feed = await startFeed();
  feed.stop();
  const connecting = FeedClient.connect({ host, port: feed.port, timeoutMs: 300 });
  await expect(connecting).rejects.toMatchObject({
    code: "no_feed",
    message: expect.stringMatching(/No telemetry feed answers on UDP .*wowsim serve.*--telemetry-port/),
  });
});

test("a host that does not exist is told as such", async () => {
  const connecting = FeedClient.connect({ host: "no-such-host.invalid", port: 9090, timeoutMs: 300 });
  await expect(connecting).rejects.toMatchObject({ code: "no_feed" });
});

test("a server that answers and says nothing more is told apart from none", async () => {
  using peer = await startPeer('{"challenge":"0123456789abcdef"}');
  const connecting = FeedClient.connect({ host, port: peer.port, timeoutMs: 300 });
  await expect(connecting).rejects.toMatchObject({ code: "feed_silent" });
});

test("a server with too many watchers is quoted", async () => {
  using peer = await startPeer('{"error":"There are 64 watchers already; try again later."}');
  const connecting = FeedClient.connect({ host, port: peer.port });
  await expect(connecting).rejects.toMatchObject({
    code: "feed_refused",
    message: expect.stringContaining("64 watchers"),
  });
});

test.each(["token_required", "wrong_token"])(
  "a token that is missing or wrong has the code of every port: %s",
  async (code) => {
    using peer = await startPeer(JSON.stringify({ error: "The feed is for operators.", code }));
    await expect(FeedClient.connect({ host, port: peer.port })).rejects.toMatchObject({ code });
  },
);

test("datagrams that are no telemetry are counted and passed on to nobody", async () => {
  const line = {
    v: 1,
    timestamp: "2026-01-01T00:00:00.000Z",
    type: "event",
    component: "a",
    message: "Real",
    data: {},
  };
  const rubbish = ["x", "null", "[]", "7", "{}", '{"v":1}', JSON.stringify({ ...line, data: null }), '"\ud800"'];
  using peer = await startPeer(...rubbish, JSON.stringify(line));
  await using client = await FeedClient.connect({ host, port: peer.port });
  expect(client.lines).toBe(1);
  expect(client.malformed).toBe(rubbish.length);
});

test("strangers' datagrams do not reach it", async () => {
  using feed = await startFeed();
  await using client = await FeedClient.connect({ host, port: feed.port });
  const seen: TelemetryLine[] = [];
  client.onLine((line) => seen.push(line));
  const stranger = await Bun.udpSocket({ hostname: host, socket: { error: () => {} } });
  const forged = { v: 1, timestamp: "", type: "error", component: "zone", message: "Forged", data: {} };
  stranger.send(JSON.stringify(forged), client.port, host);
  feed.emitter.emit("event", "test", "After the forgery", {});
  await eventually(() => withMessage(seen, "After the forgery").length === 1);
  expect(withMessage(seen, "Forged")).toEqual([]);
  stranger.close();
});

test("closed, it hears nothing more; and may be closed again", async () => {
  using feed = await startFeed();
  const client = await FeedClient.connect({ host, port: feed.port });
  let after = 0;
  client.onLine(() => void after++);
  client.close();
  client.close();
  const sent = feed.counters.get("datagramsSent");
  await eventually(() => feed.counters.get("datagramsSent") + feed.counters.get("datagramsUnsent") > sent + 5);
  expect(after).toBe(0);
});
