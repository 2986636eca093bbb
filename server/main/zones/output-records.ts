// Hands out what zone workers write into their output rings (ring-records.ts), but for the reports.
//
//   const records = new OutputRecords(listener)
//   records.handOut(view, bytes, offset, length)      // listener.framed(zoneId, bytes, ...); true: it was one of these

import { FRAME_HEADER_BYTES, FRAME_LENGTH } from "../../../assembly/abi.ts";
import { WowsimError } from "../../protocol/errors.ts";
import type { ZoneListener } from "../../shared/zone-link.ts";
import { readDeparted } from "../../shared/transfer.ts";
import { CENSUS, DEPARTED, END, ENTERED, FRAMES, readCensus, readEntered } from "../../shared/ring-records.ts";

/** Hears every kind of these records. */
export type RecordListener = Pick<Required<ZoneListener>, "framed" | "tickEnded" | "departed" | "entered" | "counted">;

export class OutputRecords {
  readonly #listener: RecordListener;

  constructor(listener: RecordListener) {
    this.#listener = listener;
  }

  handOut(view: DataView, bytes: Uint8Array, offset: number, length: number): boolean {
    const zoneId = view.getUint32(offset + 4, true);
    switch (view.getUint32(offset, true)) {
      case FRAMES:
        this.#onFrames(view, bytes, zoneId, offset + 8, offset + length);
        return true;
      case END:
        this.#listener.tickEnded(zoneId);
        return true;
      case DEPARTED:
        this.#listener.departed(readDeparted(view, offset));
        return true;
      case ENTERED:
        this.#listener.entered(readEntered(view, offset, length));
        return true;
      case CENSUS:
        this.#listener.counted(readCensus(view, offset, length));
        return true;
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
      this.#listener.framed(zoneId, bytes, at, length);
      at += length;
    }
  }
}
