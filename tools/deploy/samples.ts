// What the judge looks at: one small record a zone and tick, taken from the telemetry feed, and what went wrong.
//
//   const window = new SampleWindow()
//   feed.onLine((line) => window.take(line))        // {"component":"zone","message":"Zone tick completed","data":{...}}
//   window.ticksOf(2)                               // [{ tick: 812, kernelMs: 0.31, castsStarted: 4, ... }, ...]
//
// A window is bounded: past ticksMax ticks a zone, the oldest go.

import type { TelemetryLine } from "../../server/telemetry/schema.ts";

/** One tick of one zone. Milliseconds are wall time; counts are of this tick alone. */
export interface ZoneTick {
  zoneId: number;
  zoneName: string;
  tick: number;
  /** Content hash of the kernel that ran the tick. */
  kernel: string;
  kernelMs: number;
  durationMs: number;
  fuelUsed: number;
  overrun: boolean;
  players: number;
  commands: number;
  castsStarted: number;
  castsCompleted: number;
  refused: number;
}

/** Something that must not happen under a canary: a trap, a recovery, a roll-back by the zone itself, a bad state. */
export interface Incident {
  zoneId: number;
  tick: number;
  text: string;
}

const TICKS_MAX = 20 * 60 * 10;
const INCIDENTS_MAX = 100;

export class SampleWindow {
  readonly #zones = new Map<number, ZoneTick[]>();
  readonly #names = new Map<number, string>();
  /** At most 100 are kept; `incidentCount` counts all. */
  readonly incidents: Incident[] = [];
  incidentCount = 0;
  /** Sessions that lost their connection other than by their own wish. */
  sessionsLost = 0;
  lines = 0;

  take(line: TelemetryLine): void {
    this.lines++;
    if (line.component === "zone") this.#takeZoneLine(line);
    else if (line.component === "deploy" && line.message === "Module rolled back")
      this.#incident(line, "module rolled back");
    else if (line.component === "game_server" && line.message === "Client disconnected" && isLoss(line.data["reason"]))
      this.sessionsLost++;
  }

  zoneIds(): number[] {
    return [...this.#zones.keys()].toSorted((a, b) => a - b);
  }

  nameOf(zoneId: number): string {
    return this.#names.get(zoneId) ?? `zone ${zoneId}`;
  }

  /** Ticks of a zone in the order they came. */
  ticksOf(zoneId: number): readonly ZoneTick[] {
    return this.#zones.get(zoneId) ?? [];
  }

  /** Forgets ticks but not what went wrong in them. */
  dropTicks(): void {
    this.#zones.clear();
  }

  incidentsOf(zoneId: number): Incident[] {
    return this.incidents.filter((incident) => incident.zoneId === zoneId);
  }

  #takeZoneLine(line: TelemetryLine): void {
    if (line.message === "Zone tick completed") {
      const tick = zoneTickOf(line);
      if (tick === null) return;
      const ticks = this.#zones.get(tick.zoneId) ?? [];
      this.#zones.set(tick.zoneId, ticks);
      this.#names.set(tick.zoneId, tick.zoneName);
      ticks.push(tick);
      if (ticks.length > TICKS_MAX) ticks.shift();
    } else if (line.message === "Zone tick exception") this.#incident(line, `exception: ${text(line.data["error"])}`);
    else if (line.message === "Zone recovered")
      this.#incident(line, `recovered by ${text(line.data["rung"])}: ${text(line.data["error"])}`);
    else if (line.message === "Zone state changed" && isBadState(line.data["to_state"]))
      this.#incident(line, `went ${text(line.data["to_state"])}: ${text(line.data["reason"])}`);
  }

  #incident(line: TelemetryLine, description: string): void {
    this.incidentCount++;
    if (this.incidents.length >= INCIDENTS_MAX) return;
    this.incidents.push({
      zoneId: numberOf(line.data["zone_id"]),
      tick: numberOf(line.data["tick"]),
      text: description,
    });
  }
}

/** A "Zone tick completed" line as a sample, or null when it lacks what a verdict needs. */
export function zoneTickOf(line: TelemetryLine): ZoneTick | null {
  const { data } = line;
  const needed = [data["zone_id"], data["tick"], data["kernel_ms"]];
  if (!needed.every((value) => typeof value === "number" && Number.isFinite(value))) return null;
  return {
    zoneId: numberOf(data["zone_id"]),
    zoneName: text(data["zone_name"]),
    tick: numberOf(data["tick"]),
    kernel: text(data["kernel"]),
    kernelMs: numberOf(data["kernel_ms"]),
    durationMs: numberOf(data["duration_ms"]),
    fuelUsed: numberOf(data["fuel_used"]),
    overrun: data["overrun"] === true,
    players: numberOf(data["players"]),
    commands: numberOf(data["events_processed"]),
    castsStarted: numberOf(data["casts_started"]),
    castsCompleted: numberOf(data["casts_completed"]),
    refused: numberOf(data["refused"]),
  };
}

const isBadState = (state: unknown): boolean => state === "CRASHED" || state === "DOWN";

/** A player who closes the connection was not lost; one whose link broke or who was thrown out was. */
export const isLoss = (reason: unknown): boolean => reason !== "client_closed" && reason !== "shutdown";

const numberOf = (value: unknown): number => (typeof value === "number" && Number.isFinite(value) ? value : 0);

const text = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value ?? null));
