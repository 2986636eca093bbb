// The ladder a crashed zone climbs, from the cheapest rung to the last (docs/ARCHITECTURE.md):
//
//   replay       restore the last snapshot, replay the journal, run the trapped tick once more
//   quarantine   the same without the command that the note names; also at once when the first trap names one
//   rollback     the same through the module that ran before the last swap
//   (down)       nothing helped: the caller takes the zone DOWN
//
// A replay that does not give the journalled hashes, or traps itself, is tried once more from the segment before.

import { COMMAND_FLAGS, COMMAND_OP, COMMAND_SEQ, COMMAND_SESSION } from "../../assembly/abi.ts";
import { messageOf } from "../errors.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { RecoveryRung, TrapNote } from "./messages.ts";
import { ZoneTrap } from "./trap.ts";
import type { Zone } from "./zone.ts";

/** Commands taken out of one tick before the rung counts as failed. */
const QUARANTINED_PER_TICK_MAX = 16;

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
  /** The module that trapped. */
  fromHash: string;
}

/** Thrown when no rung held; `cause` is what the last one met. */
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
  /** Milliseconds of a monotonic clock. */
  now: () => number;
}

/** Brings a zone whose newest tick trapped to the end of that tick. Throws UnrecoverableZone. */
export function recover(zone: Zone, trap: ZoneTrap, { fallback, preferFallback, now }: RecoveryOptions): Recovery {
  const start = now();
  const fromHash = zone.kernel.hash;
  const climb = new Climb(zone, trap);
  const done = (rung: Recovery["rung"]): Recovery => ({
    rung,
    recoveryMs: now() - start,
    replayedTicks: climb.replayedTicks,
    quarantined: climb.quarantined,
    error: trap.message,
    note: trap.note,
    fromHash,
  });
  if (preferFallback && fallback !== null) {
    zone.revert(fallback);
    if (climb.tryRun(false)) return done("rollback");
  }
  if (trap.note.commandIndex === null && climb.tryRun()) return done("replay");
  if (climb.tryQuarantine()) return done("quarantine");
  if (fallback !== null && !preferFallback) {
    zone.revert(fallback);
    if (climb.tryRun(false)) return done("rollback");
  }
  throw new UnrecoverableZone(trap, climb.failure);
}

class Climb {
  replayedTicks = 0;
  readonly quarantined: QuarantinedCommand[] = [];
  failure: unknown;
  readonly #zone: Zone;

  constructor(zone: Zone, trap: ZoneTrap) {
    this.#zone = zone;
    this.failure = trap;
  }

  /** Restores, replays, runs the trapped tick; false (and `failure`) when that trapped again. */
  tryRun(verify = true): boolean {
    try {
      this.#rebuild(verify);
      this.#zone.rerunLast();
      return true;
    } catch (error) {
      this.failure = error;
      return false;
    }
  }

  /** Takes named commands out of the trapped tick, one after the other, until it runs. */
  tryQuarantine(): boolean {
    while (this.failure instanceof ZoneTrap && this.failure.note.commandIndex !== null) {
      if (this.quarantined.length >= QUARANTINED_PER_TICK_MAX) return false;
      this.quarantined.push(describe(this.#zone.segment.quarantine(this.failure.note.commandIndex)));
      if (this.tryRun()) return true;
    }
    return false;
  }

  #rebuild(verify: boolean): void {
    const { segment, previousSegment } = this.#zone;
    const ticks = segment.ticks - 1;
    try {
      this.#zone.restore(segment);
      this.replayedTicks = this.#zone.replay(segment, ticks, verify);
    } catch (error) {
      // The snapshot itself may hold the corruption; the one before is older, and only of use to the same module.
      if (previousSegment.kernel !== segment.kernel || previousSegment.tick >= segment.tick) throw error;
      this.#zone.restore(previousSegment);
      this.replayedTicks = this.#zone.replay(previousSegment, previousSegment.ticks, verify);
      this.replayedTicks += this.#zone.replay(segment, ticks, verify);
    }
  }
}

function describe(command: Uint8Array): QuarantinedCommand {
  const view = new DataView(command.buffer, command.byteOffset);
  return {
    op: view.getUint16(COMMAND_OP, true),
    flags: view.getUint16(COMMAND_FLAGS, true),
    session: view.getUint32(COMMAND_SESSION, true),
    seq: view.getUint32(COMMAND_SEQ, true),
  };
}
