// Whether players can enter: the server as a whole (all its sockets listen, and some zone ticks), and each zone.
//
//   const readiness = new Readiness({ listeners: ["game", "control"], zones: [{ id: 1, name: "Elwynn Forest" }], ... })
//   readiness.check()       // { ready: false, reasons: ["The game port does not listen yet.", ...], zones: [...] }
//   readiness.up("game")
//   supervisor.listen(readiness)
//   readiness.check(1)      // ready only when zone 1 is ready; check("all"): when every zone is

import type { ZoneListener } from "../../shared/zone-link.ts";
import type { FromZoneWorker, ZoneState } from "../../shared/zone-messages.ts";
import type { TickReport } from "../../shared/tick-report.ts";
import { stateSeen } from "./overdue.ts";

/** A zone does not tick when its newest tick is older than this, and older than this many of its tick intervals. */
const TICK_AGE_MS_MAX = 2_000;
const INTERVALS_MAX = 3;
const PLAYABLE: ReadonlySet<ZoneState> = new Set(["ACTIVE", "DEGRADED"]);

export interface ReadinessOptions {
  /** Names of the listeners that must be up. */
  listeners: Iterable<string>;
  /** The zones of the server, in order. */
  zones?: readonly { id: number; name: string }[];
  tickRateHz?: number;
  /** Milliseconds, monotonic. */
  now: () => number;
}

export interface ZoneReadiness {
  zone_id: number;
  name: string;
  /** "STARTING" before its first tick, "SILENT" when it should tick but does not. */
  state: ZoneState | "STARTING" | "SILENT";
  ready: boolean;
  /** The reason why it is not ready, for people; null when it is ready. */
  reason: string | null;
  /** Milliseconds since its newest tick; null before the first. */
  tick_age_ms: number | null;
}

export interface ReadinessVerdict {
  ready: boolean;
  /** The reasons why it is not ready, for people; empty when it is ready. */
  reasons: string[];
  zones: ZoneReadiness[];
}

interface KnownZone {
  name: string;
  state: ZoneState | "STARTING";
  reason: string;
  atMs: number | null;
  /** Milliseconds between two ticks, at the rate of game time. */
  intervalMs: number;
}

export class Readiness implements ZoneListener {
  readonly #waitingFor: Set<string>;
  readonly #now: () => number;
  readonly #intervalMs: number;
  readonly #zones = new Map<number, KnownZone>();
  #stopping = false;

  constructor({ listeners, zones = [], tickRateHz = 20, now }: ReadinessOptions) {
    this.#waitingFor = new Set(listeners);
    this.#intervalMs = 1_000 / tickRateHz;
    this.#now = now;
    for (const { id, name } of zones) this.#zone(id).name = name;
  }

  /** The listener of this name is up. */
  up(listener: string): void {
    this.#waitingFor.delete(listener);
  }

  ticked({ zoneId, state, gameTimeRate }: TickReport): void {
    const zone = this.#zone(zoneId);
    zone.state = state;
    zone.atMs = this.#now();
    zone.intervalMs = this.#intervalMs / gameTimeRate;
  }

  /** Records a state that no tick reports, such as that of a zone whose worker was lost. */
  said(message: FromZoneWorker): void {
    if (message.type !== "zone_state") return;
    const zone = this.#zone(message.zoneId);
    [zone.state, zone.reason] = [message.to, message.reason];
  }

  /** From now on the server is neither ready nor alive. */
  stop(): void {
    this.#stopping = true;
  }

  get isStopping(): boolean {
    return this.#stopping;
  }

  knows(zoneId: number): boolean {
    return this.#zones.has(zoneId);
  }

  /** Checks one zone, every zone, or the server, for which one ready zone is enough. */
  check(which: number | "all" | "any" = "any"): ReadinessVerdict {
    const zones = [...this.#zones].map(([id, zone]) => this.#checkZone(id, zone));
    const reasons = [...this.#waitingFor].map((listener) => `The ${listener} port does not listen yet.`);
    if (this.#stopping) reasons.push("The server is stopping.");
    const asked = typeof which === "number" ? zones.filter(({ zone_id }) => zone_id === which) : zones;
    const isMet = which === "any" ? asked.some(({ ready }) => ready) : asked.every(({ ready }) => ready);
    if (zones.every(({ tick_age_ms, state }) => tick_age_ms === null && state === "STARTING")) {
      reasons.push("No zone has ticked yet.");
    } else if (!isMet) reasons.push(...asked.flatMap(({ reason }) => reason ?? []));
    return { ready: reasons.length === 0, reasons, zones };
  }

  #checkZone(zone_id: number, zone: KnownZone): ZoneReadiness {
    const { name, reason, atMs, intervalMs } = zone;
    const tick_age_ms = atMs === null ? null : Math.round(this.#now() - atMs);
    const isPlayable = zone.state !== "STARTING" && PLAYABLE.has(zone.state);
    const isLate = tick_age_ms !== null && tick_age_ms > Math.max(TICK_AGE_MS_MAX, INTERVALS_MAX * intervalMs);
    const ready = isPlayable && tick_age_ms !== null && !isLate;
    const seen = zone.state === "STARTING" ? zone.state : stateSeen(zone.state, tick_age_ms, intervalMs);
    const state = isPlayable && isLate ? "SILENT" : seen;
    const why = reason === "" || isPlayable ? "" : ` (${reason})`;
    const age = tick_age_ms === null ? "it has not ticked yet" : `its last tick was ${tick_age_ms} ms ago`;
    const text = `Zone ${zone_id} is ${state}${why}; ${age}.`;
    return { zone_id, name, state, ready, reason: ready ? null : text, tick_age_ms };
  }

  #zone(zoneId: number): KnownZone {
    const known = this.#zones.get(zoneId);
    if (known !== undefined) return known;
    const zone: KnownZone = { name: "", state: "STARTING", reason: "", atMs: null, intervalMs: this.#intervalMs };
    this.#zones.set(zoneId, zone);
    return zone;
  }
}
