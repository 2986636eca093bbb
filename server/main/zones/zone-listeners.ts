// Passes the reports of zones to every registered listener.
//
//   listeners.add(metrics)          // has ticked() and said()
//   listeners.ticked(report)        // calls metrics.ticked(report), and so on for all that have it

import type { Entered, ItemCount, ZoneCensus } from "../../shared/ring-records.ts";
import type { TickReport } from "../../shared/tick-report.ts";
import type { Crossing } from "../../shared/transfer.ts";
import type { MessageTarget, ZoneListener } from "../../shared/zone-link.ts";
import type { FromZoneWorker } from "../../shared/zone-messages.ts";

export class ZoneListeners implements Required<ZoneListener> {
  readonly #all: ZoneListener[] = [];
  /** The listeners that have `framed`: there are tens of thousands of frames per second, and most listeners need none. */
  readonly #ofFrames: Pick<Required<ZoneListener>, "framed">[] = [];

  add(listener: ZoneListener): void {
    this.#all.push(listener);
    if (hearsFrames(listener)) this.#ofFrames.push(listener);
  }

  ticked(report: TickReport): void {
    for (const listener of this.#all) listener.ticked?.(report);
  }

  framed(zoneId: number, bytes: Uint8Array, offset: number, length: number): void {
    for (const listener of this.#ofFrames) listener.framed(zoneId, bytes, offset, length);
  }

  tickEnded(zoneId: number): void {
    for (const listener of this.#all) listener.tickEnded?.(zoneId);
  }

  departed(crossing: Crossing): void {
    for (const listener of this.#all) listener.departed?.(crossing);
  }

  entered(entered: Entered): void {
    for (const listener of this.#all) listener.entered?.(entered);
  }

  counted(census: ZoneCensus): void {
    for (const listener of this.#all) listener.counted?.(census);
  }

  itemsCounted(count: ItemCount): void {
    for (const listener of this.#all) listener.itemsCounted?.(count);
  }

  said(message: FromZoneWorker): void {
    for (const listener of this.#all) listener.said?.(message);
  }

  revives(zoneId: number): void {
    for (const listener of this.#all) listener.revives?.(zoneId);
  }

  workerBegun(worker: MessageTarget): void {
    for (const listener of this.#all) listener.workerBegun?.(worker);
  }
}

function hearsFrames(listener: ZoneListener): listener is ZoneListener & Pick<Required<ZoneListener>, "framed"> {
  return listener.framed !== undefined;
}
