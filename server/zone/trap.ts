// A kernel's trap, as the host sees it, and its probable cause: the header notes which command, session, entity and spell the
// kernel was processing (assembly/state/breadcrumb.ts).

import * as abi from "../../assembly/abi.ts";
import { messageOf, WowsimError } from "../protocol/errors.ts";
import type { Addresses } from "./addresses.ts";
import { phaseInWords } from "../shared/kernel-note.ts";
import type { TrapNote } from "../shared/zone-messages.ts";

/** The kernel's output is not valid (output-check.ts). */
export class InvalidOutput extends WowsimError {
  constructor(problem: string) {
    super("invalid_output", `invalid output: ${problem}`);
  }
}

/** The state after a tick of a module on trial breaks a rule of the game (state-rules.ts). */
export class BrokenRule extends WowsimError {
  constructor(problem: string) {
    super("rule_broken", `broken rule: ${problem}`);
  }
}

/** A failed tick: the kernel trapped, ran out of fuel or time, or wrote invalid output. */
export class ZoneTrap extends WowsimError {
  readonly note: TrapNote;
  /** When it happened, in milliseconds of the zone's clock. */
  readonly atMs: number;

  constructor(cause: unknown, note: TrapNote, atMs: number) {
    // An error of the host has its own code. Anything else is a trap of the kernel.
    if (cause instanceof WowsimError) super(cause.code, cause.message, { cause });
    else super("kernel_trap", `kernel trap: ${messageOf(cause)}`, { cause });
    this.name = "ZoneTrap";
    this.note = note;
    this.atMs = atMs;
  }
}

/** Reads the note. `commandCount`: the number of commands in the tick's batch. */
export function readNote(view: DataView, at: Addresses, commandCount: number): TrapNote {
  const index = view.getUint32(at.breadcrumbCommand, true);
  const named = index < commandCount;
  return {
    phase: phaseInWords(view.getUint32(at.breadcrumbPhase, true)),
    commandIndex: named ? index : null,
    op: named ? view.getUint16(at.commands + index * abi.COMMAND_BYTES + abi.COMMAND_OP, true) : null,
    session: view.getUint32(at.breadcrumbSession, true),
    entity: view.getUint32(at.breadcrumbEntity, true),
    spell: view.getUint32(at.breadcrumbSpell, true),
  };
}
