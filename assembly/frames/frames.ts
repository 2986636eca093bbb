// The frames of this tick: one for each watching session with a change.
//
//   first frame   RESET, PACE?, SELF, STACKS?, ENTER x16, own position, own AURAS, EVENTs       the other ENTERs follow, 16 a tick
//   later         PACE?, SELF?, STACKS?, LEAVEs, CHANGEs and AURAS, ENTERs, own position?, own AURAS?, EVENTs
//
// Every 4 ticks, staggered by row, a watcher's known list is compared with what it sees. A change is sent when
// it is newer than the tick of the watcher's last frame. So when the frame area is full, a frame is not built:
// its session keeps its old tick, and is first in the next tick. Most watchers are up to date up to the previous tick, and
// get the same record of an entity: deltas.ts makes it once, and it is copied. While the zone is overloaded, changes of far entities
// are delayed for some ticks: coalesce.ts.

import {
  COUNTER_FRAMES,
  COUNTER_FRAMES_DEFERRED,
  FRAME_ACK,
  FRAME_HEADER_BYTES,
  FRAME_LENGTH,
  FRAME_LENGTH_MAX,
  FRAME_SESSION,
  FRAME_TICK,
} from "../abi";
import { Clock } from "../state/clock";
import { Cell, U16, U32 } from "../memory/columns";
import { makeFarDeltas, putCoalesced } from "./coalesce";
import { Counter } from "../state/counters";
import { DELTA_SPECIAL, makeDeltas } from "./deltas";
import {
  DELTA_BASE,
  DELTA_BYTES,
  DELTA_LENGTH,
  ENTITY_AURA_COUNT,
  ENTITY_CAST_END,
  ENTITY_CHANGED,
  ENTITY_CHANGED_AURAS,
  ENTITY_CHANGED_POSITION,
  ENTITY_ID,
  EVENT_FIRST,
  FRAME_BASE,
  FRAME_BYTES_MAX,
  HEADER_FRAME_BYTES,
  HEADER_FRAME_TURN,
  HEADER_PLAYERS_HIGH,
  HEADER_WATCHERS,
  KNOWN_ID,
  KNOWN_MAX,
  KNOWN_ROW,
  PLAYER_ACK,
  PLAYER_FLAGS,
  PLAYER_KNOWN_COUNT,
  PLAYER_SELF_CHANGED,
  PLAYER_STACKS_CHANGED,
  PLAYER_TOLD,
  PLAYER_TOLD_FAR,
  OVERLOAD_CHANGED,
  ROWS_MAX,
  SEEN_MARK,
  SEEN_ROW,
} from "../memory/memory";
import { Breadcrumb } from "../state/breadcrumb";
import { GONE, Near, forgetSlot, markNear, putKnown } from "./known-list";
import { selectEventsOf, selectOwnEvents, putSelectedEvents } from "./event-selection";
import { PLAYER_ACKED, PLAYER_RESCAN, PLAYER_RESET, PLAYER_WATCHES } from "../state/player-flags";
import {
  putAuras,
  putCast,
  putChange,
  putEnter,
  putLeave,
  putOwnPosition,
  putPace,
  putReset,
  putSelf,
  putStacks,
} from "./frame-records";
import { Overload } from "../state/overload";
import { findVisible } from "./visibility";

/** Ticks between two scans around one watcher. */
const LOOK_EVERY: u32 = 4;
/** Most new entities in a frame. */
const ENTERS_MAX: u32 = 16;
/** Bit in SEEN_MARK, next to the watcher's row: the entity is in sight and known. */
const SEEN: u32 = 0x10000;
const SEEN_AND_KNOWN: u32 = 0x20000;

/** Builds the frames of all watchers, beginning where the last tick stopped. The grid must be fresh. */
export function buildFrames(): void {
  if (Cell.get(HEADER_WATCHERS) == 0) return;
  makeDeltas();
  makeFarDeltas();
  memory.fill(SEEN_MARK, 0, ROWS_MAX * 4);
  const high = Cell.get(HEADER_PLAYERS_HIGH);
  const turn = Cell.get(HEADER_FRAME_TURN);
  const first = turn < high ? turn : 0;
  const deferred = buildRange(first, high, NOBODY);
  const stopped = buildRange(0, first, deferred);
  Cell.set(HEADER_FRAME_TURN, stopped == NOBODY ? 0 : stopped);
}

