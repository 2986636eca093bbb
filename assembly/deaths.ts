// Phase: deaths and respawns. Corpses vanish, creatures come back at their spawn point. Players come back in one of two ways:
//
//   release             alive at the zone's spawn point; guests by themselves after 10 s, all at the latest after 6 min
//   release as a ghost  walks from the spawn point to its body, and reclaims it 30 s after the death, or 60, or 120

import {
  COUNTER_REVIVED,
  ENTITY_DEAD,
  ENTITY_GHOST,
  EVENT_REVIVED,
  PHASE_DEATHS,
  REFUSED_INVALID_TARGET,
  REFUSED_ON_COOLDOWN,
  REFUSED_OUT_OF_RANGE,
} from "./abi";
import { Changed, Flag, setFlags, setHealth, setPosition } from "./changes";
import { Clock } from "./clock";
import { Cell, F32, U32 } from "./columns";
import { Counter } from "./counters";
import { emit } from "./events";
import {
  CREATURE_HOME_X,
  CREATURE_HOME_Y,
  CREATURE_HOME_Z,
  CREATURE_NEAR_TICK,
  CREATURE_RESPAWN_TICK,
  CREATURE_STATE,
  CREATURE_TIMER,
  CREATURE_WAKES_TICK,
  ENTITY_CHANGED_FLAGS,
  ENTITY_DEATH_TICK,
  ENTITY_ID,
  ENTITY_MAX_HEALTH,
  ENTITY_MOVED_TICK,
  ENTITY_MOVING,
  ENTITY_X,
  ENTITY_Y,
  ENTITY_Z,
  HEADER_CREATURES_HIGH,
  HEADER_PLAYERS_HIGH,
  HEADER_SPAWN_X,
  HEADER_SPAWN_Y,
  HEADER_SPAWN_Z,
  PLAYER_ALIVE_TICK,
  PLAYER_BODY_X,
  PLAYER_BODY_Y,
  PLAYER_BODY_Z,
  PLAYER_DEATHS,
  PLAYER_FLAGS,
} from "./memory";
import { PLAYER_GUEST } from "./arrivals";
import { Note } from "./note";
import { NO_ROW, Row } from "./rows";
import { inWorld, isFinitePoint } from "./space";
import { CREATURE_CORPSE, CREATURE_GONE, CREATURE_IDLE } from "./states";

/** Seconds dead before a player may release, before a guest revives, and before anybody does. */
const RELEASE_SECONDS: u32 = 2;
const GUEST_SECONDS: u32 = 10;
const FORCED_SECONDS: u32 = 360;
/** Seconds between death and reclaiming one's body, for deaths in a row: 30, 60, 120. */
const RECLAIM_SECONDS: u32 = 30;
const RECLAIM_DOUBLINGS: u32 = 2;
/** A death within so many seconds of the last return to life is one in a row. */
const ROW_SECONDS: u32 = 300;
/** Yards from the body within which a ghost may reclaim it. */
const RECLAIM_YARDS: f32 = 39;
/** Seconds a creature that came back minds nobody's nearness. */
const WAKE_SECONDS: u32 = 5;

export function deathsAndRespawns(): void {
  Note.phase(PHASE_DEATHS);
  const players = Cell.get(HEADER_PLAYERS_HIGH);
  for (let row: u32 = 0; row < players; row++) {
    if (Flag.has(row, ENTITY_DEAD) && U32.get(ENTITY_ID, row) != 0) waitForRevival(row);
  }
  const creatures = Cell.get(HEADER_CREATURES_HIGH);
  for (let index: u32 = 0; index < creatures; index++) {
    if (U32.get(CREATURE_STATE, index) >= CREATURE_CORPSE) waitForRespawn(Row.ofCreature(index), index);
  }
}

/** A player died: one more in a row, or the first. */
export function countDeath(row: u32): void {
  const alive = U32.get(PLAYER_ALIVE_TICK, row);
  const inRow = alive != 0 && Clock.now() - alive < Clock.seconds(ROW_SECONDS);
  U32.set(PLAYER_DEATHS, row, inRow ? U32.get(PLAYER_DEATHS, row) + 1 : 1);
}

/** The dead gives up its body: alive at the spawn point, or a ghost there; 0, or why not. */
export function release(row: u32, asGhost: bool): u32 {
  if (!Flag.has(row, ENTITY_DEAD)) return REFUSED_INVALID_TARGET;
  if (deadFor(row) < Clock.seconds(RELEASE_SECONDS)) return REFUSED_ON_COOLDOWN;
  if (!asGhost) reviveAtSpawn(row);
  else if (Flag.has(row, ENTITY_GHOST)) return REFUSED_INVALID_TARGET;
  else rise(row);
  return 0;
}

