// The parts of a zone's memory that only the host may write: the content tables, the zone's id, its tick rate and its spawn
// point. The kernel reads them. If a kernel changed them, a rollback to another module would not repair the damage. So a kernel
// that writes there traps in the same tick.
//
//   const hostWritten = new HostWritten(zone.memory, zone.at)
//   hostWritten.note()         // from now on these parts must not change
//   hostWritten.problem()      // null, or "it wrote to the spell table, which only its host may"
//
// The comparison takes 1 us a tick, for 47 KB.

import type { Addresses } from "./addresses.ts";

interface Area {
  name: string;
  there: Uint8Array;
  noted: Uint8Array;
}

export class HostWritten {
  readonly #areas: readonly Area[];

  constructor(memory: WebAssembly.Memory, at: Addresses) {
    const area = (name: string, address: number, bytes: number): Area => {
      const there = new Uint8Array(memory.buffer, address, bytes);
      return { name, there, noted: there.slice() };
    };
    this.#areas = [
      area("the spell table", at.spells, at.spellStride * at.spellsMax),
      area("the index of spells", at.spellIndex, at.spellIdsMax * 2),
      area("the table of creatures", at.templates, at.templateStride * at.templatesMax),
      area("the table of classes", at.classes, at.classStride * at.classesMax),
      area("the zone's id", at.zoneId, 4),
      area("the tick rate", at.tickRate, 4),
      area("the spawn point", at.spawnX, 4),
      area("the spawn point", at.spawnY, 4),
      area("the spawn point", at.spawnZ, 4),
    ];
  }

  /** Copies the present contents. They must be unchanged after each tick. */
  note(): void {
    for (const { there, noted } of this.#areas) noted.set(there);
  }

  /** Names the first area that has changed since note(); null when none has. */
  problem(): string | null {
    for (const { name, there, noted } of this.#areas) {
      if (Buffer.compare(there, noted) !== 0) return `it wrote to ${name}, which only its host may`;
    }
    return null;
  }
}
