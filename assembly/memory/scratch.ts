// Memory map, last part: the areas that no snapshot contains. First the areas that host and kernel exchange in a tick, then
// scratch that is rebuilt in every tick that uses it. Nothing here is valid after its tick.
//
//   commands of the tick: 32 bytes each from COMMAND_BASE on;  frames: HEADER_FRAME_BYTES bytes from FRAME_BASE on

import { COMMAND_BYTES, DEPARTURE_WORDS, EVENT_BYTES, TRANSFER_WORDS } from "../abi";
import { COMMANDS_MAX, EVENTS_MAX, FRAME_BYTES_MAX, KNOWN_MAX, ROWS_MAX, STACKS_MAX } from "./capacities";
import { STATE_END } from "./lists";

// ---- Outside the state: what host and kernel exchange in a tick --------------------------------------------------------------

/** Sizes of the exchanged records. The host compares them with its own. */
export { COMMAND_BYTES, COUNTERS, DEPARTURE_WORDS, EVENT_BYTES, TRANSFER_WORDS } from "../abi";

export const COMMAND_BASE: usize = (STATE_END + 63) & ~63;
export const EVENT_BASE: usize = COMMAND_BASE + COMMANDS_MAX * COMMAND_BYTES;
export const FRAME_BASE: usize = EVENT_BASE + EVENTS_MAX * EVENT_BYTES;

// ---- Scratch: rebuilt in every tick that uses it, not valid after that tick --------------------------------------------------

const ROWS: usize = ROWS_MAX * 4;

/** Cells along one side of the grid, which is a torus; a power of two. */
export const CELLS_ACROSS: u32 = 64;
export const CELLS: u32 = CELLS_ACROSS * CELLS_ACROSS;
/** u32 by cell: index of its first entity; one more entry ends the last cell. */
export const GRID_START: usize = FRAME_BASE + FRAME_BYTES_MAX;
/** u32 by row: its cell. */
export const GRID_CELL: usize = GRID_START + (CELLS + 2) * 4;
/** Entities sorted by cell, then row: row (u16), x and y (f32, yards). */
export const GRID_ROW: usize = GRID_CELL + ROWS;
export const GRID_X: usize = GRID_ROW + ROWS_MAX * 2;
export const GRID_Y: usize = GRID_X + ROWS;
/** u32 by row: SEEN or SEEN_AND_KNOWN | row of the last watcher that saw it (frames/frames.ts). */
export const SEEN_MARK: usize = GRID_Y + ROWS;
/** u16[KNOWN_MAX]: rows in sight of the current watcher. */
export const SEEN_ROW: usize = SEEN_MARK + ROWS;
/** u32 by row: the row's first event of this tick + 1. */
export const EVENT_FIRST: usize = SEEN_ROW + KNOWN_MAX * 2;
/** u32 by event: the next event of its source + 1; the next event of its target + 1; the last watcher that received it + 1. */
export const EVENT_NEXT_SOURCE: usize = EVENT_FIRST + ROWS;
export const EVENT_NEXT_TARGET: usize = EVENT_NEXT_SOURCE + EVENTS_MAX * 4;
export const EVENT_TOLD: usize = EVENT_NEXT_TARGET + EVENTS_MAX * 4;
/** u32 by event: source row | target row << 16 (0xffff = none). */
export const EVENT_ROWS: usize = EVENT_TOLD + EVENTS_MAX * 4;
/** u32[EVENTS_TOLD_MAX]: events for the current watcher. */
export const EVENTS_TOLD_MAX: u32 = 48;
export const EVENT_PICKED: usize = EVENT_ROWS + EVENTS_MAX * 4;
export const EVENT_PICKED_COUNT: usize = EVENT_PICKED + EVENTS_TOLD_MAX * 4;
/** 24 bytes by row: the change record of this tick, for a watcher that is up to date. */
export const DELTA_BASE: usize = EVENT_PICKED_COUNT + 8;
export const DELTA_BYTES: u32 = 24;
/** Bytes by which the longest record of the last row may extend beyond its room. */
const DELTA_OVERHANG: u32 = 256;
/** u8 by row: length of the record, 0 = no change; DELTA_SPECIAL = it does not fit, or one record is not enough. */
export const DELTA_LENGTH: usize = DELTA_BASE + ROWS_MAX * DELTA_BYTES + DELTA_OVERHANG;
/** The same for changes since the previous turn of the watchers that receive far entities in this tick (frames/coalesce.ts). */
export const FAR_BASE: usize = (DELTA_LENGTH + ROWS_MAX + 7) & ~7;
export const FAR_LENGTH: usize = FAR_BASE + ROWS_MAX * DELTA_BYTES + DELTA_OVERHANG;
/**
 * Entities in sight, before the nearest are chosen: their rows (u16) and the ring of each (u8). Room for one more than all
 * rows.
 */
export const CANDIDATE_ROW: usize = FAR_LENGTH + ROWS_MAX;
export const CANDIDATE_RING: usize = CANDIDATE_ROW + (ROWS_MAX + 4) * 2;
/** u32 by ring: number of candidates. */
export const RING_COUNT: usize = CANDIDATE_RING + ROWS_MAX;
/** 1 when the grid has been built in this tick. */
export const GRID_READY: usize = RING_COUNT + 128;
/** u16[AREA_TARGETS_MAX]: rows that an area spell hits, or that are called for help. */
export const AREA_TARGETS_MAX: u32 = 20;
export const AREA_ROW: usize = GRID_READY + 64;
/** Departures of this tick: their number, then for each DEPARTURE_WORDS words (players/transfer.ts). */
export const DEPARTURES_MAX: u32 = 256;
export const DEPARTURE_COUNT: usize = (AREA_ROW + AREA_TARGETS_MAX * 2 + 7) & ~7;
export const DEPARTURE_BASE: usize = DEPARTURE_COUNT + 8;
/** TRANSFER_WORDS words of the player who arrives next. Then the position and direction while the list of words is processed. */
export const ARRIVAL_BASE: usize = DEPARTURE_BASE + DEPARTURES_MAX * DEPARTURE_WORDS * 4;
export const TRANSFER_AT: usize = ARRIVAL_BASE + TRANSFER_WORDS * 4;
export const TRANSFER_OUT: usize = TRANSFER_AT + 4;
/** u32[STACKS_MAX] each: what the two sides of a trade will hold, before both are written (items/trade.ts). */
export const TRADED_BASE: usize = TRANSFER_OUT + 4;
export const SCRATCH_END: usize = TRADED_BASE + STACKS_MAX * 2 * 4;
