// Restarts a zone that is DOWN. After a wait the zone is restored, and ticks for a while without players. A state that traps by
// itself would trap for ever. So each time that no command is to blame, the next try starts from an older state after the same
// wait, and in the end from the initial content. From then on, and after a failure that a command caused, the wait doubles. A
// zone that goes DOWN again as soon as players are back counts as not recovered: it too starts from an older state, and in the
// end its module is taken as unable to run it.
//
//   1 s   journal     the last completed tick: nothing is lost
//   1 s   snapshot    the newest snapshot; the ticks since are lost
//   1 s   earlier     the previous snapshot
//   1 s   anew        only the initial content
//   2 s, 4 s, ... 30 s, 30 s   anew

import { messageOf } from "../protocol/errors.ts";
import { ZoneTrap } from "./trap.ts";
import type { Zone } from "./zone.ts";

export const BACK_OFF_MS_MIN = 1_000;
export const BACK_OFF_MS_MAX = 30_000;
/** Ticks without a trap before a zone that was DOWN takes players again. */
export const PROBATION_TICKS = 20;

/** A zone that goes DOWN within this time after its restart has a relapse. It then starts this many steps further back. */
export const RELAPSE_MS = 10_000;
const RELAPSE_STEPS = 2;
/** Longest wait after a relapse. It is short, because the zone runs without players, and the cause may be over. */
export const RELAPSE_BACK_OFF_MS_MAX = 5_000;

/** The states from which a restart can begin, newest first. */
const BEGINNINGS = ["journal", "snapshot", "earlier", "anew"] as const;
export type Beginning = (typeof BEGINNINGS)[number];

/** From which state a restart began, and what was lost. */
export interface Restarted {
  beginning: Beginning;
  /** Ticks that players have seen and that are lost. */
  lostTicks: number;
  /** Why a newer state could not be used; null when the newest state was used. */
  reason: string | null;
}

export class Restart {
  #dueMs = 0;
  #backOffMs = BACK_OFF_MS_MIN;
  #cleanTicks = 0;
  /** When the zone last took players again. */
  #backAtMs = Number.NEGATIVE_INFINITY;
  #further = 0;
  #reason: string | null = null;
  /**
   * The zone restarted from its initial content and then failed without a command to blame, on probation or soon after. So the
   * module can not run this zone.
   */
  hasFailedAnew = false;

  /**
   * The zone has just gone DOWN. If that is soon after its last restart and no fault's command is to blame (`isStateToBlame`), the
   * restored state itself is the cause, perhaps only with players in it. Then the next restart uses an older state.
   */
  begin(nowMs: number, isStateToBlame = false): void {
    const isRelapse = isStateToBlame && nowMs - this.#backAtMs < RELAPSE_MS;
    this.hasFailedAnew = isRelapse && this.#further >= BEGINNINGS.length - 1;
    this.#backOffMs = this.hasFailedAnew ? Math.min(this.#backOffMs * 2, RELAPSE_BACK_OFF_MS_MAX) : BACK_OFF_MS_MIN;
    this.#further = isRelapse ? this.#further + RELAPSE_STEPS : 0;
    this.#reason = isRelapse ? "it went DOWN again soon after it was back" : null;
    this.#wait(nowMs);
  }

  /** The zone replaces one of which no state is available: it starts from its initial content, without a wait. */
  beginAnew(reason: string): void {
    this.#further = BEGINNINGS.length - 1;
    this.#reason = reason;
  }

  isDue(nowMs: number): boolean {
    return nowMs >= this.#dueMs;
  }

  /** True before the first tick of a try: call restore() first. */
  get isFirstTick(): boolean {
    return this.#cleanTicks === 0;
  }

  /** Restores the state from which this try begins, or an older one when that fails. */
  restore(zone: Zone): Restarted {
    const newest = zone.completedTick;
    for (;;) {
      const beginning = BEGINNINGS[Math.min(this.#further, BEGINNINGS.length - 1)] ?? "anew";
      try {
        putBack(zone, beginning);
        return { beginning, lostTicks: beginning === "anew" ? newest : newest - zone.tick, reason: this.#reason };
      } catch (error) {
        if (beginning === "anew") throw error;
        this.#goFurther(error);
      }
    }
  }

  /** A tick of the try has completed. True when the probation is over and the zone may take players. */
  ticked(nowMs: number): boolean {
    this.#cleanTicks++;
    const isBack = this.#cleanTicks >= PROBATION_TICKS;
    if (isBack) this.#backAtMs = nowMs;
    return isBack;
  }

  /** A tick of the try has failed; `isPoisoned`: with a fault's command in it. Returns the milliseconds until the next try. */
  failed(error: unknown, nowMs: number, isPoisoned = false): number {
    // A fault's command stops with the fault.
    const isFaultToBlame = isPoisoned && error instanceof ZoneTrap;
    const isLast = this.#further >= BEGINNINGS.length - 1;
    this.hasFailedAnew = isLast && !isFaultToBlame;
    if (isLast || isFaultToBlame) this.#backOffMs = Math.min(this.#backOffMs * 2, BACK_OFF_MS_MAX);
    if (!isFaultToBlame) this.#goFurther(error);
    this.#wait(nowMs);
    return this.#backOffMs;
  }

  #goFurther(error: unknown): void {
    this.#further++;
    this.#reason = messageOf(error);
  }

  #wait(nowMs: number): void {
    this.#dueMs = nowMs + this.#backOffMs;
    this.#cleanTicks = 0;
  }
}

/** Brings the zone to its last completed tick. Throws when that tick can not be reached. */
export function restoreLastTick(zone: Zone): void {
  putBack(zone, "journal");
}

function putBack(zone: Zone, beginning: Beginning): void {
  zone.dropUnfinished();
  if (beginning === "anew") return zone.reset();
  zone.restore(beginning === "earlier" ? zone.previousSegment : zone.segment);
  if (beginning === "journal") replayJournal(zone);
  else if (beginning === "snapshot") zone.forgetJournal();
  else zone.snapshotTwice();
}

/** A module with another layout than the journal's can run the journalled ticks, but its hashes can not be compared. */
function replayJournal(zone: Zone): void {
  const { segment } = zone;
  const canVerify = zone.canVerify(segment);
  zone.replay(segment, segment.ticks, canVerify);
  if (!canVerify) zone.snapshotTwice();
}
