// What a server's own telemetry says about a stretch of time, in one pass: tick times, tick counts, memory, traffic.
//
//   const window = await readWindow(server.telemetry(), { fromMs: 1767225600000, toMs: 1767226200000 })
//   quantile(window.loop.durationMs, 0.99)       // 1.4
//   window.zones.get(1)?.lastTick                // 12034
//
// Times are those of the lines' timestamps (milliseconds since 1970, UTC).

import type { TelemetryLine } from "../protocol/telemetry-line.ts";

export interface TickSeries {
  durationMs: number[];
  overruns: number;
  firstTick: number;
  lastTick: number;
  firstMs: number;
  lastMs: number;
}

export interface ZoneSeries extends TickSeries {
  name: string;
  kernelMs: number[];
  /** Commands the kernel handled. */
  commands: number;
  commandsDropped: number;
  /** Ticks given up in the window; the lines have how many since the zone's start. */
  missedTicks: number;
  missedBefore: number;
  playersMax: number;
}

export interface TelemetryWindow {
  loop: TickSeries;
  zones: Map<number, ZoneSeries>;
  /** One a second: milliseconds, resident and heap MiB, cores busy. */
  process: { atMs: number; rssMb: number; heapMb: number; cpuShare: number; linesLost: number }[];
  /** Sums over the window, from the gateway's lines. */
  traffic: {
    intervalMs: number;
    messages: number;
    malformed: number;
    bytesOut: number;
    refused: number;
    dropped: number;
  };
  /** One a second: how late the main thread came to its ticks. */
  loopLag: { msP50: number; msMax: number }[];
  /** One a second: from reading a command to writing the frame that acknowledges it. */
  inputToFrame: { msP50: number; msP99: number }[];
  errors: string[];
}

export interface Span {
  fromMs: number;
  toMs: number;
}

/** The stretch in which at least `players` were connected, by the gateway's Traffic lines; null when that never was. */
export async function spanWithPlayers(lines: AsyncIterable<TelemetryLine>, players: number): Promise<Span | null> {
  const seen: number[] = [];
  for await (const { timestamp, component, message, data } of lines) {
    if (component !== "gateway" || message !== "Traffic" || Number(data["connected"]) < players) continue;
    seen.push(Date.parse(timestamp));
  }
  const [fromMs, toMs] = [seen[0], seen.at(-1)];
  return fromMs === undefined || toMs === undefined ? null : { fromMs, toMs };
}

/** Adds up the lines between `fromMs` and `toMs`. */
export async function readWindow(lines: AsyncIterable<TelemetryLine>, span: Span): Promise<TelemetryWindow> {
  const window: TelemetryWindow = {
    loop: newSeries(),
    zones: new Map(),
    process: [],
    traffic: { intervalMs: 0, messages: 0, malformed: 0, bytesOut: 0, refused: 0, dropped: 0 },
    loopLag: [],
    inputToFrame: [],
    errors: [],
  };
  for await (const line of lines) {
    const atMs = Date.parse(line.timestamp);
    if (atMs < span.fromMs || atMs > span.toMs) continue;
    add(window, line, atMs);
  }
  return window;
}

function add(window: TelemetryWindow, line: TelemetryLine, atMs: number): void {
  const number = (field: string): number => Number(line.data[field] ?? 0);
  if (line.type === "error") window.errors.push(`${line.component} · ${line.message}`);
  switch (`${line.component} · ${line.message}`) {
    case "game_loop · Tick completed":
      addTick(window.loop, line, atMs);
      break;
    case "zone · Zone tick completed":
      addZoneTick(window.zones, line, atMs);
      break;
    case "server · Process":
      window.process.push({
        atMs,
        rssMb: number("rss_mb"),
        heapMb: number("heap_mb"),
        cpuShare: number("cpu_share"),
        linesLost: number("telemetry_lines_lost"),
      });
      break;
    case "gateway · Traffic": {
      const { traffic } = window;
      traffic.intervalMs += number("interval_ms");
      traffic.messages += number("messages");
      traffic.malformed += number("malformed");
      traffic.bytesOut += number("bytes_out");
      traffic.refused += number("commands_refused");
      traffic.dropped += number("disconnected");
      window.loopLag.push({ msP50: number("loop_lag_ms_p50"), msMax: number("loop_lag_ms_max") });
      break;
    }
    case "players · Round trip":
      window.inputToFrame.push({ msP50: number("input_to_frame_ms_p50"), msP99: number("input_to_frame_ms_p99") });
      break;
  }
}

function addZoneTick(zones: Map<number, ZoneSeries>, line: TelemetryLine, atMs: number): void {
  const { data } = line;
  const id = Number(data["zone_id"]);
  let zone = zones.get(id);
  if (zone === undefined) {
    const name = String(data["zone_name"]);
    const missedBefore = Number(data["missed_ticks"] ?? 0);
    const counts = { commands: 0, commandsDropped: 0, missedTicks: 0, missedBefore, playersMax: 0 };
    zone = { ...newSeries(), name, kernelMs: [], ...counts };
    zones.set(id, zone);
  }
  addTick(zone, line, atMs);
  zone.kernelMs.push(Number(data["kernel_ms"]));
  zone.commands += Number(data["commands"] ?? 0);
  zone.commandsDropped += Number(data["commands_dropped"] ?? 0);
  zone.missedTicks = Math.max(zone.missedTicks, Number(data["missed_ticks"] ?? 0) - zone.missedBefore);
  zone.playersMax = Math.max(zone.playersMax, Number(data["players"] ?? 0));
}

function addTick(series: TickSeries, { data }: TelemetryLine, atMs: number): void {
  const tick = Number(data["tick"]);
  if (series.durationMs.length === 0) [series.firstTick, series.firstMs] = [tick, atMs];
  [series.lastTick, series.lastMs] = [tick, atMs];
  series.durationMs.push(Number(data["duration_ms"]));
  if (data["overrun"] === true) series.overruns++;
}

const newSeries = (): TickSeries => ({
  durationMs: [],
  overruns: 0,
  firstTick: 0,
  lastTick: 0,
  firstMs: 0,
  lastMs: 0,
});

/** How many ticks the series is ahead (+) of or behind (-) a perfect clock of that rate. */
export function ticksOff(series: TickSeries, tickRateHz: number): number {
  return series.lastTick - series.firstTick - ((series.lastMs - series.firstMs) / 1_000) * tickRateHz;
}
