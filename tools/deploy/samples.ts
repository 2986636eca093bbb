// Collects a verdict's numbers about zones from the telemetry feed.
//
//   const window = new SampleWindow(performance.now())
//   window.take(line, performance.now())            // {"component":"zone","message":"Zone tick completed","data":{...}}
//   window.ticksOf(2)                               // [{ tick: 812, kernelMs: 0.31, castsStarted: 4, ... }, ...]
//   window.arrival(2)                               // { arrived: 240, expected: 252 }: 12 ticks are missing
//   window.silenceMsOf(2)                           // 1,150: the zone said nothing for so long, while others did
//
// A tick counts once, however often its line comes, and at its own place, however late. A number that a line does not have
// is missing, not 0. A window is bounded: beyond ticksMax ticks for a zone, the oldest are dropped.

import { isUnjudged } from "../../server/protocol/earlier-refusal.ts";
import type { TelemetryLine } from "../../server/protocol/telemetry-line.ts";
import { difference, measured } from "../analysis/measured.ts";
import type { Measured } from "../analysis/measured.ts";
import { Silences } from "./silences.ts";

/** One tick of one zone. Milliseconds are wall time; counts are of this tick alone. */
export interface ZoneTick {
  zoneId: number;
  zoneName: string;
  tick: number;
  /** When its line arrived, on the clock of the window. */
  atMs: number;
  /** Content hash of the kernel that ran the tick. */
  kernel: string | null;
  kernelMs: Measured;
  durationMs: Measured;
  overrun: boolean | null;
  players: Measured;
  castsStarted: Measured;
  commands: Measured;
  /** Commands that broke a rule. */
  refused: Measured;
  /** Whose, as far as the line says: pairs of a session and how many. */
  refusedBy: readonly (readonly [session: number, refused: number])[];
  /** Total of the zone since its start. */
  recoveries: Measured;
}

/** The values that a verdict needs of every tick, with their names in telemetry. */
const NEEDED = {
  kernel: "kernel",
  kernelMs: "kernel_ms",
  durationMs: "duration_ms",
  overrun: "overrun",
  players: "players",
  castsStarted: "casts_started",
  commands: "commands",
  refused: "refused",
  recoveries: "recoveries",
} as const satisfies Partial<Record<keyof ZoneTick, string>>;

/** An event that must not happen under a canary: a trap, a recovery, a roll-back by the zone itself, a bad state. */
export interface Incident {
  zoneId: number;
  tick: number;
  text: string;
}

/** A roll-back that somebody asked for; it says nothing about the module. */
export interface TakenBack {
  zoneId: number;
  /** "": the server was not told. */
  by: string;
  reason: string;
}

export interface Arrival {
  /** Different ticks that arrived. */
  arrived: number;
  /** Those, and the ticks that should have arrived in the same time. */
  expected: number;
}

/** An hour at 20 Hz: longer than the longest watch. */
const TICKS_MAX = 20 * 60 * 60;
const INCIDENTS_MAX = 100;
const LOST_LINES_MAX = 10_000;
/** For a server that has not reported its tick rate yet. It only matters for the number of ticks in a silence. */
const TICK_RATE_HZ = 20;
/** A zone without a line for this many tick intervals is silent, not late. */
const SILENCE_TICKS_MIN = 10;

export class SampleWindow {
  readonly #zones = new Map<number, ZoneTick[]>();
  readonly #names = new Map<number, string>();
  /** The counts of arrived and missing ticks before the oldest kept tick. */
  readonly #gone = new Map<number, Arrival & { last: Told }>();
  readonly #lacking = new Map<number, Record<string, number>>();
  /** At most 100 are kept; `incidentCount` counts all. */
  readonly incidents: Incident[] = [];
  incidentCount = 0;
  /** At most 100 are kept. */
  readonly takenBack: TakenBack[] = [];
  /** Sessions that lost their connection and did not close it themselves, by zone; 0: in none. */
  readonly #lost = new Map<number, number>();
  readonly #lostLines = new Set<string>();
  readonly #silences = new Silences();
  /** Recoveries of a zone as its first tick here counts them. */
  readonly #recoveriesBefore = new Map<number, number>();
  lines = 0;
  #startMs: number;
  #endMs: number;
  #tickMs = 1_000 / TICK_RATE_HZ;

  /** `startMs`: the begin of the window, on the clock that `take` uses. */
  constructor(startMs: number) {
    this.#startMs = startMs;
    this.#endMs = startMs;
  }

  take(line: TelemetryLine, atMs: number): void {
    this.lines++;
    this.observedUntil(atMs);
    if (line.component === "zone") this.#takeZoneLine(line, atMs);
    else if (line.component === "game_loop") this.#takeRate(measured(line.data["tick_rate_hz"]));
    else if (line.component === "deploy" && line.message === "Module rolled back") this.#takeRollback(line);
    else if (line.component === "game_server" && line.message === "Client disconnected" && isLoss(line.data["reason"]))
      this.#takeLoss(line);
    const isTick = line.component === "zone" && line.message === "Zone tick completed";
    this.#silences.heard(line.timestamp, isTick ? measured(line.data["zone_id"]) : null);
  }

