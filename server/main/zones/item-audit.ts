// The audit of items and gold: once per second each zone reports what its players hold, and the ledger of what came into being,
// vanished, and crossed its border. For each kind the first must follow from the second, in every zone and at every tick:
//
//   held = created - destroyed + arrived - departed          all modulo 2^32
//
//   error · audit · Items not conserved · { zone_id: 1, tick: 812, items: [{ item: 0, held: 251, expected: 250, ... }], kinds: 1 }

import { wordAt } from "../../protocol/assert.ts";
import type { Emitter } from "../../protocol/telemetry-line.ts";
import type { ItemCount } from "../../shared/ring-records.ts";
import type { ZoneListener } from "../../shared/zone-link.ts";

const REPORT_INTERVAL_MS = 10_000;
const ITEMS_PER_REPORT_MAX = 5;

/** The newest count of a zone. */
export interface ZoneItems {
  /** Gold that its players hold. */
  gold: number;
  /** Kinds of items whose count does not follow from the ledger. */
  wrongKinds: number;
}

export class ItemAudit implements ZoneListener {
  readonly #emitter: Emitter;
  readonly #now: () => number;
  readonly #zones = new Map<number, ZoneItems>();
  readonly #reportedAtMs = new Map<number, number>();

  constructor(emitter: Emitter, now: () => number) {
    this.#emitter = emitter;
    this.#now = now;
  }

  /** The newest count of each zone, by zone id. A zone that is DOWN has none. */
  get zones(): ReadonlyMap<number, ZoneItems> {
    return this.#zones;
  }

  /** Checks a zone's count. The record is not kept. */
  itemsCounted(count: ItemCount): void {
    const wrong = [...count.held.keys()].filter((item) => wordAt(count.held, item) !== expectedOf(count, item));
    this.#zones.set(count.zoneId, { gold: wordAt(count.held, 0), wrongKinds: wrong.length });
    if (wrong.length > 0) this.#report(count, wrong);
  }

  /** Forgets a zone that is DOWN: nobody is in it. */
  forget(zoneId: number): void {
    this.#zones.delete(zoneId);
  }

  #report(count: ItemCount, wrong: number[]): void {
    const { zoneId, tick } = count;
    const reportedAtMs = this.#reportedAtMs.get(zoneId) ?? Number.NEGATIVE_INFINITY;
    if (this.#now() - reportedAtMs < REPORT_INTERVAL_MS) return;
    this.#reportedAtMs.set(zoneId, this.#now());
    const items = wrong.slice(0, ITEMS_PER_REPORT_MAX).map((item) => ({
      item,
      held: wordAt(count.held, item),
      expected: expectedOf(count, item),
      created: wordAt(count.created, item),
      destroyed: wordAt(count.destroyed, item),
      arrived: wordAt(count.arrived, item),
      departed: wordAt(count.departed, item),
    }));
    this.#emitter.emit("error", "audit", "Items not conserved", { zone_id: zoneId, tick, items, kinds: wrong.length });
  }
}

function expectedOf({ created, destroyed, arrived, departed }: ItemCount, item: number): number {
  return (wordAt(created, item) - wordAt(destroyed, item) + wordAt(arrived, item) - wordAt(departed, item)) >>> 0;
}
