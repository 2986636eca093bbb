// The last minutes of a server from its telemetry, bounded and incremental: the input of health, diagnosis, anomalies and
// the dashboard. Time is that of the lines' own timestamps, so that a file is read like a live feed.
//
//   const timeline = new Timeline()
//   feed.onLine((line) => timeline.take(line))
//   timeline.zones.get(1)?.ticks.between(timeline.nowMs - 3_000)      // zone 1's ticks of the last three seconds
//
// Lines of component `fault` say which fault is active. A diagnosis must not know that, so these lines are discarded.
// When a server starts again, everything known of the previous server is dropped.

import type { TelemetryLine } from "../../server/protocol/telemetry-line.ts";
import type { Measured } from "./measured.ts";
import { JournalHistory } from "./journal-history.ts";
import * as sample from "./samples.ts";
import { Series } from "./series.ts";
import { measuredOf, textOf } from "./telemetry-text.ts";
import { TimestampReader } from "./timestamps.ts";

const SECONDS_MAX = 300;
/** For each zone: secondsMax at the highest tick rate. */
const TICKS_PER_SECOND_MAX = 100;
/** For each kind that comes at most once a second. */
const RARE_MAX = 2_000;
/** For sampled kinds: the budget of four emitters for about ten seconds. */
const EVENTS_MAX = 10_000;
const ZONES_MAX = 1_024;
/** Lines may arrive out of order by up to this many ticks. */
const LATE_TICKS_MAX = 20;
/** After this many lines in a row with another time, that time is now: a clock was set, or another file begins. */
const STRAYS_MAX = 20;

/** What is known of a zone. */
export interface ZoneHistory {
  readonly id: number;
  name: string;
  /** The newest state that a line reported; "" before the first. */
  state: string;
  stateAtMs: number;
  readonly ticks: Series<sample.ZoneTick>;
  readonly events: Series<sample.ZoneEvent>;
}

/** Lines by how they were handled; the counts add up to `lines`. */
export interface LineCounts {
  lines: number;
  /** Kept, or of a known kind that is not needed here. */
  read: number;
  /** Of component `fault`: never read. */
  fault: number;
  /** Without a timestamp. */
  timeless: number;
  /** With a time far from all others, or too old. */
  stray: number;
  /** A tick line without its zone, tick number or duration. */
  incomplete: number;
}

/** A timeline with at least one line, so `nowMs` is known. */
export type BegunTimeline = Timeline & { readonly nowMs: number; readonly fromMs: number };

export const hasBegun = (timeline: Timeline): timeline is BegunTimeline =>
  timeline.nowMs !== null && timeline.fromMs !== null;

/** The events in a zone's lines, by their message. */
const ZONE_EVENTS: ReadonlyMap<string, sample.ZoneEvent["what"]> = new Map([
  ["Zone state changed", "state"],
  ["Zone tick exception", "exception"],
  ["Zone recovered", "recovered"],
  ["Command quarantined", "quarantined"],
  ["Zone restart failed", "restart_failed"],
  ["Zone ticks lost", "ticks_lost"],
]);

export class Timeline {
  readonly secondsMax: number;
  /** It has every line since the server began, as a feed has; a file may be an excerpt. */
  readonly isLive: boolean;
  readonly zones = new Map<number, ZoneHistory>();
  readonly loop: Series<sample.LoopTick>;
  readonly traffic = new Series<sample.Traffic>(RARE_MAX);
  readonly roundTrips = new Series<sample.RoundTrip>(RARE_MAX);
  readonly process = new Series<sample.ProcessSample>(RARE_MAX);
  readonly census = new Series<sample.Census>(RARE_MAX);
  readonly errors = new Series<sample.ErrorLine>(EVENTS_MAX);
  readonly disconnects = new Series<sample.Disconnect>(EVENTS_MAX);
  readonly refusals = new Series<sample.Refusal>(EVENTS_MAX);
  readonly deploys = new Series<sample.DeployEvent>(RARE_MAX);
  /** Times when the main thread stood still, by its own report. */
  readonly standstills = new Series<sample.Standstill>(RARE_MAX);
  /** What the journal and its disk did. */
  readonly journal = new JournalHistory(RARE_MAX);
  readonly counts: LineCounts = { lines: 0, read: 0, fault: 0, timeless: 0, stray: 0, incomplete: 0 };
  /** The intended ticks a second; missing until a line reports it. */
  tickRateHz: Measured = null;
  /** The number of zones that the server reported at its start; missing until a line reports it. */
  zonesMeant: Measured = null;
  /** All zone ticks that were taken, including those dropped since. */
  ticksSeen = 0;
  /** The number of server starts that were seen. */
  starts = 0;
  /** The server has reported that it stopped, and no start since. */
  isStopped = false;
  /** Why the server could not write its telemetry file, by its newest report; null: it can. */
  fileError: string | null = null;
  readonly #timestamps = new TimestampReader();
  #nowMs: Measured = null;
  #fromMs: Measured = null;
  #straysInRow = 0;

