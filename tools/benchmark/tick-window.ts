// What a server's telemetry says about one stretch of time, taken in line by line as it comes.
//
//   const window = new TickWindow(); feed.onLine((line) => window.take(line)); ...; window.figures(10)

import { quantileSorted } from "simple-statistics";
import type { TelemetryLine } from "../../server/telemetry/schema.ts";
import type { Spread, Usage } from "./result.ts";

export interface TickFigures {
  tick_ms: Spread;
  jitter_ms: Spread;
  ticks: number;
  ticks_expected: number;
  overruns: number;
  overrun_pct: number;
  messages: number;
  server: Usage;
}

/** Until a line says otherwise. */
const TICK_RATE_HZ = 20;
const NOTHING: Spread = { avg: Number.NaN, p50: Number.NaN, p90: Number.NaN, p99: Number.NaN, max: Number.NaN };

export class TickWindow {
  readonly #durationsMs: number[] = [];
  readonly #intervalsMs: number[] = [];
  readonly #cores: number[] = [];
  readonly #rssMb: number[] = [];
  #tickRateHz = TICK_RATE_HZ;
  #overruns = 0;
  #messages = 0;
  #trafficMs = 0;

  take({ component, message, data }: TelemetryLine): void {
    const number = (field: string): number => Number(data[field] ?? Number.NaN);
    switch (`${component} · ${message}`) {
      case "game_loop · Tick completed":
        this.#durationsMs.push(number("duration_ms"));
        if (data["overrun"] === true) this.#overruns++;
        if (data["interval_ms"] !== undefined) this.#intervalsMs.push(number("interval_ms"));
        if (data["tick_rate_hz"] !== undefined) this.#tickRateHz = number("tick_rate_hz");
        break;
      case "server · Process":
        this.#cores.push(number("cpu_share"));
        this.#rssMb.push(number("rss_mb"));
        break;
      case "gateway · Traffic":
        this.#messages += number("messages");
        this.#trafficMs += number("interval_ms");
        break;
    }
  }

  /** After so many seconds. */
  figures(seconds: number): TickFigures {
    const ticks = this.#durationsMs.length;
    const dueMs = 1_000 / this.#tickRateHz;
    return {
      tick_ms: spreadOf(this.#durationsMs),
      jitter_ms: spreadOf(this.#intervalsMs.map((ms) => Math.abs(ms - dueMs))),
      ticks,
      ticks_expected: seconds * this.#tickRateHz,
      overruns: this.#overruns,
      overrun_pct: ticks === 0 ? Number.NaN : (100 * this.#overruns) / ticks,
      messages: (this.#messages / Math.max(1, this.#trafficMs)) * 1_000,
      server: { cores: spreadOf(this.#cores).avg, rss_mb: spreadOf(this.#rssMb).max },
    };
  }
}

/** NaN throughout when there is nothing. */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) return NOTHING;
  const sorted = values.toSorted((a, b) => a - b);
  const at = (q: number): number => quantileSorted(sorted, q);
  const avg = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { avg, p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
}
