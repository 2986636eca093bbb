// The server as one game loop, as existing telemetry readers expect it. Its tick n is complete when every running zone
// has completed n ticks since it joined; its duration is the longest of the zones' durations. So it is as slow as the
// slowest zone.
//
//   zones at 812, 812, 809 ticks: the loop is at 809, and its next line is emitted at the third zone's next tick
//
// Only tick numbers count: a report that is lost because its ring is full does not set the loop back. A zone with
// slowed game time does not delay the loop while others are faster: the loop follows the zones with the highest rate.

import { memoryUsage } from "../../shared/memory-usage.ts";
import type { Emitter } from "../../protocol/telemetry-line.ts";
import type { FromZoneWorker } from "../../shared/zone-messages.ts";
import type { TickReport } from "../../shared/tick-report.ts";
import type { ZoneListener } from "../../shared/zone-link.ts";
import { entryOf } from "../../protocol/assert.ts";

interface LoopZone {
  /** Ticks of the loop that this zone has completed. */
  ticks: number;
  /** By how much its own tick number is ahead of the loop's; null until its first report since it joined. */
  ahead: number | null;
  running: boolean;
  /** Seconds of game time per second of the clock. */
  rate: number;
}

export class GameLoop implements ZoneListener {
  readonly #emitter: Emitter;
  readonly #tickRateHz: number;
  readonly #now: () => number;
  readonly #zones = new Map<number, LoopZone>();
  #tick = 0;
  /** The maximum of the ticks since the last line, in milliseconds. */
  #durationMsMax = 0;
  #overrun = false;
  #emittedAtMs: number;
  #memoryAtMs = 0;

  constructor(options: { emitter: Emitter; tickRateHz: number; zones: Iterable<number>; now: () => number }) {
    this.#emitter = options.emitter;
    this.#tickRateHz = options.tickRateHz;
    this.#now = options.now;
    this.#emittedAtMs = options.now();
    for (const id of options.zones) this.#zones.set(id, { ticks: 0, ahead: null, running: true, rate: 1 });
    this.#emitter.emit("event", "game_loop", "Game loop started", {
      tick_rate_hz: this.#tickRateHz,
      tick_interval_ms: 1_000 / this.#tickRateHz,
    });
  }

  /** Number of completed ticks. */
  get tick(): number {
    return this.#tick;
  }

  ticked(report: TickReport): void {
    const zone = entryOf(this.#zones, report.zoneId);
    zone.rate = report.gameTimeRate;
    if (zone.rate < this.#rate) [zone.ticks, zone.ahead] = [this.#tick, null];
    else {
      zone.ahead ??= report.tick - 1 - zone.ticks;
      zone.ticks = report.tick - zone.ahead;
    }
    this.#durationMsMax = Math.max(this.#durationMsMax, report.durationMs);
    this.#overrun ||= report.overrun;
    this.#advance();
  }

  /** A zone that is DOWN does not delay the loop; when it is back, it joins at the loop's current tick. */
  said(message: FromZoneWorker): void {
    if (message.type !== "zone_state") return;
    const zone = entryOf(this.#zones, message.zoneId);
    zone.running = message.to !== "DOWN";
    if (message.from === "DOWN") [zone.ticks, zone.ahead] = [this.#tick, null];
    this.#advance();
  }

  stop(): void {
    this.#emitter.emit("event", "game_loop", "Game loop stopped", { total_ticks: this.#tick });
  }

  /** The rate of the fastest zone. */
  get #rate(): number {
    let highest = 0;
    for (const zone of this.#zones.values()) if (zone.running) highest = Math.max(highest, zone.rate);
    return highest;
  }

  #advance(): void {
    const rate = this.#rate;
    let least = Infinity;
    for (const zone of this.#zones.values()) {
      if (zone.running && zone.rate === rate) least = Math.min(least, zone.ticks);
    }
    if (least === Infinity) return;
    while (this.#tick < least) this.#complete();
  }

  #complete(): void {
    this.#tick++;
    const nowMs = this.#now();
    const data: Record<string, unknown> = {
      tick: this.#tick,
      duration_ms: Math.round(this.#durationMsMax * 1000) / 1000,
      overrun: this.#overrun,
      interval_ms: Math.round((nowMs - this.#emittedAtMs) * 1000) / 1000,
    };
    if (nowMs - this.#memoryAtMs >= 1_000) {
      const { rss, heapUsed } = memoryUsage();
      data["tick_rate_hz"] = this.#tickRateHz;
      data["rss_mb"] = Math.round(rss / 1_048_576);
      data["heap_mb"] = Math.round(heapUsed / 1_048_576);
      this.#memoryAtMs = nowMs;
    }
    this.#emitter.emit("metric", "game_loop", "Tick completed", data);
    this.#emittedAtMs = nowMs;
    this.#durationMsMax = 0;
    this.#overrun = false;
  }
}