  constructor(options: { secondsMax?: number; isLive?: boolean } = {}) {
    this.secondsMax = options.secondsMax ?? SECONDS_MAX;
    this.isLive = options.isLive ?? false;
    this.loop = new Series(this.secondsMax * TICKS_PER_SECOND_MAX);
  }

  /** Time of the newest line, in milliseconds since 1970; missing before the first. */
  get nowMs(): Measured {
    return this.#nowMs;
  }

  /** The earliest time kept, at most secondsMax (and the unfinished second) before nowMs; missing before the first line. */
  get fromMs(): Measured {
    return this.#fromMs;
  }

  /** Takes in a line. Never throws, whatever the line holds. */
  take(line: TelemetryLine): void {
    this.counts.lines++;
    if (line.component === "fault") {
      this.counts.fault++;
      return;
    }
    const atMs = this.#timestamps.read(line.timestamp);
    if (Number.isNaN(atMs)) {
      this.counts.timeless++;
      return;
    }
    if (!this.#isOfNow(atMs)) {
      this.counts.stray++;
      return;
    }
    this.counts.read++;
    if (line.type === "error") this.errors.add(sample.errorOf(line, atMs));
    this.#takeKind(line, atMs);
  }

  /** Advances the clock; false when the line is from another time. */
  #isOfNow(atMs: number): boolean {
    const nowMs = this.#nowMs ?? atMs;
    if (Math.abs(atMs - nowMs) > this.secondsMax * 1_000) {
      if (++this.#straysInRow < STRAYS_MAX) return false;
      this.#forget();
      this.#begin(atMs);
    }
    this.#straysInRow = 0;
    const newestMs = Math.max(this.#nowMs ?? atMs, atMs);
    this.#nowMs = newestMs;
    this.#fromMs = Math.min(this.#fromMs ?? atMs, atMs);
    if (Math.floor(newestMs / 1_000) !== Math.floor(nowMs / 1_000)) this.#dropOld(newestMs);
    return true;
  }

  #takeKind(line: TelemetryLine, atMs: number): void {
    const { component, data } = line;
    if (component === "zone") this.#takeZone(line, atMs);
    else if (component === "game_loop") this.#takeLoop(line, atMs);
    else if (component === "game_server") this.#takeGameServer(line, atMs);
    else if (component === "gateway" && line.message === "Traffic") this.traffic.add(sample.trafficOf(data, atMs));
    else if (component === "players" && line.message === "Round trip") {
      this.roundTrips.add(sample.roundTripOf(data, atMs));
    } else if (component === "server") this.#takeServer(line, atMs);
    else if (component === "audit" && line.message === "Entity census") {
      const [entities, duplicates] = [measuredOf(data, "entities"), measuredOf(data, "duplicates")];
      this.census.add({ atMs, entities, duplicates });
    } else if (component === "telemetry") this.#takeTelemetry(line);
    else if (component === "journal") this.journal.take(line, atMs);
    else if (component === "deploy") this.deploys.add(sample.deployOf(line, atMs));
  }

