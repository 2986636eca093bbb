// The figures of a stretch of time, from a server's own telemetry in one pass: tick times, tick counts, memory, traffic.
//
//   const window = await readWindow(server.telemetry(), { fromMs: 1767225600000, toMs: 1767226200000 })
//   quantile(window.loop.durationMs, 0.99)       // 1.4
//   window.zones.get(1)?.lastTick                // 12034
//
// Times are those of the lines' timestamps (milliseconds since 1970, UTC).

import type { TelemetryLine } from "../protocol/telemetry-line.ts";
import { both, difference } from "../../tools/analysis/measured.ts";
import type { Measured } from "../../tools/analysis/measured.ts";
import { flagOf, measuredOf, textOf } from "../../tools/analysis/telemetry-text.ts";
import { greatestOf, Total } from "./statistics.ts";

export interface TickSeries {
  durationMs: Measured[];
  overruns: Measured;
  firstTick: Measured;
  lastTick: Measured;
  firstMs: number;
  lastMs: number;
}

export interface ZoneSeries extends TickSeries {
  name: string;
  kernelMs: Measured[];
  /** How long ticks waited for the journal before they left. */
  heldMs: Measured[];
  /** Commands that the kernel handled. */
  commands: Measured;
  commandsDropped: Measured;
  /** Ticks dropped in the window; the lines have the total since the zone's start. */
  missedTicks: Measured;
  playersMax: Measured;
}

export interface TelemetryWindow {
  loop: TickSeries;
  zones: Map<number, ZoneSeries>;
  /** One a second: milliseconds, resident and heap MiB, cores busy. */
  process: { atMs: number; rssMb: Measured; heapMb: Measured; cpuShare: Measured; linesLost: Measured }[];
  /** Sums over the window, from the gateway's lines; missing when no line came, or when a line lacks the value. */
  traffic: {
    intervalMs: Measured;
    messages: Measured;
    malformed: Measured;
    bytesOut: Measured;
    refused: Measured;
    dropped: Measured;
  };
  /** One a second: how late the main thread's ticks began. */
  loopLag: { msP50: Measured; msMax: Measured }[];
  /** One a second: the time from reading a command to writing the frame that acknowledges it. */
  inputToFrame: { msP50: Measured; msP99: Measured }[];
  errors: string[];
}

export interface Span {
  fromMs: number;
  toMs: number;
}

/** The time when at least `players` were connected, by the gateway's Traffic lines; null when that never was so. */
export async function spanWithPlayers(lines: AsyncIterable<TelemetryLine>, players: number): Promise<Span | null> {
  const seen: number[] = [];
  for await (const { timestamp, component, message, data } of lines) {
    if (component !== "gateway" || message !== "Traffic" || !isAtLeast(measuredOf(data, "connected"), players))
      continue;
    seen.push(Date.parse(timestamp));
  }
  const [fromMs, toMs] = [seen[0], seen.at(-1)];
  return fromMs === undefined || toMs === undefined ? null : { fromMs, toMs };
}

const isAtLeast = (value: Measured, least: number): boolean => value !== null && value >= least;

/** Adds up the lines from `fromMs` to `toMs`. */
export async function readWindow(lines: AsyncIterable<TelemetryLine>, span: Span): Promise<TelemetryWindow> {
  const sums = new WindowSums();
  for await (const line of lines) {
    const atMs = Date.parse(line.timestamp);
    if (atMs >= span.fromMs && atMs <= span.toMs) sums.add(line, atMs);
  }
  return sums.window();
}

/** The names of the sums in the gateway's line. */
const TRAFFIC = {
  intervalMs: "interval_ms",
  messages: "messages",
  malformed: "malformed",
  bytesOut: "bytes_out",
  refused: "commands_refused",
  dropped: "disconnected",
} as const satisfies Record<keyof TelemetryWindow["traffic"], string>;

class WindowSums {
  readonly #loop = new TickSums();
  readonly #zones = new Map<number, ZoneSums>();
  readonly #traffic = new Map(Object.values(TRAFFIC).map((field) => [field, new Total()]));
  readonly #process: TelemetryWindow["process"] = [];
  readonly #loopLag: TelemetryWindow["loopLag"] = [];
  readonly #inputToFrame: TelemetryWindow["inputToFrame"] = [];
  readonly #errors: string[] = [];

