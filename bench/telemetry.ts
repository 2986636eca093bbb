// bun bench/telemetry.ts: what telemetry costs the thread that writes it, for a line of each frequent kind, and as a share of
// the ticks of four busy zones.
//
//   line                      bytes  written ns  left out ns
//   metric · Zone tick completed  655         610            -
//
// The share: four zones (server/testing/workload.ts) are ticked by the real kernel; after each tick every zone emits its tick
// line and a sampled line for each event the kernel wrote. Both are timed. The host's own work around the kernel
// (journal, frames) is not in the tick's time, so the share it prints is higher than the one in a server.

import { EVENT_BYTES, EVENT_KIND } from "../assembly/abi.ts";
import { mapped, ratio, sum } from "../tools/analysis/measured.ts";
import type { Measured } from "../tools/analysis/measured.ts";
import { loadContent } from "../server/protocol/content/load.ts";
import { ensureKernel } from "../assembly/toolchain/build.ts";
import { createMemory, instantiate } from "../assembly/toolchain/instance.ts";
import type { Kernel } from "../assembly/toolchain/kernel.ts";
import { loadKernel } from "../assembly/toolchain/load.ts";
import { RingEmitter } from "../server/shared/emitter.ts";
import { wallClock } from "../server/shared/wall-clock.ts";
import { Ring } from "../server/shared/ring.ts";
import { out, outJson } from "../tools/ui/output.ts";
import { runTick } from "../server/testing/run-tick.ts";
import { quantile } from "../server/testing/statistics.ts";
import { tableLines } from "../tools/ui/table.ts";
import { integer, runBench, seedFlag } from "./lib/bench.ts";
import type { FlagsOf } from "./lib/bench.ts";
import { EVENT_KINDS, zoneTickData } from "./lib/telemetry-kinds.ts";
import { addressesOf } from "../server/testing/work-file.ts";
import { prepareWork } from "../server/testing/workload.ts";

const ZONES = 4;
const WARM_UP_TICKS = 100;
const RING_BYTES = 1 << 20;
/** Lines between two drains: they fit the ring. */
const BATCH_LINES = 500;
const BATCHES = 200;
const TICK_MS = 50;
const US_PER_MS = 1000;

const FLAGS = {
  entities: integer("entities in each zone", 100, 8_000, 1_000),
  ticks: integer("ticks that count", 10, 10_000, 600),
  seed: seedFlag("the work"),
};
type Flags = FlagsOf<typeof FLAGS>;

await runBench("telemetry", FLAGS, bench);

/** A thread's emitter, with the reader's end to empty it. */
interface Speaker {
  emitter: RingEmitter;
  reader: Ring;
}

function newSpeaker(now: () => number, linesPerSecondMax?: number): Speaker {
  const buffer = Ring.allocate(RING_BYTES);
  const emitter = new RingEmitter(new Ring(buffer), { now, source: "bench", linesPerSecondMax });
  return { emitter, reader: new Ring(buffer) };
}

async function bench(flags: Flags): Promise<void> {
  const lines = [zoneTickLine(), ...EVENT_KINDS.map(eventLine)];
  const kernel = loadKernel(await Bun.file(await ensureKernel()).bytes(), "bench");
  const share = measureShare(kernel, flags);
  if (flags.format === "json") {
    outJson({ bun: Bun.version, lines, share });
    return;
  }
  out(`Cost of emitting, Bun ${Bun.version}, medians of ${BATCHES} batches of ${BATCH_LINES} lines:\n`);
  const rows = lines.map(({ line, bytes, writtenNs, leftOutNs }) => [line, bytes, writtenNs, leftOutNs]);
  for (const line of tableLines(["line", "bytes", "written ns", "left out ns"], rows)) out(line);
  out(`\nAll ${ZONES} zones, ${flags.entities} entities each, medians of ${flags.ticks} ticks:`);
  out(
    `  kernel ${share.kernelUs} µs, telemetry ${share.telemetryUs} µs a tick (${share.lines} lines of ${share.events} events)`,
  );
  out(
    `  telemetry is ${share.ofWorkPercent} % of the two together, ${share.ofIntervalPercent} % of the ${TICK_MS} ms interval`,
  );
}

interface LineCost {
  line: string;
  bytes: number;
  writtenNs: Measured;
  leftOutNs: Measured;
}

function zoneTickLine(): LineCost {
  const { emitter, reader } = newSpeaker(wallClock());
  const cost = nsPerCall(reader, (index) => {
    emitter.emit("metric", "zone", "Zone tick completed", zoneTickData(1, index, 0.5 + index / 1e4));
  });
  return { line: "metric · Zone tick completed", bytes: cost.bytes, writtenNs: cost.ns, leftOutNs: null };
}

