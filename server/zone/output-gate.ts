// Holds back what a zone worker tells until the journal has it: frames, reports, and the rare messages to the main thread leave
// in their order, each tick's after the tick's record is safe.
//
//   gate.close(1, place, 812)     // all that was written to the output ring since the last close waits for the place
//   gate.open()                   // what is safe by now leaves; call it whenever the journal thread has woken this one
//   gate.say(message)             // leaves after the ticks that were closed before it
//
// When the oldest tick waits for more than LAG_TICKS_MAX ticks, or the journal's ring is half full, the journal counts as lost:
// everything leaves, and nothing waits any more. The zones go on writing as long as there is room. Once half of the ring is in use
// they are silent until the disk has taken all of it, and then close the gap with a snapshot (zone-log.ts). While the journal is
// lost, one record at a time is timed on its way; when one is safe within BACK_MS_MAX, the journal is back. So a disk that stays slow
// does not make the gate wait, give up, and wait again. With `staysClosed` the server stops instead, and nothing leaves that is not
// safe.

import type { Ring } from "../shared/ring.ts";
import type { FromZoneWorker } from "../shared/zone-messages.ts";
import { NO_ROOM } from "../shared/zone-journal.ts";
import type { JournalPlace, ZoneWriter } from "../shared/zone-journal.ts";

/** Ticks of a zone that may wait for the disk: one second. */
export const LAG_TICKS_MAX = 20;
/** How fast a record must be safe, in milliseconds, before anything waits for the journal again. */
export const BACK_MS_MAX = 250;

/** One closed tick. */
interface Mark {
  zoneId: number;
  place: JournalPlace;
  output: number;
  commands: number;
  closedMs: number;
  messages: FromZoneWorker[] | null;
}

export interface OutputGateOptions {
  output: Ring;
  writer: ZoneWriter;
  /** Most zones of this worker. */
  zones: number;
  /** When the journal is lost, nothing leaves, since the server stops; default false: everything leaves. */
  staysClosed?: boolean;
  /** While the journal is lost, no tick is run; default false. */
  stalls?: boolean;
  post: (message: FromZoneWorker) => void;
  /** The zone's commands up to this place of the command ring are in a tick that has left, and waited for so long. */
  onLeft: (zoneId: number, commands: number, heldMs: number) => void;
  /** The journal is lost, with how long the oldest tick has waited; or back, with how long it was lost. Milliseconds. */
  onLoss: (isLost: boolean, ms: number) => void;
  /** The zones write to the journal from now on, or write nothing. */
  onRoom: (hasRoom: boolean) => void;
  /** Milliseconds, monotonic. */
  now: () => number;
}

export class OutputGate {
  readonly #options: OutputGateOptions;
  readonly #marksMax: number;
  readonly #marks: Mark[] = [];
  readonly #spare: Mark[] = [];
  #isLost = false;
  /** When the oldest tick that is not safe was told; while the journal is lost. */
  #lostSinceMs = 0;
  #isSilent = false;
  /** While the journal is lost: the record that is timed. */
  #probe: { place: JournalPlace; sinceMs: number } | null = null;

  constructor(options: OutputGateOptions) {
    this.#options = options;
    this.#marksMax = LAG_TICKS_MAX * options.zones;
  }

  /** What leaves is not waiting for the journal. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** Something waits for the journal. */
  get isHolding(): boolean {
    return this.#marks.length > 0;
  }

  /** For how long the oldest tick has been waiting, or for how long the journal has been lost, in milliseconds. */
  get lagMs(): number {
    const [oldest] = this.#marks;
    if (this.#isLost) return this.#options.now() - this.#lostSinceMs;
    return oldest === undefined ? 0 : this.#options.now() - oldest.closedMs;
  }

  /**
   * A tick has ended. Its output waits until the place is safe; NO_ROOM: it is not in the journal. `commands`: where the
   * command ring was when its batch was complete.
   */
  close(zoneId: number, place: JournalPlace, commands: number): void {
    const { output, now } = this.#options;
    const mark = this.#spare.pop() ?? { zoneId, place, output: 0, commands, closedMs: 0, messages: null };
    mark.zoneId = zoneId;
    mark.place = place;
    mark.output = output.written;
    mark.commands = commands;
    mark.closedMs = now();
    // What the journal did not take is in the snapshot that it takes now.
    if (place !== NO_ROOM)
      for (const earlier of this.#marks)
        if (earlier.zoneId === zoneId && earlier.place === NO_ROOM) earlier.place = place;
    this.#marks.push(mark);
    if (this.#isLost && place !== NO_ROOM) this.#probe ??= { place, sinceMs: mark.closedMs };
    this.open();
  }

  say(message: FromZoneWorker): void {
    const newest = this.#marks.at(-1);
    if (newest === undefined) this.#options.post(message);
    else (newest.messages ??= []).push(message);
  }

  /** Lets out what is safe. True when anything left. */
  open(): boolean {
    const { writer } = this.#options;
    if (this.#isLost) this.#tryAgain();
    const hasLeft = this.#leave(this.#safeMarks);
    if (!this.#isLost && (this.#marks.length > this.#marksMax || writer.isCrowded)) this.#lose();
    if (!this.#isLost) return hasLeft;
    if (!this.#isSilent && writer.isCrowded) this.#silence(true);
    if (this.#options.staysClosed === true) return hasLeft;
    return this.#leave(this.#marks.length) || hasLeft;
  }

  /** How many of the oldest marks are safe. */
  get #safeMarks(): number {
    const { writer } = this.#options;
    const waiting = this.#marks.findIndex(({ place }) => place === NO_ROOM || !writer.isSafe(place));
    return waiting < 0 ? this.#marks.length : waiting;
  }

  #leave(count: number): boolean {
    if (count === 0) return false;
    const { output, post, onLeft, now } = this.#options;
    const nowMs = now();
    for (const mark of this.#marks.splice(0, count)) {
      output.commitTo(mark.output);
      onLeft(mark.zoneId, mark.commands, nowMs - mark.closedMs);
      if (mark.messages !== null) for (const message of mark.messages) post(message);
      mark.messages = null;
      this.#spare.push(mark);
    }
    output.wake();
    return true;
  }

  #lose(): void {
    const { now, onLoss } = this.#options;
    this.#lostSinceMs = this.#marks[0]?.closedMs ?? now();
    this.#isLost = true;
    onLoss(true, this.lagMs);
  }

  /** Looks whether the disk is fast enough again. */
  #tryAgain(): void {
    const { writer, now } = this.#options;
    if (this.#isSilent && writer.isIdle) this.#silence(false);
    // Zones that stand still write nothing that could be timed.
    if (this.#options.stalls === true && this.#marks.length === 0 && writer.isIdle) return this.#back();
    if (this.#probe === null || this.#isSilent || !writer.isSafe(this.#probe.place)) return;
    const { sinceMs } = this.#probe;
    this.#probe = null;
    if (now() - sinceMs > BACK_MS_MAX) return;
    this.#back();
  }

  #back(): void {
    const lostMs = this.lagMs;
    this.#probe = null;
    this.#isLost = false;
    this.#options.onLoss(false, lostMs);
  }

  #silence(isSilent: boolean): void {
    this.#isSilent = isSilent;
    this.#probe = null;
    this.#options.onRoom(!isSilent);
  }
}
