// Entities that enter and leave the zone: players by JOIN and LEAVE, creatures by SPAWN and DESPAWN. A row is zeroed when
// it is given to an entity, so nothing of its last owner is left in it.

import { ENTITY_PHANTOM, ENTITY_PLAYER, JOIN_GUEST, JOIN_WATCHES, TRADE_ENDED_BY_LEAVING } from "../abi";
import { Aura } from "../combat/auras";
import { Changed } from "../state/changes";
import { Clock } from "../state/clock";
import { Cell, F32, U32 } from "../memory/columns";
import { pauseProximityAggro } from "../state/creature-states";
import { leaveThreatTables, clearThreat } from "../combat/threat";
import { countDestroyed } from "../items/ledger";
import { BAG_BYTES, Bag } from "../items/stacks";
import { endOffer } from "../items/trade";
import {
  AURAS_MAX,
  AURA_BYTES,
  CLASS_THREAT_FACTOR,
  COOLDOWNS_MAX,
  COOLDOWN_END,
  COOLDOWN_SPELL,
  CREATURES_MAX,
  CREATURE_COLUMNS_END,
  CREATURE_HOME_X,
  CREATURE_HOME_Y,
  CREATURE_HOME_Z,
  CREATURE_STATE,
  ENTITY_ARMOR,
  ENTITY_COLUMNS_END,
  ENTITY_DAMAGE_MAX,
  ENTITY_DAMAGE_MIN,
  ENTITY_FLAGS,
  ENTITY_HEALTH,
  ENTITY_ID,
  ENTITY_KIND,
  ENTITY_LEVEL,
  ENTITY_LOCKED,
  ENTITY_LOCKED_STRIDE,
  ENTITY_MAX_HEALTH,
  ENTITY_MELEE_RANGE,
  ENTITY_MOVED_TICK,
  ENTITY_POWER,
  ENTITY_RESISTANCE,
  ENTITY_SINCE,
  ENTITY_SPEED,
  ENTITY_SWING_TICKS,
  ENTITY_X,
  ENTITY_Y,
  ENTITY_Z,
  EVENT_FIRST,
  HEADER_CREATURES,
  HEADER_PLAYERS,
  HEADER_WATCHERS,
  KNOWN_ID,
  KNOWN_MAX,
  KNOWN_ROW,
  PLAYERS_MAX,
  PLAYER_COLUMNS_END,
  PLAYER_FLAGS,
  PLAYER_KNOWN_COUNT,
  PLAYER_THREAT_FACTOR,
  ROWS_MAX,
  TEMPLATE_ARMOR,
  TEMPLATE_BASE,
  TEMPLATE_DAMAGE_MAX,
  TEMPLATE_DAMAGE_MIN,
  TEMPLATE_HEALTH,
  TEMPLATE_LEVEL,
  TEMPLATE_RESISTANCE,
  TEMPLATE_SPEED,
  TEMPLATE_STRIDE,
  TEMPLATE_SWING_TICKS,
  THREAT_MAX,
  THREAT_ROW,
  THREAT_VALUE,
} from "../memory/memory";
import { PLAYER_GUEST, PLAYER_RESCAN, PLAYER_RESET, PLAYER_SLOW, PLAYER_WATCHES } from "../state/player-flags";
import { Row, freeRow, takeCreatureRow, takePlayerRow } from "../state/entity-rows";
import { PLAYER_LEVEL_MAX } from "../combat/experience";
import { PlayerClass, updateStats, startingPower } from "../combat/stats";
import { inWorld } from "../space/space";
import { RUN_SPEED } from "../space/walking";

/** Three above the players'. */
const CREATURE_LEVEL_MAX: u32 = PLAYER_LEVEL_MAX + 3;
/** Yards. */
const CREATURE_MELEE_RANGE: f32 = 5;