  #takeZone({ message, data }: TelemetryLine, atMs: number): void {
    const zone = this.#zone(data);
    if (zone === null) return this.#isIncomplete();
    switch (message) {
      case "Zone tick completed": {
        const tick = sample.zoneTickOf(data, atMs);
        if (tick === null) return this.#isIncomplete();
        this.ticksSeen++;
        zone.ticks.add(tick);
        if (tick.state !== "") this.#setState(zone, tick.state, atMs);
        return;
      }
      case "Zone state changed":
        this.#setState(zone, textOf(data, "to_state", sample.STATE_UNKNOWN), atMs);
        break;
      case "Zone restart failed":
        this.#setState(zone, "DOWN", atMs);
    }
    const what = ZONE_EVENTS.get(message);
    if (what !== undefined) zone.events.add(sample.zoneEventOf(what, data, atMs));
  }

  #takeLoop({ message, data }: TelemetryLine, atMs: number): void {
    this.tickRateHz = measuredOf(data, "tick_rate_hz") ?? this.tickRateHz;
    if (message !== "Tick completed") return;
    const tick = sample.loopTickOf(data, atMs);
    if (tick === null) return this.#isIncomplete();
    const last = this.loop.last;
    // The loop's tick numbers only rise. So this is another server, whose start was not seen.
    if (last !== undefined && atMs > last.atMs && tick.tick < last.tick - LATE_TICKS_MAX) this.#startAnew(atMs);
    this.loop.add(tick);
  }

  #takeGameServer({ message, data }: TelemetryLine, atMs: number): void {
    if (message === "Client disconnected") this.disconnects.add(sample.disconnectOf(data, atMs));
    else if (message === "Connection refused") this.refusals.add({ atMs, reason: textOf(data, "reason") });
    else if (message === "Server started") this.isStopped = false;
    else if (message === "Server stopped") this.isStopped = true;
  }

  #takeTelemetry({ message, data }: TelemetryLine): void {
    if (message === "Telemetry file not written") this.fileError = textOf(data, "error", "no reason told");
    else if (message === "Telemetry file written again") this.fileError = null;
  }

  #takeServer({ message, data }: TelemetryLine, atMs: number): void {
    if (message === "Process") this.process.add(sample.processOf(data, atMs));
    else if (message === "Server stood still") this.standstills.add({ atMs, ms: measuredOf(data, "stood_ms") });
    else if (message === "Zones initialized") this.zonesMeant = measuredOf(data, "zone_count");
    else if (message === "Server starting") {
      this.#startAnew(atMs);
      this.tickRateHz = measuredOf(data, "tick_rate_hz");
    }
  }

  #zone(data: TelemetryLine["data"]): ZoneHistory | null {
    const id = measuredOf(data, "zone_id");
    if (id === null) return null;
    let zone = this.zones.get(id);
    if (zone === undefined) {
      if (this.zones.size >= ZONES_MAX) return null;
      const ticks = new Series<sample.ZoneTick>(this.secondsMax * TICKS_PER_SECOND_MAX);
      const events = new Series<sample.ZoneEvent>(RARE_MAX);
      zone = { id, name: "", state: "", stateAtMs: Number.NEGATIVE_INFINITY, ticks, events };
      this.zones.set(id, zone);
    }
    zone.name = textOf(data, "zone_name", zone.name);
    return zone;
  }

  #isIncomplete(): void {
    this.counts.incomplete++;
    this.counts.read--;
  }

  #setState(zone: ZoneHistory, state: string, atMs: number): void {
    if (atMs < zone.stateAtMs) return;
    zone.state = state;
    zone.stateAtMs = atMs;
  }

  #begin(atMs: number): void {
    this.#nowMs = atMs;
    this.#fromMs = atMs;
  }

  #startAnew(atMs: number): void {
    this.#forget();
    this.#begin(atMs);
    this.starts++;
  }

  #forget(): void {
    this.zones.clear();
    for (const series of this.#shared()) series.clear();
    this.isStopped = false;
    this.fileError = null;
    this.tickRateHz = null;
    this.zonesMeant = null;
  }

  #dropOld(nowMs: number): void {
    const beforeMs = nowMs - this.secondsMax * 1_000;
    this.#fromMs = Math.max(this.#fromMs ?? beforeMs, beforeMs);
    for (const series of this.#shared()) series.dropBefore(beforeMs);
    for (const zone of this.zones.values()) {
      zone.ticks.dropBefore(beforeMs);
      zone.events.dropBefore(beforeMs);
    }
  }

  #shared(): { clear(): void; dropBefore(atMs: number): void }[] {
    return [
      this.loop,
      this.traffic,
      this.roundTrips,
      this.process,
      this.census,
      this.errors,
      this.disconnects,
      this.refusals,
      this.deploys,
      this.standstills,
      this.journal,
    ];
  }
}
