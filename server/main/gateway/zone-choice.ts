// Which zones can take a player, and which of these is the best.
//
//   choice.canTake(2)     // it runs, has room, and is not too overloaded for newcomers
//   choice.nextZone()     // for a player that requests no zone: in turn
//   choice.refuge(1)      // for a player whose zone, 1, is down: the running zone with the fewest players

import type { ZoneState } from "../../shared/zone-messages.ts";
import { LEVEL_CLOSED } from "../../protocol/limits.ts";
import type { SessionTable } from "./session-table.ts";
import type { ZoneLink, ZoneView } from "../../shared/zone-link.ts";

export class ZoneChoice {
  readonly #link: ZoneLink;
  readonly #sessions: SessionTable;
  readonly #playersPerZoneMax: number;
  #turn = 0;

  constructor(link: ZoneLink, sessions: SessionTable, playersPerZoneMax: number) {
    this.#link = link;
    this.#sessions = sessions;
    this.#playersPerZoneMax = playersPerZoneMax;
  }

  zone(zoneId: number): ZoneView | undefined {
    return this.#link.zones.get(zoneId);
  }

  /** True when the zone runs, has room for one more player, and is not too overloaded for newcomers. */
  canTake(zoneId: number): boolean {
    return this.canReturnTo(zoneId) && !this.isClosed(zoneId);
  }

  /** As canTake, for a player that was in the zone before: it does not count as a newcomer. */
  canReturnTo(zoneId: number): boolean {
    const zone = this.zone(zoneId);
    return zone !== undefined && zone.state !== "DOWN" && this.#hasRoom(zone);
  }

  /** True when the zone is too overloaded for newcomers. */
  isClosed(zoneId: number): boolean {
    return (this.zone(zoneId)?.overloadLevel ?? 0) >= LEVEL_CLOSED;
  }

  /** The zone for a player that requests none: ACTIVE zones in turn, else any that runs; 0 when no zone can take it. */
  nextZone(): number {
    const candidates = bestOf(this.#openZones());
    const chosen = candidates[this.#turn++ % Math.max(1, candidates.length)];
    return chosen?.id ?? 0;
  }

  /** The zone with the fewest players, except `except`; 0 when no zone can take a player. */
  refuge(except = 0): number {
    let best = 0;
    for (const zone of bestOf(this.#openZones().filter(({ id }) => id !== except))) {
      if (best === 0 || this.#playersIn(zone.id) < this.#playersIn(best)) best = zone.id;
    }
    return best;
  }

  #openZones(): ZoneView[] {
    return [...this.#link.zones.values()].filter((zone) => this.#hasRoom(zone) && !this.isClosed(zone.id));
  }

  #hasRoom(zone: ZoneView): boolean {
    return this.#playersIn(zone.id) < this.#playersPerZoneMax;
  }

  /** Those of this gateway; of several gateways, those that the zone counts, when they are more. */
  #playersIn(zoneId: number): number {
    return Math.max(this.#sessions.playersIn(zoneId), this.zone(zoneId)?.players ?? 0);
  }
}

/** The zones in the best state that any of them has; a zone that is DOWN is never among them. */
function bestOf(zones: ZoneView[]): ZoneView[] {
  for (const state of ["ACTIVE", "DEGRADED", "CRASHED"] satisfies ZoneState[]) {
    const found = zones.filter((zone) => zone.state === state);
    if (found.length > 0) return found;
  }
  return [];
}