/** Row of the new player, or NO_ROW when the zone is full. id must not be in the zone; x, y, z must be finite. */
export function join(id: u32, classIndex: u32, level: u32, x: f32, y: f32, z: f32, flags: u32): u32 {
  const row = takePlayerRow(id);
  if (row >= ROWS_MAX) return row;
  clearRow(row);
  U32.set(ENTITY_KIND, row, classIndex);
  U32.set(ENTITY_LEVEL, row, min<u32>(max<u32>(level, 1), PLAYER_LEVEL_MAX));
  U32.set(ENTITY_FLAGS, row, ENTITY_PLAYER);
  putAt(row, x, y, z);
  updateStats(row);
  U32.set(ENTITY_HEALTH, row, U32.get(ENTITY_MAX_HEALTH, row));
  U32.set(ENTITY_POWER, row, startingPower(row));
  F32.set(PLAYER_THREAT_FACTOR, row, load<f32>(PlayerClass.at(row) + CLASS_THREAT_FACTOR));
  F32.set(ENTITY_SPEED, row, RUN_SPEED);
  if ((flags & JOIN_GUEST) != 0) U32.set(PLAYER_FLAGS, row, PLAYER_GUEST);
  if ((flags & JOIN_WATCHES) != 0) watch(row, false);
  Cell.add(HEADER_PLAYERS, 1);
  return row;
}

/** Row of the new creature, or NO_ROW when the zone is full. id must not be in the zone; x, y, z must be finite. */
export function spawn(id: u32, template: u32, x: f32, y: f32, z: f32, phantom: bool): u32 {
  const row = takeCreatureRow(id);
  if (row >= ROWS_MAX) return row;
  clearRow(row);
  U32.set(ENTITY_KIND, row, template);
  U32.set(ENTITY_FLAGS, row, phantom ? ENTITY_PHANTOM : 0);
  putAt(row, x, y, z);
  const sheet: usize = TEMPLATE_BASE + template * TEMPLATE_STRIDE;
  const health = max<u32>(load<u32>(sheet + TEMPLATE_HEALTH), 1);
  U32.set(ENTITY_LEVEL, row, min<u32>(max<u32>(load<u32>(sheet + TEMPLATE_LEVEL), 1), CREATURE_LEVEL_MAX));
  U32.set(ENTITY_HEALTH, row, health);
  U32.set(ENTITY_MAX_HEALTH, row, health);
  U32.set(ENTITY_ARMOR, row, load<u32>(sheet + TEMPLATE_ARMOR));
  U32.set(ENTITY_RESISTANCE, row, load<u32>(sheet + TEMPLATE_RESISTANCE));
  U32.set(ENTITY_SWING_TICKS, row, max<u32>(load<u32>(sheet + TEMPLATE_SWING_TICKS), 1));
  U32.set(ENTITY_DAMAGE_MIN, row, load<u32>(sheet + TEMPLATE_DAMAGE_MIN));
  U32.set(ENTITY_DAMAGE_MAX, row, load<u32>(sheet + TEMPLATE_DAMAGE_MAX));
  F32.set(ENTITY_MELEE_RANGE, row, CREATURE_MELEE_RANGE);
  F32.set(ENTITY_SPEED, row, load<f32>(sheet + TEMPLATE_SPEED));
  const index = Row.creatureIndex(row);
  F32.set(CREATURE_HOME_X, index, F32.get(ENTITY_X, row));
  F32.set(CREATURE_HOME_Y, index, F32.get(ENTITY_Y, row));
  F32.set(CREATURE_HOME_Z, index, F32.get(ENTITY_Z, row));
  pauseProximityAggro(index);
  Cell.add(HEADER_CREATURES, 1);
  return row;
}

