// A player goes from one zone to another with its state: health, power, experience, cooldowns, lockouts,
// diminishing returns, auras, what it holds. State of the zone stays behind: target, threat, the cast in progress, the known list.
//
//   zone 1, tick 700: DEPART 12           row 3 of zone 1 is free; the export area has { 12, x, y, z, class, level, ... }
//   zone 2, tick 655: CARRY x 31, ARRIVE  row 9 of zone 2 is 12; a cooldown that had 40 ticks left has 40 ticks left
//
// Both directions walk the same list of columns, so the reader matches the writer; its length must be the one that abi.ts
// reserves. Another module wrote the incoming state: values that this zone can compute do not travel, and the
// rest is clamped (bounds.ts). Each zone counts its own ticks, so a tick travels as its distance from the current one.
// The areas are scratch: a DEPART with its output, and CARRYs with their ARRIVE, belong to one tick, and a replay of that
// tick does the same again.

import {
  DEPARTURE_WORDS,
  ENTITY_DEAD,
  REFUSED_BAD_COMMAND,
  REFUSED_DEAD,
  REFUSED_ZONE_FULL,
  TRANSFER_WALKED,
  TRANSFER_WORDS,
} from "../abi";
import { join, remove } from "./arrivals";
import { Aura, updateControl } from "../combat/auras";
import { Changed, Flag } from "../state/changes";
import { Clock } from "../state/clock";
import { Cell, F32, U32 } from "../memory/columns";
import { boundArrival } from "./bounds";
import { countArrived, countDeparted } from "../items/ledger";
import { Bag } from "../items/stacks";
import { reviveAtSpawn } from "./revival";
import {
  ARRIVAL_BASE,
  AURAS_MAX,
  AURA_AMOUNT,
  AURA_CASTER,
  AURA_END,
  CLASSES_MAX,
  COOLDOWNS_MAX,
  COOLDOWN_END,
  COOLDOWN_SPELL,
  DEPARTURES_MAX,
  DEPARTURE_BASE,
  DEPARTURE_COUNT,
  DIMINISHED_CATEGORIES,
  ENTITY_AURA_COUNT,
  ENTITY_CHANGED_HEALTH,
  ENTITY_GCD_END,
  ENTITY_HEALTH,
  ENTITY_ID,
  ENTITY_KIND,
  ENTITY_LEVEL,
  ENTITY_LOCKED,
  ENTITY_LOCKED_UNTIL,
  ENTITY_POWER,
  ENTITY_SPENT_TICK,
  ENTITY_SWING_NEXT,
  ENTITY_X,
  ENTITY_Y,
  ENTITY_Z,
  PLAYERS_MAX,
  PLAYER_ACK,
  PLAYER_ALIVE_TICK,
  PLAYER_COOLDOWN_COUNT,
  PLAYER_DAMAGE_BOUND,
  PLAYER_DAMAGE_TYPE,
  PLAYER_DEATHS,
  PLAYER_DIMINISHED,
  PLAYER_EXPERIENCE,
  PLAYER_FACE_X,
  PLAYER_FACE_Y,
  PLAYER_OFF_NEXT,
  PLAYER_THREAT_FACTOR,
  SCHOOLS_MAX,
  STACKS_MAX,
  TRANSFER_AT,
  TRANSFER_OUT,
} from "../memory/memory";
import { NO_ROW, rowOf } from "../state/entity-rows";

/** Marks a distance, so that a distance of 0 differs from "no tick". */
const DISTANCE_MARK: u32 = 0x80000000;

/** Clears both areas at the beginning of a tick. */
export function forgetTransfers(): void {
  Cell.set(DEPARTURE_COUNT, 0);
  memory.fill(ARRIVAL_BASE, 0, TRANSFER_WORDS * 4);
}

/** Writes where the player stands and its state to the export area and removes it from the zone. Returns 0 or a REFUSED_*. */
export function depart(row: u32): u32 {
  if (Flag.has(row, ENTITY_DEAD)) return REFUSED_DEAD;
  return exportPlayer(row);
}

