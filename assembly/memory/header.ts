// Memory map, first part: the header. It has the zone's single values, its breadcrumb, its counters and its load shedding.
//
//   HEADER_TICK 65540: 500        HEADER_PLAYERS_HIGH 65580: 40        COUNTER_BASE + 7 * 4: damage of this tick

import { ABI_VERSION, TYPE_F32, TYPE_U64 } from "../abi";

/** Raised when a column changes its meaning without changing its place. The high half is the version of the record formats. */
export const LAYOUT_VERSION: u32 = (ABI_VERSION << 16) | 1;

export const STATE_BASE: usize = 65536;
export const HEADER_BASE: usize = STATE_BASE;
export const HEADER_LAYOUT_VERSION: usize = HEADER_BASE;
export const HEADER_TICK: usize = HEADER_BASE + 4;
export const HEADER_HASH_LO: usize = HEADER_BASE + 8;
export const HEADER_HASH_HI: usize = HEADER_BASE + 12;
/** u64, the whole state of the random number generator. */
export const HEADER_RANDOM: usize = HEADER_BASE + 16;
/** Number of commands in the command area; the host writes it. */
export const HEADER_COMMAND_COUNT: usize = HEADER_BASE + 24;
export const HEADER_FRAME_BYTES: usize = HEADER_BASE + 28;
export const HEADER_EVENT_COUNT: usize = HEADER_BASE + 32;
export const HEADER_ZONE_ID: usize = HEADER_BASE + 36;
export const HEADER_TICK_RATE: usize = HEADER_BASE + 40;
/** The rows in use lie below these marks (for creatures: counted from the first creature row). */
export const HEADER_PLAYERS_HIGH: usize = HEADER_BASE + 44;
export const HEADER_CREATURES_HIGH: usize = HEADER_BASE + 48;
/** f32, yards: where players appear and revive; the host writes it. */
export const HEADER_SPAWN_X: usize = HEADER_BASE + 52;
export const HEADER_SPAWN_Y: usize = HEADER_BASE + 56;
export const HEADER_SPAWN_Z: usize = HEADER_BASE + 60;
export const HEADER_PLAYERS: usize = HEADER_BASE + 64;
export const HEADER_CREATURES: usize = HEADER_BASE + 68;
export const HEADER_WATCHERS: usize = HEADER_BASE + 72;
/** Player row whose frame is built first in the next tick. */
export const HEADER_FRAME_TURN: usize = HEADER_BASE + 76;
/** Number of the newest offer of a trade in this zone. */
export const HEADER_OFFERS: usize = HEADER_BASE + 80;

export const BREADCRUMB_PHASE: usize = HEADER_BASE + 96;
export const BREADCRUMB_COMMAND: usize = HEADER_BASE + 100;
export const BREADCRUMB_SESSION: usize = HEADER_BASE + 104;
export const BREADCRUMB_ENTITY: usize = HEADER_BASE + 108;
export const BREADCRUMB_SPELL: usize = HEADER_BASE + 112;

/** Counters of this tick: COUNTERS u32 values, indexed by COUNTER_*. */
export const COUNTER_BASE: usize = HEADER_BASE + 128;

/** The zone's load shedding, as set by the last OP_SET_OVERLOAD (state/overload.ts). */
export const OVERLOAD_BASE: usize = HEADER_BASE + 320;
/** The host's number of the step; the kernel does not use it. */
export const OVERLOAD_STEP: usize = OVERLOAD_BASE;
/** Overload level, 0 (none) to 5; clients receive it. */
export const OVERLOAD_LEVEL: usize = OVERLOAD_BASE + 4;
/** Tick of the last change of any of these values. */
export const OVERLOAD_CHANGED: usize = OVERLOAD_BASE + 8;
/** Ticks between two updates of far entities. */
export const OVERLOAD_TELL_EVERY: usize = OVERLOAD_BASE + 12;
/** Ticks between two decisions of one creature. */
export const OVERLOAD_THINK_EVERY: usize = OVERLOAD_BASE + 16;
/** Most entities that one watcher sees. */
export const OVERLOAD_SEEN_MAX: usize = OVERLOAD_BASE + 20;
/** f32, sight in yards. */
export const OVERLOAD_SIGHT: usize = OVERLOAD_BASE + 24;
/** f32: game time per clock time; the host ticks at this rate, and clients receive it. */
export const OVERLOAD_RATE: usize = OVERLOAD_BASE + 28;
export const OVERLOAD_BYTES: u32 = 32;

export const HEADER_END: usize = HEADER_BASE + 512;

/** Types of the values that are not u32. A migration to another layout reads them. */
export const TYPE_HEADER_RANDOM: u32 = TYPE_U64;
export const TYPE_HEADER_SPAWN_X: u32 = TYPE_F32;
export const TYPE_HEADER_SPAWN_Y: u32 = TYPE_F32;
export const TYPE_HEADER_SPAWN_Z: u32 = TYPE_F32;
export const TYPE_OVERLOAD_SIGHT: u32 = TYPE_F32;
export const TYPE_OVERLOAD_RATE: u32 = TYPE_F32;
