import { describe, expect, test } from "bun:test";
import { RingEmitter } from "../../../server/shared/emitter.ts";
import { LINE_BYTES_MAX } from "../../../server/shared/telemetry-ring-line.ts";
import { Ring } from "../../../server/shared/ring.ts";
import { drainLines, drainTexts, sumOf, TestClock, withMessage } from "../../helpers/telemetry.ts";

function setUp(options: { ringBytes?: number; linesPerSecondMax?: number } = {}) {
  const buffer = Ring.allocate(options.ringBytes ?? 1 << 20);
  const clock = new TestClock();
  const { linesPerSecondMax } = options;
  const emitter = new RingEmitter(new Ring(buffer), { now: clock.now, source: "zone-worker-1", linesPerSecondMax });
  return { emitter, clock, ring: new Ring(buffer) };
}

describe("a line", () => {
  test("has the form of PROTOCOL.md, byte for byte", () => {
    const { emitter, clock, ring } = setUp();
    clock.pass(50);
    emitter.emit("metric", "zone", "Zone tick completed", { zone_id: 1, tick: 7 });
    expect(drainTexts(ring)).toEqual([
      '{"v":1,"timestamp":"2026-01-01T00:00:00.050Z","type":"metric","component":"zone","message":"Zone tick completed","data":{"zone_id":1,"tick":7}}',
    ]);
  });

  test("of a cluster says where it comes from", () => {
    const ring = new Ring(Ring.allocate(1 << 16));
    const { now } = new TestClock();
    for (const origin of [{ host: 'a "b"' }, { host: "a", epoch: 3 }]) {
      const emitter = new RingEmitter(ring, { now, source: "zone-worker-1", origin });
      emitter.emit("event", "zone", "Zone taken", { zone_id: 1 });
    }
    expect(drainLines(ring)).toMatchObject([
      { host: 'a "b"', message: "Zone taken", data: { zone_id: 1 } },
      { host: "a", epoch: 3, data: { zone_id: 1 } },
    ]);
  });

  test("can be read as soon as it was emitted", () => {
    const { emitter, ring } = setUp();
    emitter.emit("event", "server", "Server starting", {});
    expect(ring.isEmpty).toBe(false);
  });

  test("tells the time of its own millisecond, across seconds, days and years, also after the clock was set back", () => {
    const { emitter, clock, ring } = setUp();
    const times = [0, 1, 999, 1000, 86_399_999, 86_400_000, 31_536_000_000, -1, 12.7, 0].map((at) => {
      clock.ms = 1_767_225_600_000 + at;
      emitter.emit("event", "a", "b", {});
      return new Date(clock.ms).toISOString();
    });
    expect(drainLines(ring).map((line) => line.timestamp)).toEqual(times);
  });

  test("is whole even when the clock shows nonsense", () => {
    const { emitter, clock, ring } = setUp();
    for (const nonsense of [Number.NaN, Number.POSITIVE_INFINITY, 1e300, -1e300]) {
      clock.ms = nonsense;
      emitter.emit("event", "a", "b", {});
    }
    expect(drainLines(ring)).toHaveLength(4);
  });

  test("survives what JSON can not say", () => {
    const { emitter, ring } = setUp();
    const data: Record<string, unknown> = { hash: 12n, nan: Number.NaN, nothing: undefined, error: new Error("bad") };
    data["self"] = data;
    Object.defineProperty(data, "getter", { enumerable: true, get: () => JSON.parse("no") });
    emitter.emit("event", "a", "b", data);
    expect(drainLines(ring)[0]?.data).toEqual({
      hash: "12",
      nan: null,
      error: "Error: bad",
      self: "[circular]",
      getter: "[unreadable]",
    });
  });

  test("is cut short, and says so, when its data would make it too long", () => {
    const { emitter, ring } = setUp();
    emitter.emit("event", "a", "b", { text: "é".repeat(1e6), list: Array.from({ length: 1e5 }, () => 1), tick: 7 });
    const [text = ""] = drainTexts(ring);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(LINE_BYTES_MAX);
    const { data } = JSON.parse(text);
    expect(data.tick).toBe(7);
    expect(data.text).toEndWith("… 1000000 characters");
    expect(data.list["[left out]"]).toBe(99_976);
  });
});