const NOBODY: u32 = 0xffffffff;

/** Builds frames of rows from..to-1; returns the first row whose frame was deferred, in this call or before. */
function buildRange(from: u32, to: u32, deferredBefore: u32): u32 {
  let deferred = deferredBefore;
  for (let row = from; row < to; row++) {
    if ((U32.get(PLAYER_FLAGS, row) & PLAYER_WATCHES) == 0) continue;
    if (deferred == NOBODY && FRAME_BYTES_MAX - Cell.get(HEADER_FRAME_BYTES) < <u32>FRAME_LENGTH_MAX) deferred = row;
    if (deferred != NOBODY) Counter.add(COUNTER_FRAMES_DEFERRED, 1);
    else buildFrame(row);
  }
  return deferred;
}

function buildFrame(row: u32): void {
  Breadcrumb.session(U32.get(ENTITY_ID, row));
  const start: usize = FRAME_BASE + Cell.get(HEADER_FRAME_BYTES);
  const flags = U32.get(PLAYER_FLAGS, row);
  const reset = (flags & PLAYER_RESET) != 0;
  const told: u32 = reset ? 0 : U32.get(PLAYER_TOLD, row);
  const toldFar: u32 = reset ? 0 : U32.get(PLAYER_TOLD_FAR, row);
  let at = start + FRAME_HEADER_BYTES;
  if (reset) at = putReset(at);
  if (Cell.get(OVERLOAD_CHANGED) > told) at = putPace(at);
  if (reset || U32.get(PLAYER_SELF_CHANGED, row) > told) at = putSelf(at, row);
  if (U32.get(PLAYER_STACKS_CHANGED, row) > told) at = putStacks(at, row);
  U32.set(PLAYER_FLAGS, row, flags & ~(PLAYER_RESET | PLAYER_RESCAN | PLAYER_ACKED));
  selectOwnEvents(row);
  const looks = (flags & PLAYER_RESCAN) != 0 || ((row + Clock.now()) & (LOOK_EVERY - 1)) == 0;
  const turn = looks || (row + Clock.now()) % Overload.tellEvery() == 0;
  const seen = looks ? findVisible(row) : 0;
  if (looks) at = dropUnseen(at, row, seen);
  at = turn && toldFar == told ? putChanges(at, row, told) : putCoalesced(at, row, told, toldFar, turn);
  if (looks) at = putEntering(at, row, seen);
  if (U32.get(ENTITY_CHANGED_POSITION, row) > told) at = putOwnPosition(at, row);
  if (U32.get(ENTITY_CHANGED_AURAS, row) > told) at = putAuras(at, row);
  at = putSelectedEvents(at);
  U32.set(PLAYER_TOLD, row, Clock.now());
  if (turn) {
    U32.set(PLAYER_TOLD_FAR, row, Clock.now());
    if (Overload.tellEvery() > 1) markNear(row);
  }
  if (at != start + FRAME_HEADER_BYTES || (flags & PLAYER_ACKED) != 0) closeFrame(start, at, row);
}

function closeFrame(start: usize, end: usize, row: u32): void {
  const length = <u32>(end - start);
  store<u32>(start + FRAME_LENGTH, length);
  store<u32>(start + FRAME_SESSION, U32.get(ENTITY_ID, row));
  store<u32>(start + FRAME_TICK, Clock.now());
  store<u32>(start + FRAME_ACK, U32.get(PLAYER_ACK, row));
  Cell.add(HEADER_FRAME_BYTES, length);
  Counter.add(COUNTER_FRAMES, 1);
}

