// The recovery ladder of a crashed zone, from the cheapest step to the last (docs/ARCHITECTURE.md). Telemetry calls a step a rung.
//
//   replay       restore the last snapshot, replay the journal, run the trapped tick once more
//   quarantine   run that tick without the command that the note names; then without the command of the next trap, ...
//   rollback     the same through the module that ran before the last swap
//   (down)       nothing helped: the caller takes the zone DOWN
//
// The journal is replayed once. The state before the trapped tick then becomes a snapshot, and every further attempt starts
// from it. When a replay traps, or its hashes differ from the journal, it is tried once more from the previous segment. A tick
// that trapped by chance (damaged memory) passes when it runs again, and nothing is quarantined. A tick that trapped because of
// its input traps again at the same point.

import { messageOf } from "../protocol/errors.ts";
import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import type { RecoveryStep, TrapNote } from "../shared/zone-messages.ts";
import type { Segment } from "./segment.ts";
import type { Crossing } from "../shared/transfer.ts";
import { ZoneTrap } from "./trap.ts";
import type { Zone } from "./zone.ts";
import { Command } from "../protocol/game/command.ts";

/** Timeouts that one recovery allows. After that many it leaves the quarantine step. */
export const TIMEOUTS_MAX = 3;
/**
 * Time limit of each attempt of a recovery, as a share of a tick's time limit: 60 ms by default, six times the slowest recovery
 * measured on two cores. The trapped tick may have used its whole limit, and tick and recovery together must end in about a
 * second.
 */
const ATTEMPT_SHARE = 1 / 5;

/** Commands removed from one tick before the quarantine step counts as failed. */
export const QUARANTINED_PER_TICK_MAX = 16;
/**
 * How often one recovery runs a tick on its full fuel, to see whether it loops. After that, a tick that exceeds the small fuel
 * counts as a loop. This limits how long a tick with many loops can occupy a thread.
 */
export const FULL_RERUNS_MAX = 4;

export interface QuarantinedCommand {
  session: number;
  op: number;
  flags: number;
  seq: number;
}

export interface Recovery {
  step: Exclude<RecoveryStep, "down">;
  /** Milliseconds from the trap to the completed tick. */
  recoveryMs: number;
  replayedTicks: number;
  quarantined: QuarantinedCommand[];
  error: string;
  note: TrapNote;
  /** Set by a rollback: the ticks that were already reported and now have another result. */
  rewritten: RewrittenTicks | null;
  /** Set by a rollback: the batch of the tick, as it was applied in the end. The zone's segments do not have it. */
  applied: Uint8Array | null;
}

/** Ticks that were replayed through another module than the one whose results players saw. */
export interface RewrittenTicks {
  /** Tick of the snapshot. The ticks after it were replayed. */
  fromTick: number;
  /** Players who left through a portal in these ticks, except in the newest tick. */
  departures: { tick: number; crossing: Crossing }[];
}

/** Thrown when no recovery step succeeded. `cause` is the error of the last step. The zone keeps the fallback, if there is one. */
export class UnrecoverableZone extends Error {
  readonly note: TrapNote;

  constructor(trap: ZoneTrap, cause: unknown) {
    super(`no step of the recovery succeeded: ${messageOf(cause)}`, { cause });
    this.note = trap.note;
  }
}

export interface RecoveryOptions {
  /** The module that ran before a swap that is not promoted yet. */
  fallback: Kernel | null;
  /** The swapped-in module is suspect: try the fallback first. */
  preferFallback: boolean;
  /** Milliseconds of the zone's clock. */
  now: () => number;
  /** The players who left through a portal in the tick that was just run with this batch. */
  departedIn?: (batch: Uint8Array) => Crossing[];
}

/** Completes the newest tick of a zone, after it trapped. Throws UnrecoverableZone. */
export function recover(zone: Zone, trap: ZoneTrap, options: RecoveryOptions): Recovery {
  const { fallback, preferFallback, now, departedIn = nobody } = options;
  const attempts = new Attempts(zone, trap, departedIn);
  const step = firstToSucceed(attempts, fallback, preferFallback);
  if (step === null) throw new UnrecoverableZone(trap, attempts.failure);
  const { replayedTicks, quarantined } = attempts;
  const rewritten = step === "rollback" ? attempts.rewritten : null;
  const { message: error, note } = trap;
  const { applied } = attempts;
  return { step, recoveryMs: now() - trap.atMs, replayedTicks, quarantined, error, note, rewritten, applied };
}

/** Tries the steps in order. Returns the one that succeeded; null when none did. */
function firstToSucceed(attempts: Attempts, fallback: Kernel | null, preferFallback: boolean): Recovery["step"] | null {
  if (attempts.rebuild()) {
    if (preferFallback && fallback !== null && attempts.tryFallback(fallback)) return "rollback";
    if (attempts.tryRun()) return "replay";
    if (attempts.tryQuarantine()) return "quarantine";
  }
  if (fallback !== null && attempts.fallBack(fallback)) return "rollback";
  return null;
}

