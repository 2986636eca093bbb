// The zones' numbers for Prometheus, taken from the report of every tick and read at the scrape.
//
//   wowsim_zone_tick_duration_seconds_bucket{zone="1",le="0.005"} 1201
//   wowsim_zone_tick_duration_p99_seconds{zone="1"} 0.0041            of the last 10 s, exact
//   wowsim_zone_casts_completed_total{zone="1"} 3310
//
// Durations go into buckets and a window, the kernel's counters into running totals: a few dozen nanoseconds a tick.

import * as abi from "../../../assembly/abi.ts";
import { nameOf, REFUSED_NAMES } from "../../protocol/game/wire-names.ts";
import type { TickReport, ZoneState } from "../../shared/zone-messages.ts";
import { ZONE_STATES } from "../../shared/zone-messages.ts";
import { Buckets, RecentWindow, TICK_BUCKETS_SECONDS } from "./histogram.ts";
import type { MetricsSink, Sample } from "./metrics-sink.ts";

const WINDOW_MS = 10_000;
/** Ten seconds at 100 Hz, the highest tick rate, and some. */
const WINDOW_TICKS_MAX = 1024;

/** Counters of the kernel that are summed up over ticks. */
const TOTALS: readonly [counter: number, name: string, help: string][] = [
  [abi.COUNTER_COMMANDS, "commands", "Commands the kernel handled."],
  [abi.COUNTER_ENTITIES_MOVED, "entities_moved", "Entities moved, summed over ticks."],
  [abi.COUNTER_CASTS_STARTED, "casts_started", "Casts begun."],
  [abi.COUNTER_CASTS_COMPLETED, "casts_completed", "Casts completed."],
  [abi.COUNTER_CASTS_INTERRUPTED, "casts_interrupted", "Casts interrupted."],
  [abi.COUNTER_GCD_BLOCKED, "gcd_blocked", "Casts refused because of the global cooldown."],
  [abi.COUNTER_ATTACKS, "attacks", "Swings and attacks."],
  [abi.COUNTER_DAMAGE, "damage", "Damage dealt, in points."],
  [abi.COUNTER_KILLS, "kills", "Entities killed."],
  [abi.COUNTER_HEALING, "healing", "Healing done, in points."],
  [abi.COUNTER_CORRECTED, "positions_corrected", "Positions that speed did not allow."],
  [abi.COUNTER_REVIVED, "revived", "Entities that came back to life."],
  [abi.COUNTER_FRAMES, "frames", "Frames built for sessions."],
  [abi.COUNTER_FRAMES_DEFERRED, "frames_deferred", "Frames put off because the frame area was full."],
  [abi.COUNTER_EVENTS_LOST, "events_lost", "Events not written because the event area was full."],
];

/** What is read off the newest report. */
const NEWEST: readonly [name: string, help: string, read: (newest: Newest) => number][] = [
  ["tick", "Number of the newest tick.", ({ tick }) => tick],
  ["queue_depth", "Commands that waited when the newest tick began.", ({ queueDepth }) => queueDepth],
  ["fuel_used", "Fuel the newest tick burnt.", ({ fuelUsed }) => fuelUsed],
  ["players", "Players in the zone.", ({ players }) => players],
  ["creatures", "Creatures in the zone.", ({ creatures }) => creatures],
  ["watchers", "Sessions that get frames.", ({ watchers }) => watchers],
  ["overload_level", "How much the zone leaves out: 0 nothing, 5 new players.", ({ overloadLevel }) => overloadLevel],
  ["game_time_rate", "Game time a second of the clock.", ({ gameTimeRate }) => gameTimeRate],
  ["load", "Smoothed share of its time that the zone's work takes.", ({ load }) => load],
  ["creatures_fighting", "Creatures with somebody on their threat table.", ({ fighting }) => fighting],
];

interface Newest {
  tick: number;
  atMs: number;
  queueDepth: number;
  fuelUsed: number;
  players: number;
  creatures: number;
  watchers: number;
  fighting: number;
  overloadLevel: number;
  gameTimeRate: number;
  load: number;
}

/** One zone's running numbers. */
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
  readonly newest: Newest = {
    tick: 0,
    atMs: Number.NaN,
    queueDepth: 0,
    fuelUsed: 0,
    players: 0,
    creatures: 0,
    watchers: 0,
    fighting: 0,
    overloadLevel: 0,
    gameTimeRate: 1,
    load: 0,
  };
}

/** Numbers of all zones, by zone id. */
export class ZoneMetrics {
  readonly #zones = new Map<number, ZoneNumbers>();
  readonly #now: () => number;

  /** `now`: milliseconds, monotonic. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** What people call the zone; shown by wowsim_zone_info. */
  nameZone(zoneId: number, name: string): void {
    this.#zone(zoneId).name = name;
  }

  /** A state that no tick reports: a zone that is down does not tick. */
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
      zone.totals[index] = (zone.totals[index] ?? 0) + (counters[index] ?? 0);
    }
    const { newest } = zone;
    newest.tick = report.tick;
    newest.atMs = nowMs;
    newest.queueDepth = report.queueDepth;
    newest.fuelUsed = report.fuelUsed;
    newest.players = counters[abi.COUNTER_PLAYERS] ?? 0;
    newest.creatures = counters[abi.COUNTER_CREATURES] ?? 0;
    newest.watchers = counters[abi.COUNTER_WATCHERS] ?? 0;
    newest.overloadLevel = report.overloadLevel;
    newest.gameTimeRate = report.gameTimeRate;
    newest.load = report.load;
    newest.fighting = counters[abi.COUNTER_FIGHTING] ?? 0;
  }

  register(metrics: MetricsSink): void {
    this.#registerDurations(metrics);
    this.#registerStates(metrics);
    for (const [name, help, read] of NEWEST) {
      metrics.gauge(`wowsim_zone_${name}`, help, ["zone"], () => this.#each((zone) => read(zone.newest)));
    }
    for (const [counter, name, help] of TOTALS) {
      const read = (zone: ZoneNumbers): number => zone.totals[counter] ?? 0;
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
    counter("missed_ticks", "Ticks given up for good.", (zone) => zone.missedTicks);
    counter("recoveries", "Recoveries from a trap or from exhausted fuel.", (zone) => zone.recoveries);
    counter("commands_dropped", "Commands dropped because a batch was full.", (zone) => zone.commandsDropped);
    counter("frames_lost", "Frames that found the ring to the sessions full.", (zone) => zone.framesLost);
    metrics.gauge("wowsim_zone_info", "The zone's name.", ["zone", "name"], () =>
      [...this.#zones].map(([id, { name }]) => ({ labels: { zone: id, name }, value: 1 })),
    );
    metrics.gauge("wowsim_zone_tick_age_seconds", "Time since the newest tick.", ["zone"], () =>
      this.#each((zone) => (this.#now() - zone.newest.atMs) / 1000),
    );
    metrics.gauge("wowsim_zone_state", "1 for the state the zone is in, 0 for the others.", ["zone", "state"], () =>
      [...this.#zones].flatMap(([id, zone]) =>
        ZONE_STATES.map((state) => ({ labels: { zone: id, state }, value: zone.state === state ? 1 : 0 })),
      ),
    );
  }

  #refused(): Sample[] {
    return [...this.#zones].flatMap(([id, { totals }]) =>
      Object.keys(REFUSED_NAMES).map((reason) => ({
        labels: { zone: id, reason: nameOf(REFUSED_NAMES, Number(reason)) },
        value: totals[abi.COUNTER_REFUSED + Number(reason)] ?? 0,
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
