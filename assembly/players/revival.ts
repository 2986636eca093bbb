// How dead players come back to life: in one of two ways, and automatically after 6 min.
//
//   release             alive at the zone's spawn point; automatic for guests after 10 s, for all after 6 min
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
} from "../abi";
import { Flag, setHealth, setPosition } from "../state/changes";
import { Clock } from "../state/clock";
import { Cell, F32, U32 } from "../memory/columns";
import { Counter } from "../state/counters";
import { emit } from "../state/events";
import {
  ENTITY_DEATH_TICK,
  ENTITY_ID,
  ENTITY_MAX_HEALTH,
  ENTITY_MOVED_TICK,
  ENTITY_MOVING,
  ENTITY_X,
  ENTITY_Y,
  ENTITY_Z,
  HEADER_PLAYERS_HIGH,
  HEADER_SPAWN_X,
  HEADER_SPAWN_Y,
  HEADER_SPAWN_Z,
  PLAYER_ALIVE_TICK,
  PLAYER_BODY_X,
  PLAYER_BODY_Y,
  PLAYER_BODY_Z,
  PLAYER_DEATHS,
} from "../memory/memory";
import { Breadcrumb } from "../state/breadcrumb";
import { isGuest } from "../state/player-flags";
import { NO_ROW } from "../state/entity-rows";
import { inWorld, isFinitePoint } from "../space/space";

/** Seconds after the death: before a player may release, before a guest is revived, and before any player is revived. */
const RELEASE_SECONDS: u32 = 2;
const GUEST_SECONDS: u32 = 10;
const FORCED_SECONDS: u32 = 360;
/** Seconds from the death until the body can be reclaimed: 30, 60, 120 for consecutive deaths. */
const RECLAIM_SECONDS: u32 = 30;
const RECLAIM_DOUBLINGS: u32 = 2;
/** Yards from the body within which a ghost may reclaim it. */
const RECLAIM_YARDS: f32 = 39;
/** Phase: players who were dead for long enough are revived. */
export function revivePlayers(): void {
  Breadcrumb.phase(PHASE_DEATHS);
  const players = Cell.get(HEADER_PLAYERS_HIGH);
  for (let row: u32 = 0; row < players; row++) {
    if (Flag.has(row, ENTITY_DEAD) && U32.get(ENTITY_ID, row) != 0) reviveIfDue(row);
  }
}

/** The dead player leaves its body: alive at the spawn point, or a ghost there. Returns 0 or a REFUSED_*. */
export function releaseSpirit(row: u32, asGhost: bool): u32 {
  if (!Flag.has(row, ENTITY_DEAD)) return REFUSED_INVALID_TARGET;
  if (deadFor(row) < Clock.seconds(RELEASE_SECONDS)) return REFUSED_ON_COOLDOWN;
  if (!asGhost) reviveAtSpawn(row);
  else if (Flag.has(row, ENTITY_GHOST)) return REFUSED_INVALID_TARGET;
  else becomeGhost(row);
  return 0;
}

/** The ghost lives again at its body. Returns 0 or a REFUSED_*. */
export function reclaimBody(row: u32): u32 {
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

function reviveIfDue(row: u32): void {
  if (deadFor(row) >= Clock.seconds(isGuest(row) ? GUEST_SECONDS : FORCED_SECONDS)) reviveAtSpawn(row);
}

/** Becomes a ghost at the spawn point; the body stays. */
function becomeGhost(row: u32): void {
  F32.set(PLAYER_BODY_X, row, F32.get(ENTITY_X, row));
  F32.set(PLAYER_BODY_Y, row, F32.get(ENTITY_Y, row));
  F32.set(PLAYER_BODY_Z, row, F32.get(ENTITY_Z, row));
  Flag.raise(row, ENTITY_GHOST);
  moveToSpawn(row);
}

function moveToSpawn(row: u32): void {
  const x = load<f32>(HEADER_SPAWN_X);
  const y = load<f32>(HEADER_SPAWN_Y);
  const z = load<f32>(HEADER_SPAWN_Z);
  if (isFinitePoint(x, y, z)) setPosition(row, inWorld(x), inWorld(y), inWorld(z));
  U32.set(ENTITY_MOVED_TICK, row, Clock.now());
  U32.set(ENTITY_MOVING, row, 0);
}

/** The dead player is alive at the spawn point, with half its health. */
export function reviveAtSpawn(row: u32): void {
  moveToSpawn(row);
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
