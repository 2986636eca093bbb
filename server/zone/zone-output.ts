// Sends a zone's output to the main thread: its frames and its report in each tick, and once a second who is in the zone and what they hold. When
// the ring is full, the watchers concerned lose this tick's frame. The loss is counted, and their next frame contains the full
// state. A part of the ring is reserved, so that reports still fit when frames do not.

import { FRAME_LENGTH, FRAME_SESSION } from "../../assembly/abi.ts";
import type { TickReport } from "../shared/tick-report.ts";
import type { Ring } from "../shared/ring.ts";
import type { JournalPlace } from "../shared/zone-journal.ts";
import type { Crossing } from "../shared/transfer.ts";
import {
  censusBytes,
  DEPARTED,
  END,
  ENTERED,
  FRAMES,
  FRAMES_BYTES_MAX,
  ITEMS,
  writeCensus,
} from "../shared/ring-records.ts";
import type { Entered } from "../shared/ring-records.ts";
import { countItems } from "./item-count.ts";
import type { Zone } from "./zone.ts";
import { REPORT } from "../shared/tick-report.ts";

/** Bytes reserved for reports: the largest gap at the ring's end, and ten seconds of reports. */
const RESERVED_BYTES_MAX = 2 * FRAMES_BYTES_MAX;

/** Lets what was written leave, now or when the place in the journal is safe (output-gate.ts). */
export type Leave = (place: JournalPlace) => void;

export class ZoneOutput {
  readonly #ring: Ring;
  readonly #leave: Leave;
  readonly #reservedBytes: number;
  /** Sessions whose frame did not fit. At most one entry for each player. */
  readonly #rewatch = new Set<number>();
  readonly #items = ITEMS.empty();

  /** Without `leave`, everything leaves at once. */
  constructor(ring: Ring, leave?: Leave) {
    this.#ring = ring;
    this.#leave =
      leave ??
      (() => {
        ring.commit();
        ring.wake();
      });
    this.#reservedBytes = Math.min(RESERVED_BYTES_MAX, ring.capacityBytes / 2);
  }

  /**
   * Copies the frames that the kernel built for its watchers. Returns how many did not fit. `isRewritten`: earlier ticks that were
   * told have another result now, so that nobody could understand these frames; all watchers get the full state instead.
   */
  writeFrames(zone: Zone, isRewritten = false): number {
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
      if (isRewritten || !this.#writeChunk(zone, from, to)) lost += this.#lose(zone, from, to);
      from = to;
    }
    if (isRewritten) zone.entities.eachWatcher((session) => void this.#rewatch.add(session));
    const offset = this.#ring.reserve(END.bytes);
    if (offset >= 0) END.write(this.#ring.view, offset, { zoneId: zone.id });
    return lost;
  }

  /** The last record of a tick, which is in the journal at this place. */
  writeReport(report: TickReport, place: JournalPlace): void {
    const offset = this.#ring.reserve(REPORT.bytes);
    if (offset >= 0) REPORT.write(this.#ring.view, offset, report);
    this.#leave(place);
  }

  /** Writes who is in the zone. All commands with a ticket up to that of its lane are answered. False when it did not fit. */
  writeCensus(zone: Zone, tickets: Uint32Array): boolean {
    const ids = zone.entities.entityIds();
    const offset = this.#ring.reserve(censusBytes(ids));
    if (offset >= 0) writeCensus(this.#ring.view, offset, { zoneId: zone.id, tick: zone.tick, tickets }, ids);
    return offset >= 0;
  }

  /** Writes what the players of the zone hold. Left out when it does not fit: the next one comes in a second. */
  writeItems(zone: Zone): void {
    const offset = this.#ring.reserve(ITEMS.bytes);
    if (offset >= 0) ITEMS.write(this.#ring.view, offset, countItems(zone, this.#items));
  }

  /** Lets what was written outside of a tick leave, after everything that was written before it. */
  flush(place: JournalPlace): void {
    this.#leave(place);
  }

  /** A player has left for another zone. False when the record did not fit. */
  writeDeparted(crossing: Crossing): boolean {
    const offset = this.#ring.reserve(DEPARTED.bytes);
    if (offset >= 0) DEPARTED.write(this.#ring.view, offset, crossing);
    return offset >= 0;
  }

  /** The result of a player's entry. False when the record did not fit. */
  writeEntered(entered: Entered): boolean {
    const offset = this.#ring.reserve(ENTERED.bytes);
    if (offset >= 0) ENTERED.write(this.#ring.view, offset, entered);
    return offset >= 0;
  }

  /** The session needs the full state in one of the next ticks. */
  rewatch(session: number): void {
    this.#rewatch.add(session);
  }

  /** Passes each session that needs the full state to `push`, which returns whether it took the session. */
  addRewatches(push: (session: number) => boolean): void {
    for (const session of this.#rewatch) if (push(session)) this.#rewatch.delete(session);
  }

  #writeChunk(zone: Zone, from: number, to: number): boolean {
    if (this.#ring.freeBytes < to - from + this.#reservedBytes) return false;
    const offset = this.#ring.reserve(FRAMES.bytes + to - from);
    if (offset < 0) return false;
    FRAMES.write(this.#ring.view, offset, { zoneId: zone.id });
    this.#ring.bytes.set(zone.bytes.subarray(from, to), offset + FRAMES.bytes);
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
}
