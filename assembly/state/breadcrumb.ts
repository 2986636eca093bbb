// The note in the header: who is being processed right now. After a trap the host reads there who did it.

import { NO_COMMAND } from "../abi";
import { Cell } from "../memory/columns";
import { NOTE_COMMAND, NOTE_ENTITY, NOTE_PHASE, NOTE_SESSION, NOTE_SPELL } from "../memory/memory";

export class Breadcrumb {
  /** A new phase begins: nobody in particular. */
  static phase(phase: u32): void {
    Cell.set(NOTE_PHASE, phase);
    Cell.set(NOTE_COMMAND, NO_COMMAND);
    Cell.set(NOTE_SESSION, 0);
    Cell.set(NOTE_ENTITY, 0);
    Cell.set(NOTE_SPELL, 0);
  }
  static command(index: u32, session: u32, entity: u32, spell: u32): void {
    Cell.set(NOTE_COMMAND, index);
    Cell.set(NOTE_SESSION, session);
    Cell.set(NOTE_ENTITY, entity);
    Cell.set(NOTE_SPELL, spell);
  }
  @inline static entity(id: u32): void {
    Cell.set(NOTE_ENTITY, id);
  }
  @inline static session(id: u32): void {
    Cell.set(NOTE_SESSION, id);
    Cell.set(NOTE_ENTITY, id);
  }
  @inline static spell(id: u32): void {
    Cell.set(NOTE_SPELL, id);
  }
}
