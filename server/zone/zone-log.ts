// What one zone writes to the journal: each completed tick, and from time to time a snapshot. A gap is closed by a snapshot:
// whatever the journal does not have, or has otherwise, is covered by the next snapshot, which begins an epoch.
//
//   log.begins()                          // history was rewritten, or ticks are missing: a snapshot is owed
//   const place = log.tickDone([])        // the tick, and the snapshot that was owed; NO_ROOM: it is not in the journal
//   log.takeSnapshotIfDue()               // after the frames: every 100 ticks
//
// While the ring to the journal has no room (a slow or full disk), the log is silent.

import type { Crossing } from "../shared/transfer.ts";
import { NO_ROOM } from "../shared/zone-journal.ts";
import type { AppliedTick, JournalPlace, ZoneWriter } from "../shared/zone-journal.ts";
import { noteFields } from "../shared/kernel-note.ts";
import type { ZoneTrap } from "./trap.ts";
import type { Zone } from "./zone.ts";

/** The journal of a zone that has none: everything is safe at once. */
export const NO_JOURNAL: ZoneWriter = {
  append: () => 0,
  snapshot: () => 0,
  incident: () => 0,
  send: () => {},
  isSafe: () => true,
  isIdle: true,
  isCrowded: false,
};

/** Ticks between two snapshots: a restart replays fewer than this. In eight zones of 600 entities 100 ticks take 0.3 s of its processor time. */
const SNAPSHOT_TICKS = 100;
/** A zone that traps again and again writes no more than one incident in so many ticks. */
const INCIDENT_TICKS_MIN = 20;
/** Fast; 1.4 ms for a zone with 600 players. */
const ZSTD_LEVEL = 1;

const NO_BATCH = new Uint8Array(0);

export interface ZoneLogOptions {
  zone: Zone;
  writer: ZoneWriter;
  /** The newest epoch that the journal has of this zone; 0 when it has none. */
  epoch: number;
  /** By lane, the newest ticket that the zone has answered. */
  tickets: () => Uint32Array;
}

export class ZoneLog {
  readonly #zone: Zone;
  readonly #writer: ZoneWriter;
  readonly #tickets: () => Uint32Array;
  #epoch: number;
  #owesSnapshot = true;
  /** The first tick that the journal does not have; null when it has all. */
  #lostFrom: number | null = null;
  /** Players who left in ticks that found no room: they are written with the snapshot that covers those ticks. */
  #unwritten: Crossing[] = [];
  /** Of the tick that is written next. */
  #batch: Uint8Array | null = null;
  #snapshotTick = 0;
  #incidentTick = -INCIDENT_TICKS_MIN;
  #isSilent = false;
  #place: JournalPlace = 0;
  /** The running module's hash, as text and as a number. */
  #moduleHash = "";
  #module = 0n;

  constructor({ zone, writer, epoch, tickets }: ZoneLogOptions) {
    this.#zone = zone;
    this.#writer = writer;
    this.#epoch = epoch;
    this.#tickets = tickets;
  }

  /**
   * What follows is not the continuation of what the journal has: the next record is a snapshot, in a new epoch. `batch`: that of the
   * tick which is written next, when the zone's segment does not have it.
   */
  begins(batch: Uint8Array | null = null): void {
    this.#owesSnapshot = true;
    this.#batch = batch;
  }

  /** The zone's memory was replaced by that of another history: that is on record with the snapshot that follows. */
  undone(tick: number, data: object): void {
    this.begins();
    if (!this.#isSilent) this.#writer.incident(this.#zone.id, tick, { what: "undo", ...data }, NO_BATCH);
  }

  /** While it is silent the journal takes nothing. What follows then begins with a snapshot. */
  set isSilent(isSilent: boolean) {
    if (this.#isSilent === isSilent) return;
    this.#isSilent = isSilent;
    this.#owesSnapshot = true;
    // What is told meanwhile does not wait for the journal, so they have arrived elsewhere when it is written again.
    this.#unwritten = [];
  }

  /** A tick with this batch trapped: keeps what it takes to see that again. */
  trapped(tick: number, { code, message, note }: ZoneTrap, batch: Uint8Array): void {
    const { id, kernel } = this.#zone;
    if (this.#isSilent || tick < this.#incidentTick + INCIDENT_TICKS_MIN) return;
    this.#incidentTick = tick;
    const what = { what: "trap", code, error: message, module: kernel.hash, ...noteFields(note) };
    this.#writer.incident(id, tick, what, batch);
  }

  /** Where the newest record is. */
  get place(): JournalPlace {
    return this.#place;
  }

  /** A tick is completed, and these players have left in it. Returns its place. */
  tickDone(crossings: readonly Crossing[]): JournalPlace {
    const place = this.#write(crossings);
    if (place !== NO_ROOM) this.#place = place;
    this.#writer.send();
    return place;
  }

  /** Call it when there is time. */
  takeSnapshotIfDue(): void {
    if (this.#isSilent || this.#owesSnapshot || this.#zone.tick - this.#snapshotTick < SNAPSHOT_TICKS) return;
    const snapshot = { ...this.#applied, tickets: this.#tickets(), lostFrom: null };
    const place = this.#writer.snapshot(snapshot, this.#state, []);
    if (place === NO_ROOM) return;
    this.#snapshotTick = this.#zone.tick;
    this.#writer.send();
  }

  #write(crossings: readonly Crossing[]): JournalPlace {
    if (this.#isSilent) return this.#loses([]);
    if (this.#owesSnapshot) return this.#takeSnapshot(crossings);
    const { segment } = this.#zone;
    const place = this.#writer.append(this.#applied, segment.batch(segment.ticks - 1), crossings);
    return place === NO_ROOM ? this.#loses(crossings) : place;
  }

  #takeSnapshot(crossings: readonly Crossing[]): JournalPlace {
    const snapshot = { ...this.#applied, epoch: this.#epoch + 1, tickets: this.#tickets(), lostFrom: this.#lostFrom };
    const place = this.#writer.snapshot(snapshot, this.#state, [...this.#unwritten, ...crossings]);
    if (place === NO_ROOM) return this.#loses(crossings);
    this.#unwritten = [];
    this.#epoch++;
    this.#owesSnapshot = false;
    this.#lostFrom = null;
    this.#snapshotTick = this.#zone.tick;
    return this.#alsoAppend(place);
  }

  /** The tick whose state is the snapshot: a replay does not need its batch, an undo does (server/undo). */
  #alsoAppend(snapshot: JournalPlace): JournalPlace {
    const { segment } = this.#zone;
    const batch = segment.ticks === 0 ? this.#batch : segment.batch(segment.ticks - 1);
    this.#batch = null;
    if (batch === null) return snapshot;
    const place = this.#writer.append(this.#applied, batch, []);
    return place === NO_ROOM ? snapshot : place;
  }

  #loses(crossings: readonly Crossing[]): JournalPlace {
    this.#unwritten.push(...crossings);
    this.#owesSnapshot = true;
    this.#lostFrom ??= this.#zone.tick;
    return NO_ROOM;
  }

  get #applied(): AppliedTick {
    const { id: zoneId, tick, hash, kernel } = this.#zone;
    if (kernel.hash !== this.#moduleHash) {
      this.#moduleHash = kernel.hash;
      this.#module = BigInt(`0x${kernel.hash}`);
    }
    return { zoneId, epoch: this.#epoch, tick, hash, module: this.#module };
  }

  get #state(): Uint8Array {
    const { bytes, at } = this.#zone;
    return Bun.zstdCompressSync(bytes.subarray(at.stateBase, at.stateEnd), { level: ZSTD_LEVEL });
  }
}
