// Hands out what zone workers write into their output rings (wire.ts), but for the reports, to those who want to know.
//
//   records.listeners.frame.push((zoneId, bytes, offset, length) => ...)
//   records.handOut(view, bytes, offset, length)      // true: it was one of these

import { FRAME_HEADER_BYTES, FRAME_LENGTH } from "../../../assembly/abi.ts";
import { WowsimError } from "../../protocol/errors.ts";
import type { FrameListener } from "../../shared/zone-link.ts";
import { readDeparted } from "../../shared/transfer.ts";
import type { Crossing } from "../../shared/transfer.ts";
import { CENSUS, DEPARTED, END, ENTERED, FRAMES, readCensus, readEntered } from "../../shared/ring-records.ts";
import type { Entered, ZoneCensus } from "../../shared/ring-records.ts";

export class OutputRecords {
  readonly listeners = {
    frame: [] as FrameListener[],
    tickEnd: [] as ((zoneId: number) => void)[],
    departure: [] as ((crossing: Crossing) => void)[],
    entered: [] as ((entered: Entered) => void)[],
    census: [] as ((census: ZoneCensus) => void)[],
  };

  handOut(view: DataView, bytes: Uint8Array, offset: number, length: number): boolean {
    const { listeners } = this;
    const zoneId = view.getUint32(offset + 4, true);
    switch (view.getUint32(offset, true)) {
      case FRAMES:
        this.#onFrames(view, bytes, zoneId, offset + 8, offset + length);
        return true;
      case END:
        for (const listener of listeners.tickEnd) listener(zoneId);
        return true;
      case DEPARTED: {
        const crossing = readDeparted(view, offset);
        for (const listener of listeners.departure) listener(crossing);
        return true;
      }
      case ENTERED: {
        const entered = readEntered(view, offset, length);
        for (const listener of listeners.entered) listener(entered);
        return true;
      }
      case CENSUS: {
        const census = readCensus(view, offset, length);
        for (const listener of listeners.census) listener(census);
        return true;
      }
      default:
        return false;
    }
  }

  #onFrames(view: DataView, bytes: Uint8Array, zoneId: number, from: number, to: number): void {
    for (let at = from; at < to;) {
      const length = view.getUint32(at + FRAME_LENGTH, true);
      // The zone has checked what its kernel wrote (output-check.ts); this loop ends all the same.
      if (length < FRAME_HEADER_BYTES || at + length > to) {
        throw new WowsimError("bad_frame", `Zone ${zoneId}: a frame of ${length} bytes where ${to - at} are.`);
      }
      for (const listener of this.listeners.frame) listener(zoneId, bytes, at, length);
      at += length;
    }
  }
}
