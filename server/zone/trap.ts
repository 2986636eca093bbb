// What a kernel's trap looks like to its host, and who did it: the header notes which command, session, entity and spell
// was in hand when it happened (assembly/state/breadcrumb.ts).

import * as abi from "../../assembly/abi.ts";
import { messageOf, WowsimError } from "../protocol/errors.ts";
import type { Addresses } from "./addresses.ts";
import { phaseInWords } from "../shared/kernel-note.ts";
import type { TrapNote } from "../shared/zone-messages.ts";

/** What a kernel wrote is nothing that a host can read (output-check.ts). */
export class InvalidOutput extends WowsimError {
  constructor(problem: string) {
    super("invalid_output", `invalid output: ${problem}`);
  }
}

/** A tick that did not end well: the kernel trapped, ran out of fuel or of time, or left behind what can not be read. */
export class ZoneTrap extends WowsimError {
  readonly note: TrapNote;
  /** When it happened, on the zone's clock. */
  readonly atMs: number;

  constructor(cause: unknown, note: TrapNote, atMs: number) {
    // What the host itself found says what it is; whatever else the kernel has done by itself.
    if (cause instanceof WowsimError) super(cause.code, cause.message, { cause });
    else super("kernel_trap", `kernel trap: ${messageOf(cause)}`, { cause });
    this.name = "ZoneTrap";
    this.note = note;
    this.atMs = atMs;
  }
}

/** Reads the note. `commandCount`: how many commands the tick had. */
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
