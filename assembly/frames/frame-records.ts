// Writes the records of a frame, in the forms of abi.ts. Each function takes the address to write to and returns the address after the record.

import {
  CHANGE_CAST,
  CHANGE_FLAGS,
  CHANGE_HEALTH,
  CHANGE_POSITION,
  CHANGE_TARGET,
  EVENT_BYTES,
  EVENT_INFO,
  EVENT_KIND,
  EVENT_SOURCE,
  RECORD_AURAS,
  RECORD_CHANGE,
  RECORD_ENTER,
  RECORD_EVENT,
  RECORD_LEAVE,
  RECORD_PACE,
  RECORD_RESET,
  RECORD_SELF,
  RECORD_STACKS,
} from "../abi";
import { Aura } from "../combat/auras";
import { Cell, U32 } from "../memory/columns";
import {
  ENTITY_AURA_COUNT,
  ENTITY_CAST_END,
  ENTITY_CAST_SPELL,
  ENTITY_CHANGED_AURAS,
  ENTITY_CHANGED_CAST,
  ENTITY_CHANGED_FLAGS,
  ENTITY_CHANGED_HEALTH,
  ENTITY_CHANGED_POSITION,
  ENTITY_CHANGED_TARGET,
  ENTITY_FLAGS,
  ENTITY_GCD_END,
  ENTITY_HEALTH,
  ENTITY_ID,
  ENTITY_KIND,
  ENTITY_LEVEL,
  ENTITY_MAX_HEALTH,
  ENTITY_MAX_POWER,
  ENTITY_POWER,
  ENTITY_TARGET,
  ENTITY_X,
  ENTITY_Y,
  ENTITY_Z,
  EVENT_BASE,
  OVERLOAD_LEVEL,
  STACKS_MAX,
  STACK_BASE,
} from "../memory/memory";
import { Overload } from "../state/overload";

/** kind | length in words << 8 | info << 16. */
class Head {
  @inline static put(at: usize, kind: u32, words: u32, info: u32): void {
    store<u32>(at, kind | (words << 8) | (info << 16));
  }
}

export function putReset(at: usize): usize {
  Head.put(at, RECORD_RESET, 1, 0);
  return at + 4;
}

/** The rate of game time and the sight, when they are not normal or have just become normal. */
export function putPace(at: usize): usize {
  Head.put(at, RECORD_PACE, 3, Cell.get(OVERLOAD_LEVEL));
  store<f32>(at, Overload.rate(), 4);
  store<f32>(at, Overload.sight(), 8);
  return at + 12;
}

export function putSelf(at: usize, row: u32): usize {
  const casting = U32.get(ENTITY_CAST_END, row) != 0;
  Head.put(at, RECORD_SELF, 9, 0);
  store<u32>(at, U32.get(ENTITY_HEALTH, row), 4);
  store<u32>(at, U32.get(ENTITY_MAX_HEALTH, row), 8);
  store<u32>(at, U32.get(ENTITY_POWER, row), 12);
  store<u32>(at, U32.get(ENTITY_MAX_POWER, row), 16);
  store<u32>(at, U32.get(ENTITY_TARGET, row), 20);
  store<u32>(at, casting ? U32.get(ENTITY_CAST_SPELL, row) : 0, 24);
  store<u32>(at, U32.get(ENTITY_CAST_END, row), 28);
  store<u32>(at, U32.get(ENTITY_GCD_END, row), 32);
  return at + 36;
}

/** The stacks that the session's player holds. At most 40 bytes. */
export function putStacks(start: usize, row: u32): usize {
  let at = start + 4;
  for (let place: u32 = 0; place < STACKS_MAX; place++) {
    const stack = U32.get(STACK_BASE, row * STACKS_MAX + place);
    if (stack == 0) continue;
    store<u32>(at, stack);
    at += 4;
  }
  const words = (<u32>(at - start)) >> 2;
  Head.put(start, RECORD_STACKS, words, words - 1);
  return at;
}

export function putEnter(at: usize, row: u32): usize {
  Head.put(at, RECORD_ENTER, 9, U32.get(ENTITY_KIND, row));
  store<u32>(at, U32.get(ENTITY_ID, row), 4);
  putPosition(at + 8, row);
  store<u32>(at, U32.get(ENTITY_HEALTH, row), 20);
  store<u32>(at, U32.get(ENTITY_MAX_HEALTH, row), 24);
  store<u32>(at, U32.get(ENTITY_TARGET, row), 28);
  store<u32>(at, levelAndFlags(row), 32);
  return at + 36;
}

