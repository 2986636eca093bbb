// The audit of ownership: once per second each zone reports its entities, and no entity may be in two zones. Zones
// report at different moments, so an entity that crosses may be seen twice once; only an entity that is in two zones in
// two consecutive rounds is reported.
//
//   error · audit · Entity in more than one zone · { entity_ids: [2000001], zones: [1, 2] }

import type { Emitter } from "../../protocol/telemetry-line.ts";
import type { ZoneCensus } from "../../shared/ring-records.ts";
import type { ZoneListener } from "../../shared/zone-link.ts";

const ROUND_MS = 1_000;
const REPORT_INTERVAL_MS = 10_000;
const IDS_PER_REPORT_MAX = 5;

export class Census implements ZoneListener {
  readonly #emitter: Emitter;
  readonly #now: () => number;
  readonly #zones = new Map<number, ReadonlySet<number>>();
  #suspects = new Map<number, number[]>();
  #duplicates = 0;
  #roundAtMs: number;
  #reportedAtMs = -REPORT_INTERVAL_MS;

  constructor(emitter: Emitter, now: () => number) {
    this.#emitter = emitter;
    this.#now = now;
    this.#roundAtMs = now();
  }

  /** Entities that two consecutive rounds found in more than one zone. */
  get duplicates(): number {
    return this.#duplicates;
  }

  /** Records all entities of a zone. */
  counted({ zoneId, ids }: Pick<ZoneCensus, "zoneId" | "ids">): void {
    this.#zones.set(zoneId, ids);
    if (this.#now() - this.#roundAtMs >= ROUND_MS) this.#compare();
  }

  /** Forgets a zone that is DOWN: it has no entities. */
  forget(zoneId: number): void {
    this.#zones.delete(zoneId);
  }

  #compare(): void {
    this.#roundAtMs = this.#now();
    const owners = new Map<number, number[]>();
    let entities = 0;
    for (const [zoneId, ids] of this.#zones) {
      entities += ids.size;
      for (const id of ids) {
        const owner = owners.get(id);
        if (owner === undefined) owners.set(id, [zoneId]);
        else owner.push(zoneId);
      }
    }
    const doubled = new Map([...owners].filter(([, zones]) => zones.length > 1));
    const confirmed = [...doubled].filter(([id]) => this.#suspects.has(id));
    this.#suspects = doubled;
    this.#duplicates = confirmed.length;
    const data = { zones: this.#zones.size, entities, duplicates: confirmed.length };
    this.#emitter.emit("health", "audit", "Entity census", data);
    if (confirmed.length > 0) this.#report(confirmed);
  }

  #report(confirmed: [id: number, zones: number[]][]): void {
    if (this.#now() - this.#reportedAtMs < REPORT_INTERVAL_MS) return;
    this.#reportedAtMs = this.#now();
    this.#emitter.emit("error", "audit", "Entity in more than one zone", {
      entity_ids: confirmed.slice(0, IDS_PER_REPORT_MAX).map(([id]) => id),
      zones: [...new Set(confirmed.flatMap(([, zones]) => zones))].toSorted((a, b) => a - b),
      count: confirmed.length,
    });
  }
}
