// Phase: creatures decide. Idle creatures roam while a player is near; fighting creatures choose their target by
// threat, chase it, cast from time to time, and evade when they reach the end of the leash; evading creatures run home. A creature
// far from all players costs two loads a tick. In an overloaded zone a creature decides only every few ticks, and then walks
// correspondingly further: overload.ts.

import {
  COUNTER_ENTITIES_MOVED,
  COUNTER_FIGHTING,
  ENTITY_EVADING,
  INTERRUPT_BY_MOVEMENT,
  PHASE_CREATURES,
} from "../abi";
import { collectAround } from "../spells/area-targets";
import { startCreatureCast } from "../spells/casts";
import { Flag, setHealth, setTarget } from "../state/changes";
import { Clock } from "../state/clock";
import { CONTROL_ROOTED, CONTROL_STUNNED, Control } from "../combat/control";
import { Cell, F32, U16, U32 } from "../memory/columns";
import { Counter } from "../state/counters";
import { engage, evade, nextCastDelay } from "../combat/aggro";
import { interruptCast } from "../combat/interrupts";
import {
  AREA_ROW,
  CREATURE_FLEE_TICK,
  CREATURE_HELP_TICK,
  CREATURE_HOME_X,
  CREATURE_HOME_Y,
  CREATURE_HOME_Z,
  CREATURE_LEASH_TICK,
  CREATURE_LEASH_X,
  CREATURE_LEASH_Y,
  CREATURE_NEAR_TICK,
  CREATURE_STATE,
  CREATURE_TIMER,
  ENTITY_ATTACKING,
  ENTITY_CAST_END,
  ENTITY_DEST_X,
  ENTITY_DEST_Y,
  ENTITY_DEST_Z,
  ENTITY_HEALTH,
  ENTITY_ID,
  ENTITY_MAX_HEALTH,
  ENTITY_MOVING,
  ENTITY_X,
  ENTITY_Y,
  ENTITY_Z,
  HEADER_CREATURES_HIGH,
  TEMPLATE_FAMILY,
  TEMPLATE_FLAGS,
  TEMPLATE_ROAM_RADIUS,
  TEMPLATE_SPELL,
} from "../memory/memory";
import { Breadcrumb } from "../state/breadcrumb";
import { randomBetween, randomSigned } from "../state/random";
import { Overload } from "../state/overload";
import { NO_ROW, Row } from "../state/entity-rows";
import {
  CREATURE_EVADING,
  CREATURE_FIGHTING,
  CREATURE_GONE,
  CREATURE_IDLE,
  pauseProximityAggro,
} from "../state/creature-states";
import { inMeleeRange, inWorld } from "../space/space";
import { TEMPLATE_FLEES, Template } from "../state/content-tables";
import { chooseThreatTarget } from "../combat/threat";
import { MOVING_NOT, MOVING_NUDGE_ASKED, MOVING_WALKS, stepTowards } from "../space/walking";

/** Speed of a roaming creature, yards a second. */
const WALK_SPEED: f32 = 2.5;
/** A creature goes home at this many times its speed. */
const HOME_HASTE: f32 = 1.5;
/** A creature evades when it is this many yards from the place of the last hit and the hit was this many seconds ago. */
const LEASH_YARDS: f32 = 30;
const LEASH_SECONDS: u32 = 15;
/** A creature roams for this many seconds after a player was near. */
const NEAR_SECONDS: u32 = 2;
/** Yards within which its family hears a creature's call. */
const HELP_YARDS: f32 = 5;
/** A creature flees when its health is below the maximum divided by FLEE_SHARE, for FLEE_SECONDS. */
const FLEE_SHARE: u32 = 5;
const FLEE_SECONDS: u32 = 10;
/** A fleeing creature's destination is this many times the distance to its target away. */
const FLEE_FAR: f32 = 20;
/** A chasing creature stops this many yards before its target, so that it stands in front of it. */
const CHASE_STOP: f32 = 2;

