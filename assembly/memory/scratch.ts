// Memory map, last part: what no snapshot keeps. First what the host writes and reads in a tick, then scratch that is rebuilt
// in every tick that uses it; nothing here outlives a tick.
//
//   commands of the tick: 32 bytes each from COMMAND_BASE on;  frames: HEADER_FRAME_BYTES bytes from FRAME_BASE on

import { COMMAND_BYTES, EVENT_BYTES, TRANSFER_WORDS } from "../abi";
import { COMMANDS_MAX, EVENTS_MAX, FRAME_BYTES_MAX, KNOWN_MAX, ROWS_MAX } from "./capacities";
import { STATE_END } from "./lists";

// ---- Outside the state: what crosses the border in a tick ------------------------------------------------------------------------

/** The forms of its records, so that a host can see whether they are its own. */
export { COMMAND_BYTES, COUNTERS, EVENT_BYTES, TRANSFER_WORDS } from "../abi";

export const COMMAND_BASE: usize = (STATE_END + 63) & ~63;
export const EVENT_BASE: usize = COMMAND_BASE + COMMANDS_MAX * COMMAND_BYTES;
export const FRAME_BASE: usize = EVENT_BASE + EVENTS_MAX * EVENT_BYTES;

// ---- Scratch, rebuilt in every tick that uses it; nothing here outlives a tick -------------------------------------------------------

const ROWS: usize = ROWS_MAX * 4;

/** Cells along one side of the grid, a torus; a power of two. */
export const CELLS_ACROSS: u32 = 64;
export const CELLS: u32 = CELLS_ACROSS * CELLS_ACROSS;
/** u32 by cell: where its entities start; one more closes the last. */
export const GRID_START: usize = FRAME_BASE + FRAME_BYTES_MAX;
/** u32 by row: the cell. */
export const GRID_CELL: usize = GRID_START + (CELLS + 2) * 4;
/** Sorted by cell, then row: row (u16), x, y (f32). */
export const GRID_ROW: usize = GRID_CELL + ROWS;
export const GRID_X: usize = GRID_ROW + ROWS_MAX * 2;
export const GRID_Y: usize = GRID_X + ROWS;
/** u32 by row: the scan that saw it last. */
export const SEEN_MARK: usize = GRID_Y + ROWS;
/** u16[KNOWN_MAX]: rows in sight of the watcher at hand. */
export const SEEN_ROW: usize = SEEN_MARK + ROWS;
/** u32 by row: the first event of this tick it is part of, + 1. */
export const EVENT_FIRST: usize = SEEN_ROW + KNOWN_MAX * 2;
/** u32 by event: the next of its source, of its target, + 1; and the watcher told of it last, + 1. */
export const EVENT_NEXT_SOURCE: usize = EVENT_FIRST + ROWS;
export const EVENT_NEXT_TARGET: usize = EVENT_NEXT_SOURCE + EVENTS_MAX * 4;
export const EVENT_TOLD: usize = EVENT_NEXT_TARGET + EVENTS_MAX * 4;
/** u32 by event: source row | target row << 16 (0xffff = none). */
export const EVENT_ROWS: usize = EVENT_TOLD + EVENTS_MAX * 4;
/** u32[EVENTS_TOLD_MAX]: events for the watcher at hand. */
export const EVENTS_TOLD_MAX: u32 = 48;
export const EVENT_PICKED: usize = EVENT_ROWS + EVENTS_MAX * 4;
export const EVENT_PICKED_COUNT: usize = EVENT_PICKED + EVENTS_TOLD_MAX * 4;
/** 24 bytes by row: the change record of this tick, as a watcher who is up to date gets it. */
export const DELTA_BASE: usize = EVENT_PICKED_COUNT + 8;
export const DELTA_BYTES: u32 = 24;
/** By how much the longest record of the last row may reach beyond its room. */
const DELTA_OVERHANG: u32 = 256;
/** u8 by row: its length, 0 = no change; DELTA_SPECIAL = does not fit, or there is more to it than the record. */
export const DELTA_LENGTH: usize = DELTA_BASE + ROWS_MAX * DELTA_BYTES + DELTA_OVERHANG;
/** The same of what changed since the turn before of those who are told of far things in this tick: coalesce.ts. */
export const FAR_BASE: usize = (DELTA_LENGTH + ROWS_MAX + 7) & ~7;
export const FAR_LENGTH: usize = FAR_BASE + ROWS_MAX * DELTA_BYTES + DELTA_OVERHANG;
/** u16 and u8, as many as rows and one: entities in sight before the nearest are chosen, and the ring each is in. */
export const CANDIDATE_ROW: usize = FAR_LENGTH + ROWS_MAX;
export const CANDIDATE_RING: usize = CANDIDATE_ROW + (ROWS_MAX + 4) * 2;
/** u32 by ring. */
export const RING_COUNT: usize = CANDIDATE_RING + ROWS_MAX;
/** 1 when the grid was built in this tick. */
export const GRID_READY: usize = RING_COUNT + 128;
/** u16[AREA_TARGETS_MAX]: rows an area spell strikes, or that are called for help. */
export const AREA_TARGETS_MAX: u32 = 20;
export const AREA_ROW: usize = GRID_READY + 64;
/** Who departed in this tick: how many, then of each its entity id and TRANSFER_WORDS words (transfer.ts). */
export const DEPARTURES_MAX: u32 = 64;
export const DEPARTURE_COUNT: usize = (AREA_ROW + AREA_TARGETS_MAX * 2 + 7) & ~7;
export const DEPARTURE_BASE: usize = DEPARTURE_COUNT + 8;
/** TRANSFER_WORDS words: what the next to arrive brings. Then the list's place and direction while it is walked. */
export const ARRIVAL_BASE: usize = DEPARTURE_BASE + DEPARTURES_MAX * (TRANSFER_WORDS + 1) * 4;
export const TRANSFER_AT: usize = ARRIVAL_BASE + TRANSFER_WORDS * 4;
export const TRANSFER_OUT: usize = TRANSFER_AT + 4;
export const SCRATCH_END: usize = TRANSFER_OUT + 4;