describe("a full ring", () => {
  test("loses lines without harm, and the report names exactly how many and since when", () => {
    const { emitter, clock, ring } = setUp({ ringBytes: 4096 });
    const emitted = 100;
    for (let index = 0; index < emitted; index++) emitter.emit("event", "a", "b", { index });
    const arrived = drainLines(ring).length;
    expect(arrived).toBeGreaterThan(10);
    expect(emitter.linesLost).toBe(emitted - arrived);
    clock.pass(2000);
    emitter.flush();
    const [report] = drainLines(ring);
    expect(report).toMatchObject({ type: "health", component: "telemetry", message: "Lines lost" });
    expect(report?.data).toEqual({
      source: "zone-worker-1",
      where: "ring",
      count: emitted - arrived,
      since: "2026-01-01T00:00:00.000Z",
    });
  });

  test("keeps a report that does not fit for later, and the reports add up", () => {
    const { emitter, clock, ring } = setUp({ ringBytes: 1024 });
    let arrived = 0;
    let reported = 0;
    const emitted = 500;
    for (let index = 0; index < emitted; index++) {
      emitter.emit("event", "a", "b", { index });
      clock.pass(100);
      emitter.flush();
      if (index % 40 > 0) continue;
      const lines = drainLines(ring);
      const reports = withMessage(lines, "Lines lost");
      reported += sumOf(reports, "count");
      arrived += lines.length - reports.length;
    }
    for (let round = 0; round < 3; round++) {
      const lines = drainLines(ring);
      const reports = withMessage(lines, "Lines lost");
      reported += sumOf(reports, "count");
      arrived += lines.length - reports.length;
      emitter.flush(true);
    }
    expect(arrived + reported).toBe(emitted);
    expect(emitter.linesLost).toBe(reported);
  });
});

describe("the line budget", () => {
  test("lets a kind through up to its budget, and the report names exactly how many of which kind were left out", () => {
    const { emitter, clock, ring } = setUp({ linesPerSecondMax: 20 });
    for (let index = 0; index < 100; index++) emitter.emitSampled("event", "combat", "Damage dealt", { index });
    for (let index = 0; index < 30; index++) emitter.emitSampled("event", "movement", "Position updated", { index });
    for (let index = 0; index < 30; index++) emitter.emit("metric", "zone", "Zone tick completed", { index });
    clock.pass(1000);
    emitter.flush();
    const lines = drainLines(ring);
    expect(withMessage(lines, "Damage dealt")).toHaveLength(20);
    expect(withMessage(lines, "Position updated")).toHaveLength(20);
    expect(withMessage(lines, "Zone tick completed")).toHaveLength(30);
    expect(withMessage(lines, "Lines sampled out").map(({ data }) => data)).toEqual([
      { source: "zone-worker-1", kinds: { "combat/Damage dealt": 80, "movement/Position updated": 10 } },
    ]);
  });

  test("fills again with time, and not when the clock is set back", () => {
    const { emitter, clock, ring } = setUp({ linesPerSecondMax: 20 });
    const burst = (): number => {
      for (let index = 0; index < 100; index++) emitter.emitSampled("event", "combat", "Damage dealt", {});
      return drainLines(ring).length;
    };
    expect(burst()).toBe(20);
    expect(burst()).toBe(0);
    clock.pass(500);
    expect(burst()).toBe(10);
    clock.pass(-3_600_000);
    expect(burst()).toBe(0);
    clock.pass(60_000);
    expect(burst()).toBe(20);
  });

  test("reports at most once a second while it is exceeded, and never without need", () => {
    const { emitter, clock, ring } = setUp({ linesPerSecondMax: 1 });
    for (let tick = 0; tick < 200; tick++) {
      emitter.emitSampled("event", "combat", "Damage dealt", {});
      clock.pass(50);
      emitter.flush();
    }
    expect(withMessage(drainLines(ring), "Lines sampled out").length).toBeWithin(9, 12);
    emitter.flush(true);
    drainLines(ring);
    for (let tick = 0; tick < 100; tick++) {
      clock.pass(50);
      emitter.flush();
    }
    expect(drainLines(ring)).toEqual([]);
  });

  test("stays exact when there are more kinds than an emitter remembers", () => {
    const { emitter, ring } = setUp({ linesPerSecondMax: 2 });
    const emitted = 1500 * 4;
    for (let kind = 0; kind < 1500; kind++) {
      for (let index = 0; index < 4; index++) emitter.emitSampled("event", "many", `Kind ${kind}`, {});
    }
    const arrived = drainLines(ring).length;
    emitter.flush(true);
    const reports = drainLines(ring);
    const leftOut = reports.flatMap(({ data }) => Object.values(data["kinds"] as Record<string, number>));
    expect(arrived + leftOut.reduce((sum, count) => sum + count, 0)).toBe(emitted);
  });
});
