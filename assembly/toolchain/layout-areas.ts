// The memory map as one table of [part, name, type, count]. Each map is checked against it, hashed by it (layout-state.ts), and
// migrated by it (migration.ts). A kernel chooses its own numbers, so none is trusted. The check requires that each area begins
// at an address aligned for its elements, has room for all of them before the next area begins, and that the last area ends
// within the memory.
//
//   layoutProblems(constants)
//   // ["KNOWN_ROW needs 524288 bytes from 3551744 on and reaches into THREAT_VALUE at 4075900."]

import * as abi from "../abi.ts";

/** Names and values that a module exports. */
export type Constants = ReadonlyMap<string, number>;

export type ElementType = "u8" | "u16" | "u32" | "f32" | "u64";
export const WIDTHS: Readonly<Record<ElementType, number>> = { u8: 1, u16: 2, u32: 4, f32: 4, u64: 8 };

/**
 *   cells    state whose values have their own names (CELL in layout-state.ts)
 *   state    copied as a whole to another layout
 *   content  tables that the host writes again for another layout
 *   border   what host and kernel exchange in a tick
 *   scratch  used only by the kernel; another module may have more of it or less
 */
export type Part = "cells" | "state" | "content" | "border" | "scratch";

/** The number of elements is the product of the factors. A factor is a number, or the name of an exported number. */
export type Area = readonly [part: Part, name: string, type: ElementType, ...factors: (string | number)[]];

