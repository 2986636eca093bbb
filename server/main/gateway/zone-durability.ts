// Which zones tell players what is not in the journal, so that the players can be told (docs/PROTOCOL.md, "durable").
//
//   supervisor.listen(durability)
//   durability.isDurable(1)      // false: the journal of zone 1 is lost
//
// The worker's message that the journal is lost comes before the ticks that waited until then, whose reports still say that they
// are durable; so that many reports are not believed.

import type { TickReport } from "../../shared/tick-report.ts";
import type { ZoneListener } from "../../shared/zone-link.ts";
import type { FromZoneWorker } from "../../shared/zone-messages.ts";

/** More than the ticks of one zone that can wait for the journal. */
const DOUBTED_REPORTS = 40;

export class ZoneDurability implements ZoneListener {
  /** By zone that is not durable: how many reports to the contrary are not believed. */
  readonly #lost = new Map<number, number>();

  isDurable(zoneId: number): boolean {
    return !this.#lost.has(zoneId);
  }

  said(message: FromZoneWorker): void {
    if (message.type !== "journal") return;
    for (const zone of message.zones) {
      if (message.isLost) this.#lost.set(zone, DOUBTED_REPORTS);
      else this.#lost.delete(zone);
    }
  }

  ticked({ zoneId, durable }: TickReport): void {
    if (!durable) {
      this.#lost.set(zoneId, 0);
      return;
    }
    const doubted = this.#lost.get(zoneId);
    if (doubted === undefined) return;
    if (doubted === 0) this.#lost.delete(zoneId);
    else this.#lost.set(zoneId, doubted - 1);
  }

  /** A new worker has the zone, and says so itself if its journal is lost. */
  revives(zoneId: number): void {
    this.#lost.delete(zoneId);
  }
}
