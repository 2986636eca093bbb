import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { Secret } from "../../../server/shared/secret.ts";
import { startHttp } from "../../../server/main/monitoring/http.ts";
import type { HttpServer } from "../../../server/main/monitoring/http.ts";
import { Metrics } from "../../../server/main/monitoring/metrics.ts";
import { Readiness } from "../../../server/main/monitoring/readiness.ts";
import type { ReadinessVerdict } from "../../../server/main/monitoring/readiness.ts";
import { TestClock, tickReport } from "../../helpers/telemetry.ts";

const clock = new TestClock(1_000_000);
const metrics = new Metrics({ now: clock.now });
let readiness: Readiness;
let server: HttpServer;
let base: string;

beforeEach(async () => {
  readiness = new Readiness({ listeners: ["game", "control"], now: clock.now });
  server = await startHttp({ host: "127.0.0.1", port: 0, metrics, readiness });
  base = `http://127.0.0.1:${server.port}`;
});

afterEach(async () => {
  await server.stop();
});

/** Status code and reasons. */
const ready = async (): Promise<[number, string[]]> => {
  const response = await fetch(`${base}/readyz`);
  const { reasons } = (await response.json()) as ReadinessVerdict;
  return [response.status, reasons];
};

const status = async (path: string, init?: RequestInit): Promise<number> => (await fetch(base + path, init)).status;

describe("the HTTP port", () => {
  test("serves metrics with the content type Prometheus asks for", async () => {
    const response = await fetch(`${base}/metrics`);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(await response.text()).toContain("# TYPE process_resident_memory_bytes gauge");
  });

  test("lists its endpoints on the index page", async () => {
    const text = await (await fetch(base)).text();
    for (const path of ["/metrics", "/healthz", "/readyz"]) expect(text).toContain(`href="${path}"`);
  });

  test("answers HEAD like GET, without the body", async () => {
    for (const path of ["/metrics", "/healthz", "/"]) {
      const response = await fetch(base + path, { method: "HEAD" });
      expect(response.status).toBe(200);
      expect(await response.text()).toBe("");
      expect(Number(response.headers.get("content-length"))).toBeGreaterThan(0);
    }
  });

  test("knows nothing else, and takes no other method", async () => {
    expect(await status("/nothing")).toBe(404);
    expect(await status("/metrics/")).toBe(404);
    expect(await status("/../etc/passwd")).toBe(404);
    const response = await fetch(`${base}/metrics`, { method: "POST", body: "x" });
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("GET, HEAD");
  });

  test("refuses long URLs and long bodies", async () => {
    expect(await status(`/${"a".repeat(2000)}`)).toBe(414);
    expect(await status(`/${"a".repeat(200_000)}`)).toBe(431);
    expect(await status("/metrics", { method: "POST", body: "x".repeat(100_000) })).toBe(413);
    expect(await status("/healthz")).toBe(200);
  });

  test("survives what is no HTTP at all", async () => {
    for (const rubbish of ["\0\0\0\0\r\n\r\n", "GET\r\n\r\n", `GET / HTTP/1.1\r\n${"x".repeat(100)}\r\n\r\n`, "{}\n"]) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const socket = await Bun.connect({
        hostname: "127.0.0.1",
        port: server.port,
        socket: { data: () => resolve(), close: () => resolve(), error: () => resolve() },
      });
      socket.write(rubbish);
      socket.shutdown();
      await promise;
      socket.end();
    }
    expect(await status("/healthz")).toBe(200);
  });

  test("in use names the flag to choose another", async () => {
    const options = { host: "127.0.0.1", port: server.port, metrics, readiness };
    await expect(startHttp(options)).rejects.toThrow("--http-port");
    await expect(startHttp(options)).rejects.toMatchObject({ code: "port_in_use" });
  });
});

/** A connection that sends this and no more, and keeps what comes. */
async function held(
  port: number,
  text: string,
): Promise<{ socket: Socket; seen: () => string; isClosed: () => boolean }> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket = connect({ host: "127.0.0.1", port }, () => {
    socket.write(text);
    resolve();
  });
  let [seen, isClosed] = ["", false];
  socket.on("data", (bytes) => (seen += bytes));
  socket.on("error", reject);
  socket.on("close", () => (isClosed = true));
  await promise;
  return { socket, seen: () => seen, isClosed: () => isClosed };
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await Bun.sleep(2);
}

