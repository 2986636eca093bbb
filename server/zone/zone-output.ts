// What a zone hands to the main thread each tick: its frames, and its report; once a second, who is in it. A full ring
// costs the watchers concerned this tick's frame, which is counted, and they are told everything anew in the next. Some
// of the ring is kept free of frames, so that reports get through long after there is no room for frames.

import { FRAME_LENGTH, FRAME_SESSION } from "../../assembly/abi.ts";
import type { TickReport } from "../shared/tick-report.ts";
import type { Ring } from "../shared/ring.ts";
import { writeDeparted } from "../shared/transfer.ts";
import type { Crossing } from "../shared/transfer.ts";
import {
  CENSUS,
  CENSUS_HEADER_BYTES,
  DEPARTED_BYTES,
  END,
  ENTERED_BYTES,
  FRAMES,
  FRAMES_BYTES_MAX,
  writeEntered,
} from "../shared/ring-records.ts";
import type { Entered } from "../shared/ring-records.ts";
import type { Zone } from "./zone.ts";
import { REPORT } from "../shared/tick-report.ts";

/** Kept for reports: a record that is not split across the ring's end and ten seconds of them. */
const RESERVED_BYTES_MAX = 2 * FRAMES_BYTES_MAX;

export class ZoneOutput {
  readonly #ring: Ring;
  readonly #reservedBytes: number;
  /** Sessions whose frame found no room; at most one entry a player. */
  readonly #rewatch = new Set<number>();

  constructor(ring: Ring) {
    this.#ring = ring;
    this.#reservedBytes = Math.min(RESERVED_BYTES_MAX, ring.capacityBytes / 2);
  }

  /** Copies out what the kernel built for its watchers; how many frames found no room. */
  writeFrames(zone: Zone): number {
    const { at, view } = zone;
    const end = at.frames + view.getUint32(at.frameBytes, true);
    let lost = 0;
    for (let from = at.frames; from < end;) {
      let to = from;
      while (to < end) {
        const length = view.getUint32(to + FRAME_LENGTH, true);
        if (to > from && to + length - from > FRAMES_BYTES_MAX) break;
        to += length;
      }
      if (!this.#writeChunk(zone, from, to)) lost += this.#lose(zone, from, to);
      from = to;
    }
    const offset = this.#ring.reserve(8);
    if (offset >= 0) this.#header(offset, END, zone.id);
    return lost;
  }

  writeReport(report: TickReport): void {
    const offset = this.#ring.reserve(REPORT.bytes);
    if (offset >= 0) REPORT.write(this.#ring.view, offset, report);
    this.#ring.commit();
    this.#ring.wake();
  }

  /** Who is in the zone; commands with a ticket up to `ticket` are dealt with. False when there was no room for it. */
  writeCensus(zone: Zone, ticket: number): boolean {
    const ids = zone.entities.entityIds();
    const offset = this.#ring.reserve(CENSUS_HEADER_BYTES + ids.byteLength);
    if (offset < 0) return false;
    this.#header(offset, CENSUS, zone.id);
    const { view } = this.#ring;
    view.setUint32(offset + 8, zone.tick, true);
    view.setUint32(offset + 12, ticket, true);
    const first = offset + CENSUS_HEADER_BYTES;
    for (let i = 0; i < ids.length; i++) view.setUint32(first + i * 4, ids[i] ?? 0, true);
    return true;
  }

  /** Hands over what was written outside of a tick. */
  flush(): void {
    this.#ring.commit();
    this.#ring.wake();
  }

  /** Somebody has left for another zone; false when there was no room for it. */
  writeDeparted(crossing: Crossing): boolean {
    const offset = this.#ring.reserve(DEPARTED_BYTES);
    if (offset >= 0) writeDeparted(this.#ring.view, offset, crossing);
    return offset >= 0;
  }

  /** What became of somebody who was to be let in; false when there was no room for it. */
  writeEntered(entered: Entered): boolean {
    const offset = this.#ring.reserve(ENTERED_BYTES);
    if (offset >= 0) writeEntered(this.#ring.view, offset, entered);
    return offset >= 0;
  }

  /** Hands over the sessions that have to be told everything anew. `push` says whether it took one. */
  addRewatches(push: (session: number) => boolean): void {
    for (const session of this.#rewatch) if (push(session)) this.#rewatch.delete(session);
  }

  #writeChunk(zone: Zone, from: number, to: number): boolean {
    if (this.#ring.freeBytes < to - from + this.#reservedBytes) return false;
    const offset = this.#ring.reserve(8 + to - from);
    if (offset < 0) return false;
    this.#header(offset, FRAMES, zone.id);
    this.#ring.bytes.set(zone.bytes.subarray(from, to), offset + 8);
    return true;
  }

  #lose(zone: Zone, from: number, to: number): number {
    let lost = 0;
    for (let at = from; at < to; at += zone.view.getUint32(at + FRAME_LENGTH, true)) {
      lost++;
      this.#rewatch.add(zone.view.getUint32(at + FRAME_SESSION, true));
    }
    return lost;
  }

  #header(offset: number, kind: number, zoneId: number): void {
    this.#ring.view.setUint32(offset, kind, true);
    this.#ring.view.setUint32(offset + 4, zoneId, true);
  }
}
