// From one layout to another: what is carried over, what is refused and in which words, and what neither hash looks at. On real
// maps, and on maps made up of the same table.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { TYPE_F32 } from "../../../assembly/abi.ts";
import type { KernelLayout } from "../../../assembly/toolchain/kernel.ts";
import { AREAS, bytesOf, COLUMN_GROUPS } from "../../../assembly/toolchain/layout-areas.ts";
import { layoutFrom } from "../../../assembly/toolchain/load.ts";
import { differences, planMigration } from "../../../assembly/toolchain/migration.ts";
import { testKernel } from "../../helpers/zone.ts";

const { layout } = await testKernel();
const changed = (changes: Record<string, number>): KernelLayout =>
  layoutFrom([...layout.constants, ...Object.entries(changes)]);
const at = (name: string): number => layout.value(name);

describe("the two hashes", () => {
  test("look neither at scratch nor at constants that are no part of the map", () => {
    const other = changed({
      GRID_FLAGS: at("SCRATCH_END") - 64,
      GRID_X: at("GRID_X") + 4,
      CELLS: 64,
      CREATURE_PATIENCE: 3,
    });
    expect([other.stateHash, other.borderHash]).toEqual([layout.stateHash, layout.borderHash]);
    expect(differences(layout, other)).toEqual([]);
  });

  test("the border's is over forms and room, not over places; the state's over places as well", () => {
    const moved = changed({ COMMAND_BASE: at("COMMAND_BASE") + 64, ENTITY_X: at("ENTITY_X") + 4 });
    expect(moved.borderHash).toBe(layout.borderHash);
    expect(moved.stateHash).not.toBe(layout.stateHash);
    expect(changed({ EVENTS_MAX: 8 }).borderHash).not.toBe(layout.borderHash);
  });

  test.each([
    "AURA_END",
    "SPELL_COST",
    "CLASS_STRIDE",
    "HEADER_PLAYERS",
    "TYPE_ENTITY_HEALTH",
    "FREE_BASE",
    "LAYOUT_VERSION",
  ])("another %s is another state", (name) => {
    const value = layout.has(name) ? at(name) + 4 : TYPE_F32;
    expect(changed({ [name]: value }).stateHash).not.toBe(layout.stateHash);
  });
});

describe("a module is refused, in words, for", () => {
  test.each([
    [
      "a wider column",
      { ENTITY_MAX_HEALTH: at("ENTITY_POWER") },
      "ENTITY_HEALTH is 4 bytes wide here, 8 in the module",
    ],
    ["another type", { TYPE_ENTITY_HEALTH: TYPE_F32 }, "ENTITY_HEALTH is u32 here, f32 in the module"],
    ["more rows", { CREATURES_MAX: 8192 }, "CREATURES_MAX is 4096 here, 8192 in the module"],
    ["longer lists", { THREAT_MAX: 32 }, "THREAT_MAX is 24 here, 32 in the module"],
    ["another form of aura", { AURA_END: 12 }, "AURA_END is 8 here, 12 in the module"],
    ["one more field of auras", { AURA_RANK: 14 }, "AURA_RANK is not there here, 14 in the module"],
    ["room for other commands", { COMMANDS_MAX: 64 }, "COMMANDS_MAX is 32768 here, 64 in the module"],
    ["more memory", { MEMORY_PAGES: 219 }, "MEMORY_PAGES is 218 here, 219 in the module"],
    ["another meaning", { LAYOUT_VERSION: 131_074 }, "LAYOUT_VERSION is 131073 here, 131074 in the module"],
    [
      "state of which nobody knows what it is",
      { STATE_END: at("STATE_END") + 4_096 },
      "4096 bytes of the state in the module, after FREE_BASE, are nothing that this server knows",
    ],
  ])("%s", (_, changes, words) => {
    expect(differences(layout, changed(changes))).toContain(words);
    // What can not be had in the one direction can not be had back in the other either.
    expect(differences(changed(changes), layout)).not.toEqual([]);
    expect(() => planMigration(layout, changed(changes))).toThrow();
  });

  test("no more than three differences at a time", () => {
    const other = changed({ EVENTS_MAX: 1, COMMANDS_MAX: 1, THREAT_MAX: 1, KNOWN_MAX: 1, AURA_END: 12 });
    expect(() => planMigration(layout, other)).toThrow(/^([^;]+; ){3}and \d more differences$/);
  });
});

const SMALL: Record<string, number> = { PLAYERS_MAX: 64, CREATURES_MAX: 64, ROWS_MAX: 128 };
const OWN = ["ENTITY_A", "ENTITY_B", "PLAYER_A", "PLAYER_B", "CREATURE_A", "CREATURE_B"];

