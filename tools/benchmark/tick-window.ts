// The figures of one stretch of time, computed from a server's telemetry line by line.
//
//   const window = new TickWindow(); feed.onLine((line) => window.take(line)); ...; window.figures(10)

import type { TelemetryLine } from "../../server/protocol/telemetry-line.ts";
import { greatest, known, mapped, quantile, ratio, sum } from "../analysis/measured.ts";
import type { Measured } from "../analysis/measured.ts";
import { measuredOf } from "../analysis/telemetry-text.ts";
import type { Spread, TickFigures } from "./result.ts";

/** Used until a line reports the tick rate. */
const TICK_RATE_HZ = 20;

export class TickWindow {
  readonly #durationsMs: Measured[] = [];
  readonly #intervalsMs: Measured[] = [];
  readonly #cores: Measured[] = [];
  readonly #rssMb: Measured[] = [];
  #tickRateHz = TICK_RATE_HZ;
  #overruns = 0;
  readonly #messages: Measured[] = [];
  readonly #trafficMs: Measured[] = [];

  take({ component, message, data }: TelemetryLine): void {
    const number = (field: string): Measured => measuredOf(data, field);
    switch (`${component} · ${message}`) {
      case "game_loop · Tick completed":
        this.#durationsMs.push(number("duration_ms"));
        if (data["overrun"] === true) this.#overruns++;
        if (data["interval_ms"] !== undefined) this.#intervalsMs.push(number("interval_ms"));
        this.#tickRateHz = number("tick_rate_hz") ?? this.#tickRateHz;
        break;
      case "server · Process":
        this.#cores.push(number("cpu_share"));
        this.#rssMb.push(number("rss_mb"));
        break;
      case "gateway · Traffic":
        this.#messages.push(number("messages"));
        this.#trafficMs.push(number("interval_ms"));
        break;
    }
  }

  /** The figures of a window of this length. */
  figures(seconds: number): TickFigures {
    const ticks = this.#durationsMs.length;
    const dueMs = 1_000 / this.#tickRateHz;
    return {
      tick_ms: spreadOf(this.#durationsMs),
      jitter_ms: spreadOf(this.#intervalsMs.map((ms) => mapped(ms, (each) => Math.abs(each - dueMs)))),
      ticks,
      ticks_expected: seconds * this.#tickRateHz,
      overruns: this.#overruns,
      overrun_pct: ratio(100 * this.#overruns, ticks),
      messages: mapped(ratio(sum(this.#messages), sum(this.#trafficMs)), (perMs) => perMs * 1_000),
      server: { cores: average(this.#cores), rss_mb: greatest(this.#rssMb) },
    };
  }
}

/** All values are missing when there are no measured values. */
export function spreadOf(values: readonly Measured[]): Spread {
  const at = (q: number): Measured => quantile(values, q);
  return { avg: average(values), p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
}

const average = (values: readonly Measured[]): Measured => {
  const found = known(values);
  return ratio(sum(found), found.length);
};