/** As `depart`, for a player who leaves the game; a dead one is revived at the spawn point first. Returns 0 or REFUSED_ZONE_FULL. */
export function leaveWithRecord(row: u32): u32 {
  if (Cell.get(DEPARTURE_COUNT) >= DEPARTURES_MAX) return REFUSED_ZONE_FULL;
  if (Flag.has(row, ENTITY_DEAD)) reviveAtSpawn(row);
  return exportPlayer(row);
}

function exportPlayer(row: u32): u32 {
  const count = Cell.get(DEPARTURE_COUNT);
  if (count >= DEPARTURES_MAX) return REFUSED_ZONE_FULL;
  Cell.set(DEPARTURE_COUNT, count + 1);
  const at = DEPARTURE_BASE + count * DEPARTURE_WORDS * 4;
  memory.fill(at, 0, DEPARTURE_WORDS * 4);
  store<u32>(at, U32.get(ENTITY_ID, row));
  store<f32>(at, F32.get(ENTITY_X, row), 4);
  store<f32>(at, F32.get(ENTITY_Y, row), 8);
  store<f32>(at, F32.get(ENTITY_Z, row), 12);
  store<u32>(at, U32.get(ENTITY_KIND, row), 16);
  store<u32>(at, U32.get(ENTITY_LEVEL, row), 20);
  Luggage.open(at + 24, true);
  carryAll(row);
  Luggage.close(at + 16);
  countDeparted(row);
  remove(row);
  return 0;
}

/** Stores four words of the state for this tick's next ARRIVE, from word `index` on; false beyond the last word. */
export function bring(index: u32, words: usize): bool {
  if (index > <u32>TRANSFER_WORDS - 4) return false;
  memory.copy(ARRIVAL_BASE + ((<usize>index) << 2), words, 16);
  return true;
}

/**
 * The player enters with the stored state. Returns 0 or a REFUSED_*. The caller checks id and point. A player of this id who is
 * here already is replaced: an earlier arrival was refused, and a replay through another module let it in.
 */
export function arrive(id: u32, x: f32, y: f32, z: f32, flags: u32): u32 {
  const classIndex = load<u32>(ARRIVAL_BASE);
  const level = load<u32>(ARRIVAL_BASE, 4);
  // No player has level 0: nothing was brought, and a player without a state would begin anew.
  if (classIndex >= CLASSES_MAX || level == 0) return REFUSED_BAD_COMMAND;
  const before = rowOf(id);
  if (before != NO_ROW) remove(before);
  const row = join(id, classIndex, level, x, y, z, flags);
  if (row == NO_ROW) return REFUSED_ZONE_FULL;
  Luggage.open(ARRIVAL_BASE + 8, false);
  carryAll(row);
  Luggage.close(ARRIVAL_BASE);
  memory.fill(ARRIVAL_BASE, 0, TRANSFER_WORDS * 4);
  boundArrival(row);
  updateControl(row);
  Changed.mark(ENTITY_CHANGED_HEALTH, row);
  Changed.self(row);
  Changed.stacks(row);
  countArrived(row);
  return 0;
}

