// Writes the journal of a worker's zones into the ring to the journal thread (journal-records.ts). A record is safe when the
// journal thread has freed it.

import { assert } from "../protocol/assert.ts";
import { CROSSING, INCIDENT, NOTHING_LOST, SNAPSHOT, TICK } from "../shared/journal-records.ts";
import { Ring } from "../shared/ring.ts";
import type { Crossing } from "../shared/transfer.ts";
import type { Wake } from "../shared/wake.ts";
import { NO_ROOM } from "../shared/zone-journal.ts";
import type { AppliedTick, JournalPlace, TakenSnapshot, ZoneWriter } from "../shared/zone-journal.ts";

/** Space that a record takes besides its own bytes, at most. */
const RECORD_OVERHEAD_BYTES = 16;

const encoder = new TextEncoder();

export class RingWriter implements ZoneWriter {
  readonly #ring: Ring;
  readonly #bell: Wake;
  /** Whether what leaves waits for the journal at all. */
  readonly #isFenced: boolean;

  constructor(ring: Ring, bell: Wake, isFenced: boolean) {
    this.#ring = ring;
    this.#bell = bell;
    this.#isFenced = isFenced;
  }

  append(tick: AppliedTick, batch: Uint8Array, crossings: readonly Crossing[]): JournalPlace {
    const offset = this.#reserve(TICK.bytes + batch.length, crossings.length);
    if (offset < 0) return NO_ROOM;
    TICK.write(this.#ring.view, offset, tick);
    this.#ring.bytes.set(batch, offset + TICK.bytes);
    return this.#cross(crossings, tick.tick);
  }

  snapshot(snapshot: TakenSnapshot, state: Uint8Array, crossings: readonly Crossing[]): JournalPlace {
    const offset = this.#reserve(SNAPSHOT.bytes + state.length, crossings.length);
    if (offset < 0) return NO_ROOM;
    const lostFrom = snapshot.lostFrom ?? NOTHING_LOST;
    SNAPSHOT.write(this.#ring.view, offset, { ...snapshot, lostFrom });
    this.#ring.bytes.set(state, offset + SNAPSHOT.bytes);
    return this.#cross(crossings, snapshot.tick);
  }

  incident(zoneId: number, tick: number, data: object, batch: Uint8Array): JournalPlace {
    const json = encoder.encode(JSON.stringify(data));
    const offset = this.#ring.reserve(INCIDENT.bytes + json.length + batch.length);
    if (offset < 0) return NO_ROOM;
    INCIDENT.write(this.#ring.view, offset, { zoneId, tick, jsonBytes: json.length });
    this.#ring.bytes.set(json, offset + INCIDENT.bytes);
    this.#ring.bytes.set(batch, offset + INCIDENT.bytes + json.length);
    return this.#ring.written;
  }

  send(): void {
    this.#ring.commit();
    this.#bell.signal();
  }

  isSafe(place: JournalPlace): boolean {
    return !this.#isFenced || this.#ring.isFreed(place);
  }

  get isIdle(): boolean {
    return this.#ring.isEmpty;
  }

  get isCrowded(): boolean {
    return this.#ring.usedBytes > this.#ring.capacityBytes / 2;
  }

  /** Room for a record, and for so many crossings after it: all of them fit, or none. */
  #reserve(bytes: number, crossings: number): number {
    const record = CROSSING.bytes + RECORD_OVERHEAD_BYTES;
    // One record at most is moved from the ring's end to its beginning, and what it leaves there is lost.
    const longest = Math.max(bytes, crossings === 0 ? 0 : record) + RECORD_OVERHEAD_BYTES;
    if (this.#ring.freeBytes < bytes + crossings * record + longest) return NO_ROOM;
    return this.#ring.reserve(bytes);
  }

  #cross(crossings: readonly Crossing[], tick: number): JournalPlace {
    for (const crossing of crossings) {
      const offset = this.#ring.reserve(CROSSING.bytes);
      assert(offset >= 0, "room for the crossings was reserved");
      CROSSING.write(this.#ring.view, offset, { ...crossing, tick });
    }
    return this.#ring.written;
  }
}
