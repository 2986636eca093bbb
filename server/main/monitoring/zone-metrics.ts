// The zones' numbers for Prometheus, collected from the report of every tick and read at the scrape.
//
//   wowsim_zone_tick_duration_seconds_bucket{zone="1",le="0.005"} 1201
//   wowsim_zone_tick_duration_p99_seconds{zone="1"} 0.0041            of the last 10 s, exact
//   wowsim_zone_casts_completed_total{zone="1"} 3310
//
// Durations are added to buckets and a window, the kernel's counters to running totals: this takes a few dozen
// nanoseconds per tick.

import * as abi from "../../../assembly/abi.ts";
import { nameOf, REFUSED_NAMES } from "../../protocol/game/wire-names.ts";
import type { ZoneState } from "../../shared/zone-messages.ts";
import type { TickReport } from "../../shared/tick-report.ts";
import { ZONE_STATES } from "../../shared/zone-messages.ts";
import { Buckets, RecentWindow, TICK_BUCKETS_SECONDS } from "./histogram.ts";
import { stateSeen } from "./overdue.ts";
import type { MetricsSink, Sample } from "./metrics-sink.ts";
import { FIGURES, COUNTERS_SHOWN, emptyReport } from "../../shared/tick-report.ts";
import { at } from "../../protocol/assert.ts";

const WINDOW_MS = 10_000;
/** Enough for ten seconds at 100 Hz, the highest tick rate. */
const WINDOW_TICKS_MAX = 1024;

/** Figures of which only the newest value is shown. */
const GAUGES: readonly [name: string, help: string, read: (newest: TickReport) => number][] = [
  ...Object.entries(FIGURES).flatMap(([figure, shown]): [string, string, (newest: TickReport) => number][] =>
    "gauge" in shown ? [[...shown.gauge, (newest) => Number(newest[figure as keyof TickReport])]] : [],
  ),
  ...COUNTERS_SHOWN.flatMap(({ counter, gauge }): [string, string, (newest: TickReport) => number][] =>
    gauge === undefined ? [] : [[...gauge, (newest) => at(newest.counters, counter)]],
  ),
];

/** The running numbers of one zone. */
class ZoneNumbers {
  state: ZoneState = "ACTIVE";
  name = "";
  ticks = 0;
  overruns = 0;
  missedTicks = 0;
  recoveries = 0;
  commandsDropped = 0;
  framesLost = 0;
  readonly duration = new Buckets(TICK_BUCKETS_SECONDS);
  readonly kernel = new Buckets(TICK_BUCKETS_SECONDS);
  readonly recent = new RecentWindow(WINDOW_MS, WINDOW_TICKS_MAX);
  readonly totals = new Float64Array(abi.COUNTERS);
  /** The report of the newest tick. */
  readonly newest = emptyReport(0);
  /** When it arrived, in milliseconds; null before the first. */
  newestAtMs: number | null = null;
}

/** Numbers of all zones, by zone id. */
export class ZoneMetrics {
  readonly #zones = new Map<number, ZoneNumbers>();
  readonly #now: () => number;
  readonly #intervalMs: number;

  /** `now`: milliseconds, monotonic. */
  constructor(now: () => number, tickRateHz: number) {
    this.#now = now;
    this.#intervalMs = 1_000 / tickRateHz;
  }

  /** The name of the zone for people; shown by wowsim_zone_info. */
  nameZone(zoneId: number, name: string): void {
    this.#zone(zoneId).name = name;
  }

  /** Records a state that no tick reports: a zone that is down does not tick. */
  observeState(zoneId: number, state: ZoneState): void {
    this.#zone(zoneId).state = state;
  }

  observe(report: TickReport): void {
    const zone = this.#zone(report.zoneId);
    const nowMs = this.#now();
    const durationSeconds = report.durationMs / 1000;
    zone.state = report.state;
    zone.ticks++;
    if (report.overrun) zone.overruns++;
    zone.missedTicks = report.missedTicks;
    zone.recoveries = report.recoveries;
    zone.commandsDropped += report.commandsDropped;
    zone.framesLost += report.framesLost;
    zone.duration.add(durationSeconds);
    zone.kernel.add(report.kernelMs / 1000);
    zone.recent.add(durationSeconds, nowMs);
    const { counters } = report;
    for (let index = 0; index < abi.COUNTERS; index++) {
      zone.totals[index] = at(zone.totals, index) + at(counters, index);
    }
    // The report object is reused for the next tick, so its counters are copied.
    const kept = zone.newest.counters;
    kept.set(counters);
    Object.assign(zone.newest, report);
    zone.newest.counters = kept;
    zone.newestAtMs = nowMs;
  }

