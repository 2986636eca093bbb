// The ladder a crashed zone climbs, from the cheapest rung to the last (docs/ARCHITECTURE.md):
//
//   replay       restore the last snapshot, replay the journal, run the trapped tick once more
//   quarantine   run that tick without the command that the note names; and without the next one it then names, ...
//   rollback     the same through the module that ran before the last swap
//   (down)       nothing helped: the caller takes the zone DOWN
//
// The journal is replayed once: the end of the tick before the trapped one becomes a snapshot, and each further try
// begins there. A replay that does not give the journalled hashes, or traps itself, is tried once more from the segment
// before. A tick that trapped by chance (a memory that was damaged) passes when it is run again, and nothing is
// quarantined; one that trapped because of what it was given traps again at the same point.

import { messageOf } from "../protocol/errors.ts";
import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import type { RecoveryRung, TrapNote } from "../shared/zone-messages.ts";
import type { Segment } from "./segment.ts";
import type { Crossing } from "../shared/transfer.ts";
import { ZoneTrap } from "./trap.ts";
import type { Zone } from "./zone.ts";
import { Command } from "../protocol/game/command.ts";

/** Times that one climb lets its runs take all the time they have; after that it leaves the rung. */
export const TIMEOUTS_MAX = 3;
/**
 * Of a tick's time, what each run of a recovery has: 60 ms by default, six times what the slowest recovery took on two cores. The
 * tick had all of it, and the whole of tick and recovery has to come to its end in about a second.
 */
const ATTEMPT_SHARE = 1 / 5;

/** Commands taken out of one tick before the rung counts as failed. */
export const QUARANTINED_PER_TICK_MAX = 16;
/**
 * Times that one climb lets a tick burn all its fuel to see whether it loops; after that, what runs out of little fuel is
 * taken for a loop. Bounds how long a thread can be kept by a tick with many of them.
 */
export const FULL_RERUNS_MAX = 4;

export interface QuarantinedCommand {
  session: number;
  op: number;
  flags: number;
  seq: number;
}

export interface Recovery {
  rung: Exclude<RecoveryRung, "down">;
  /** From the trap until the tick was completed after all. */
  recoveryMs: number;
  replayedTicks: number;
  quarantined: QuarantinedCommand[];
  error: string;
  note: TrapNote;
  /** Set by a rollback: ticks that were told already came to another end. */
  rewritten: RewrittenTicks | null;
}

/** Ticks that were replayed through another module than the one players saw them in. */
export interface RewrittenTicks {
  /** The snapshot's: those after it. */
  fromTick: number;
  /** Who left through a portal in them, but for the newest. */
  departures: { tick: number; crossing: Crossing }[];
}

/** Thrown when no rung held; `cause` is what the last one met. The zone is left with the fallback, if there is one. */
export class UnrecoverableZone extends Error {
  readonly note: TrapNote;

  constructor(trap: ZoneTrap, cause: unknown) {
    super(`no rung of the recovery held: ${messageOf(cause)}`, { cause });
    this.note = trap.note;
  }
}

export interface RecoveryOptions {
  /** The module of before a swap that is not promoted yet. */
  fallback: Kernel | null;
  /** The module is under suspicion: try the fallback first. */
  preferFallback: boolean;
  /** Milliseconds of the zone's clock. */
  now: () => number;
  /** Who left through a portal in the tick that was just run with this batch. */
  departedIn?: (batch: Uint8Array) => Crossing[];
}

/** Brings a zone whose newest tick trapped to the end of that tick. Throws UnrecoverableZone. */
export function recover(zone: Zone, trap: ZoneTrap, options: RecoveryOptions): Recovery {
  const { fallback, preferFallback, now, departedIn = nobody } = options;
  const climb = new Climb(zone, trap, departedIn);
  const rung = highestNeeded(climb, fallback, preferFallback);
  if (rung === null) throw new UnrecoverableZone(trap, climb.failure);
  const { replayedTicks, quarantined } = climb;
  const rewritten = rung === "rollback" ? climb.rewritten : null;
  const { message: error, note } = trap;
  return { rung, recoveryMs: now() - trap.atMs, replayedTicks, quarantined, error, note, rewritten };
}

/** Climbs until a rung holds: which; null when none does. */
function highestNeeded(climb: Climb, fallback: Kernel | null, preferFallback: boolean): Recovery["rung"] | null {
  if (climb.rebuild()) {
    if (preferFallback && fallback !== null && climb.tryFallback(fallback)) return "rollback";
    if (climb.tryRun()) return "replay";
    if (climb.tryQuarantine()) return "quarantine";
  }
  if (fallback !== null && climb.fallBack(fallback)) return "rollback";
  return null;
}

class Climb {
  replayedTicks = 0;
  quarantined: QuarantinedCommand[] = [];
  rewritten: RewrittenTicks | null = null;
  failure: unknown;
  readonly #zone: Zone;
  readonly #batch: Uint8Array;
  readonly #departedIn: (batch: Uint8Array) => Crossing[];
  /** Where the tick is known to loop without end: it burned a whole tick's fuel there. */
  #loop: TrapNote | null;
  /** The current segment has the trapped tick alone, and begins with the end of the tick before. */
  #isIsolated = false;
  #fullReruns = 0;
  #timeouts = 0;
  /** The memory is where the current segment begins. */
  #isRestored = false;