  add({ type, component, message, data }: TelemetryLine, atMs: number): void {
    if (type === "error") this.#errors.push(`${component} · ${message}`);
    switch (`${component} · ${message}`) {
      case "game_loop · Tick completed":
        this.#loop.add(data, atMs);
        break;
      case "zone · Zone tick completed":
        this.#addZoneTick(data, atMs);
        break;
      case "server · Process":
        this.#process.push({
          atMs,
          rssMb: measuredOf(data, "rss_mb"),
          heapMb: measuredOf(data, "heap_mb"),
          cpuShare: measuredOf(data, "cpu_share"),
          linesLost: measuredOf(data, "telemetry_lines_lost"),
        });
        break;
      case "gateway · Traffic":
        for (const [field, total] of this.#traffic) total.add(measuredOf(data, field));
        this.#loopLag.push({
          msP50: measuredOf(data, "loop_lag_ms_p50"),
          msMax: measuredOf(data, "loop_lag_ms_max"),
        });
        break;
      case "players · Round trip":
        this.#inputToFrame.push({
          msP50: measuredOf(data, "input_to_frame_ms_p50"),
          msP99: measuredOf(data, "input_to_frame_ms_p99"),
        });
        break;
    }
  }

  window(): TelemetryWindow {
    const sum = (field: keyof typeof TRAFFIC): Measured => this.#traffic.get(TRAFFIC[field])?.value ?? null;
    return {
      loop: this.#loop.series(),
      zones: new Map([...this.#zones].map(([id, zone]) => [id, zone.zoneSeries()])),
      process: this.#process,
      traffic: {
        intervalMs: sum("intervalMs"),
        messages: sum("messages"),
        malformed: sum("malformed"),
        bytesOut: sum("bytesOut"),
        refused: sum("refused"),
        dropped: sum("dropped"),
      },
      loopLag: this.#loopLag,
      inputToFrame: this.#inputToFrame,
      errors: this.#errors,
    };
  }

  #addZoneTick(data: TelemetryLine["data"], atMs: number): void {
    const id = measuredOf(data, "zone_id");
    if (id === null) return;
    const zone = this.#zones.get(id) ?? new ZoneSums();
    this.#zones.set(id, zone);
    zone.addZone(data, atMs);
  }
}

class TickSums {
  readonly #durationMs: Measured[] = [];
  readonly #overruns = new Total();
  #first: { tick: Measured; atMs: number } | null = null;
  #last: { tick: Measured; atMs: number } = { tick: null, atMs: 0 };

  add(data: TelemetryLine["data"], atMs: number): void {
    this.#last = { tick: measuredOf(data, "tick"), atMs };
    this.#first ??= this.#last;
    this.#durationMs.push(measuredOf(data, "duration_ms"));
    const isOverrun = flagOf(data, "overrun");
    this.#overruns.add(isOverrun === null ? null : Number(isOverrun));
  }

  series(): TickSeries {
    const first = this.#first ?? this.#last;
    return {
      durationMs: this.#durationMs,
      overruns: this.#overruns.value,
      firstTick: first.tick,
      lastTick: this.#last.tick,
      firstMs: first.atMs,
      lastMs: this.#last.atMs,
    };
  }
}

class ZoneSums extends TickSums {
  readonly #kernelMs: Measured[] = [];
  readonly #heldMs: Measured[] = [];
  readonly #commands = new Total();
  readonly #dropped = new Total();
  readonly #missed: Measured[] = [];
  readonly #players: Measured[] = [];
  #name = "";

  addZone(data: TelemetryLine["data"], atMs: number): void {
    this.add(data, atMs);
    this.#name = textOf(data, "zone_name", this.#name);
    this.#kernelMs.push(measuredOf(data, "kernel_ms"));
    this.#heldMs.push(measuredOf(data, "journal_held_ms"));
    this.#commands.add(measuredOf(data, "commands"));
    this.#dropped.add(measuredOf(data, "commands_dropped"));
    this.#missed.push(measuredOf(data, "missed_ticks"));
    this.#players.push(measuredOf(data, "players"));
  }

  zoneSeries(): ZoneSeries {
    return {
      ...this.series(),
      name: this.#name,
      kernelMs: this.#kernelMs,
      heldMs: this.#heldMs,
      commands: this.#commands.value,
      commandsDropped: this.#dropped.value,
      missedTicks: difference(greatestOf(this.#missed), this.#missed[0] ?? null),
      playersMax: greatestOf(this.#players),
    };
  }
}

/** How many ticks the series is ahead of (+) or behind (-) a perfect clock of that rate; missing without ticks. */
export function ticksOff({ firstTick, lastTick, firstMs, lastMs }: TickSeries, tickRateHz: number): Measured {
  return both(lastTick, firstTick, (last, first) => last - first - ((lastMs - firstMs) / 1_000) * tickRateHz);
}