export function updateCreatures(): void {
  Breadcrumb.phase(PHASE_CREATURES);
  const high = Cell.get(HEADER_CREATURES_HIGH);
  const nearSince = Clock.now() - min<u32>(Clock.now(), Clock.seconds(NEAR_SECONDS));
  const every = Overload.thinkEvery();
  for (let index: u32 = 0; index < high; index++) {
    const state = U32.get(CREATURE_STATE, index);
    const row = Row.ofCreature(index);
    if (U32.get(ENTITY_MOVING, row) == MOVING_NUDGE_ASKED) followNudge(row, state);
    else if ((index + Clock.now()) % every != 0) {
      if (state == CREATURE_FIGHTING) Counter.add(COUNTER_FIGHTING, 1);
    } else if (state == CREATURE_IDLE) {
      if (U32.get(CREATURE_NEAR_TICK, index) > nearSince) roam(row, index);
    } else if (state == CREATURE_FIGHTING) fight(row, index);
    else if (state == CREATURE_EVADING) returnHome(row, index);
  }
}

/** A fault moves the creature: one step, then it decides again. */
function followNudge(row: u32, state: u32): void {
  U32.set(ENTITY_MOVING, row, MOVING_NOT);
  if (state < CREATURE_GONE && U32.get(ENTITY_ID, row) != 0) step(row, Clock.step(Control.speed(row)));
}

function roam(row: u32, index: u32): void {
  if (U32.get(ENTITY_ID, row) == 0) return;
  Breadcrumb.entity(U32.get(ENTITY_ID, row));
  if (U32.get(ENTITY_MOVING, row) == MOVING_WALKS) {
    if (walk(row, min<f32>(WALK_SPEED, Control.speed(row)))) U32.set(ENTITY_MOVING, row, MOVING_NOT);
    return;
  }
  if (Clock.now() < U32.get(CREATURE_TIMER, index)) return;
  U32.set(CREATURE_TIMER, index, Clock.now() + randomBetween(Clock.seconds(4), Clock.seconds(12)));
  const radius = Template.f32(row, TEMPLATE_ROAM_RADIUS);
  if (!(radius > 0)) return;
  chooseRoamPoint(row, index, radius);
}

/** Chooses a point around the spawn point: in the square of the radius, moved into the circle if it is in a corner. */
function chooseRoamPoint(row: u32, index: u32, radius: f32): void {
  let x = randomSigned();
  let y = randomSigned();
  if (x * x + y * y > 1) {
    x *= 0.7;
    y *= 0.7;
  }
  F32.set(ENTITY_DEST_X, row, F32.get(CREATURE_HOME_X, index) + x * radius);
  F32.set(ENTITY_DEST_Y, row, F32.get(CREATURE_HOME_Y, index) + y * radius);
  F32.set(ENTITY_DEST_Z, row, F32.get(CREATURE_HOME_Z, index));
  U32.set(ENTITY_MOVING, row, MOVING_WALKS);
}

function fight(row: u32, index: u32): void {
  Breadcrumb.entity(U32.get(ENTITY_ID, row));
  const target = chooseThreatTarget(row);
  if (target == NO_ROW || isLeashed(row, index)) return evade(row);
  Counter.add(COUNTER_FIGHTING, 1);
  setTarget(row, U32.get(ENTITY_ID, target));
  if (Control.has(row, CONTROL_STUNNED)) return;
  const help = U32.get(CREATURE_HELP_TICK, index);
  if (help != 0 && Clock.now() >= help) callForHelp(row, index, target);
  if (fleeWhenWeak(row, index, target) || U32.get(ENTITY_CAST_END, row) != 0) return;
  if (Clock.now() >= U32.get(CREATURE_TIMER, index)) {
    U32.set(CREATURE_TIMER, index, Clock.now() + nextCastDelay());
    const spell = Template.u32(row, TEMPLATE_SPELL);
    if (spell != 0 && startCreatureCast(row, spell)) return;
  }
  if (!inMeleeRange(row, target)) chase(row, target);
}

/** Idle creatures of the same family nearby attack the target too. */
function callForHelp(row: u32, index: u32, target: u32): void {
  U32.set(CREATURE_HELP_TICK, index, 0);
  const family = Template.u32(row, TEMPLATE_FAMILY);
  const count = collectAround(row, HELP_YARDS, true);
  for (let at: u32 = 0; at < count; at++) {
    const other = U16.get(AREA_ROW, at);
    if (other != row && Template.u32(other, TEMPLATE_FAMILY) == family) joinFight(other, target);
  }
}

function joinFight(creature: u32, target: u32): void {
  if (U32.get(CREATURE_STATE, Row.creatureIndex(creature)) == CREATURE_IDLE) engage(creature, target);
}