describe("strangers at the HTTP port", () => {
  test.each([
    ["half a request", "GET /healthz HTTP/1.1\r\nHost: a\r\nX"],
    ["nothing", ""],
  ])("who send %s hold no more connections than there are, and keep nobody out", async (_what, text) => {
    const holders = await Promise.all(Array.from({ length: 300 }, () => held(server.port, text)));
    await until(() => server.refused.connections >= 200);
    expect(server.connections).toBeLessThanOrEqual(64);
    expect(await status("/healthz")).toBe(200);
    expect(server.connections).toBeLessThanOrEqual(64);
    for (const { socket } of holders) socket.destroy();
  });

  test("who take too long for a request are closed and counted, also between requests", async () => {
    const hasty = await startHttp({ host: "127.0.0.1", port: 0, metrics, readiness, limits: { requestMsMax: 30 } });
    try {
      const half = await held(hasty.port, "GET /healthz HTTP/1.1\r\n");
      const kept = await held(hasty.port, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
      await until(() => half.isClosed() && kept.isClosed());
      expect(kept.seen()).toContain("200 OK");
      expect(hasty.refused.request_timeout).toBe(2);
      expect(hasty.connections).toBe(0);
    } finally {
      await hasty.stop();
    }
  });

  test.each(["[::::", "", "a b", "x".repeat(300)])("who name the host %p are answered", async (host) => {
    const client = await held(server.port, `GET /healthz HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    await until(client.isClosed);
    expect(client.seen()).toMatch(/^HTTP\/1.1 (200|400)/);
    expect(await status("/healthz")).toBe(200);
  });

  test("who have no token see no numbers where there is one, however many try; who has it does; health stays open", async () => {
    const guarded = await startHttp({
      host: "127.0.0.1",
      port: 0,
      metrics,
      readiness,
      secret: Secret.of("hush"),
      now: clock.now,
    });
    const ask = async (path: string, authorization?: string): Promise<Response> =>
      await fetch(`http://127.0.0.1:${guarded.port}${path}`, {
        headers: authorization === undefined ? {} : { authorization },
      });
    try {
      const asked = await ask("/metrics");
      expect([asked.status, asked.headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
      expect(await asked.text()).toContain("--token");
      expect((await ask("/metrics", "Bearer hush")).status).toBe(200);
      expect((await ask("/healthz")).status).toBe(200);
      const statuses: number[] = [];
      for (let tries = 0; tries < 8; tries++) {
        const guess = await ask("/metrics", `Bearer ${tries}`);
        statuses.push(guess.status);
        expect(guess.headers.get("connection")).toBe("close");
        expect((await ask("/metrics", "bearer hush")).status).toBe(200);
      }
      expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429, 429]);
      expect(guarded.refused).toMatchObject({ wrong_token: 5, wrong_tokens: 3 });
    } finally {
      await guarded.stop();
    }
  });
});

