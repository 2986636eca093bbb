// The memory map as areas, each with the room it needs, in the order in which they lie: what the build and every upload are
// held against. A kernel chooses its own numbers, so nothing of them is believed: each area begins where its elements are
// aligned, has room for all of them before the next one begins, and the last ends within the memory.
//
//   layoutProblems((name) => constants.get(name))
//   // ["KNOWN_ROW needs 524288 bytes from 3551744 on and reaches into THREAT_VALUE at 4075900."]

import { COMMAND_BYTES, COUNTERS, EVENT_BYTES, TRANSFER_WORDS } from "../abi.ts";

/** NaN for a name that is not exported. */
type Values = (name: string) => number;

interface Area {
  name: string;
  /** Bytes of an element: what its address is a multiple of, up to 8. */
  width: number;
  /** How many elements. */
  count: (value: Values) => number;
  /** Part of the state, of which snapshots are made; the others are scratch. */
  isState: boolean;
}

const times =
  (...factors: (string | number)[]) =>
  (value: Values): number =>
    factors.reduce<number>((product, factor) => product * (typeof factor === "string" ? value(factor) : factor), 1);

const area =
  (isState: boolean) =>
  (name: string, width: number, ...factors: (string | number)[]): Area => ({
    name,
    width,
    count: times(...factors),
    isState,
  });
const state = area(true);
const scratch = area(false);

const AREAS: readonly Area[] = [
  state("HEADER_BASE", 8, 12),
  state("BREADCRUMB_PHASE", 4, 5),
  state("COUNTER_BASE", 4, COUNTERS),
  state("OVERLOAD_BASE", 4, "OVERLOAD_BYTES", 1 / 4),
  state("SPELL_BASE", 4, "SPELL_STRIDE", "SPELLS_MAX", 1 / 4),
  state("SPELL_INDEX_BASE", 2, "SPELL_IDS_MAX"),
  state("TEMPLATE_BASE", 4, "TEMPLATE_STRIDE", "TEMPLATES_MAX", 1 / 4),
  state("CLASS_BASE", 4, "CLASS_STRIDE", "CLASSES_MAX", 1 / 4),
  state("ENTITY_LOCKED", 4, "ENTITY_LOCKED_STRIDE", "ROWS_MAX", 1 / 4),
  state("COOLDOWN_SPELL", 4, "COOLDOWNS_MAX", "PLAYERS_MAX"),
  state("COOLDOWN_END", 4, "COOLDOWNS_MAX", "PLAYERS_MAX"),
  state("KNOWN_ID", 4, "KNOWN_MAX", "PLAYERS_MAX"),
  state("KNOWN_ROW", 2, "KNOWN_MAX", "PLAYERS_MAX"),
  state("THREAT_VALUE", 4, "THREAT_MAX", "CREATURES_MAX"),
  state("THREAT_ROW", 2, "THREAT_MAX", "CREATURES_MAX"),
  state("AURA_BASE", 4, "AURA_BYTES", "AURAS_MAX", "ROWS_MAX", 1 / 4),
  state("MAP_BASE", 8, "MAP_SLOTS"),
  state("FREE_BASE", 8, "ROWS_MAX", 1 / 64),
  scratch("COMMAND_BASE", 4, COMMAND_BYTES / 4, "COMMANDS_MAX"),
  scratch("EVENT_BASE", 4, EVENT_BYTES / 4, "EVENTS_MAX"),
  scratch("FRAME_BASE", 4, "FRAME_BYTES_MAX", 1 / 4),
  scratch("GRID_START", 4, "CELLS"),
  scratch("GRID_CELL", 4, "ROWS_MAX"),
  scratch("GRID_ROW", 2, "ROWS_MAX"),
  scratch("GRID_X", 4, "ROWS_MAX"),
  scratch("GRID_Y", 4, "ROWS_MAX"),
  scratch("SEEN_MARK", 4, "ROWS_MAX"),
  scratch("SEEN_ROW", 2, "KNOWN_MAX"),
  scratch("EVENT_FIRST", 4, "ROWS_MAX"),
  scratch("EVENT_NEXT_SOURCE", 4, "EVENTS_MAX"),
  scratch("EVENT_NEXT_TARGET", 4, "EVENTS_MAX"),
  scratch("EVENT_TOLD", 4, "EVENTS_MAX"),
  scratch("EVENT_ROWS", 4, "EVENTS_MAX"),
  scratch("EVENT_PICKED", 4, "EVENTS_TOLD_MAX"),
  scratch("EVENT_PICKED_COUNT", 4, 1),
  scratch("DELTA_BASE", 4, "DELTA_BYTES", "ROWS_MAX", 1 / 4),
  scratch("DELTA_LENGTH", 1, "ROWS_MAX"),
  scratch("FAR_BASE", 4, "DELTA_BYTES", "ROWS_MAX", 1 / 4),
  scratch("FAR_LENGTH", 1, "ROWS_MAX"),
  scratch("CANDIDATE_ROW", 2, "ROWS_MAX"),
  scratch("CANDIDATE_RING", 1, "ROWS_MAX"),
  scratch("RING_COUNT", 4, 32),
  scratch("GRID_READY", 4, 1),
  scratch("AREA_ROW", 2, "AREA_TARGETS_MAX"),
  scratch("DEPARTURE_COUNT", 4, 1),
  scratch("DEPARTURE_BASE", 4, TRANSFER_WORDS + 1, "DEPARTURES_MAX"),
  scratch("ARRIVAL_BASE", 4, TRANSFER_WORDS),
  scratch("TRANSFER_AT", 4, 1),
  scratch("TRANSFER_OUT", 4, 1),
];