  get sessionsLost(): number {
    return [...this.#lost.values()].reduce((total, lost) => total + lost, 0);
  }

  sessionsLostIn(zoneId: number): number {
    return this.#lost.get(zoneId) ?? 0;
  }

  /** The longest time that a zone was silent while others spoke; one that was never heard is silent since the first line. */
  silenceMsOf(zoneId: number): number {
    return this.#silences.longestMs(zoneId);
  }

  /** Traps, recoveries and roll-backs of a zone: those told as events, or those that its ticks count. */
  incidentCountOf(zoneId: number): number {
    const before = this.#recoveriesBefore.get(zoneId) ?? null;
    const after = this.ticksOf(zoneId).at(-1)?.recoveries ?? null;
    // A zone that began anew counts from 0 again.
    const counted = before === null || after === null || before === after ? 0 : Math.max(1, after - before);
    return Math.max(this.incidentsOf(zoneId).length, counted);
  }

  /** How long a tick is meant to take. */
  get tickMs(): number {
    return this.#tickMs;
  }

  /** Records that no further line came up to this time. */
  observedUntil(ms: number): void {
    this.#endMs = Math.max(this.#endMs, ms);
  }

  zoneIds(): number[] {
    return [...this.#zones.keys()].toSorted((a, b) => a - b);
  }

  nameOf(zoneId: number): string {
    return this.#names.get(zoneId) ?? `zone ${zoneId}`;
  }

  /** Different ticks of a zone, in tick order. */
  ticksOf(zoneId: number): readonly ZoneTick[] {
    return this.#zones.get(zoneId) ?? [];
  }

  /**
   * How many of the ticks that a zone should have reported arrived, from the window's first moment to its last. Missing are the
   * gaps in the tick numbers, and the ticks that would fit into a silence of ten ticks or more.
   */
  arrival(zoneId: number): Arrival {
    let { arrived, expected, last } = this.#gone.get(zoneId) ?? this.#nothing;
    for (const tick of this.ticksOf(zoneId)) {
      arrived++;
      expected += 1 + missingBetween(last, tick, this.#tickMs);
      last = tick;
    }
    return { arrived, expected: expected + silentTicks(this.#endMs - last.atMs, this.#tickMs) };
  }

  /** How many ticks of a zone lack each value, by its name in telemetry: { fuel_used: 3 }. {} when no value is missing. */
  lacking(zoneId: number): Record<string, number> {
    return this.#lacking.get(zoneId) ?? {};
  }

  /** Drops the ticks, and silences that are over, but keeps their incidents; the window begins with the next line. */
  dropTicks(): void {
    this.#silences.forget();
    this.#zones.clear();
    this.#gone.clear();
    this.#lacking.clear();
    this.#startMs = this.#endMs;
  }

  incidentsOf(zoneId: number): Incident[] {
    return this.incidents.filter((incident) => incident.zoneId === zoneId);
  }

  /** The server reports its intended tick rate once a second. */
  #takeRate(hz: Measured): void {
    if (hz !== null && hz > 0) this.#tickMs = 1_000 / hz;
  }

  #takeZoneLine(line: TelemetryLine, atMs: number): void {
    if (line.message === "Zone tick completed") this.#takeTick(zoneTickOf(line, atMs));
    else if (line.message === "Zone worker lost")
      this.#incident(line, `its worker was lost: ${text(line.data["how"])}`);
    else if (line.message === "Zone tick exception") this.#incident(line, `exception: ${text(line.data["error"])}`);
    else if (line.message === "Zone recovered")
      this.#incident(line, `recovered by ${text(line.data["rung"])}: ${text(line.data["error"])}`);
    else if (line.message === "Zone state changed" && isBadState(line.data["to_state"]))
      this.#incident(line, `went ${text(line.data["to_state"])}: ${text(line.data["reason"])}`);
  }

  #takeTick(tick: ZoneTick | null): void {
    if (tick === null) return;
    const ticks = this.#zones.get(tick.zoneId) ?? [];
    this.#zones.set(tick.zoneId, ticks);
    this.#names.set(tick.zoneId, tick.zoneName);
    if (tick.recoveries !== null && !this.#recoveriesBefore.has(tick.zoneId))
      this.#recoveriesBefore.set(tick.zoneId, tick.recoveries);
    const before = ticks.findLastIndex((each) => each.tick <= tick.tick);
    if (ticks[before]?.tick === tick.tick) return;
    ticks.splice(before + 1, 0, tick);
    this.#noteLacking(tick);
    const oldest = ticks.length > TICKS_MAX ? ticks.shift() : undefined;
    if (oldest !== undefined) this.#letGo(oldest);
  }

  get #nothing(): Arrival & { last: Told } {
    return { arrived: 0, expected: 0, last: { tick: null, atMs: this.#startMs } };
  }

  #letGo(oldest: ZoneTick): void {
    const { arrived, expected, last } = this.#gone.get(oldest.zoneId) ?? this.#nothing;
    const missing = missingBetween(last, oldest, this.#tickMs);
    this.#gone.set(oldest.zoneId, { arrived: arrived + 1, expected: expected + 1 + missing, last: oldest });
  }

  #noteLacking(tick: ZoneTick): void {
    const lacking = this.#lacking.get(tick.zoneId) ?? {};
    for (const [key, name] of Object.entries(NEEDED)) {
      if (tick[key as keyof typeof NEEDED] === null) lacking[name] = (lacking[name] ?? 0) + 1;
    }
    this.#lacking.set(tick.zoneId, lacking);
  }

  /** A line that came twice counts once. */
  #takeLoss({ timestamp, data }: TelemetryLine): void {
    const line = `${timestamp} ${text(data["session_id"])}`;
    if (this.#lostLines.has(line)) return;
    if (this.#lostLines.size < LOST_LINES_MAX) this.#lostLines.add(line);
    const zoneId = measured(data["zone_id"]) ?? NOWHERE;
    this.#lost.set(zoneId, (this.#lost.get(zoneId) ?? 0) + 1);
  }

  /** The server names who asked for a roll-back; one that a zone or the end of a lease made names nobody. */
  #takeRollback(line: TelemetryLine): void {
    const { by, zone_id } = line.data;
    const reason = text(line.data["reason"]);
    if (typeof by !== "string" && !isUnjudged(reason)) this.#incident(line, `rolled back: ${reason}`);
    else if (this.takenBack.length < INCIDENTS_MAX)
      this.takenBack.push({
        zoneId: measured(zone_id) ?? NOWHERE,
        by: typeof by === "string" ? by : "the server",
        reason,
      });
  }

  #incident(line: TelemetryLine, description: string): void {
    this.incidentCount++;
    if (this.incidents.length >= INCIDENTS_MAX) return;
    this.incidents.push({
      zoneId: measured(line.data["zone_id"]) ?? NOWHERE,
      tick: measured(line.data["tick"]) ?? NOWHERE,
      text: description,
    });
  }
}

/** A tick that arrived; the begin of a window is one without a number. */
interface Told {
  tick: Measured;
  atMs: number;
}

/** For a line without its zone or tick. */
const NOWHERE = 0;

/** A "Zone tick completed" line as a sample, or null when its zone or tick is missing. */
export function zoneTickOf({ data }: TelemetryLine, atMs: number): ZoneTick | null {
  const zoneId = measured(data["zone_id"]);
  const tick = measured(data["tick"]);
  if (zoneId === null || tick === null || !Number.isInteger(tick)) return null;
  return {
    zoneId,
    zoneName: typeof data["zone_name"] === "string" ? data["zone_name"] : `zone ${zoneId}`,
    tick,
    atMs,
    kernel: typeof data["kernel"] === "string" ? data["kernel"] : null,
    kernelMs: measured(data["kernel_ms"]),
    durationMs: measured(data["duration_ms"]),
    overrun: typeof data["overrun"] === "boolean" ? data["overrun"] : null,
    players: measured(data["players"]),
    castsStarted: measured(data["casts_started"]),
    commands: measured(data["commands"]),
    refused: measured(data["refused"]),
    refusedBy: pairsOf(data["refused_by"]),
    recoveries: measured(data["recoveries"]),
  };
}

function pairsOf(told: unknown): [number, number][] {
  if (!Array.isArray(told)) return [];
  return told.flatMap((pair: unknown) => {
    const [one, other] = Array.isArray(pair) ? [measured(pair[0]), measured(pair[1])] : [null, null];
    return one === null || other === null ? [] : [[one, other] as [number, number]];
  });
}

/** How many ticks fit into a silence; 0 when it is so short that the next tick may just be late. */
function silentTicks(ms: number, tickMs: number): number {
  const ticks = Math.floor(ms / tickMs);
  return ticks >= SILENCE_TICKS_MIN ? ticks : 0;
}

/** The missing ticks between two that arrived; at the begin of a window there is no earlier number. */
function missingBetween(last: Told, next: Told, tickMs: number): number {
  const leftOut = difference(next.tick, last.tick);
  return Math.max((leftOut ?? 1) - 1, silentTicks(next.atMs - last.atMs, tickMs) - 1, 0);
}

const isBadState = (state: unknown): boolean => state === "CRASHED" || state === "DOWN";

/** A player who closes the connection was not lost; a player whose link broke, or whom the server removed, was. */
export const isLoss = (reason: unknown): boolean => reason !== "client_closed" && reason !== "shutdown";

const text = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value ?? null));
