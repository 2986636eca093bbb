import { describe, expect, test } from "bun:test";
import { existsSync, rmSync, symlinkSync } from "node:fs";
import { RingEmitter } from "../../../server/shared/emitter.ts";
import { Metrics } from "../../../server/main/monitoring/metrics.ts";
import { startTelemetry } from "../../../server/main/monitoring/telemetry.ts";
import type { Telemetry, TelemetryOptions } from "../../../server/main/monitoring/telemetry.ts";
import { registerTelemetryMetrics } from "../../../server/main/monitoring/telemetry-metrics.ts";
import { workers } from "../../../server/main/workers.ts";
import { Ring } from "../../../server/shared/ring.ts";
import { eventually, fileLines, tempFolder, UdpWatcher, withMessage } from "../../helpers/telemetry.ts";

async function start(file: string, options: Partial<TelemetryOptions> = {}): Promise<Telemetry> {
  return await startTelemetry({
    file,
    udpHost: "127.0.0.1",
    udpPort: 0,
    producers: 2,
    clock: Date.now,
    workers,
    ...options,
  });
}

const reasonOf = async (promise: Promise<unknown>): Promise<unknown> => await promise.catch((error: unknown) => error);

describe("telemetry", () => {
  test("writes every line of every thread before it stops", async () => {
    using folder = tempFolder();
    const file = folder.file("data/telemetry.jsonl");
    const telemetry = await start(file);
    const zone = new RingEmitter(new Ring(telemetry.rings[1]!), { now: Date.now, source: "zone-worker-1" });
    for (let index = 0; index < 2000; index++) {
      telemetry.emitter.emit("event", "main", "Said", { index });
      zone.emit("event", "zone", "Said", { index });
    }
    await telemetry.stop();
    const said = withMessage(fileLines(file), "Said");
    for (const component of ["main", "zone"]) {
      const indexes = said.filter((line) => line.component === component).map(({ data }) => data["index"]);
      expect(indexes).toEqual(Array.from({ length: 2000 }, (_, index) => index));
    }
    expect(telemetry.stats()).toMatchObject({ linesLost: 0, linesWritten: fileLines(file).length, fileErrors: 0 });
  });

  test("gives a thread that takes another's place a ring of its own, loses no line of either, and counts on", async () => {
    using folder = tempFolder();
    const file = folder.file("telemetry.jsonl");
    const telemetry = await start(file);
    const rings = [telemetry.ringOf(1), telemetry.ringOf(1), telemetry.ringOf(1)];
    const writers = rings.map((ring) => new RingEmitter(new Ring(ring), { now: Date.now, source: "zone-worker-1" }));
    expect(new Set(rings).size).toBe(3);
    const late = writers[0]!;
    const told = telemetry.stats().linesWritten;
    writers[2]!.emit("event", "zone", "Said", { by: 2 });
    writers[2]!.flush(true);
    await eventually(() => telemetry.stats().linesWritten > told);
    const last = new RingEmitter(new Ring(telemetry.ringOf(1)), { now: Date.now, source: "zone-worker-1" });
    last.emit("event", "zone", "Said", { by: 3 });
    late.emit("event", "zone", "Said", { by: 0 });
    late.flush(true);
    last.flush(true);
    await telemetry.stop();
    expect(withMessage(fileLines(file), "Said").map(({ data }) => data["by"])).toEqual([2, 3]);
    expect(telemetry.ringLinesLost()).toEqual([0, 0]);
  });

  test("says once a second how the process is", async () => {
    using folder = tempFolder();
    const file = folder.file("telemetry.jsonl");
    const telemetry = await start(file);
    await eventually(() => telemetry.stats().linesWritten >= 2);
    await telemetry.stop();
    const [health] = withMessage(fileLines(file), "Process");
    expect(health).toMatchObject({ type: "health", component: "server", data: { telemetry_lines_lost: 0 } });
    for (const field of ["rss_mb", "heap_mb", "external_mb", "cpu_share", "uptime_s"])
      expect(health?.data[field]).toBeNumber();
  });

  test("reaches a watcher over UDP, the last line too", async () => {
    using folder = tempFolder();
    const telemetry = await start(folder.file("telemetry.jsonl"));
    using watcher = await UdpWatcher.open(telemetry.udpPort);
    watcher.answer(await watcher.challenge());
    await eventually(() => telemetry.stats().subscribers === 1);
    telemetry.emitter.emit("event", "server", "Server started", { port: 1 });
    await eventually(() => withMessage(watcher.lines, "Server started").length === 1);
    telemetry.emitter.emit("event", "server", "Server stopped", {});
    await telemetry.stop();
    await eventually(() => withMessage(watcher.lines, "Server stopped").length === 1);
  });

  test("with a full disk starts, runs, stops in time, and says what it lost", async () => {
    const telemetry = await start("/dev/full");
    telemetry.emitter.emit("event", "server", "Server started", { port: 1 });
    await eventually(() => telemetry.stats().fileErrors > 0);
    const metrics = new Metrics({ now: () => performance.now() });
    registerTelemetryMetrics(metrics, telemetry);
    expect(await metrics.text()).toContain("wowsim_telemetry_file_failing 1\n");
    await telemetry.stop();
    expect(telemetry.stats()).toMatchObject({ linesWritten: 0, fileBytes: 0 });
    expect(telemetry.stats().linesLost).toBeGreaterThan(0);
  });

  test("writes what waited when the disk comes back", async () => {
    using folder = tempFolder();
    const file = folder.file("telemetry.jsonl");
    symlinkSync("/dev/full", file);
    const telemetry = await start(file);
    telemetry.emitter.emit("event", "server", "Server started", { port: 1 });
    await eventually(() => telemetry.stats().fileErrors > 0);
    rmSync(file);
    await eventually(() => telemetry.stats().linesWritten > 0);
    await telemetry.stop();
    expect(withMessage(fileLines(file), "Server started")).toHaveLength(1);
    expect(telemetry.stats().linesLost).toBe(0);
  });

  test("goes on, with nothing lost, when a telemetry worker dies", async () => {
    using folder = tempFolder();
    const file = folder.file("telemetry.jsonl");
    const made: Worker[] = [];
    const keep = (factory: () => Worker) => () => {
      const worker = factory();
      made.push(worker);
      return worker;
    };
    const telemetry = await start(file, { workers: { recorder: keep(workers.recorder), feed: keep(workers.feed) } });
    const { udpPort } = telemetry;
    for (const worker of made.slice()) worker.terminate();
    for (let index = 0; index < 100; index++) telemetry.emitter.emit("event", "main", "Said", { index });
    await eventually(() => telemetry.stats().workerRestarts === 2 && telemetry.stats().linesWritten >= 100);
    using watcher = await UdpWatcher.open(udpPort);
    const asking = setInterval(() => watcher.send('{"subscribe":1}'), 20);
    await eventually(() => watcher.challenges.length > 0);
    clearInterval(asking);
    await telemetry.stop();
    expect(withMessage(fileLines(file), "Said")).toHaveLength(100);
  });

  test("under a flood of datagrams loses nothing and delays no line", async () => {
    using folder = tempFolder();
    const file = folder.file("telemetry.jsonl");
    const telemetry = await start(file);
    using watcher = await UdpWatcher.open(telemetry.udpPort);
    watcher.answer(await watcher.challenge());
    await eventually(() => telemetry.stats().subscribers === 1);
    using flooder = await UdpWatcher.open(telemetry.udpPort);
    for (let index = 0; index < 100; index++) {
      for (let datagram = 0; datagram < 200; datagram++) flooder.send("rubbish");
      telemetry.emitter.emit("event", "main", "Said", { index });
      await Bun.sleep(0);
    }
    await eventually(() => withMessage(watcher.lines, "Said").length === 100);
    await telemetry.stop();
    expect(withMessage(fileLines(file), "Said")).toHaveLength(100);
    expect(telemetry.counter("requestsRefused")).toBeGreaterThan(0);
    expect(telemetry.stats().linesLost).toBe(0);
  });

  test("that can not start says what to change, and leaves nothing behind", async () => {
    using folder = tempFolder();
    const telemetry = await start(folder.file("telemetry.jsonl"));
    const taken = await reasonOf(start(folder.file("other.jsonl"), { udpPort: telemetry.udpPort }));
    expect(taken).toMatchObject({ code: "port_in_use" });
    expect(String(taken)).toContain("--telemetry-port");
    await telemetry.stop();
    const nowhere = await reasonOf(start(folder.file("telemetry.jsonl/impossible.jsonl")));
    expect(nowhere).toMatchObject({ code: "telemetry_file" });
    expect(String(nowhere)).toContain("--telemetry-file");
    expect(existsSync(folder.file("telemetry.jsonl/impossible.jsonl"))).toBe(false);
  });
});
