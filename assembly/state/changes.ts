// The tick of an entity's last change, for each kind of change. A watcher gets the changes after the tick of its last
// frame; see frames.ts. Every write to a column that watchers see goes through this file.
//
//   setHealth(7, 80) in tick 500  ->  HEALTH 80, CHANGED_HEALTH 500, CHANGED 500, SELF_CHANGED 500 (row 7 is a player)

import { F32, Cell, U32 } from "../memory/columns";
import {
  ENTITY_CAST_END,
  ENTITY_CAST_SPELL,
  ENTITY_CAST_TARGET,
  ENTITY_CAST_TICKS,
  ENTITY_CHANGED,
  ENTITY_CHANGED_AURAS,
  ENTITY_CHANGED_CAST,
  ENTITY_CHANGED_FLAGS,
  ENTITY_CHANGED_HEALTH,
  ENTITY_CHANGED_POSITION,
  ENTITY_CHANGED_TARGET,
  ENTITY_CHANNEL_NEXT,
  ENTITY_FLAGS,
  ENTITY_GCD_END,
  ENTITY_HEALTH,
  ENTITY_POWER,
  ENTITY_PUSHED,
  ENTITY_TARGET,
  ENTITY_X,
  ENTITY_Y,
  ENTITY_Z,
  HEADER_TICK,
  PLAYERS_MAX,
  PLAYER_SELF_CHANGED,
  PLAYER_STACKS_CHANGED,
} from "../memory/memory";

/** Notes a change in one of the ENTITY_CHANGED_* columns. */
export class Changed {
  @inline static mark(column: usize, row: u32): void {
    const tick = Cell.get(HEADER_TICK);
    U32.set(column, row, tick);
    U32.set(ENTITY_CHANGED, row, tick);
  }
  /** A change that only the player itself sees. */
  @inline static self(row: u32): void {
    if (row < PLAYERS_MAX) U32.set(PLAYER_SELF_CHANGED, row, Cell.get(HEADER_TICK));
  }
  /** A change to what the player holds. */
  @inline static stacks(player: u32): void {
    U32.set(PLAYER_STACKS_CHANGED, player, Cell.get(HEADER_TICK));
  }
  /** Marks all columns as changed: for a row that an entity has just been given. */
  static everything(row: u32): void {
    Changed.mark(ENTITY_CHANGED_POSITION, row);
    Changed.mark(ENTITY_CHANGED_HEALTH, row);
    Changed.mark(ENTITY_CHANGED_FLAGS, row);
    Changed.mark(ENTITY_CHANGED_TARGET, row);
    Changed.mark(ENTITY_CHANGED_CAST, row);
    Changed.mark(ENTITY_CHANGED_AURAS, row);
    Changed.self(row);
  }
}

export function setPosition(row: u32, x: f32, y: f32, z: f32): void {
  F32.set(ENTITY_X, row, x);
  F32.set(ENTITY_Y, row, y);
  F32.set(ENTITY_Z, row, z);
  Changed.mark(ENTITY_CHANGED_POSITION, row);
}

export function setHealth(row: u32, health: u32): void {
  if (U32.get(ENTITY_HEALTH, row) == health) return;
  U32.set(ENTITY_HEALTH, row, health);
  Changed.mark(ENTITY_CHANGED_HEALTH, row);
  Changed.self(row);
}

export function setPower(row: u32, power: u32): void {
  if (U32.get(ENTITY_POWER, row) == power) return;
  U32.set(ENTITY_POWER, row, power);
  Changed.self(row);
}

/** target: an entity id, 0 = none. */
export function setTarget(row: u32, target: u32): void {
  if (U32.get(ENTITY_TARGET, row) == target) return;
  U32.set(ENTITY_TARGET, row, target);
  Changed.mark(ENTITY_CHANGED_TARGET, row);
  Changed.self(row);
}

export function setFlags(row: u32, flags: u32): void {
  if (U32.get(ENTITY_FLAGS, row) == flags) return;
  U32.set(ENTITY_FLAGS, row, flags);
  Changed.mark(ENTITY_CHANGED_FLAGS, row);
}

export class Flag {
  @inline static has(row: u32, flag: u32): bool {
    return (U32.get(ENTITY_FLAGS, row) & flag) != 0;
  }
  static raise(row: u32, flag: u32): void {
    setFlags(row, U32.get(ENTITY_FLAGS, row) | flag);
  }
  static lower(row: u32, flag: u32): void {
    setFlags(row, U32.get(ENTITY_FLAGS, row) & ~flag);
  }
}

export function setGcdEnd(row: u32, tick: u32): void {
  if (U32.get(ENTITY_GCD_END, row) == tick) return;
  U32.set(ENTITY_GCD_END, row, tick);
  Changed.self(row);
}

/** A cast begins; endTick > 0. */
export function setCast(row: u32, spell: u32, target: u32, ticks: u32, endTick: u32): void {
  U32.set(ENTITY_CAST_SPELL, row, spell);
  U32.set(ENTITY_CAST_TARGET, row, target);
  U32.set(ENTITY_CAST_TICKS, row, ticks);
  U32.set(ENTITY_CAST_END, row, endTick);
  U32.set(ENTITY_PUSHED, row, 0);
  Changed.mark(ENTITY_CHANGED_CAST, row);
  Changed.self(row);
}

export function clearCast(row: u32): void {
  if (U32.get(ENTITY_CAST_END, row) == 0) return;
  U32.set(ENTITY_CAST_END, row, 0);
  U32.set(ENTITY_CHANNEL_NEXT, row, 0);
  Changed.mark(ENTITY_CHANGED_CAST, row);
  Changed.self(row);
}

/** The cast in progress ends at another time. */
export function setCastEnd(row: u32, endTick: u32): void {
  if (U32.get(ENTITY_CAST_END, row) == endTick) return;
  U32.set(ENTITY_CAST_END, row, endTick);
  Changed.mark(ENTITY_CHANGED_CAST, row);
  Changed.self(row);
}