export const AREAS: readonly Area[] = [
  ["cells", "HEADER_BASE", "u64", 12],
  ["cells", "BREADCRUMB_PHASE", "u32", 5],
  ["state", "COUNTER_BASE", "u32", "COUNTERS"],
  ["cells", "OVERLOAD_BASE", "u32", "OVERLOAD_BYTES", 1 / 4],
  ["content", "SPELL_BASE", "u32", "SPELL_STRIDE", "SPELLS_MAX", 1 / 4],
  ["content", "SPELL_INDEX_BASE", "u16", "SPELL_IDS_MAX"],
  ["content", "TEMPLATE_BASE", "u32", "TEMPLATE_STRIDE", "TEMPLATES_MAX", 1 / 4],
  ["content", "CLASS_BASE", "u32", "CLASS_STRIDE", "CLASSES_MAX", 1 / 4],
  ["content", "ITEM_BASE", "u32", "ITEM_STRIDE", "ITEMS_MAX", 1 / 4],
  ["state", "ENTITY_LOCKED", "u32", "ENTITY_LOCKED_STRIDE", "ROWS_MAX", 1 / 4],
  ["state", "COOLDOWN_SPELL", "u32", "COOLDOWNS_MAX", "PLAYERS_MAX"],
  ["state", "COOLDOWN_END", "u32", "COOLDOWNS_MAX", "PLAYERS_MAX"],
  ["state", "KNOWN_ID", "u32", "KNOWN_MAX", "PLAYERS_MAX"],
  ["state", "KNOWN_ROW", "u16", "KNOWN_MAX", "PLAYERS_MAX"],
  ["state", "THREAT_VALUE", "f32", "THREAT_MAX", "CREATURES_MAX"],
  ["state", "THREAT_ROW", "u16", "THREAT_MAX", "CREATURES_MAX"],
  ["state", "AURA_BASE", "u32", "AURA_BYTES", "AURAS_MAX", "ROWS_MAX", 1 / 4],
  ["state", "STACK_BASE", "u32", "STACKS_MAX", "PLAYERS_MAX"],
  ["state", "LEDGER_CREATED", "u32", "ITEMS_MAX"],
  ["state", "LEDGER_DESTROYED", "u32", "ITEMS_MAX"],
  ["state", "LEDGER_ARRIVED", "u32", "ITEMS_MAX"],
  ["state", "LEDGER_DEPARTED", "u32", "ITEMS_MAX"],
  ["state", "MAP_BASE", "u64", "MAP_SLOTS"],
  ["state", "FREE_BASE", "u64", "ROWS_MAX", 1 / 64],
  ["border", "COMMAND_BASE", "u32", "COMMAND_BYTES", "COMMANDS_MAX", 1 / 4],
  ["border", "EVENT_BASE", "u32", "EVENT_BYTES", "EVENTS_MAX", 1 / 4],
  ["border", "FRAME_BASE", "u32", "FRAME_BYTES_MAX", 1 / 4],
  ["border", "DEPARTURE_COUNT", "u32", 1],
  ["border", "DEPARTURE_BASE", "u32", abi.DEPARTURE_WORDS, "DEPARTURES_MAX"],
  ["scratch", "GRID_START", "u32", "CELLS"],
  ["scratch", "GRID_CELL", "u32", "ROWS_MAX"],
  ["scratch", "GRID_ROW", "u16", "ROWS_MAX"],
  ["scratch", "GRID_X", "f32", "ROWS_MAX"],
  ["scratch", "GRID_Y", "f32", "ROWS_MAX"],
  ["scratch", "SEEN_MARK", "u32", "ROWS_MAX"],
  ["scratch", "SEEN_ROW", "u16", "KNOWN_MAX"],
  ["scratch", "EVENT_FIRST", "u32", "ROWS_MAX"],
  ["scratch", "EVENT_NEXT_SOURCE", "u32", "EVENTS_MAX"],
  ["scratch", "EVENT_NEXT_TARGET", "u32", "EVENTS_MAX"],
  ["scratch", "EVENT_TOLD", "u32", "EVENTS_MAX"],
  ["scratch", "EVENT_ROWS", "u32", "EVENTS_MAX"],
  ["scratch", "EVENT_PICKED", "u32", "EVENTS_TOLD_MAX"],
  ["scratch", "EVENT_PICKED_COUNT", "u32", 1],
  ["scratch", "DELTA_BASE", "u32", "DELTA_BYTES", "ROWS_MAX", 1 / 4],
  ["scratch", "DELTA_LENGTH", "u8", "ROWS_MAX"],
  ["scratch", "FAR_BASE", "u32", "DELTA_BYTES", "ROWS_MAX", 1 / 4],
  ["scratch", "FAR_LENGTH", "u8", "ROWS_MAX"],
  ["scratch", "CANDIDATE_ROW", "u16", "ROWS_MAX"],
  ["scratch", "CANDIDATE_RING", "u8", "ROWS_MAX"],
  ["scratch", "RING_COUNT", "u32", 32],
  ["scratch", "GRID_READY", "u32", 1],
  ["scratch", "AREA_ROW", "u16", "AREA_TARGETS_MAX"],
  ["scratch", "ARRIVAL_BASE", "u32", abi.TRANSFER_WORDS],
  ["scratch", "TRANSFER_AT", "u32", 1],
  ["scratch", "TRANSFER_OUT", "u32", 1],
  ["scratch", "TRADED_BASE", "u32", "STACKS_MAX", 2],
];

/** Columns. Every exported address with the prefix, from `from` up to `end`, begins an array with one element for each row. */
export const COLUMN_GROUPS = [
  { prefix: "ENTITY_", from: "ENTITY_ID", end: "ENTITY_COLUMNS_END", rows: "ROWS_MAX", isOfCreatures: false },
  { prefix: "PLAYER_", from: "PLAYER_FLAGS", end: "PLAYER_COLUMNS_END", rows: "PLAYERS_MAX", isOfCreatures: false },
  {
    prefix: "CREATURE_",
    from: "CREATURE_STATE",
    end: "CREATURE_COLUMNS_END",
    rows: "CREATURES_MAX",
    isOfCreatures: true,
  },
] as const;
export type ColumnGroup = (typeof COLUMN_GROUPS)[number];