/** Once in a fight, at low health, a creature of a kind that flees runs away for some seconds; true while it does. */
function fleeWhenWeak(row: u32, index: u32, target: u32): bool {
  const until = U32.get(CREATURE_FLEE_TICK, index);
  if (until == 0) {
    if ((Template.u32(row, TEMPLATE_FLAGS) & TEMPLATE_FLEES) == 0) return false;
    if (U32.get(ENTITY_HEALTH, row) * FLEE_SHARE > U32.get(ENTITY_MAX_HEALTH, row)) return false;
    U32.set(CREATURE_FLEE_TICK, index, Clock.now() + Clock.seconds(FLEE_SECONDS));
    U32.set(ENTITY_ATTACKING, row, 0);
    if (U32.get(ENTITY_CAST_END, row) != 0) interruptCast(row, INTERRUPT_BY_MOVEMENT);
  } else if (Clock.now() >= until) {
    if (U32.get(ENTITY_ATTACKING, row) == 0) U32.set(CREATURE_HELP_TICK, index, Clock.now());
    U32.set(ENTITY_ATTACKING, row, 1);
    return false;
  }
  const x = F32.get(ENTITY_X, row);
  const y = F32.get(ENTITY_Y, row);
  F32.set(ENTITY_DEST_X, row, inWorld(x + (x - F32.get(ENTITY_X, target)) * FLEE_FAR));
  F32.set(ENTITY_DEST_Y, row, inWorld(y + (y - F32.get(ENTITY_Y, target)) * FLEE_FAR));
  F32.set(ENTITY_DEST_Z, row, F32.get(ENTITY_Z, row));
  walk(row, Control.speed(row));
  return true;
}

function isLeashed(row: u32, index: u32): bool {
  if (Clock.now() - U32.get(CREATURE_LEASH_TICK, index) < Clock.seconds(LEASH_SECONDS)) return false;
  const dx = F32.get(ENTITY_X, row) - F32.get(CREATURE_LEASH_X, index);
  const dy = F32.get(ENTITY_Y, row) - F32.get(CREATURE_LEASH_Y, index);
  return dx * dx + dy * dy > LEASH_YARDS * LEASH_YARDS;
}

function chase(row: u32, target: u32): void {
  const x = F32.get(ENTITY_X, target);
  const y = F32.get(ENTITY_Y, target);
  const dx = F32.get(ENTITY_X, row) - x;
  const dy = F32.get(ENTITY_Y, row) - y;
  const distance = sqrt<f32>(dx * dx + dy * dy);
  const share = distance > CHASE_STOP ? CHASE_STOP / distance : <f32>0;
  F32.set(ENTITY_DEST_X, row, x + dx * share);
  F32.set(ENTITY_DEST_Y, row, y + dy * share);
  F32.set(ENTITY_DEST_Z, row, F32.get(ENTITY_Z, target));
  walk(row, Control.speed(row));
}

function returnHome(row: u32, index: u32): void {
  Breadcrumb.entity(U32.get(ENTITY_ID, row));
  F32.set(ENTITY_DEST_X, row, F32.get(CREATURE_HOME_X, index));
  F32.set(ENTITY_DEST_Y, row, F32.get(CREATURE_HOME_Y, index));
  F32.set(ENTITY_DEST_Z, row, F32.get(CREATURE_HOME_Z, index));
  if (!walk(row, Control.speed(row) * HOME_HASTE)) return;
  Flag.lower(row, ENTITY_EVADING);
  setHealth(row, U32.get(ENTITY_MAX_HEALTH, row));
  U32.set(ENTITY_MOVING, row, MOVING_NOT);
  U32.set(CREATURE_STATE, index, CREATURE_IDLE);
  pauseProximityAggro(index);
}

/** Walks towards the destination for all ticks until the next decision; true when it has arrived. */
function walk(row: u32, yardsPerSecond: f32): bool {
  return step(row, Clock.step(yardsPerSecond) * <f32>Overload.thinkEvery());
}

/** Walks up to `yards` towards the destination, unless control prevents it; true when it has arrived. */
function step(row: u32, yards: f32): bool {
  if (Control.has(row, CONTROL_STUNNED | CONTROL_ROOTED)) return false;
  Counter.add(COUNTER_ENTITIES_MOVED, 1);
  return stepTowards(row, yards);
}
