// The memory map: where everything of a zone lies in its one linear memory. It is drawn here and written in the files
// below, as chained constants, so that inserting a field moves the rest. The module exports all of it; the host has no copy.
//
//        0  +---------------------------------------------------------------+
//           | static data of the build (rewritten at every instantiation)   |
//    65536  +-- STATE_BASE --------------------------------------------------+
//           | header: tick, hash, generator, counts, note, counters         |
//           | content tables: spells, spell index, templates, classes, items|
//           | entity columns   [row]  rows 0..4095 players, 4096.. creatures |
//           | player columns   [row]       creature columns   [row - 4096]  |
//           | cooldowns, known lists, threat tables, auras, stacks (lists)  |
//           | ledger of items                                               |
//           | id map and free-row bits                                      |
//           +-- STATE_END ---- a snapshot ends here, what follows is scratch +
//           | commands (host writes) | frames, events (kernel writes)       |
//           | grid, marks, change records: rebuilt in every tick            |
//           +-- MEMORY_PAGES * 65536 ----------------------------------------+
//
// A column is an array with one element a row: struct of arrays. Example: the health of row 7 is the u32 at
// ENTITY_HEALTH + 7 * 4. Columns are 4 bytes an element unless their comment says otherwise.

export * from "./capacities";
export * from "./header";
export * from "./content";
export * from "./entities";
export * from "./player-columns";
export * from "./creature-columns";
export * from "./lists";
export * from "./scratch";

/** Fixed: initial = maximum. index.ts does not compile when SCRATCH_END lies beyond this size. */
export const MEMORY_PAGES: u32 = 218;