/** Everything after class and level: TRANSFER_VALUES and TRANSFER_TICKS columns, then the lists. */
function carryAll(row: u32): void {
  Luggage.value(ENTITY_HEALTH, row);
  Luggage.value(ENTITY_POWER, row);
  Luggage.value(PLAYER_ACK, row);
  Luggage.value(PLAYER_EXPERIENCE, row);
  Luggage.value(PLAYER_DEATHS, row);
  Luggage.value(PLAYER_DAMAGE_BOUND, row);
  Luggage.value(PLAYER_DAMAGE_TYPE, row);
  Luggage.value(PLAYER_FACE_X, row);
  Luggage.value(PLAYER_FACE_Y, row);
  Luggage.value(PLAYER_THREAT_FACTOR, row);
  Luggage.tick(ENTITY_GCD_END, row);
  Luggage.tick(ENTITY_SPENT_TICK, row);
  Luggage.tick(ENTITY_SWING_NEXT, row);
  Luggage.tick(PLAYER_OFF_NEXT, row);
  Luggage.tick(PLAYER_ALIVE_TICK, row);
  Luggage.tick(ENTITY_LOCKED_UNTIL, row);
  for (let school: u32 = 0; school < SCHOOLS_MAX; school++) Luggage.tick(ENTITY_LOCKED, row * SCHOOLS_MAX + school);
  for (let category: u32 = 0; category < DIMINISHED_CATEGORIES; category++) {
    Luggage.diminished(PLAYER_DIMINISHED + category * PLAYERS_MAX * 4, row);
  }
  Luggage.value(PLAYER_COOLDOWN_COUNT, row);
  for (let slot: u32 = 0; slot < COOLDOWNS_MAX; slot++) {
    Luggage.value(COOLDOWN_SPELL, row * COOLDOWNS_MAX + slot);
    Luggage.tick(COOLDOWN_END, row * COOLDOWNS_MAX + slot);
  }
  Luggage.value(ENTITY_AURA_COUNT, row);
  for (let slot: u32 = 0; slot < AURAS_MAX; slot++) {
    const aura = Aura.at(row, slot);
    Luggage.value(aura, 0); // spell and stacks
    Luggage.value(aura + AURA_CASTER, 0);
    Luggage.tick(aura + AURA_END, 0);
    Luggage.value(aura + AURA_AMOUNT, 0);
  }
  for (let place: u32 = 0; place < STACKS_MAX; place++) Luggage.value(Bag.of(row), place);
}

/** The position in the area, and the direction: writing or reading. */
class Luggage {
  static open(at: usize, out: bool): void {
    Cell.set(TRANSFER_AT, <u32>at);
    Cell.set(TRANSFER_OUT, out ? 1 : 0);
  }
  @inline static isOut(): bool {
    return Cell.get(TRANSFER_OUT) != 0;
  }
  /** The walk that began at `base` must end exactly at the end of its area, because another area follows. */
  static close(base: usize): void {
    assert(<usize>Cell.get(TRANSFER_AT) == base + TRANSFER_WALKED * 4, "abi.ts counts other words than are walked");
  }
  /** The address of the next word. */
  static next(): usize {
    const at = Cell.get(TRANSFER_AT);
    Cell.set(TRANSFER_AT, at + 4);
    return at;
  }
  static value(column: usize, index: u32): void {
    const at = Luggage.next();
    if (Luggage.isOut()) store<u32>(at, U32.get(column, index));
    else U32.set(column, index, load<u32>(at));
  }
  /** 0 is no tick, and stays 0. */
  static tick(column: usize, index: u32): void {
    const at = Luggage.next();
    if (Luggage.isOut()) store<u32>(at, distanceOf(U32.get(column, index)));
    else U32.set(column, index, tickAt(load<u32>(at)));
  }
  /** A column of tick << 2 | number of applications, carried as two words. */
  static diminished(column: usize, index: u32): void {
    const tick = Luggage.next();
    const often = Luggage.next();
    if (Luggage.isOut()) {
      store<u32>(tick, distanceOf(U32.get(column, index) >> 2));
      store<u32>(often, U32.get(column, index) & 3);
    } else U32.set(column, index, (tickAt(load<u32>(tick)) << 2) | (load<u32>(often) & 3));
  }
}

function distanceOf(tick: u32): u32 {
  return tick == 0 ? 0 : (tick - Clock.now()) ^ DISTANCE_MARK;
}

/** A past tick may be before the first tick of a younger zone; then the result is that first tick. */
function tickAt(distance: u32): u32 {
  if (distance == 0) return 0;
  const tick = <i64>Clock.now() + <i64>(<i32>(distance ^ DISTANCE_MARK));
  return <u32>max<i64>(tick, 1);
}