  constructor(zone: Zone, trap: ZoneTrap, departedIn: (batch: Uint8Array) => Crossing[]) {
    this.#zone = zone;
    this.#departedIn = departedIn;
    this.#batch = zone.segment.batch(zone.segment.ticks - 1).slice();
    this.#loop = isEndless(trap) ? trap.note : null;
    this.failure = trap;
  }

  /** Brings the zone to the end of the tick before the trapped one, every hash verified. */
  rebuild(): boolean {
    const { segment, previousSegment } = this.#zone;
    if (this.#replay([segment], true)) return this.#isolate(true);
    // The snapshot itself may be damaged; the one before is older, and only of use to the same module.
    if (previousSegment.kernel !== segment.kernel || previousSegment.tick >= segment.tick) return false;
    return this.#replay([previousSegment, segment], true) && this.#isolate(false);
  }

  /** Runs the trapped tick once more, on little fuel at first. */
  tryRun(): boolean {
    if (this.#rerun("little")) return true;
    const trap = this.failure;
    // Only the loop that is known already is given up at once: another tick may just be a heavy one.
    if (!isOutOfFuel(trap) || (this.#loop !== null && isSamePlace(trap.note, this.#loop))) return false;
    if (this.#fullReruns++ >= FULL_RERUNS_MAX) return false;
    if (this.#rerun("full")) return true;
    this.#loop = isOutOfFuel(this.failure) ? this.failure.note : null;
    return false;
  }

  /** Takes named commands out of the trapped tick, one after the other, until it runs. */
  tryQuarantine(): boolean {
    while (this.failure instanceof ZoneTrap && this.failure.note.commandIndex !== null) {
      if (this.quarantined.length >= QUARANTINED_PER_TICK_MAX || this.#timeouts >= TIMEOUTS_MAX) return false;
      this.quarantined.push(describe(this.#zone.segment.quarantine(this.failure.note.commandIndex)));
      this.#loop = null;
      if (this.tryRun()) return true;
    }
    return false;
  }

  /** Runs all since the last snapshot through another module; when that does not help, the zone keeps its own. */
  tryFallback(fallback: Kernel): boolean {
    const zone = this.#zone;
    const { kernel } = zone;
    zone.revert(fallback);
    this.#isRestored = false;
    if (this.#replay(this.#sinceSnapshot, false) && this.#attempt(() => zone.rerunLast("full"))) {
      zone.snapshotTwice();
      return true;
    }
    zone.revert(kernel);
    return false;
  }

  /** The same for good, poison commands quarantined. */
  fallBack(fallback: Kernel): boolean {
    const zone = this.#zone;
    zone.segment.dropLast();
    zone.segment.append(this.#batch);
    this.quarantined = [];
    this.#timeouts = 0;
    zone.revert(fallback);
    if (!this.#replay(this.#sinceSnapshot, false)) return false;
    this.#isolate(false);
    if (!this.tryRun() && !this.tryQuarantine()) return false;
    zone.snapshotTwice();
    return true;
  }

  #rerun(fuel: "little" | "full"): boolean {
    const zone = this.#zone;
    if (!this.#isRestored) zone.restore(zone.segment);
    this.#isRestored = false;
    return this.#attempt(() => zone.rerunLast(fuel));
  }

  /** The segments whose ticks lead from the oldest snapshot at hand to the trapped tick. */
  get #sinceSnapshot(): Segment[] {
    const { segment, previousSegment } = this.#zone;
    return previousSegment.tick < segment.tick || this.#isIsolated ? [previousSegment, segment] : [segment];
  }

  /** Restores the first segment and replays all of them up to the trapped tick. */
  #replay(segments: Segment[], verify: boolean): boolean {
    const zone = this.#zone;
    return this.#attempt(() => {
      const [first] = segments;
      if (first !== undefined) zone.restore(first);
      this.replayedTicks = 0;
      const rewritten: RewrittenTicks = { fromTick: zone.tick, departures: [] };
      const onTick = (batch: Uint8Array): void => {
        for (const crossing of this.#departedIn(batch)) rewritten.departures.push({ tick: zone.tick, crossing });
      };
      for (const segment of segments) {
        const ticks = segment === zone.segment ? segment.ticks - 1 : segment.ticks;
        this.replayedTicks += zone.replay(segment, ticks, verify, verify ? undefined : onTick);
      }
      if (!verify) this.rewritten = rewritten;
    });
  }

  #isolate(trustsBefore: boolean): true {
    this.#zone.isolateLast(trustsBefore);
    this.#isIsolated = true;
    this.#isRestored = true;
    return true;
  }

  /** Each attempt has its own time. */
  #attempt(action: () => void): boolean {
    this.#zone.startClock(ATTEMPT_SHARE);
    try {
      action();
      return true;
    } catch (error) {
      this.failure = error;
      if (error instanceof ZoneTrap && error.code === "out_of_time") this.#timeouts++;
      return false;
    }
  }
}

function isOutOfFuel(error: unknown): error is ZoneTrap {
  return error instanceof ZoneTrap && error.code === "fuel_exhausted";
}

/** It burned all that a tick has, of the one or of the other. */
function isEndless(error: unknown): error is ZoneTrap {
  return isOutOfFuel(error) || (error instanceof ZoneTrap && error.code === "out_of_time");
}

function isSamePlace(one: TrapNote, other: TrapNote): boolean {
  return one.phase === other.phase && one.commandIndex === other.commandIndex;
}

function describe(bytes: Uint8Array): QuarantinedCommand {
  const { op, flags, session, seq } = new Command().loadBytes(bytes);
  return { op, flags, session, seq };
}

function nobody(): Crossing[] {
  return [];
}
