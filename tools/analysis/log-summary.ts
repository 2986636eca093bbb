// Summarizes a whole telemetry file in one pass and constant memory: the output of parse-logs.
//
//   const summary = new LogSummary()
//   await readLines(file, { onLine: (line) => summary.take(line) })
//   summary.report()      // { lines, fromMs, toMs, loop: {...}, zones: [...], casts: {...}, combat: {...}, ... }
//
// Tick lines are complete, so casts, damage and kills are exact sums. Who did it, and with which spell, is only in the sampled
// event lines (at most 200 a second of each kind): those figures give the number of their events, and of those left out.
//
// A figure is computed from lines of one kind. When the summary received only some kinds, the figures of all others are
// missing (null), and not 0: report((kind) => filter.wantsKind(kind)).

import type { TelemetryLine } from "../../server/protocol/telemetry-line.ts";
import type { LineKind } from "./line-filter.ts";
import { ratio } from "./measured.ts";
import type { Measured } from "./measured.ts";
import { DurationSums } from "./duration-sums.ts";
import type { DurationSummary } from "./duration-sums.ts";
import { flagOf, measuredOf, numberOf, textOf, tickMsOf } from "./telemetry-text.ts";
import { Tally } from "./tally.ts";
import type { TallyEntry } from "./tally.ts";
import { TimestampReader } from "./timestamps.ts";

export interface ZoneSummary extends DurationSummary {
  id: number;
  name: string;
  casts: CastSums;
  attacks: number;
  damage: number;
  kills: number;
  playersMax: number;
  exceptions: Measured;
  recoveries: Measured;
  commands: number;
}

export interface CastSums {
  started: number;
  completed: number;
  interrupted: number;
  gcdBlocked: number;
}

export interface LogReport {
  lines: number;
  /** Milliseconds since 1970; missing without lines that have a time. */
  fromMs: Measured;
  toMs: Measured;
  byType: TallyEntry[];
  byKind: TallyEntry[];
  starts: Measured;
  version: string;
  tickRateHz: Measured;
  loop: DurationSummary | null;
  zones: ZoneSummary[] | null;
  casts: CastSums | null;
  /** The share of finished casts that were completed; missing without casts. */
  castSuccess: Measured;
  /** The share of cast requests that the global cooldown refused. */
  gcdBlockRate: Measured;
  combat: { damage: number; damagePerS: Measured; kills: number; attacks: number } | null;
  /** From sampled lines, see `sampledOut`. */
  dealers: TallyEntry[] | null;
  spells: TallyEntry[] | null;
  interruptReasons: TallyEntry[] | null;
  damageTypes: TallyEntry[] | null;
  connections: { accepted: Measured; disconnects: TallyEntry[] | null };
  errors: TallyEntry[] | null;
  /** Event lines that the rate budget left out, by kind. */
  sampledOut: TallyEntry[] | null;
  linesLost: Measured;
  /** Audit lines of faults; no conclusion is drawn from them. */
  faultLines: Measured;
}

/** The kinds of lines that figures are computed from. */
const kindOf = (type: LineKind["type"], component = "", message = ""): LineKind => ({ type, component, message });
const KINDS = {
  start: kindOf("event", "server", "Server starting"),
  loop: kindOf("metric", "game_loop", "Tick completed"),
  tick: kindOf("metric", "zone", "Zone tick completed"),
  exception: kindOf("error", "zone", "Zone tick exception"),
  recovery: kindOf("event", "zone", "Zone recovered"),
  damage: kindOf("event", "combat", "Damage dealt"),
  cast: kindOf("event", "spellcast", "Cast started"),
  interrupt: kindOf("event", "spellcast", "Cast interrupted"),
  accepted: kindOf("event", "game_server", "Connection accepted"),
  disconnect: kindOf("event", "game_server", "Client disconnected"),
  sampledOut: kindOf("health", "telemetry", "Lines sampled out"),
  lost: kindOf("health", "telemetry", "Lines lost"),
  /** Errors and audit lines with any message: complete only under a filter without a condition on the message. */
  error: kindOf("error"),
  fault: kindOf("event", "fault"),
};

type ZoneSums = Omit<ZoneSummary, keyof DurationSummary | "exceptions" | "recoveries"> & {
  durations: DurationSums;
  exceptions: number;
  recoveries: number;
};

const ZONES_MAX = 1_024;
const KINDS_MAX = 500;
const DEALERS_MAX = 20_000;
const TOP = 10;
const KINDS_SHOWN_MAX = 40;
/** Creature ids begin above this (docs/PROTOCOL.md). */
const SESSION_ID_MAX = 1_000_000;

