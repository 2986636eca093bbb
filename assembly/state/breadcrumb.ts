// The note in the header: what the kernel is processing right now. After a trap the host reads from it what caused the trap.

import { NO_COMMAND } from "../abi";
import { Cell } from "../memory/columns";
import {
  BREADCRUMB_COMMAND,
  BREADCRUMB_ENTITY,
  BREADCRUMB_PHASE,
  BREADCRUMB_SESSION,
  BREADCRUMB_SPELL,
} from "../memory/memory";

export class Breadcrumb {
  /** A new phase begins: no command, no entity yet. */
  static phase(phase: u32): void {
    Cell.set(BREADCRUMB_PHASE, phase);
    Cell.set(BREADCRUMB_COMMAND, NO_COMMAND);
    Cell.set(BREADCRUMB_SESSION, 0);
    Cell.set(BREADCRUMB_ENTITY, 0);
    Cell.set(BREADCRUMB_SPELL, 0);
  }
  static command(index: u32, session: u32, entity: u32, spell: u32): void {
    Cell.set(BREADCRUMB_COMMAND, index);
    Cell.set(BREADCRUMB_SESSION, session);
    Cell.set(BREADCRUMB_ENTITY, entity);
    Cell.set(BREADCRUMB_SPELL, spell);
  }
  @inline static entity(id: u32): void {
    Cell.set(BREADCRUMB_ENTITY, id);
  }
  @inline static session(id: u32): void {
    Cell.set(BREADCRUMB_SESSION, id);
    Cell.set(BREADCRUMB_ENTITY, id);
  }
  @inline static spell(id: u32): void {
    Cell.set(BREADCRUMB_SPELL, id);
  }
}