describe("readiness", () => {
  test("comes with all listeners and a zone that ticks, and goes with the ticks; until then it says what is missing", async () => {
    expect(await ready()).toEqual([
      503,
      ["The game port does not listen yet.", "The control port does not listen yet.", "No zone has ticked yet."],
    ]);
    readiness.up("game");
    readiness.up("control");
    readiness.ticked(tickReport({ zoneId: 1, state: "DOWN" }));
    expect(await ready()).toEqual([503, ["Zone 1 is DOWN; its last tick was 0 ms ago."]]);
    readiness.ticked(tickReport({ zoneId: 2, state: "DEGRADED" }));
    expect(await ready()).toEqual([200, []]);
    clock.pass(2000);
    expect(await ready()).toEqual([200, []]);
    clock.pass(1);
    expect(await ready()).toEqual([
      503,
      ["Zone 1 is DOWN; its last tick was 2001 ms ago.", "Zone 2 is SILENT; its last tick was 2001 ms ago."],
    ]);
    readiness.ticked(tickReport({ zoneId: 1, state: "ACTIVE" }));
    expect(await ready()).toEqual([200, []]);
  });

  test("is a zone's: each is named with its state and why it is not ready; one, or all of them, can be asked for", async () => {
    const zones = [
      { id: 1, name: "Elwynn Forest" },
      { id: 2, name: "Westfall" },
    ];
    await server.stop();
    readiness = new Readiness({ listeners: [], zones, now: clock.now });
    server = await startHttp({ host: "127.0.0.1", port: 0, metrics, readiness });
    const ask = async (query: string): Promise<{ status: number } & ReadinessVerdict> => {
      const response = await fetch(`http://127.0.0.1:${server.port}/readyz${query}`);
      return { status: response.status, ...((await response.json()) as ReadinessVerdict) };
    };
    for (const zoneId of [1, 2]) readiness.ticked(tickReport({ zoneId, state: "ACTIVE" }));
    expect(await ask("?zone=all")).toMatchObject({ status: 200, ready: true, reasons: [] });
    readiness.said({
      type: "zone_state",
      zoneId: 1,
      from: "ACTIVE",
      to: "DOWN",
      reason: "its worker hung in tick 7 of zone 1, in the kernel",
      tick: 7,
    });
    const reason = "Zone 1 is DOWN (its worker hung in tick 7 of zone 1, in the kernel); its last tick was 0 ms ago.";
    const whole = await ask("");
    expect(whole).toMatchObject({ status: 200, ready: true, reasons: [] });
    expect(whole.zones).toEqual([
      { zone_id: 1, name: "Elwynn Forest", state: "DOWN", ready: false, reason, tick_age_ms: 0 },
      { zone_id: 2, name: "Westfall", state: "ACTIVE", ready: true, reason: null, tick_age_ms: 0 },
    ]);
    expect(await ask("?zone=1")).toMatchObject({ status: 503, ready: false, reasons: [reason] });
    expect(await ask("?zone=2")).toMatchObject({ status: 200, ready: true });
    expect(await ask("?zone=all")).toMatchObject({ status: 503, ready: false, reasons: [reason] });
    for (const zone of ["3", "", "x", "99999999999"]) {
      expect(await ask(`?zone=${zone}`)).toMatchObject({
        status: 404,
        reasons: ["There is no such zone; ask for one of 1, 2, or for all."],
      });
    }
  });

  test("allows ticks that are far apart on purpose", () => {
    const slow = new Readiness({ listeners: [], zones: [{ id: 1, name: "" }], tickRateHz: 1, now: clock.now });
    expect(slow.check()).toMatchObject({ ready: false, reasons: ["No zone has ticked yet."] });
    slow.ticked(tickReport({ zoneId: 1, gameTimeRate: 0.25 }));
    clock.pass(12_000);
    expect(slow.check().ready).toBe(true);
    clock.pass(1);
    expect(slow.check().ready).toBe(false);
  });

  test("a zone whose ticks are overdue is not ACTIVE for whoever asks, long before it counts as silent", async () => {
    const [alone, scraped] = [
      new Readiness({ listeners: [], zones: [{ id: 1, name: "" }], now: clock.now }),
      new Metrics({ now: clock.now }),
    ];
    const stateNow = async (): Promise<string[]> => {
      const shown = /wowsim_zone_state\{zone="1",state="(\w+)"\} 1\n/.exec(await scraped.text())?.[1] ?? "";
      return [shown, ...alone.check().zones.map(({ state }) => state)];
    };
    const report = tickReport({ zoneId: 1, state: "ACTIVE" });
    alone.ticked(report);
    scraped.zones.observe(report);
    clock.pass(300);
    expect(await stateNow()).toEqual(["ACTIVE", "ACTIVE"]);
    clock.pass(1);
    // A scrape is kept for a moment.
    clock.pass(200);
    expect(await stateNow()).toEqual(["DEGRADED", "DEGRADED"]);
    expect(alone.check().ready).toBe(true);
    clock.pass(1_600);
    expect(await stateNow()).toEqual(["DEGRADED", "SILENT"]);
    alone.ticked(report);
    scraped.zones.observe(report);
    expect(alone.check().zones[0]?.state).toBe("ACTIVE");
  });

  test("liveness does not depend on zones, and ends when the server stops", async () => {
    clock.pass(60_000);
    expect(await status("/readyz")).toBe(503);
    expect(await status("/healthz")).toBe(200);
    readiness.stop();
    expect(await status("/healthz")).toBe(503);
    expect((await ready())[1]).toContain("The server is stopping.");
  });
});