/** Marks the entities in sight; known entities out of sight leave. */
function dropUnseen(start: usize, row: u32, seen: u32): usize {
  const mark = SEEN | row;
  for (let index: u32 = 0; index < seen; index++) U32.set(SEEN_MARK, U16.get(SEEN_ROW, index), mark);
  const list = row * KNOWN_MAX;
  const known = U32.get(PLAYER_KNOWN_COUNT, row);
  let at = start;
  let kept: u32 = 0;
  for (let index: u32 = 0; index < known; index++) {
    const other = U16.get(KNOWN_ROW, list + index);
    const id = U32.get(KNOWN_ID, list + index);
    if (U32.get(SEEN_MARK, other) == mark && U32.get(ENTITY_ID, other) == id) {
      U32.set(SEEN_MARK, other, SEEN_AND_KNOWN | row);
      U16.set(KNOWN_ROW, list + kept, other);
      U32.set(KNOWN_ID, list + kept, id);
      Near.move(row, index, kept);
      kept++;
    } else at = putLeave(at, id);
  }
  U32.set(PLAYER_KNOWN_COUNT, row, kept);
  return at;
}

/** Writes the changes of known entities. */
function putChanges(start: usize, row: u32, told: u32): usize {
  return told + 1 == Clock.now() ? putDeltas(start, row) : putOldChanges(start, row, told);
}

/**
 * For an up-to-date watcher: copies the ready-made records. It copies the whole place of each record and advances by its length,
 * which is mostly 0 or that of a position. There is no branch, because the processor could not predict it. For an empty record
 * the first record is copied instead, which is in the cache.
 */
function putDeltas(start: usize, row: u32): usize {
  const list = row * KNOWN_MAX;
  let at = start;
  for (let index: u32 = 0; U32.get(PLAYER_KNOWN_COUNT, row) > index; index++) {
    const other: u32 = load<u16>((list + index) << 1, KNOWN_ROW);
    const length: u32 = load<u8>(other, DELTA_LENGTH);
    if (length == DELTA_SPECIAL) {
      const next = putKnown(at, row, list + index, Clock.now() - 1);
      if (next == GONE) {
        at = forgetSlot(at, row, index);
        index--;
      } else at = next;
      continue;
    }
    const from = select<u32>(other * DELTA_BYTES, 0, length != 0);
    store<u64>(at, load<u64>(from, DELTA_BASE));
    store<u64>(at, load<u64>(from, DELTA_BASE + 8), 8);
    store<u64>(at, load<u64>(from, DELTA_BASE + 16), 16);
    at += length;
  }
  return at;
}

/** For a watcher whose frames were deferred: all changes after tick `told`. */
function putOldChanges(start: usize, row: u32, told: u32): usize {
  const list = row * KNOWN_MAX;
  let at = start;
  for (let index: u32 = 0; U32.get(PLAYER_KNOWN_COUNT, row) > index; index++) {
    if (U32.get(ENTITY_CHANGED, U16.get(KNOWN_ROW, list + index)) <= told) continue;
    const next = putKnown(at, row, list + index, told);
    if (next == GONE) {
      at = forgetSlot(at, row, index);
      index--;
    } else at = next;
  }
  return at;
}

/** Entities in sight that are not known enter, up to ENTERS_MAX; the others in the next tick. */
function putEntering(start: usize, row: u32, seen: u32): usize {
  const list = row * KNOWN_MAX;
  const known = U32.get(PLAYER_KNOWN_COUNT, row);
  const most = min<u32>(known + ENTERS_MAX, KNOWN_MAX);
  let at = start;
  let count = known;
  for (let index: u32 = 0; index < seen && count < most; index++) {
    const other = U16.get(SEEN_ROW, index);
    if (U32.get(SEEN_MARK, other) != (SEEN | row)) continue;
    at = putEnter(at, other);
    if (U32.get(ENTITY_CAST_END, other) != 0) at = putCast(at, other);
    if (U32.get(ENTITY_AURA_COUNT, other) != 0) at = putAuras(at, other);
    if (U32.get(EVENT_FIRST, other) != 0) selectEventsOf(other, row);
    U16.set(KNOWN_ROW, list + count, other);
    U32.set(KNOWN_ID, list + count, U32.get(ENTITY_ID, other));
    count++;
  }
  U32.set(PLAYER_KNOWN_COUNT, row, count);
  if (count < seen) U32.set(PLAYER_FLAGS, row, U32.get(PLAYER_FLAGS, row) | PLAYER_RESCAN);
  return at;
}