export class LogSummary {
  readonly #byType = new Tally(16);
  readonly #byKind = new Tally(KINDS_MAX);
  readonly #loop = new DurationSums();
  readonly #zones = new Map<number, ZoneSums>();
  readonly #dealers = new Tally(DEALERS_MAX);
  readonly #spells = new Tally(KINDS_MAX);
  readonly #interruptReasons = new Tally(KINDS_MAX);
  readonly #damageTypes = new Tally(16);
  readonly #disconnects = new Tally(KINDS_MAX);
  readonly #errors = new Tally(KINDS_MAX);
  readonly #sampledOut = new Tally(KINDS_MAX);
  readonly #timestamps = new TimestampReader();
  readonly #spellNames: ReadonlyMap<number, string>;
  #lines = 0;
  #fromMs = Number.POSITIVE_INFINITY;
  #toMs = Number.NEGATIVE_INFINITY;
  #starts = 0;
  #version = "";
  #tickRateHz: Measured = null;
  #accepted = 0;
  #linesLost = 0;
  #faultLines = 0;

  /** `spellNames`: by spell number; a spell without a name is shown by its number. */
  constructor({ spellNames = new Map() }: { spellNames?: ReadonlyMap<number, string> } = {}) {
    this.#spellNames = spellNames;
  }

