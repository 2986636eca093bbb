// How a zone that is DOWN comes back: after a wait it is restored and ticks without players for a while. A state that traps by
// itself would do so for ever, so each time that no command is to blame the next try begins further back, as soon, and at last
// with a fresh zone. From then on, and after a command that was to blame, the wait doubles. A zone that comes back and goes DOWN
// again as soon as players are there has not come back: it too begins further back, and at last its module can not hold it.
//
//   1 s   journal     the last completed tick: nothing is lost
//   1 s   snapshot    the newest snapshot; the ticks since are lost
//   1 s   earlier     the snapshot before
//   1 s   anew        only what the content says
//   2 s, 4 s, ... 30 s, 30 s   anew

import { OP_LEAVE } from "../../assembly/abi.ts";
import { messageOf } from "../protocol/errors.ts";
import { ZoneTrap } from "./trap.ts";
import type { Zone } from "./zone.ts";

export const BACK_OFF_MS_MIN = 1_000;
export const BACK_OFF_MS_MAX = 30_000;
/** Clean ticks before a zone that was DOWN takes players again. */
export const PROBATION_TICKS = 20;

/** A zone that goes DOWN so soon after it came back has not got over what took it DOWN; it then begins so much further back. */
export const RELAPSE_MS = 10_000;
const RELAPSE_STEPS = 2;
/** What it waits at most then: it does run without players, and what made it fall may be over. */
export const RELAPSE_BACK_OFF_MS_MAX = 5_000;

/** How far back a restart goes. */
const BEGINNINGS = ["journal", "snapshot", "earlier", "anew"] as const;
export type Beginning = (typeof BEGINNINGS)[number];

/** Where a restart began, and what that cost. */
export interface Restarted {
  beginning: Beginning;
  /** Ticks that players have seen and that are gone. */
  lostTicks: number;
  /** Why it could not begin later; null when it did not have to. */
  reason: string | null;
}

export class Restart {
  #dueMs = 0;
  #backOffMs = BACK_OFF_MS_MIN;
  #cleanTicks = 0;
  /** When the zone last came back. */
  #backAtMs = Number.NEGATIVE_INFINITY;
  #further = 0;
  #reason: string | null = null;
  /** The zone began anew last, and failed by itself, in its probation or soon after it: the module can not hold this zone. */
  hasFailedAnew = false;

  /**
   * The zone has just gone DOWN. When that follows soon on its coming back, with no command to blame (`isStateToBlame`), what
   * it came back on is what traps, if only once players are there: then it begins further back than it did.
   */
  begin(nowMs: number, isStateToBlame = false): void {
    const isRelapse = isStateToBlame && nowMs - this.#backAtMs < RELAPSE_MS;
    this.hasFailedAnew = isRelapse && this.#further >= BEGINNINGS.length - 1;
    this.#backOffMs = this.hasFailedAnew ? Math.min(this.#backOffMs * 2, RELAPSE_BACK_OFF_MS_MAX) : BACK_OFF_MS_MIN;
    this.#further = isRelapse ? this.#further + RELAPSE_STEPS : 0;
    this.#reason = isRelapse ? "it went DOWN again soon after it was back" : null;
    this.#wait(nowMs);
  }

  /** The zone takes the place of one of which nothing is at hand: it begins anew, at once. */
  beginAnew(reason: string): void {
    this.#further = BEGINNINGS.length - 1;
    this.#reason = reason;
  }

  isDue(nowMs: number): boolean {
    return nowMs >= this.#dueMs;
  }

  /** The first tick of a try: the zone has to be put somewhere first. */
  get isFirstTick(): boolean {
    return this.#cleanTicks === 0;
  }

  /** Puts the zone where this try begins, further back when that can not be had. */
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

  /** A tick of the try has ended well. True: it is over, the zone is back. */
  ticked(nowMs: number): boolean {
    this.#cleanTicks++;
    const isBack = this.#cleanTicks >= PROBATION_TICKS;
    if (isBack) this.#backAtMs = nowMs;
    return isBack;
  }

  /** A tick of the try has not. Returns how long it is to the next try, in milliseconds. */
  failed(error: unknown, nowMs: number): number {
    // A fault's command passes with the fault. Those that the restart itself gives, by which everybody leaves, do not.
    const isFaultToBlame = error instanceof ZoneTrap && error.note.commandIndex !== null && error.note.op !== OP_LEAVE;
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

function putBack(zone: Zone, beginning: Beginning): void {
  zone.dropUnfinished();
  if (beginning === "anew") return zone.reset();
  zone.restore(beginning === "earlier" ? zone.previousSegment : zone.segment);
  if (beginning === "journal") replayJournal(zone);
  else if (beginning === "snapshot") zone.forgetJournal();
  else zone.snapshotTwice();
}

/** A module that lays the state out differently from the one of the journal can run its ticks, but not by its hashes. */
function replayJournal(zone: Zone): void {
  const { segment } = zone;
  const canVerify = zone.canVerify(segment);
  zone.replay(segment, segment.ticks, canVerify);
  if (!canVerify) zone.snapshotTwice();
}
