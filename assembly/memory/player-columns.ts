// Memory map, fourth part: the columns that only players have, by row.
//
//   spell that player 7 asked for:   the u32 at PLAYER_REQUEST_SPELL + 7 * 4

import { DIMINISHED_COUNT, TRADE_STACKS, TYPE_F32 } from "../abi";
import { KNOWN_MAX, PLAYERS_MAX, ROWS_MAX } from "./capacities";
import { ENTITY_LOCKED, ENTITY_LOCKED_STRIDE } from "./entities";

const PLAYERS: usize = PLAYERS_MAX * 4;

/** Flags PLAYER_*: state/player-flags.ts. */
export const PLAYER_FLAGS: usize = ENTITY_LOCKED + ROWS_MAX * ENTITY_LOCKED_STRIDE;
/** Highest command sequence number applied. */
export const PLAYER_ACK: usize = PLAYER_FLAGS + PLAYERS;
/** Tick up to which the watcher has received all changes. */
export const PLAYER_TOLD: usize = PLAYER_ACK + PLAYERS;
/** Tick up to which it has also received all changes of far entities. It equals PLAYER_TOLD unless the zone is overloaded. */
export const PLAYER_TOLD_FAR: usize = PLAYER_TOLD + PLAYERS;
/** One bit for each slot of its known list, in KNOWN_MAX / 32 columns: the entity is near (frames/known-list.ts). */
export const PLAYER_NEAR: usize = PLAYER_TOLD_FAR + PLAYERS;
/** Tick of the last change to the contents of RECORD_SELF. */
export const PLAYER_SELF_CHANGED: usize = PLAYER_NEAR + PLAYERS * (KNOWN_MAX / 32);
/** Upper limit that the client set on its own base damage, 0 = none. */
export const PLAYER_DAMAGE_BOUND: usize = PLAYER_SELF_CHANGED + PLAYERS;
/** DAMAGE_PHYSICAL or DAMAGE_MAGICAL. */
export const PLAYER_DAMAGE_TYPE: usize = PLAYER_DAMAGE_BOUND + PLAYERS;
/** Tick of the last EVENT_CORRECTED. */
export const PLAYER_CORRECTED_TICK: usize = PLAYER_DAMAGE_TYPE + PLAYERS;
/** A cast that was requested in this tick: REQUEST_* of spells/cast-requests.ts, 0 = none. */
export const PLAYER_REQUEST: usize = PLAYER_CORRECTED_TICK + PLAYERS;
export const PLAYER_REQUEST_SPELL: usize = PLAYER_REQUEST + PLAYERS;
export const PLAYER_REQUEST_TARGET: usize = PLAYER_REQUEST_SPELL + PLAYERS;
export const PLAYER_REQUEST_TICKS: usize = PLAYER_REQUEST_TARGET + PLAYERS;
export const PLAYER_REQUEST_SEQ: usize = PLAYER_REQUEST_TICKS + PLAYERS;
export const PLAYER_COOLDOWN_COUNT: usize = PLAYER_REQUEST_SEQ + PLAYERS;
export const PLAYER_KNOWN_COUNT: usize = PLAYER_COOLDOWN_COUNT + PLAYERS;
/** f32: the stance's factor on all threat. */
export const PLAYER_THREAT_FACTOR: usize = PLAYER_KNOWN_COUNT + PLAYERS;
/** Diminishing returns by category (combat/control.ts): tick at which they reset << 2 | number of applications, 3 at most. */
export const PLAYER_DIMINISHED: usize = PLAYER_THREAT_FACTOR + PLAYERS;
export const DIMINISHED_CATEGORIES: u32 = DIMINISHED_COUNT;
/** Off-hand weapon; ticks 0 = none. */
export const PLAYER_OFF_TICKS: usize = PLAYER_DIMINISHED + PLAYERS * DIMINISHED_CATEGORIES;
export const PLAYER_OFF_NEXT: usize = PLAYER_OFF_TICKS + PLAYERS;
export const PLAYER_OFF_MIN: usize = PLAYER_OFF_NEXT + PLAYERS;
export const PLAYER_OFF_MAX: usize = PLAYER_OFF_MIN + PLAYERS;
/** f32: direction of its last movement, as a vector of any length. */
export const PLAYER_FACE_X: usize = PLAYER_OFF_MAX + PLAYERS;
export const PLAYER_FACE_Y: usize = PLAYER_FACE_X + PLAYERS;
/** Experience points towards the next level. */
export const PLAYER_EXPERIENCE: usize = PLAYER_FACE_Y + PLAYERS;
/** Number of deaths in a row, and the tick in which it last came back to life. */
export const PLAYER_DEATHS: usize = PLAYER_EXPERIENCE + PLAYERS;
export const PLAYER_ALIVE_TICK: usize = PLAYER_DEATHS + PLAYERS;
/** f32, yards: where its body lies while it is a ghost. */
export const PLAYER_BODY_X: usize = PLAYER_ALIVE_TICK + PLAYERS;
export const PLAYER_BODY_Y: usize = PLAYER_BODY_X + PLAYERS;
export const PLAYER_BODY_Z: usize = PLAYER_BODY_Y + PLAYERS;
/** Tick of the last change to its stacks. */
export const PLAYER_STACKS_CHANGED: usize = PLAYER_BODY_Z + PLAYERS;
/** Number of the trade that it offers, 0 = none; then its partner's entity id, and the ticks in which the offer was made and ends. */
export const PLAYER_OFFER: usize = PLAYER_STACKS_CHANGED + PLAYERS;
export const PLAYER_OFFER_TO: usize = PLAYER_OFFER + PLAYERS;
export const PLAYER_OFFER_SINCE: usize = PLAYER_OFFER_TO + PLAYERS;
export const PLAYER_OFFER_END: usize = PLAYER_OFFER_SINCE + PLAYERS;
/** What it gives, then what it wants: TRADE_STACKS columns of stacks each. */
export const PLAYER_OFFER_GIVES: usize = PLAYER_OFFER_END + PLAYERS;
export const PLAYER_OFFER_WANTS: usize = PLAYER_OFFER_GIVES + PLAYERS * TRADE_STACKS;
export const PLAYER_COLUMNS_END: usize = PLAYER_OFFER_WANTS + PLAYERS * TRADE_STACKS;

/** Types of the columns that are not u32. A migration to another layout reads them. */
export const TYPE_PLAYER_THREAT_FACTOR: u32 = TYPE_F32;
export const TYPE_PLAYER_FACE_X: u32 = TYPE_F32;
export const TYPE_PLAYER_FACE_Y: u32 = TYPE_F32;
export const TYPE_PLAYER_BODY_X: u32 = TYPE_F32;
export const TYPE_PLAYER_BODY_Y: u32 = TYPE_F32;
export const TYPE_PLAYER_BODY_Z: u32 = TYPE_F32;