  /** Never throws, whatever the line holds. */
  take(line: TelemetryLine): void {
    const { type, component, message, data } = line;
    this.#lines++;
    this.#byType.add(type);
    this.#byKind.add(`${component} · ${message}`);
    const atMs = this.#timestamps.read(line.timestamp);
    if (atMs < this.#fromMs) this.#fromMs = atMs;
    if (atMs > this.#toMs) this.#toMs = atMs;
    if (type === "error") this.#errors.add(`${component} · ${message}`);
    if (component === "zone") this.#takeZone(line);
    else if (component === "game_loop" && message === "Tick completed") this.#takeTick(this.#loop, data);
    else if (component === "combat" && message === "Damage dealt") this.#takeDamage(data);
    else if (component === "spellcast") this.#takeCast(message, data);
    else if (component === "game_server") this.#takeConnection(message, data);
    else if (component === "server" && message === "Server starting") this.#takeStart(data);
    else if (component === "telemetry") this.#takeTelemetry(message, data);
    else if (component === "fault") this.#faultLines++;
  }

  /** `takes`: whether all lines of a kind were taken; default: all kinds were. */
  report(takes: (kind: LineKind) => boolean = () => true): LogReport {
    const of = <Figure>(name: keyof typeof KINDS, figure: Figure): Figure | null =>
      takes(KINDS[name]) ? figure : null;
    const zones = [...this.#zones.values()].toSorted((a, b) => a.id - b.id);
    const total = (read: (zone: ZoneSums) => number): number => zones.reduce((all, zone) => all + read(zone), 0);
    const casts: CastSums = {
      started: total((zone) => zone.casts.started),
      completed: total((zone) => zone.casts.completed),
      interrupted: total((zone) => zone.casts.interrupted),
      gcdBlocked: total((zone) => zone.casts.gcdBlocked),
    };
    const damage = total((zone) => zone.damage);
    const hasTime = this.#toMs >= this.#fromMs;
    const seconds = hasTime ? (this.#toMs - this.#fromMs) / 1_000 : null;
    return {
      lines: this.#lines,
      fromMs: hasTime ? this.#fromMs : null,
      toMs: hasTime ? this.#toMs : null,
      byType: this.#byType.top(TOP),
      byKind: this.#byKind.top(KINDS_SHOWN_MAX),
      starts: of("start", this.#starts),
      version: this.#version,
      tickRateHz: this.#tickRateHz,
      loop: of("loop", this.#loop.report()),
      zones: of(
        "tick",
        zones.map(({ durations, exceptions, recoveries, ...zone }) => ({
          ...zone,
          ...durations.report(),
          exceptions: of("exception", exceptions),
          recoveries: of("recovery", recoveries),
        })),
      ),
      casts: of("tick", casts),
      castSuccess: of("tick", ratio(casts.completed, casts.completed + casts.interrupted)),
      gcdBlockRate: of("tick", ratio(casts.gcdBlocked, casts.gcdBlocked + casts.started)),
      combat: of("tick", {
        damage,
        damagePerS: ratio(damage, seconds),
        kills: total(({ kills }) => kills),
        attacks: total(({ attacks }) => attacks),
      }),
      dealers: of("damage", this.#dealers.topByAmount(TOP)),
      spells: of("cast", this.#spells.top(TOP)),
      interruptReasons: of("interrupt", this.#interruptReasons.top(TOP)),
      damageTypes: of("damage", this.#damageTypes.topByAmount(TOP)),
      connections: {
        accepted: of("accepted", this.#accepted),
        disconnects: of("disconnect", this.#disconnects.top(TOP)),
      },
      errors: of("error", this.#errors.top(TOP)),
      sampledOut: of("sampledOut", this.#sampledOut.topByAmount(KINDS_SHOWN_MAX)),
      linesLost: of("lost", this.#linesLost),
      faultLines: of("fault", this.#faultLines),
    };
  }

  #takeZone(line: TelemetryLine): void {
    const { message, data } = line;
    const zone = this.#zone(data);
    if (zone === null) return;
    if (message === "Zone tick exception") zone.exceptions++;
    else if (message === "Zone recovered") zone.recoveries++;
    if (message !== "Zone tick completed") return;
    this.#takeTick(zone.durations, data);
    zone.casts.started += numberOf(data, "casts_started", 0);
    zone.casts.completed += numberOf(data, "casts_completed", 0);
    zone.casts.interrupted += numberOf(data, "casts_interrupted", 0);
    zone.casts.gcdBlocked += numberOf(data, "gcd_blocked", 0);
    zone.attacks += numberOf(data, "attacks_processed", 0);
    zone.damage += numberOf(data, "total_damage_dealt", 0);
    zone.kills += numberOf(data, "kills", 0);
    zone.commands += numberOf(data, "events_processed", 0);
    zone.playersMax = Math.max(zone.playersMax, numberOf(data, "players", 0));
  }

  /** A tick line without a duration is left out of the tick times. */
  #takeTick(durations: DurationSums, data: TelemetryLine["data"]): void {
    const ms = tickMsOf(data, "duration_ms");
    if (ms !== null) durations.add(ms, flagOf(data, "overrun"));
  }

  #takeDamage(data: TelemetryLine["data"]): void {
    const amount = numberOf(data, "actual_damage", 0);
    this.#dealers.add(dealerName(measuredOf(data, "attacker_id")), amount);
    this.#damageTypes.add(textOf(data, "damage_type", "unknown"), amount);
  }

  #takeCast(message: string, data: TelemetryLine["data"]): void {
    if (message === "Cast started") this.#spells.add(this.#spellName(measuredOf(data, "spell_id")));
    else if (message === "Cast interrupted") this.#interruptReasons.add(textOf(data, "reason", "unknown"));
  }

  #spellName(id: Measured): string {
    if (id === null) return "a spell without a number";
    const name = this.#spellNames.get(id);
    return name === undefined ? `spell ${id}` : `${name} (${id})`;
  }

  #takeConnection(message: string, data: TelemetryLine["data"]): void {
    if (message === "Connection accepted") this.#accepted++;
    else if (message === "Client disconnected") this.#disconnects.add(textOf(data, "reason", "not told"));
  }

  #takeStart(data: TelemetryLine["data"]): void {
    this.#starts++;
    this.#version = textOf(data, "version");
    this.#tickRateHz = measuredOf(data, "tick_rate_hz");
  }

  #takeTelemetry(message: string, data: TelemetryLine["data"]): void {
    if (message === "Lines lost") this.#linesLost += numberOf(data, "count", 0);
    const kinds = data["kinds"];
    if (message !== "Lines sampled out" || typeof kinds !== "object" || kinds === null) return;
    for (const [kind, count] of Object.entries(kinds)) {
      if (typeof count === "number") this.#sampledOut.add(kind.replace("/", " · "), count);
    }
  }

  #zone(data: TelemetryLine["data"]): ZoneSums | null {
    const id = measuredOf(data, "zone_id");
    if (id === null) return null;
    let zone = this.#zones.get(id);
    if (zone === undefined) {
      if (this.#zones.size >= ZONES_MAX) return null;
      zone = {
        id,
        name: "",
        durations: new DurationSums(),
        casts: { started: 0, completed: 0, interrupted: 0, gcdBlocked: 0 },
        attacks: 0,
        damage: 0,
        kills: 0,
        playersMax: 0,
        exceptions: 0,
        recoveries: 0,
        commands: 0,
      };
      this.#zones.set(id, zone);
    }
    zone.name = textOf(data, "zone_name", zone.name);
    return zone;
  }
}

function dealerName(id: Measured): string {
  if (id === null) return "unknown";
  return id <= SESSION_ID_MAX ? `player ${id}` : `creature ${id}`;
}