/** Single values of the header: every address in the header with one of these prefixes. */
const CELL = /^(HEADER|BREADCRUMB|OVERLOAD)_(?!BASE$|END$|BYTES$)/;
/** The values of the header that a host reads or writes. */
export const CELLS_NEEDED: readonly string[] = [
  "HEADER_LAYOUT_VERSION HEADER_TICK HEADER_HASH_LO HEADER_HASH_HI HEADER_COMMAND_COUNT HEADER_FRAME_BYTES HEADER_EVENT_COUNT",
  "HEADER_ZONE_ID HEADER_TICK_RATE HEADER_PLAYERS_HIGH HEADER_CREATURES_HIGH HEADER_SPAWN_X HEADER_SPAWN_Y HEADER_SPAWN_Z",
  "BREADCRUMB_PHASE BREADCRUMB_COMMAND BREADCRUMB_SESSION BREADCRUMB_ENTITY BREADCRUMB_SPELL",
  "OVERLOAD_STEP OVERLOAD_LEVEL OVERLOAD_RATE",
].flatMap((line) => line.split(" "));

/** Values for which this host is compiled. A module with other values can not run here. */
export const FORMS: Readonly<Record<string, number>> = {
  COMMAND_BYTES: abi.COMMAND_BYTES,
  EVENT_BYTES: abi.EVENT_BYTES,
  TRANSFER_WORDS: abi.TRANSFER_WORDS,
  DEPARTURE_WORDS: abi.DEPARTURE_WORDS,
  COUNTERS: abi.COUNTERS,
  ITEMS_MAX: abi.ITEM_COUNT_MAX,
  STACKS_MAX: abi.STACK_COUNT_MAX,
};

/** Names of the addresses between which the areas lie. */
const ENDS = ["STATE_BASE", "HEADER_END", "STATE_END", "SCRATCH_END", "MEMORY_PAGES"] as const;
const PAGE_BYTES = 65_536;
/** 64 MB. A zone has one such memory and copies of its state. */
export const PAGES_MAX = 1_024;

/** Size of an area in bytes; NaN when the map lacks one of the names. */
export function bytesOf([, , type, ...factors]: Area, constants: Constants): number {
  return WIDTHS[type] * factors.reduce<number>((product, factor) => product * valueOf(factor, constants), 1);
}

const valueOf = (factor: string | number, constants: Constants): number =>
  typeof factor === "number" ? factor : (constants.get(factor) ?? Number.NaN);

/** The type that the module exports for a column or a header value. */
export function typeOf(name: string, constants: Constants): ElementType {
  const type = constants.get(`TYPE_${name}`);
  return type === abi.TYPE_F32 ? "f32" : type === abi.TYPE_U64 ? "u64" : "u32";
}

export interface Column {
  readonly name: string;
  readonly type: ElementType;
  readonly at: number;
  readonly bytes: number;
}

/** The header's values. */
export function cellsOf(constants: Constants): Column[] {
  const [from, end] = [constants.get("HEADER_BASE") ?? Number.NaN, constants.get("HEADER_END") ?? Number.NaN];
  return [...constants]
    .filter(([name, at]) => CELL.test(name) && at >= from && at < end)
    .map(([name, at]) => {
      const type = typeOf(name, constants);
      return { name, type, at, bytes: WIDTHS[type] };
    });
}

/** A group's columns, in the order of their addresses. A column extends to the next one, so it may contain several arrays. */
export function columnsOf({ prefix, from, end, rows }: ColumnGroup, constants: Constants): Column[] {
  const value = (name: string): number => constants.get(name) ?? Number.NaN;
  const places = [...constants]
    .filter(([name, at]) => name.startsWith(prefix) && at >= value(from) && at < value(end) && !AREA_NAMES.has(name))
    .toSorted(([, one], [, other]) => one - other);
  return places.map(([name, at], index) => {
    const type = typeOf(name, constants);
    const bytes = value(rows) * WIDTHS[type];
    const room = (places[index + 1]?.[1] ?? value(end)) - at;
    return { name, type, at, bytes: bytes * Math.max(1, Math.floor(room / bytes)) };
  });
}

const AREA_NAMES: ReadonlySet<string> = new Set(AREAS.map(([, name]) => name));

