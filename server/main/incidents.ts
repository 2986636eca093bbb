// What is wrong with the server just now: while there is something, no deploy begins without force.
//
//   incidents.list()      // ["Zone 2 is CRASHED (its worker died); its last tick was 90 ms ago.", "The journal is not written: disk full."]

import type { FromZoneWorker } from "../shared/zone-messages.ts";
import type { ZoneListener } from "../shared/zone-link.ts";
import type { JournalHost } from "./journal/journal-host.ts";
import type { Readiness } from "./monitoring/readiness.ts";

/** A zone that recovered a moment ago may fail again. */
export const RECOVERED_MS = 30_000;
/** Before its first tick nothing is known of a zone, so nothing is wrong with it. */
const FALLEN: ReadonlySet<string> = new Set(["CRASHED", "DOWN"]);
const WRONG: ReadonlySet<string> = new Set([...FALLEN, "SILENT"]);

export interface IncidentsOptions {
  readiness: Pick<Readiness, "check">;
  journal: Pick<JournalHost, "failing">;
  /** Milliseconds, monotonic. */
  now: () => number;
}

export class Incidents implements ZoneListener {
  readonly #options: IncidentsOptions;
  /** When each zone recovered last. */
  readonly #recovered = new Map<number, number>();
  /** Zones of which players are told what the journal does not have. */
  readonly #lost = new Set<number>();

  constructor(options: IncidentsOptions) {
    this.#options = options;
  }

  /** A sentence each. */
  list(): string[] {
    const { readiness, journal, now } = this.#options;
    const zones = readiness.check("all").zones.filter(({ state }) => WRONG.has(state));
    const recovered = [...this.#recovered].flatMap(([zone, atMs]) => {
      const ago = now() - atMs;
      return ago < RECOVERED_MS ? [`Zone ${zone} recovered ${Math.ceil(ago / 1_000)} s ago.`] : [];
    });
    const failing = journal.failing === null ? [] : [`The journal is not written: ${journal.failing}.`];
    const lost = this.#lost.size === 0 ? [] : [`The journal of zone ${[...this.#lost].join(", ")} is lost.`];
    return [...zones.flatMap(({ reason }) => reason ?? []), ...recovered, ...failing, ...lost];
  }

  said(message: FromZoneWorker): void {
    if (message.type === "recovered") this.#recovered.set(message.zoneId, this.#options.now());
    // The zones of a lost worker go on without telling that they recovered.
    else if (message.type === "zone_state" && FALLEN.has(message.from) && !FALLEN.has(message.to))
      this.#recovered.set(message.zoneId, this.#options.now());
    else if (message.type === "journal")
      for (const zone of message.zones) {
        if (message.isLost) this.#lost.add(zone);
        else this.#lost.delete(zone);
      }
  }
}