  /** Durations in milliseconds of ticks of some zones since a time of the clock, of the last ten seconds at most; in no order. */
  durationsMs(zoneIds: readonly number[], sinceMs: number): number[] {
    const fromMs = Math.max(sinceMs, this.#now() - WINDOW_MS);
    return zoneIds.flatMap((id) => Array.from(this.#zone(id).recent.since(fromMs), (seconds) => seconds * 1_000));
  }

  register(metrics: MetricsSink): void {
    this.#registerDurations(metrics);
    this.#registerStates(metrics);
    for (const [name, help, read] of GAUGES) {
      metrics.gauge(`wowsim_zone_${name}`, help, ["zone"], () => this.#each((zone) => read(zone.newest)));
    }
    for (const { counter, total } of COUNTERS_SHOWN) {
      if (total === undefined) continue;
      const [name, help] = total;
      const read = (zone: ZoneNumbers): number => at(zone.totals, counter);
      metrics.counter(`wowsim_zone_${name}_total`, help, ["zone"], () => this.#each(read));
    }
    metrics.counter("wowsim_zone_refused_total", "Commands refused, by reason.", ["zone", "reason"], () =>
      this.#refused(),
    );
  }

  #registerDurations(metrics: MetricsSink): void {
    const all = (read: (zone: ZoneNumbers) => Buckets) => () =>
      [...this.#zones].map(([id, zone]) => ({ labels: { zone: id }, buckets: read(zone) }));
    const help = "Time from a tick's begin to its end";
    metrics.histogram(
      "wowsim_zone_tick_duration_seconds",
      `${help}.`,
      all((zone) => zone.duration),
    );
    metrics.histogram(
      "wowsim_zone_kernel_seconds",
      "Time in the kernel, a tick.",
      all((zone) => zone.kernel),
    );
    const quantiles = { p50: 0.5, p99: 0.99, max: 1 };
    for (const [suffix, share] of Object.entries(quantiles)) {
      const name = `wowsim_zone_tick_duration_${suffix}_seconds`;
      metrics.gauge(name, `${help}, ${suffix} of the last 10 s.`, ["zone"], () =>
        this.#each((zone) => zone.recent.quantiles(this.#now(), share)?.[0] ?? Number.NaN),
      );
    }
  }

  #registerStates(metrics: MetricsSink): void {
    const counter = (name: string, help: string, read: (zone: ZoneNumbers) => number): void =>
      metrics.counter(`wowsim_zone_${name}_total`, help, ["zone"], () => this.#each(read));
    counter("ticks", "Ticks completed.", (zone) => zone.ticks);
    counter("overruns", "Ticks that took longer than the tick interval.", (zone) => zone.overruns);
    counter("missed_ticks", "Ticks dropped.", (zone) => zone.missedTicks);
    counter("recoveries", "Recoveries from a trap or from exhausted fuel.", (zone) => zone.recoveries);
    counter("commands_dropped", "Commands dropped because a batch was full.", (zone) => zone.commandsDropped);
    counter("frames_lost", "Frames that found the ring to the sessions full.", (zone) => zone.framesLost);
    metrics.gauge("wowsim_zone_info", "The zone's name.", ["zone", "name"], () =>
      [...this.#zones].map(([id, { name }]) => ({ labels: { zone: id, name }, value: 1 })),
    );
    metrics.gauge("wowsim_zone_tick_age_seconds", "Time since the newest tick.", ["zone"], () =>
      this.#each((zone) => (zone.newestAtMs === null ? Number.NaN : (this.#now() - zone.newestAtMs) / 1000)),
    );
    metrics.gauge("wowsim_zone_state", "1 for the state the zone is in, 0 for the others.", ["zone", "state"], () =>
      [...this.#zones].flatMap(([id, zone]) =>
        ZONE_STATES.map((state) => ({ labels: { zone: id, state }, value: this.#stateOf(zone) === state ? 1 : 0 })),
      ),
    );
  }

  #stateOf({ state, newest, newestAtMs }: ZoneNumbers): ZoneState {
    const ageMs = newestAtMs === null ? null : this.#now() - newestAtMs;
    return stateSeen(state, ageMs, this.#intervalMs / newest.gameTimeRate);
  }

  #refused(): Sample[] {
    return [...this.#zones].flatMap(([id, { totals }]) =>
      Object.keys(REFUSED_NAMES).map((reason) => ({
        labels: { zone: id, reason: nameOf(REFUSED_NAMES, Number(reason)) },
        value: at(totals, abi.COUNTER_REFUSED + Number(reason)),
      })),
    );
  }

  #each(read: (zone: ZoneNumbers) => number): Sample[] {
    return [...this.#zones].map(([id, zone]) => ({ labels: { zone: id }, value: read(zone) }));
  }

  #zone(zoneId: number): ZoneNumbers {
    const known = this.#zones.get(zoneId);
    if (known !== undefined) return known;
    const zone = new ZoneNumbers();
    this.#zones.set(zoneId, zone);
    return zone;
  }
}