function eventLine({ component, message, data }: (typeof EVENT_KINDS)[number]): LineCost {
  const open = newSpeaker(wallClock(), Number.MAX_SAFE_INTEGER);
  const written = nsPerCall(open.reader, (index) => {
    open.emitter.emitSampled("event", component, message, data(index));
  });
  const shut = newSpeaker(wallClock(), 0);
  const leftOut = nsPerCall(shut.reader, (index) => {
    shut.emitter.emitSampled("event", component, message, data(index));
  });
  return { line: `event · ${message}`, bytes: written.bytes, writtenNs: written.ns, leftOutNs: leftOut.ns };
}

/** Median time of a call, and the mean length of the lines it wrote. */
function nsPerCall(reader: Ring, call: (index: number) => void): { ns: Measured; bytes: number } {
  const costs: number[] = [];
  let bytes = 0;
  let count = 0;
  for (let batch = 0; batch < BATCHES; batch++) {
    const start = Bun.nanoseconds();
    for (let index = 0; index < BATCH_LINES; index++) call(index);
    costs.push((Bun.nanoseconds() - start) / BATCH_LINES);
    count += reader.drain((_offset, length) => (bytes += length));
  }
  return { ns: mapped(quantile(costs, 0.5), Math.round), bytes: Math.round(bytes / Math.max(1, count)) };
}

/** A zone's kernel with its prepared work, and how it speaks. */
function openZone(kernel: Kernel, flags: Flags, zoneId: number, now: () => number) {
  const content = loadContent();
  const ticks = WARM_UP_TICKS + flags.ticks;
  const { work } = prepareWork(kernel, content, { entities: flags.entities, ticks, seed: flags.seed + zoneId });
  const memory = createMemory(kernel);
  const exports = instantiate(kernel, memory);
  const at = addressesOf(kernel.layout);
  new Uint8Array(memory.buffer).set(work.state, at.state);
  const view = new DataView(memory.buffer);
  return { zoneId, work, memory, exports, at, view, ...newSpeaker(now) };
}

function measureShare(kernel: Kernel, flags: Flags) {
  // The budget's clock goes by as in a server: 50 ms a tick, however fast the bench runs.
  let clockMs = Date.now();
  const zones = Array.from({ length: ZONES }, (_, index) => openZone(kernel, flags, index + 1, () => clockMs));
  const eventCount = kernel.layout.value("HEADER_EVENT_COUNT");
  const eventBase = kernel.layout.value("EVENT_BASE");
  const byEvent = new Map(EVENT_KINDS.map((kind) => [kind.event, kind]));
  const kernelUs: number[] = [];
  const telemetryUs: number[] = [];
  let lines = 0;
  let events = 0;
  for (let index = 0; index < WARM_UP_TICKS + flags.ticks; index++) {
    const begin = performance.now();
    for (const { exports, memory, at, work } of zones) {
      const batch = work.batches[index];
      if (batch !== undefined) runTick(exports, memory, at, work.firstTick + index, batch);
    }
    const middle = performance.now();
    for (const { zoneId, view, emitter } of zones) {
      emitter.emit("metric", "zone", "Zone tick completed", zoneTickData(zoneId, index, middle - begin));
      const count = view.getUint32(eventCount, true);
      for (let event = 0; event < count; event++) {
        const kind = byEvent.get(view.getUint16(eventBase + event * EVENT_BYTES + EVENT_KIND, true));
        if (kind !== undefined) emitter.emitSampled("event", kind.component, kind.message, kind.data(event));
      }
      emitter.flush();
    }
    const end = performance.now();
    clockMs += TICK_MS;
    const counts = index >= WARM_UP_TICKS;
    for (const { reader, view } of zones) {
      const read = reader.drain(() => undefined);
      if (!counts) continue;
      lines += read;
      events += view.getUint32(eventCount, true);
    }
    if (!counts) continue;
    kernelUs.push((middle - begin) * US_PER_MS);
    telemetryUs.push((end - middle) * US_PER_MS);
  }
  const [kernelMedian, telemetryMedian] = [quantile(kernelUs, 0.5), quantile(telemetryUs, 0.5)];
  return {
    kernelUs: mapped(kernelMedian, Math.round),
    telemetryUs: mapped(telemetryMedian, Math.round),
    lines: Math.round(lines / flags.ticks),
    events: Math.round(events / flags.ticks),
    ofWorkPercent: percent(ratio(telemetryMedian, sum([kernelMedian, telemetryMedian]))),
    ofIntervalPercent: percent(ratio(telemetryMedian, TICK_MS * US_PER_MS)),
  };
}

function percent(share: Measured): Measured {
  return mapped(share, (part) => Math.round(part * 10_000) / 100);
}
