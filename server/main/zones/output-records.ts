// Passes the records that zone workers write into their output rings (ring-records.ts) to a listener, except for
// reports.
//
//   const records = new OutputRecords(listener)
//   records.handOut(view, bytes, offset, length)      // listener.framed(zoneId, bytes, ...); true: it was such a record

import { FRAME_HEADER_BYTES, FRAME_LENGTH } from "../../../assembly/abi.ts";
import { WowsimError } from "../../protocol/errors.ts";
import type { ZoneListener } from "../../shared/zone-link.ts";
import { CENSUS, DEPARTED, END, ENTERED, FRAMES, ITEMS, readCensus } from "../../shared/ring-records.ts";

/** Gets every kind of these records. */
export type RecordListener = Pick<
  Required<ZoneListener>,
  "framed" | "tickEnded" | "departed" | "entered" | "counted" | "itemsCounted"
>;

export class OutputRecords {
  readonly #listener: RecordListener;
  readonly #frames = FRAMES.empty();
  readonly #end = END.empty();
  readonly #items = ITEMS.empty();

  constructor(listener: RecordListener) {
    this.#listener = listener;
  }

  handOut(view: DataView, bytes: Uint8Array, offset: number, length: number): boolean {
    switch (view.getUint32(offset, true)) {
      case FRAMES.kind: {
        const { zoneId } = FRAMES.read(view, offset, length, this.#frames);
        this.#onFrames(view, bytes, zoneId, offset + FRAMES.bytes, offset + length);
        return true;
      }
      case END.kind:
        this.#listener.tickEnded(END.read(view, offset, length, this.#end).zoneId);
        return true;
      case DEPARTED.kind:
        this.#listener.departed(DEPARTED.read(view, offset, length, DEPARTED.empty()));
        return true;
      case ENTERED.kind:
        this.#listener.entered(ENTERED.read(view, offset, length, ENTERED.empty()));
        return true;
      case CENSUS.kind:
        this.#listener.counted(readCensus(view, offset, length));
        return true;
      case ITEMS.kind:
        this.#listener.itemsCounted(ITEMS.read(view, offset, length, this.#items));
        return true;
      default:
        return false;
    }
  }

  #onFrames(view: DataView, bytes: Uint8Array, zoneId: number, from: number, to: number): void {
    for (let at = from; at < to;) {
      const length = view.getUint32(at + FRAME_LENGTH, true);
      // The zone has already checked the output of its kernel (output-check.ts); this loop ends even on bad data.
      if (length < FRAME_HEADER_BYTES || at + length > to) {
        throw new WowsimError("bad_frame", `Zone ${zoneId}: a frame of ${length} bytes where ${to - at} are.`);
      }
      this.#listener.framed(zoneId, bytes, at, length);
      at += length;
    }
  }
}