/** Problems of a memory map, from its exported names and values. Missing names are not reported here. */
export function layoutProblems(constants: Constants): string[] {
  const value = (name: string): number => constants.get(name) ?? Number.NaN;
  const problems: string[] = [];
  if (value("MEMORY_PAGES") > PAGES_MAX)
    problems.push(`Its memory has ${value("MEMORY_PAGES")} pages, more than ${PAGES_MAX}.`);
  for (const [name, form] of Object.entries(FORMS)) {
    if (value(name) !== form) problems.push(`Its ${name} is ${value(name)}, that of this server ${form}.`);
  }
  for (const [name, type] of constants) {
    if (name.startsWith("TYPE_") && type !== abi.TYPE_F32 && type !== abi.TYPE_U64)
      problems.push(`${name} is ${type}, which is no type (${abi.TYPE_F32} f32, ${abi.TYPE_U64} u64).`);
  }
  const columns = COLUMN_GROUPS.flatMap((group) => columnsOf(group, constants));
  const areas = AREAS.filter((area) => isThere(area, constants)).map((area) => {
    const [part, name, type] = area;
    const isState = part !== "border" && part !== "scratch";
    return { name, type, at: value(name), bytes: bytesOf(area, constants), isState };
  });
  const spans = [...areas, ...columns.map((column) => ({ ...column, isState: true }))];
  for (const { name, type, at, bytes, isState } of spans) {
    if (at % WIDTHS[type] !== 0) problems.push(`${name} at ${at} is not a multiple of ${WIDTHS[type]}.`);
    const [first, last] = isState ? ["STATE_BASE", "STATE_END"] : ["STATE_END", "SCRATCH_END"];
    if (at < value(first ?? "") || at + bytes > value(last ?? ""))
      problems.push(`${name} (${bytes} bytes from ${at} on) does not lie between ${first} and ${last}.`);
  }
  const cells = cellsOf(constants);
  const outside = CELLS_NEEDED.filter((name) => !cells.some((cell) => cell.name === name));
  for (const name of outside) problems.push(`${name} at ${value(name)} does not lie in the header.`);
  for (const { name, type, at } of cells)
    if (at % WIDTHS[type] !== 0) problems.push(`${name} at ${at} is not a multiple of ${WIDTHS[type]}.`);
  const counters = areas.filter(({ name }) => name === "COUNTER_BASE");
  problems.push(...overlaps([...cells, ...counters]));
  if (!(value("HEADER_END") <= value("STATE_END"))) problems.push("Its header ends beyond its state.");
  if (value("SCRATCH_END") > value("MEMORY_PAGES") * PAGE_BYTES) problems.push("Its areas end beyond its memory.");
  return [...problems, ...overlaps(spans)];
}

/** A module does not have to have every scratch area. */
function isThere([part, name, , ...factors]: Area, constants: Constants): boolean {
  return part !== "scratch" || [name, ...factors].every((each) => typeof each === "number" || constants.has(each));
}

/** Reports each area that has no bytes or reaches into the next one. */
function overlaps(spans: readonly Pick<Column, "name" | "at" | "bytes">[]): string[] {
  const sorted = spans.toSorted((one, other) => one.at - other.at);
  return sorted.flatMap(({ name, at, bytes }, index) => {
    if (!(bytes > 0)) return [`${name} has ${bytes} bytes of room.`];
    const next = sorted[index + 1];
    if (next === undefined || at + bytes <= next.at) return [];
    return [`${name} needs ${bytes} bytes from ${at} on and reaches into ${next.name} at ${next.at}.`];
  });
}

/** Every name that the check reads. A scratch name is read only if the module exports it. */
export const LAYOUT_NAMES: readonly string[] = namesUsed(() => true);
/** The names that each module must export. */
export const NAMES_NEEDED: readonly string[] = namesUsed(([part]) => part !== "scratch");

function namesUsed(isMeant: (area: Area) => boolean): string[] {
  const names = new Set<string>([...ENDS, ...Object.keys(FORMS)]);
  for (const [, name, , ...factors] of AREAS.filter(isMeant)) {
    for (const each of [name, ...factors]) if (typeof each === "string") names.add(each);
  }
  for (const { from, end, rows } of COLUMN_GROUPS) for (const name of [from, end, rows]) names.add(name);
  return [...names];
}
