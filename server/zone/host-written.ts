// What only the host writes into a zone's memory: the content tables, the zone's id and tick rate, its spawn point. A kernel reads
// them. One that wrote there would leave damage behind that no roll-back to another module mends, so it traps in that very tick.
//
//   const hostWritten = new HostWritten(zone.memory, zone.at)
//   hostWritten.note()         // as it is now, so it has to stay
//   hostWritten.problem()      // null, or "it wrote to the spell table, which only its host may"
//
// Comparing takes 1 us a tick: 47 KB.

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

  /** What is there now has to be there after each tick. */
  note(): void {
    for (const { there, noted } of this.#areas) noted.set(there);
  }

  /** Which of it is not as it was noted; null when all is. */
  problem(): string | null {
    for (const { name, there, noted } of this.#areas) {
      if (Buffer.compare(there, noted) !== 0) return `it wrote to ${name}, which only its host may`;
    }
    return null;
  }
}
