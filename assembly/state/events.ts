// The events of this tick, in order: for telemetry, and for players who take part in an event or see an entity that does.
//
//   | DAMAGE | PHYSICAL | source 12 | target 1000001 | 40 | 31 | 9 | 169 | 0 | 0 | 0 |
//
// While the zone has a watcher, each event is linked into the list of its source's row and the list of its target's row;
// frames.ts takes a watcher's events from these lists. When the area is full, further events are counted as lost.

import {
  COUNTER_EVENTS_LOST,
  EVENT_A,
  EVENT_BYTES,
  EVENT_CAST_BLOCKED_GCD,
  EVENT_CORRECTED,
  EVENT_DAMAGE,
  EVENT_EXPERIENCE,
  EVENT_INFO,
  EVENT_KIND,
  EVENT_LOOT,
  EVENT_MOVED,
  EVENT_REFUSED,
  EVENT_SOURCE,
  EVENT_TARGET,
  EVENT_TRADE,
} from "../abi";
import { Cell, F32, U32 } from "../memory/columns";
import { Counter } from "./counters";
import {
  ENTITY_CHANGED,
  ENTITY_ID,
  ENTITY_X,
  ENTITY_Y,
  ENTITY_Z,
  EVENTS_MAX,
  EVENT_BASE,
  EVENT_FIRST,
  EVENT_NEXT_SOURCE,
  EVENT_NEXT_TARGET,
  EVENT_ROWS,
  EVENT_TOLD,
  HEADER_EVENT_COUNT,
  HEADER_TICK,
  HEADER_WATCHERS,
  ROWS_MAX,
} from "../memory/memory";
import { NO_ROW } from "./entity-rows";

/** Clears the events of the previous tick. */
export function clearEvents(): void {
  Cell.set(HEADER_EVENT_COUNT, 0);
  memory.fill(EVENT_FIRST, 0, ROWS_MAX * 4);
}

/** Writes an event about rows (NO_ROW = no entity); abi.ts defines fields a to e of each kind. */
export function emit(kind: u32, info: u32, source: u32, target: u32, a: u32, b: u32, c: u32, d: u32, e: u32): void {
  record(kind, info, source, target, a, b, c, d, e, 0);
}

/** A swing or spell of source damaged target. */
export function emitDamage(
  source: u32,
  target: u32,
  info: u32,
  base: u32,
  actual: u32,
  absorbed: u32,
  health: u32,
  spell: u32,
): void {
  const through = actual + absorbed;
  const mitigated = base > through ? base - through : 0;
  record(EVENT_DAMAGE, info, source, target, base, actual, mitigated, health, spell, absorbed);
}

function record(kind: u32, info: u32, source: u32, target: u32, a: u32, b: u32, c: u32, d: u32, e: u32, f: u32): void {
  const sourceId = source == NO_ROW ? 0 : U32.get(ENTITY_ID, source);
  const targetId = target == NO_ROW ? 0 : U32.get(ENTITY_ID, target);
  const index = append(kind, info, sourceId, targetId, a, b, c, d, e, f, 0);
  if (index == NO_ROW || Cell.get(HEADER_WATCHERS) == 0) return;
  linkToRows(index, source, isPrivate(kind) ? NO_ROW : target, isPrivate(kind));
}

/** The offer of `maker` to `partner` (NO_ROW when it has left) begins or ends; both are told, and nobody else. */
export function emitTrade(
  how: u32,
  maker: u32,
  partnerId: u32,
  partner: u32,
  number: u32,
  gives: u32,
  gives2: u32,
  wants: u32,
  wants2: u32,
  end: u32,
): void {
  const id = U32.get(ENTITY_ID, maker);
  const index = append(EVENT_TRADE, how, id, partnerId, number, gives, gives2, wants, wants2, end, 0);
  if (index != NO_ROW && Cell.get(HEADER_WATCHERS) != 0) linkToRows(index, maker, partner, true);
}

/** source's command with opcode `op` is refused; subject = spell id or target. */
export function emitRefused(source: u32, reason: u32, op: u32, seq: u32, subject: u32): void {
  Counter.refused(reason);
  emit(EVENT_REFUSED, reason, source, NO_ROW, op, seq, subject, 0, 0);
}