/** The ghost lives again where its body lies; 0, or why not. */
export function reclaim(row: u32): u32 {
  if (!Flag.has(row, ENTITY_GHOST)) return REFUSED_INVALID_TARGET;
  const doublings = min<u32>(max<u32>(U32.get(PLAYER_DEATHS, row), 1) - 1, RECLAIM_DOUBLINGS);
  if (deadFor(row) < Clock.seconds(RECLAIM_SECONDS << doublings)) return REFUSED_ON_COOLDOWN;
  const x = F32.get(PLAYER_BODY_X, row);
  const y = F32.get(PLAYER_BODY_Y, row);
  const dx = x - F32.get(ENTITY_X, row);
  const dy = y - F32.get(ENTITY_Y, row);
  if (dx * dx + dy * dy > RECLAIM_YARDS * RECLAIM_YARDS) return REFUSED_OUT_OF_RANGE;
  setPosition(row, x, y, F32.get(PLAYER_BODY_Z, row));
  revive(row);
  return 0;
}

function deadFor(row: u32): u32 {
  return Clock.now() - U32.get(ENTITY_DEATH_TICK, row);
}

function waitForRevival(row: u32): void {
  const guest = (U32.get(PLAYER_FLAGS, row) & PLAYER_GUEST) != 0;
  if (deadFor(row) >= Clock.seconds(guest ? GUEST_SECONDS : FORCED_SECONDS)) reviveAtSpawn(row);
}

/** Becomes a ghost at the spawn point; the body stays. */
function rise(row: u32): void {
  F32.set(PLAYER_BODY_X, row, F32.get(ENTITY_X, row));
  F32.set(PLAYER_BODY_Y, row, F32.get(ENTITY_Y, row));
  F32.set(PLAYER_BODY_Z, row, F32.get(ENTITY_Z, row));
  Flag.raise(row, ENTITY_GHOST);
  goToSpawn(row);
}

function goToSpawn(row: u32): void {
  const x = load<f32>(HEADER_SPAWN_X);
  const y = load<f32>(HEADER_SPAWN_Y);
  const z = load<f32>(HEADER_SPAWN_Z);
  if (isFinitePoint(x, y, z)) setPosition(row, inWorld(x), inWorld(y), inWorld(z));
  U32.set(ENTITY_MOVED_TICK, row, Clock.now());
  U32.set(ENTITY_MOVING, row, 0);
}

function reviveAtSpawn(row: u32): void {
  goToSpawn(row);
  revive(row);
}

/** Alive again where it is, with half its health. */
function revive(row: u32): void {
  U32.set(PLAYER_ALIVE_TICK, row, Clock.now());
  Flag.lower(row, ENTITY_DEAD | ENTITY_GHOST);
  setHealth(row, max<u32>(U32.get(ENTITY_MAX_HEALTH, row) / 2, 1));
  Counter.add(COUNTER_REVIVED, 1);
  emit(EVENT_REVIVED, 0, row, NO_ROW, 0, 0, 0, 0, 0);
}

function waitForRespawn(row: u32, index: u32): void {
  if (U32.get(ENTITY_ID, row) == 0) return;
  Note.entity(U32.get(ENTITY_ID, row));
  if (Clock.now() >= U32.get(CREATURE_RESPAWN_TICK, index)) return respawn(row, index);
  if (U32.get(CREATURE_STATE, index) == CREATURE_CORPSE && Clock.now() >= U32.get(CREATURE_TIMER, index)) {
    U32.set(CREATURE_STATE, index, CREATURE_GONE);
    Changed.mark(ENTITY_CHANGED_FLAGS, row);
  }
}

function respawn(row: u32, index: u32): void {
  U32.set(CREATURE_STATE, index, CREATURE_IDLE);
  U32.set(CREATURE_TIMER, index, 0);
  U32.set(CREATURE_NEAR_TICK, index, 0);
  U32.set(CREATURE_WAKES_TICK, index, Clock.now() + Clock.seconds(WAKE_SECONDS));
  setPosition(row, F32.get(CREATURE_HOME_X, index), F32.get(CREATURE_HOME_Y, index), F32.get(CREATURE_HOME_Z, index));
  setFlags(row, 0);
  setHealth(row, U32.get(ENTITY_MAX_HEALTH, row));
  Counter.add(COUNTER_REVIVED, 1);
  emit(EVENT_REVIVED, 0, row, NO_ROW, 0, 0, 0, 0, 0);
}