/** Columns: every address of that prefix, from the first one up to the last, begins an array of one u32 a row. */
const COLUMNS = [
  { prefix: "ENTITY_", from: "ENTITY_ID", end: "ENTITY_COLUMNS_END", rows: "ROWS_MAX" },
  { prefix: "PLAYER_", from: "PLAYER_FLAGS", end: "PLAYER_COLUMNS_END", rows: "PLAYERS_MAX" },
  { prefix: "CREATURE_", from: "CREATURE_STATE", end: "CREATURE_COLUMNS_END", rows: "CREATURES_MAX" },
] as const;

/** What the areas are bounded by. */
const ENDS = ["STATE_BASE", "STATE_END", "SCRATCH_END", "MEMORY_PAGES"] as const;
const PAGE_BYTES = 65_536;
/** 64 MB: a zone has one memory, and copies of its state. */
export const PAGES_MAX = 1_024;

interface Span {
  name: string;
  from: number;
  bytes: number;
}

/** Problems of a memory map, by its exported names and values. Names that are missing are not among them. */
export function layoutProblems(constants: ReadonlyMap<string, number>): string[] {
  const value: Values = (name) => constants.get(name) ?? Number.NaN;
  const problems: string[] = [];
  if (value("MEMORY_PAGES") > PAGES_MAX)
    problems.push(`Its memory has ${value("MEMORY_PAGES")} pages, more than ${PAGES_MAX}.`);
  const fixed = AREAS.map(({ name, width, count, isState }) => {
    const span = { name, from: value(name), bytes: width * count(value) };
    if (span.from % Math.min(width, 8) !== 0) problems.push(`${name} at ${span.from} is not a multiple of ${width}.`);
    const [first, last] = isState ? ["STATE_BASE", "STATE_END"] : ["STATE_END", "SCRATCH_END"];
    if (span.from < value(first ?? "") || span.from + span.bytes > value(last ?? "")) {
      problems.push(`${name} (${span.bytes} bytes from ${span.from} on) does not lie between ${first} and ${last}.`);
    }
    return span;
  });
  if (value("SCRATCH_END") > value("MEMORY_PAGES") * PAGE_BYTES) problems.push("Its areas end beyond its memory.");
  const columns = COLUMNS.flatMap((group) => columnsOf(group, constants, value));
  return [...problems, ...overlaps([...fixed, ...columns])];
}

function columnsOf(
  { prefix, from, end, rows }: (typeof COLUMNS)[number],
  constants: ReadonlyMap<string, number>,
  value: Values,
): Span[] {
  const spans = new Map<number, Span>();
  const fixed = new Set(AREAS.map(({ name }) => name));
  for (const [name, at] of constants) {
    const isColumn = name.startsWith(prefix) && at >= value(from) && at < value(end) && !fixed.has(name);
    if (isColumn) spans.set(at, { name, from: at, bytes: value(rows) * 4 });
  }
  return [...spans.values()];
}

/** Every area against the one that begins next. */
function overlaps(spans: Span[]): string[] {
  const sorted = spans.toSorted((a, b) => a.from - b.from);
  return sorted.flatMap(({ name, from, bytes }, index) => {
    if (!(bytes > 0)) return [`${name} has ${bytes} bytes of room.`];
    const next = sorted[index + 1];
    if (next === undefined || from + bytes <= next.from) return [];
    return [`${name} needs ${bytes} bytes from ${from} on and reaches into ${next.name} at ${next.from}.`];
  });
}

/** Every name that a memory map is held against. */
export const LAYOUT_NAMES: readonly string[] = namesUsed();

function namesUsed(): string[] {
  const names = new Set<string>(ENDS);
  const note = (name: string): number => {
    names.add(name);
    return 1;
  };
  for (const { name, count } of AREAS) {
    names.add(name);
    count(note);
  }
  for (const { from, end, rows } of COLUMNS) for (const name of [from, end, rows]) names.add(name);
  return [...names];
}
