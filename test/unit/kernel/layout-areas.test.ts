// The map of a kernel's memory is numbers the kernel chose: each area is held against the next, whoever built the module.

import { expect, test } from "bun:test";
import { TRANSFER_ACK, TRANSFER_WALKED, TRANSFER_WORDS } from "../../../assembly/abi.ts";
import { REQUIRED_NAMES } from "../../../assembly/toolchain/checks.ts";
import { LAYOUT_NAMES, layoutProblems } from "../../../assembly/toolchain/layout-areas.ts";
import { addressesOf } from "../../../server/zone/addresses.ts";
import { testKernel } from "../../helpers/zone.ts";

const { layout } = await testKernel();
const real = new Map(layout.names().map((name) => [name, layout.value(name)]));
const problemsWith = (changes: Record<string, number>): string =>
  layoutProblems(new Map([...real, ...Object.entries(changes)])).join("\n");

test("the kernel's own map has nothing lie on anything else", () => {
  expect(layoutProblems(real)).toEqual([]);
});

test("whatever is moved by a byte, or made one larger than its room, is found out", () => {
  const quiet = LAYOUT_NAMES.filter((name) => {
    const value = real.get(name) ?? 0;
    const larger = problemsWith({ [name]: value * 2 + 1 });
    return larger === "" && problemsWith({ [name]: value - 1 }) === "";
  });
  // These only say where something ends; what lies there is held against the next all the same.
  const ends = ["HEADER_END", "MEMORY_PAGES", "OVERLOAD_BYTES"];
  expect(quiet).toEqual(ends);
});

test.each([
  [
    "an area beyond the memory",
    { FRAME_BASE: 100 * 1024 * 1024 },
    "FRAME_BASE (4194304 bytes from 104857600 on) does not",
  ],
  ["an area below the state", { EVENT_BASE: 1_024 }, "EVENT_BASE (655360 bytes from 1024 on) does not lie between"],
  ["a negative address", { DEPARTURE_BASE: -4 }, "DEPARTURE_BASE"],
  ["a capacity of billions", { EVENTS_MAX: 2_000_000_000 }, "EVENT_BASE (80000000000 bytes"],
  [
    "a capacity below zero",
    { PLAYERS_MAX: -1 },
    `COOLDOWN_SPELL has -${layout.value("COOLDOWNS_MAX") * 4} bytes of room`,
  ],
  ["two columns in one place", { ENTITY_X: layout.value("ENTITY_ID") + 4 }, "and reaches into ENTITY_X"],
  ["an address between two words", { HEADER_BASE: 65_537 }, "HEADER_BASE at 65537 is not a multiple of 8"],
  ["more memory than a zone may have", { MEMORY_PAGES: 60_000 }, "60000 pages, more than 1024"],
  [
    "columns that end in what comes after them",
    { PLAYER_COLUMNS_END: layout.value("FREE_BASE") },
    "PLAYER_OFFER_WANTS needs",
  ],
  [
    "another form of what players take along",
    { TRANSFER_WORDS: 120 },
    "Its TRANSFER_WORDS is 120, that of this server 124",
  ],
  [
    "columns that no snapshot keeps",
    { CREATURE_COLUMNS_END: 13_700_000 },
    "does not lie between STATE_BASE and STATE_END",
  ],
  ["a header without an end", { HEADER_END: 13_700_000 }, "Its header ends beyond its state"],
  ["a second name for a column", { ENTITY_HP: layout.value("ENTITY_HEALTH") }, "and reaches into ENTITY_H"],
  ["a second name for a value of the header", { HEADER_RATE: layout.value("HEADER_TICK_RATE") }, "and reaches into"],
  [
    "a value of the header in scratch",
    { HEADER_TICK_RATE: 13_000_000 },
    "HEADER_TICK_RATE at 13000000 does not lie in",
  ],
  ["a value beyond the memory", { HEADER_COMMAND_COUNT: 0x7fff_fff0 }, "HEADER_COMMAND_COUNT at 2147483632 does not"],
  ["a value between two words", { OVERLOAD_LEVEL: layout.value("OVERLOAD_LEVEL") + 1 }, "is not a multiple of 4"],
  ["a value among the counters", { HEADER_FRAME_TURN: layout.value("COUNTER_BASE") + 8 }, "and reaches into"],
  ["a type that there is not", { TYPE_ENTITY_X: 7 }, "TYPE_ENTITY_X is 7, which is no type"],
  ["departures that reach into arrivals", { DEPARTURES_MAX: 257 }, "and reaches into ARRIVAL_BASE"],
])("%s is refused", (_, changes, problem) => {
  expect(problemsWith(changes)).toContain(problem);
});

test("scratch that a module does not have, or has besides, is its own affair", () => {
  const without = new Map([...real].filter(([name]) => !name.startsWith("GRID_")));
  expect(layoutProblems(without)).toEqual([]);
  expect([...REQUIRED_NAMES].filter((name) => !without.has(name))).toEqual([]);
  expect(problemsWith({ GRID_FLAGS: layout.value("SCRATCH_END") })).toBe("");
});

test("every address that a host looks up is asked of a module before it may run", () => {
  const asked: string[] = [];
  addressesOf({ ...layout, value: (name) => asked.push(name) });
  expect(asked.filter((name) => !REQUIRED_NAMES.has(name))).toEqual([]);
});

test("what crosses between zones has room for all that is walked, in whole records", () => {
  expect(TRANSFER_WORDS).toBeGreaterThanOrEqual(TRANSFER_WALKED);
  expect(TRANSFER_WORDS % 4).toBe(0);
  expect(TRANSFER_ACK).toBeLessThan(TRANSFER_WALKED);
});