export function putLeave(at: usize, id: u32): usize {
  Head.put(at, RECORD_LEAVE, 2, 0);
  store<u32>(at, id, 4);
  return at + 8;
}

export function putEvent(at: usize, event: u32): usize {
  const from: usize = EVENT_BASE + event * EVENT_BYTES;
  const info = (<u32>load<u16>(from + EVENT_KIND)) | ((<u32>load<u16>(from + EVENT_INFO)) << 8);
  Head.put(at, RECORD_EVENT, 10, info);
  memory.copy(at + 4, from + EVENT_SOURCE, EVENT_BYTES - EVENT_SOURCE);
  return at + EVENT_BYTES;
}

/** A change of position alone, for the session's own entity. */
export function putOwnPosition(at: usize, row: u32): usize {
  Head.put(at, RECORD_CHANGE, 5, CHANGE_POSITION);
  store<u32>(at, U32.get(ENTITY_ID, row), 4);
  return putPosition(at + 8, row);
}

/** The cast in progress of an entity that enters. */
export function putCast(at: usize, row: u32): usize {
  Head.put(at, RECORD_CHANGE, 4, CHANGE_CAST);
  store<u32>(at, U32.get(ENTITY_ID, row), 4);
  return putPair(at + 8, U32.get(ENTITY_CAST_SPELL, row), U32.get(ENTITY_CAST_END, row));
}

/** The auras on an entity. At most 104 bytes. */
export function putAuras(start: usize, row: u32): usize {
  const count = U32.get(ENTITY_AURA_COUNT, row);
  Head.put(start, RECORD_AURAS, 2 + 3 * count, count);
  store<u32>(start, U32.get(ENTITY_ID, row), 4);
  let at = start + 8;
  for (let slot: u32 = 0; slot < count; slot++) {
    const aura = Aura.at(row, slot);
    store<u32>(at, Aura.spell(aura) | (Aura.stacks(aura) << 16));
    store<u32>(at, Aura.end(aura), 4);
    store<u32>(at, Aura.caster(aura), 8);
    at += 12;
  }
  return at;
}

/** The changes of a row after tick `told`; writes nothing if there are none. At most 148 bytes. */
export function putChange(start: usize, row: u32, told: u32): usize {
  const at = putFields(start, row, told);
  return U32.get(ENTITY_CHANGED_AURAS, row) > told ? putAuras(at, row) : at;
}

function putFields(start: usize, row: u32, told: u32): usize {
  let mask: u32 = 0;
  let at = start + 8;
  if (U32.get(ENTITY_CHANGED_POSITION, row) > told) {
    mask |= CHANGE_POSITION;
    at = putPosition(at, row);
  }
  if (U32.get(ENTITY_CHANGED_HEALTH, row) > told) {
    mask |= CHANGE_HEALTH;
    at = putPair(at, U32.get(ENTITY_HEALTH, row), U32.get(ENTITY_MAX_HEALTH, row));
  }
  if (U32.get(ENTITY_CHANGED_FLAGS, row) > told) {
    mask |= CHANGE_FLAGS;
    store<u32>(at, levelAndFlags(row));
    at += 4;
  }
  if (U32.get(ENTITY_CHANGED_TARGET, row) > told) {
    mask |= CHANGE_TARGET;
    store<u32>(at, U32.get(ENTITY_TARGET, row));
    at += 4;
  }
  if (U32.get(ENTITY_CHANGED_CAST, row) > told) {
    const end = U32.get(ENTITY_CAST_END, row);
    mask |= CHANGE_CAST;
    at = putPair(at, end == 0 ? 0 : U32.get(ENTITY_CAST_SPELL, row), end);
  }
  if (mask == 0) return start;
  Head.put(start, RECORD_CHANGE, (<u32>(at - start)) >> 2, mask);
  store<u32>(start, U32.get(ENTITY_ID, row), 4);
  return at;
}

function putPosition(at: usize, row: u32): usize {
  store<u32>(at, U32.get(ENTITY_X, row));
  store<u32>(at, U32.get(ENTITY_Y, row), 4);
  store<u32>(at, U32.get(ENTITY_Z, row), 8);
  return at + 12;
}

function putPair(at: usize, first: u32, second: u32): usize {
  store<u32>(at, first);
  store<u32>(at, second, 4);
  return at + 8;
}

function levelAndFlags(row: u32): u32 {
  return U32.get(ENTITY_LEVEL, row) | (U32.get(ENTITY_FLAGS, row) << 8);
}