/** Removes an entity from the zone, with what it holds; watchers get its LEAVE record. */
export function remove(row: u32): void {
  if (Row.isCreature(row)) {
    clearThreat(row);
    Cell.set(HEADER_CREATURES, Cell.get(HEADER_CREATURES) - 1);
  } else {
    leaveThreatTables(row);
    endOffer(row, TRADE_ENDED_BY_LEAVING);
    countDestroyed(row);
    unwatch(row);
    Cell.set(HEADER_PLAYERS, Cell.get(HEADER_PLAYERS) - 1);
  }
  freeRow(row);
  clearRow(row);
  Changed.everything(row);
}

/** From now on the player gets frames; the first one has the full state. */
export function watch(row: u32, isSlow: bool): void {
  const flags = (U32.get(PLAYER_FLAGS, row) & ~PLAYER_SLOW) | (isSlow ? PLAYER_SLOW : 0);
  if ((flags & PLAYER_WATCHES) == 0) Cell.add(HEADER_WATCHERS, 1);
  U32.set(PLAYER_FLAGS, row, flags | PLAYER_WATCHES | PLAYER_RESET | PLAYER_RESCAN);
  U32.set(PLAYER_KNOWN_COUNT, row, 0);
}

export function unwatch(row: u32): void {
  const flags = U32.get(PLAYER_FLAGS, row);
  if ((flags & PLAYER_WATCHES) != 0) Cell.set(HEADER_WATCHERS, Cell.get(HEADER_WATCHERS) - 1);
  U32.set(PLAYER_FLAGS, row, flags & PLAYER_GUEST);
  U32.set(PLAYER_KNOWN_COUNT, row, 0);
}

function putAt(row: u32, x: f32, y: f32, z: f32): void {
  F32.set(ENTITY_X, row, inWorld(x));
  F32.set(ENTITY_Y, row, inWorld(y));
  F32.set(ENTITY_Z, row, inWorld(z));
  U32.set(ENTITY_MOVED_TICK, row, Clock.now());
  Changed.everything(row);
}

/** Zeroes everything of a row except its id and the tick of this change: columns, lists to their full length, events of this tick. */
function clearRow(row: u32): void {
  const id = U32.get(ENTITY_ID, row);
  for (let column = ENTITY_ID; column < ENTITY_COLUMNS_END; column += ROWS_MAX * 4) U32.set(column, row, 0);
  U32.set(ENTITY_ID, row, id);
  U32.set(ENTITY_SINCE, row, Clock.now());
  memory.fill(ENTITY_LOCKED + row * ENTITY_LOCKED_STRIDE, 0, ENTITY_LOCKED_STRIDE);
  memory.fill(Aura.at(row, 0), 0, AURAS_MAX * AURA_BYTES);
  // A player who gets the row in this same tick must not receive the events and refusals of its previous owner.
  U32.set(EVENT_FIRST, row, 0);
  if (Row.isCreature(row)) {
    const index = Row.creatureIndex(row);
    for (let column = CREATURE_STATE; column < CREATURE_COLUMNS_END; column += CREATURES_MAX * 4) {
      U32.set(column, index, 0);
    }
    memory.fill(THREAT_VALUE + index * THREAT_MAX * 4, 0, THREAT_MAX * 4);
    memory.fill(THREAT_ROW + index * THREAT_MAX * 2, 0, THREAT_MAX * 2);
  } else {
    for (let column = PLAYER_FLAGS; column < PLAYER_COLUMNS_END; column += PLAYERS_MAX * 4) U32.set(column, row, 0);
    memory.fill(COOLDOWN_SPELL + row * COOLDOWNS_MAX * 4, 0, COOLDOWNS_MAX * 4);
    memory.fill(COOLDOWN_END + row * COOLDOWNS_MAX * 4, 0, COOLDOWNS_MAX * 4);
    memory.fill(KNOWN_ID + row * KNOWN_MAX * 4, 0, KNOWN_MAX * 4);
    memory.fill(KNOWN_ROW + row * KNOWN_MAX * 2, 0, KNOWN_MAX * 2);
    memory.fill(Bag.of(row), 0, BAG_BYTES);
  }
}