class Attempts {
  replayedTicks = 0;
  quarantined: QuarantinedCommand[] = [];
  rewritten: RewrittenTicks | null = null;
  applied: Uint8Array | null = null;
  failure: unknown;
  readonly #zone: Zone;
  readonly #batch: Uint8Array;
  readonly #departedIn: (batch: Uint8Array) => Crossing[];
  /** Where the tick is known to loop without end: it used a whole tick's fuel or time there. */
  #loop: TrapNote | null;
  /** The current segment contains only the trapped tick, and its snapshot is the state before that tick. */
  #isIsolated = false;
  #fullReruns = 0;
  #timeouts = 0;
  /** The memory equals the snapshot of the current segment. */
  #isRestored = false;

  constructor(zone: Zone, trap: ZoneTrap, departedIn: (batch: Uint8Array) => Crossing[]) {
    this.#zone = zone;
    this.#departedIn = departedIn;
    this.#batch = zone.segment.batch(zone.segment.ticks - 1).slice();
    this.#loop = isEndless(trap) ? trap.note : null;
    this.failure = trap;
  }

  /** Brings the zone to the end of the tick before the trapped one. Verifies every hash. */
  rebuild(): boolean {
    const { segment, previousSegment } = this.#zone;
    if (this.#replay([segment], true)) return this.#isolate(true);
    // The snapshot itself may be damaged. The previous one is older, and only the same module can verify its ticks.
    if (previousSegment.kernel !== segment.kernel || previousSegment.tick >= segment.tick) return false;
    return this.#replay([previousSegment, segment], true) && this.#isolate(false);
  }

  /** Runs the trapped tick once more, first on little fuel, then on a tick's full fuel. */
  tryRun(): boolean {
    if (this.#rerun("little")) return true;
    const trap = this.failure;
    // Only a known loop is rejected at once. Another tick that runs out of little fuel may just be expensive.
    if (!isOutOfFuel(trap) || (this.#loop !== null && isSamePlace(trap.note, this.#loop))) return false;
    if (this.#fullReruns++ >= FULL_RERUNS_MAX) return false;
    if (this.#rerun("full")) return true;
    this.#loop = isOutOfFuel(this.failure) ? this.failure.note : null;
    return false;
  }

  /** Removes the command that the note names from the trapped tick, one after the other, until the tick runs. */
  tryQuarantine(): boolean {
    while (this.failure instanceof ZoneTrap && this.failure.note.commandIndex !== null) {
      if (this.quarantined.length >= QUARANTINED_PER_TICK_MAX || this.#timeouts >= TIMEOUTS_MAX) return false;
      this.quarantined.push(describe(this.#zone.segment.quarantine(this.failure.note.commandIndex)));
      this.#loop = null;
      if (this.tryRun()) return true;
    }
    return false;
  }

  /** Replays all ticks since the last snapshot through another module. If that fails, the zone keeps its own module. */
  tryFallback(fallback: Kernel): boolean {
    const zone = this.#zone;
    const { kernel } = zone;
    zone.revert(fallback);
    this.#isRestored = false;
    if (this.#replay(this.#sinceSnapshot, false) && this.#attempt(() => zone.rerunLast("full")))
      return this.#forgetsBefore();
    zone.revert(kernel);
    return false;
  }

  /** The same, but the zone keeps the other module. Commands that make the tick trap are quarantined. */
  fallBack(fallback: Kernel): boolean {
    const zone = this.#zone;
    zone.segment.dropLast();
    zone.segment.append(this.#batch);
    this.quarantined = [];
    this.#timeouts = 0;
    zone.revert(fallback);
    if (!this.#replay(this.#sinceSnapshot, false)) return false;
    this.#isolate(false);
    return (this.tryRun() || this.tryQuarantine()) && this.#forgetsBefore();
  }

  /** The tick has ended with the other module: no state of the one before can be used any more. */
  #forgetsBefore(): true {
    const { segment } = this.#zone;
    this.applied = segment.batch(segment.ticks - 1).slice();
    this.#zone.snapshotTwice();
    return true;
  }

  #rerun(fuel: "little" | "full"): boolean {
    const zone = this.#zone;
    if (!this.#isRestored) zone.restore(zone.segment);
    this.#isRestored = false;
    return this.#attempt(() => zone.rerunLast(fuel));
  }

  /** The segments whose ticks lead from the oldest available snapshot to the trapped tick. */
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

  /** Runs one attempt under its own time limit. Returns false and keeps the error when the attempt throws. */
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

/** True when the tick used all its fuel or all its time. */
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
