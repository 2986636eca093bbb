// Made-up telemetry of a server, second by second: what the analysis is tested with.
//
//   const story = new Story()
//   story.seconds(20)                                                               // a healthy server
//   story.seconds(5, { tick: (data) => ({ duration_ms: data.duration_ms + 200 }), ticksPerS: 5 })
//   diagnose(story.timeline)
//
// Lines have the form and the figures of the real server at eight players (docs/TELEMETRY.md); the noise is seeded.

import { seededRandom } from "../../server/protocol/seeded-random.ts";
import type { TelemetryLine, TelemetryType } from "../../server/protocol/telemetry-line.ts";
import { Timeline } from "../../tools/analysis/timeline.ts";

type Data = Record<string, unknown>;
type Numbers = Record<string, number>;

/** How these seconds differ from healthy ones; each gets the healthy data and gives what is different. */
export interface Plot {
  /** Zones that tick; default: all. */
  zones?: number[];
  /** Zones that `tick` applies to; default: all that tick. */
  of?: number[];
  ticksPerS?: number;
  /** `n` counts the ticks of this call, from 0, each zone's on its own. */
  tick?: (data: Numbers, n: number, zone: number) => Data;
  traffic?: (data: Numbers, second: number) => Data;
  process?: (data: Numbers, second: number) => Data;
  census?: (data: Numbers, second: number) => Data;
  /** So many milliseconds late comes the tick. */
  jitter?: (n: number) => number;
  /** The main thread says nothing: what comes once a second does not. */
  isQuiet?: boolean;
}

const SECOND_MS = 1_000;

export class Story {
  readonly lines: TelemetryLine[] = [];
  readonly timeline: Timeline;
  atMs = Date.parse("2026-01-01T12:00:00.000Z");
  readonly #zones: number[];
  readonly #tick = new Map<number, number>();
  readonly #random = seededRandom(7);
  #loopTick = 0;

  constructor(options: { zones?: number; secondsMax?: number; isLive?: boolean } = {}) {
    this.#zones = Array.from({ length: options.zones ?? 2 }, (_, index) => index + 1);
    this.timeline = new Timeline(options);
    this.say("event", "server", "Server starting", { version: "0.1.0", tick_rate_hz: 20 });
  }

  /** One line, now or `afterMs` from now; the clock stands still. */
  say(type: TelemetryType, component: string, message: string, data: Data, afterMs = 0): void {
    const timestamp = new Date(this.atMs + afterMs).toISOString();
    const line: TelemetryLine = { v: 1, timestamp, type, component, message, data };
    this.lines.push(line);
    this.timeline.take(line);
  }

  seconds(count: number, plot: Plot = {}): this {
    for (let second = 0; second < count; second++) this.#second(second, plot);
    return this;
  }

  /** Ten ticks, and none of what comes once a second. */
  halfSecond(plot: Plot = {}): this {
    return this.advance(500, plot);
  }

  /** Ticks of so long, 50 ms apart, and none of what comes once a second. */
  advance(ms: number, plot: Plot = {}): this {
    this.#ticks(ms, ms / 50, 0, plot);
    this.atMs += ms;
    return this;
  }

  /** So many seconds that happened and that nobody heard of. */
  lose(seconds: number): this {
    for (const [zone, tick] of this.#tick) this.#tick.set(zone, tick + seconds * 20);
    this.#loopTick += seconds * 20;
    this.atMs += seconds * SECOND_MS;
    return this;
  }

  #second(second: number, plot: Plot): void {
    const { ticksPerS = 20 } = plot;
    this.#ticks(SECOND_MS, ticksPerS, second * ticksPerS, plot);
    if (plot.isQuiet !== true) this.#oncePerSecond(second, plot);
    this.atMs += SECOND_MS;
  }

  #ticks(ms: number, count: number, first: number, plot: Plot): void {
    const { zones = this.#zones } = plot;
    for (let n = 0; n < count; n++) {
      const afterMs = Math.round((n * ms) / count) + (plot.jitter?.(first + n) ?? 0);
      let duration_ms = 0;
      for (const zone of zones) duration_ms = Math.max(duration_ms, this.#zoneTick(zone, first + n, plot, afterMs));
      if (zones.length === 0) continue;
      const data = {
        tick: ++this.#loopTick,
        duration_ms,
        overrun: duration_ms > 50,
        interval_ms: ms / count,
      };
      this.say("metric", "game_loop", "Tick completed", data, afterMs + 1);
    }
  }

  /** Says it; its duration in milliseconds. */
  #zoneTick(zone: number, n: number, plot: Plot, afterMs: number): number {
    const tick = (this.#tick.get(zone) ?? 0) + 1;
    this.#tick.set(zone, tick);
    const kernel_ms = this.#near(0.04);
    const commands = this.#random() < 0.2 ? 1 : 0;
    const healthy = {
      zone_id: zone,
      tick,
      events_processed: commands,
      entities_moved: 12,
      duration_ms: kernel_ms + this.#near(0.05),
      casts_started: tick % 10 === 0 ? 1 : 0,
      casts_completed: tick % 10 === 0 ? 1 : 0,
      casts_interrupted: 0,
      gcd_blocked: 0,
      attacks_processed: 1,
      total_damage_dealt: 3,
      kills: 0,
      kernel_ms,
      fuel_used: Math.round(this.#near(6_000)),
      queue_depth: commands,
      commands_dropped: 0,
      missed_ticks: 0,
      players: 4,
      creatures: 32,
      recoveries: 0,
      overload_level: 0,
      game_time_rate: 1,
      load: 0.01,
    };
    const isMeant = plot.of === undefined || plot.of.includes(zone);
    const change = isMeant ? plot.tick?.(healthy, n, zone) : undefined;
    const named = { zone_name: `Zone ${zone}`, state: "ACTIVE", kernel: "0123456789abcdef" };
    const data: Data = { ...healthy, ...named, ...change };
    data["overrun"] ??= Number(data["duration_ms"]) > 50;
    this.say("metric", "zone", "Zone tick completed", data, afterMs);
    return Number(data["duration_ms"]);
  }

  #oncePerSecond(second: number, { traffic, process, census }: Plot): void {
    const end = SECOND_MS - 2;
    const healthyTraffic = {
      interval_ms: 1_000,
      sessions: 8,
      connected: 8,
      in_world: 8,
      messages: 16,
      commands: 8,
      accepted: 0,
      disconnected: 0,
      resumed: 0,
      malformed: 0,
    };
    this.say("metric", "gateway", "Traffic", { ...healthyTraffic, ...traffic?.(healthyTraffic, second) }, end);
    const roundTrip = { input_to_frame_ms_p50: this.#near(25), input_to_frame_ms_p99: this.#near(47), samples: 8 };
    this.say("metric", "players", "Round trip", roundTrip, end);
    const healthyProcess = {
      rss_mb: 290 + this.#random(),
      heap_mb: 90,
      external_mb: 82,
      cpu_share: 0.03,
      uptime_s: this.#loopTick / 20,
      telemetry_lines_lost: 0,
    };
    this.say("health", "server", "Process", { ...healthyProcess, ...process?.(healthyProcess, second) }, end);
    const healthyCensus = { zones: 2, entities: 72, duplicates: 0 };
    this.say("health", "audit", "Entity census", { ...healthyCensus, ...census?.(healthyCensus, second) }, end);
  }

  /** Within a fifth of it. */
  #near(value: number): number {
    return value * (0.8 + 0.4 * this.#random());
  }
}