/** As emitRefused, for a session that is not in the zone. */
export function emitRefusedToSession(session: u32, reason: u32, op: u32, seq: u32, subject: u32): void {
  Counter.refused(reason);
  append(EVENT_REFUSED, reason, session, 0, op, seq, subject, 0, 0, 0, 0);
}

/** To telemetry only: a player's old position (the arguments) and new position (the row's). */
export function emitMoved(row: u32, x: f32, y: f32, z: f32): void {
  append(
    EVENT_MOVED,
    0,
    U32.get(ENTITY_ID, row),
    0,
    reinterpret<u32>(x),
    reinterpret<u32>(y),
    reinterpret<u32>(z),
    U32.get(ENTITY_X, row),
    U32.get(ENTITY_Y, row),
    U32.get(ENTITY_Z, row),
    0,
  );
}

/** Sends the session its real position. */
export function emitCorrected(row: u32): void {
  const x = reinterpret<u32>(F32.get(ENTITY_X, row));
  const y = reinterpret<u32>(F32.get(ENTITY_Y, row));
  const z = reinterpret<u32>(F32.get(ENTITY_Z, row));
  emit(EVENT_CORRECTED, 0, row, NO_ROW, x, y, z, 0, 0);
}

/** True if only the sessions of its own rows may get the event at this index, and not those who see them. */
export function isOwnersOnly(index: u32): bool {
  const kind = load<u16>(EVENT_BASE + index * EVENT_BYTES + EVENT_KIND);
  return kind == EVENT_TRADE || isPrivate(kind);
}

/** True for kinds that only the source's own session gets. */
function isPrivate(kind: u32): bool {
  if (kind == EVENT_REFUSED || kind == EVENT_CORRECTED) return true;
  return kind == EVENT_CAST_BLOCKED_GCD || kind == EVENT_EXPERIENCE || kind == EVENT_LOOT;
}

function append(
  kind: u32,
  info: u32,
  source: u32,
  target: u32,
  a: u32,
  b: u32,
  c: u32,
  d: u32,
  e: u32,
  f: u32,
  g: u32,
): u32 {
  const index = Cell.get(HEADER_EVENT_COUNT);
  if (index >= EVENTS_MAX) {
    Counter.add(COUNTER_EVENTS_LOST, 1);
    return NO_ROW;
  }
  Cell.set(HEADER_EVENT_COUNT, index + 1);
  const at = EVENT_BASE + index * EVENT_BYTES;
  store<u16>(at + EVENT_KIND, <u16>kind);
  store<u16>(at + EVENT_INFO, <u16>info);
  store<u32>(at + EVENT_SOURCE, source);
  store<u32>(at + EVENT_TARGET, target);
  store<u32>(at + EVENT_A, a);
  store<u32>(at + EVENT_A + 4, b);
  store<u32>(at + EVENT_A + 8, c);
  store<u32>(at + EVENT_A + 12, d);
  store<u32>(at + EVENT_A + 16, e);
  store<u32>(at + EVENT_A + 20, f);
  store<u32>(at + EVENT_A + 24, g);
  return index;
}

function linkToRows(index: u32, source: u32, target: u32, own: bool): void {
  U32.set(EVENT_TOLD, index, 0);
  U32.set(EVENT_ROWS, index, (source & 0xffff) | (target << 16));
  if (source != NO_ROW) {
    U32.set(EVENT_NEXT_SOURCE, index, U32.get(EVENT_FIRST, source));
    U32.set(EVENT_FIRST, source, index + 1);
    if (!own) U32.set(ENTITY_CHANGED, source, Cell.get(HEADER_TICK));
  }
  if (target != NO_ROW && target != source) {
    U32.set(EVENT_NEXT_TARGET, index, U32.get(EVENT_FIRST, target));
    U32.set(EVENT_FIRST, target, index + 1);
    if (!own) U32.set(ENTITY_CHANGED, target, Cell.get(HEADER_TICK));
  }
}
