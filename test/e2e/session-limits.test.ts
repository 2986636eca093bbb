// What becomes of players who read slowly or send too much, in a real server with real zones.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { connect } from "node:net";
import type { GatewayLimits } from "../../server/protocol/game/limits.ts";
import type { StateMessage } from "../../tools/client/world-model.ts";
import { RawClient } from "../helpers/net.ts";
import { sees, join, states, modelOf, metric, eventually, counted, small } from "../helpers/sessions.ts";

setDefaultTimeout(120_000);

describe("a slow reader", () => {
  const limits = { messagesPerSecondMax: 1_000_000, messagesBurstMax: 1_000_000, outboxBytesMax: 2 ** 20 };
  const pings = '{"type":"ping","t":1}\n'.repeat(500);

  /** Reads no more, and asks on and on until a counter shows it; what the system buffers is some megabytes. */
  async function fallBehind(client: RawClient, http: number, counter: string): Promise<void> {
    client.pauseReading();
    let rest = "";
    const ask = (): void => {
      rest = rest === "" ? pings : rest;
      rest = rest.slice(Math.max(0, client.raw(rest)));
    };
    await eventually(async () => (await metric(http, counter)) > 0, ask);
    if (rest !== "") client.raw(rest);
  }

  test("is given no longer queue, is told everything anew when it has caught up, and nobody else notices", async () => {
    await using here = await small({ ...limits, slowReaderMsMax: 60_000 });
    const slow = await join(here.port, { zone: 1 });
    const other = await join(here.port, { zone: 1 });
    await fallBehind(slow, here.http, "wowsim_gateway_frames_dropped_total");
    slow.resumeReading();
    await sees(() => states(slow).filter(({ reset }) => reset).length === 2);
    const tick = states(other).at(-1)!.tick;
    await sees(() => states(slow).at(-1)!.tick > tick && states(other).at(-1)!.tick > tick);
    expect(modelOf(slow).problems).toEqual([]);
    expect(modelOf(other).problems).toEqual([]);
    expect(states(other).filter(({ reset }) => reset)).toHaveLength(1);
    expect(gaps(states(other))).toEqual([]);
    slow.close();
    other.close();
  });

  test("is disconnected in the end, and may come back to its session", async () => {
    await using here = await small({ ...limits, slowReaderMsMax: 100 });
    const slow = await join(here.port, { zone: 1 });
    const other = await join(here.port, { zone: 1 });
    await fallBehind(slow, here.http, 'wowsim_gateway_refused_total{reason="slow_reader"}');
    const again = await join(here.port, { resume: slow.last("welcome")!["resume"] });
    expect(again.last("welcome")?.["session_id"]).toBe(slow.last("welcome")!["session_id"]!);
    slow.resumeReading();
    await sees(() => slow.closed);
    expect([other.closed, gaps(states(other))]).toEqual([false, []]);
    again.close();
    other.close();
  });
});

/** Ticks after which a client was told nothing for a second, though creatures move all the time. */
function gaps(told: StateMessage[]): number[] {
  return told.slice(1).flatMap(({ tick }, index) => (tick - told[index]!.tick > 20 ? [tick] : []));
}

const line = (length: number): string => `{"type":"ping","t":1,"pad":"${"x".repeat(length)}"}\n`;

describe("what is past a limit is told, shown the door, and counted in /metrics by its reason", () => {
  const hello = { type: "hello", v: 1 };
  const cases: [reason: string, limits: Partial<GatewayLimits>, act: (client: RawClient) => void][] = [
    ["authenticate", { authenticateMsMax: 100 }, () => {}],
    ["line_bytes", { lineBytesMax: 200 }, (client) => client.raw(`${JSON.stringify(hello)}\n${line(300)}`)],
    [
      "messages",
      { messagesPerSecondMax: 5, messagesBurstMax: 10 },
      (client) => {
        client.send(hello, ...Array.from({ length: 20 }, () => ({ type: "ping", t: 1 })));
      },
    ],
    ["malformed", { malformedRunMax: 5 }, (client) => client.send(hello, ...Array.from({ length: 5 }, () => "?"))],
    ["partial", { partialMsMax: 100 }, (client) => client.raw(`${JSON.stringify(hello)}\n{"type":"pi`)],
    ["idle", { idleMsMax: 100 }, (client) => client.send(hello)],
  ];

  test.each(cases)("%s", async (reason, limits, act) => {
    await using here = await small(limits);
    const client = await RawClient.connect(here.port);
    act(client);
    await sees(() => client.closed);
    if (reason !== "authenticate") expect(client.last("error")).toMatchObject({ code: `limit_${reason}` });
    await counted(here.http, `wowsim_gateway_refused_total{reason="${reason}"}`);
    const next = await RawClient.connect(here.port);
    expect(next.closed).toBe(false);
    next.close();
  });

  test("connections, in all and from one address", async () => {
    await using here = await small({ connectionsPerAddressMax: 3, connectionsMax: 5 });
    const open = (from: string): Promise<"open" | "closed"> =>
      new Promise((resolve) => {
        const socket = connect({ host: "127.0.0.1", port: here.port, localAddress: from });
        socket.on("error", () => resolve("closed"));
        socket.on("close", () => resolve("closed"));
        socket.on("data", () => resolve("open"));
        socket.on("connect", () => socket.write('{"type":"hello","v":1}\n'));
      });
    const seen: string[] = [];
    for (const from of ["127.0.0.1", "127.0.0.1", "127.0.0.1", "127.0.0.1", "127.0.0.2", "127.0.0.2", "127.0.0.3"])
      seen.push(await open(from));
    expect(seen).toEqual(["open", "open", "open", "closed", "open", "open", "closed"]);
    await counted(here.http, 'wowsim_gateway_refused_total{reason="connections_per_address"}');
    await counted(here.http, 'wowsim_gateway_refused_total{reason="connections"}');
  });

  test("guests where there are none, wrong versions, wrong zones and classes, an unknown encoding", async () => {
    await using here = await small({}, { guests: false });
    const asked: [send: (client: RawClient) => void, reason: string][] = [
      [(client) => client.send({ type: "movement", position: { x: 0, y: 0, z: 0 } }), "guests_off"],
      [(client) => client.send({ ...hello, v: 99 }), "unsupported_version"],
      [(client) => client.raw(Uint8Array.of(0x80, 0x03, 0x01, 0x00)), "encoding"],
      [(client) => client.raw(Uint8Array.of(0x16, 0x03, 0x01, 0x00)), "tls"],
      [(client) => client.raw("POST / HTTP/1.1\r\nHost: a\r\n\r\n"), "http"],
      [(client) => client.send({ ...hello, zone: 77 }), "no_such_zone"],
      [(client) => client.send({ ...hello, class: "Bard" }), "no_such_class"],
      [(client) => client.send(hello, hello), "already_in_world"],
    ];
    for (const [send, reason] of asked) {
      const client = await RawClient.connect(here.port);
      send(client);
      await sees(() => client.closed || client.last("error") !== undefined);
      await counted(here.http, `wowsim_gateway_refused_total{reason="${reason}"}`);
      client.close();
    }
  });
});