/** A map of a small zone, laid out one thing after the other: each group has its columns in that order, in that many arrays. */
function mapOf(columns: readonly { name: string; arrays: number }[], gap: number): KernelLayout {
  const constants = new Map(
    [...layout.constants].filter(([name]) => !COLUMN_GROUPS.some(({ prefix }) => name.startsWith(prefix))),
  );
  constants.set("ENTITY_LOCKED_STRIDE", at("ENTITY_LOCKED_STRIDE"));
  for (const [name, value] of Object.entries(SMALL)) constants.set(name, value);
  constants.set("MAP_SLOTS", 256);
  let next = at("HEADER_END") + gap;
  for (const area of AREAS.filter(
    ([part, name]) => part === "content" || (part === "state" && name !== "COUNTER_BASE"),
  )) {
    constants.set(area[1], next);
    next += bytesOf(area, constants);
  }
  for (const { prefix, from, end, rows } of COLUMN_GROUPS) {
    for (const { name, arrays } of [
      { name: from, arrays: 1 },
      ...columns.filter((each) => each.name.startsWith(prefix)),
    ]) {
      constants.set(name, next);
      next += arrays * (SMALL[rows] ?? 0) * 4;
    }
    constants.set(end, next);
  }
  constants.set("STATE_END", next);
  for (const name of OWN) constants.set(`DEFAULT_${name}`, name.length * 1_000 + name.charCodeAt(name.length - 1));
  return layoutFrom(constants);
}

test("there and back, every column that both have is as it was, and what only one has begins with its default", () => {
  const reached = { kept: 0, added: 0, dropped: 0, moved: 0, of: 0 };
  const columns = fc
    .shuffledSubarray(OWN)
    .map((names) => names.map((name) => ({ name, arrays: name.endsWith("B") ? 3 : 1 })));
  const layouts = fc.record({ one: columns, other: columns, gap: fc.constantFrom(0, 8), seed: fc.nat() });
  fc.assert(
    fc.property(layouts, ({ one, other, gap, seed }) => {
      const [before, after] = [mapOf(one, 0), mapOf(other, gap)];
      const state = noise(before.value("STATE_END") - before.value("STATE_BASE"), seed);
      for (let row = 0; row < 128; row += 3)
        new DataView(state.buffer).setUint32(placeOf(before, "ENTITY_ID", row), 0, true);
      const there = carried(before, after, state);
      const back = carried(after, before, there);
      for (const { name, at: from, bytes } of before.pieces.values()) {
        const [now, was] = [back, state].map((all) => all.subarray(from - 65_536, from - 65_536 + bytes));
        const later = after.pieces.get(name);
        if (later !== undefined) expect([name, Buffer.compare(now!, was!)]).toEqual([name, 0]);
        reached[later === undefined ? "dropped" : later.at === from ? "kept" : "moved"]++;
      }
      const { added } = planMigration(before, after);
      for (const name of added) expectDefault(after, name, there);
      reached.added += added.length;
      reached.of++;
    }),
    { numRuns: 100 },
  );
  for (const [what, count] of Object.entries(reached)) expect([what, count > 50]).toEqual([what, true]);
});

function carried(before: KernelLayout, after: KernelLayout, state: Uint8Array): Uint8Array {
  const to = noise(after.value("STATE_END") - after.value("STATE_BASE"), 1);
  planMigration(before, after).carry(state, to);
  return to;
}

/** Who is there has the default in each array of the column, a free row has 0. */
function expectDefault(map: KernelLayout, name: string, state: Uint8Array): void {
  const view = new DataView(state.buffer);
  const { bytes, rows, group } = map.pieces.get(name)!;
  const first = group?.isOfCreatures === true ? 64 : 0;
  for (let element = 0; element < bytes / 4; element++) {
    const isThere = view.getUint32(placeOf(map, "ENTITY_ID", first + (element % rows)), true) !== 0;
    expect(view.getUint32(placeOf(map, name, element), true)).toBe(isThere ? map.value(`DEFAULT_${name}`) : 0);
  }
}

const placeOf = (map: KernelLayout, name: string, row: number): number =>
  map.value(name) - map.value("STATE_BASE") + row * 4;

function noise(bytes: number, seed: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(bytes / 4));
  for (let word = seed | 1, index = 0; index < words.length; index++)
    words[index] = word = Math.imul(word, 1_664_525) + 12_345;
  return new Uint8Array(words.buffer, 0, bytes);
}
