// Phase: regeneration. A player regenerates every 2 s, a creature every 5 s, staggered by row so that each tick has an
// equal share.
//
//   out of combat   health +4 % of the maximum (creatures +10 %)
//   mana            +2.5 % of the maximum, none for 5 s after mana was spent
//   energy          +20        rage   -2.5 out of combat (2 and 3 in turn)

import { ENTITY_DEAD, ENTITY_IN_COMBAT, PHASE_REGENERATION } from "../abi";
import { Flag, setHealth, setPower } from "../state/changes";
import { Clock } from "../state/clock";
import { Cell, U32 } from "../memory/columns";
import {
  CREATURE_STATE,
  ENTITY_HEALTH,
  ENTITY_ID,
  ENTITY_MAX_HEALTH,
  ENTITY_MAX_POWER,
  ENTITY_POWER,
  ENTITY_SPENT_TICK,
  HEADER_CREATURES_HIGH,
  HEADER_PLAYERS_HIGH,
} from "../memory/memory";
import { Breadcrumb } from "../state/breadcrumb";
import { Row } from "../state/entity-rows";
import { CREATURE_IDLE } from "../state/creature-states";
import { POWER_ENERGY, POWER_MANA, powerTypeOf } from "../state/content-tables";

const PLAYER_SECONDS: u32 = 2;
const CREATURE_SECONDS: u32 = 5;
/** Seconds without mana regeneration after mana was spent. */
const SPENT_SECONDS: u32 = 5;
const ENERGY_GAIN: u32 = 20;

export function regenerate(): void {
  Breadcrumb.phase(PHASE_REGENERATION);
  const period = Clock.seconds(PLAYER_SECONDS);
  const players = Cell.get(HEADER_PLAYERS_HIGH);
  for (let row = Clock.now() % period; row < players; row += period) {
    if (U32.get(ENTITY_ID, row) != 0 && !Flag.has(row, ENTITY_DEAD)) regeneratePlayer(row);
  }
  const creaturePeriod = Clock.seconds(CREATURE_SECONDS);
  const creatures = Cell.get(HEADER_CREATURES_HIGH);
  for (let index = Clock.now() % creaturePeriod; index < creatures; index += creaturePeriod) {
    if (U32.get(CREATURE_STATE, index) == CREATURE_IDLE) gainHealth(Row.ofCreature(index), 10);
  }
}

function regeneratePlayer(row: u32): void {
  const inCombat = Flag.has(row, ENTITY_IN_COMBAT);
  if (!inCombat) gainHealth(row, 4);
  const type = powerTypeOf(row);
  if (type == POWER_ENERGY) gainPower(row, ENERGY_GAIN);
  else if (type == POWER_MANA) gainMana(row);
  else if (!inCombat) loseRage(row);
}

function gainHealth(row: u32, percent: u32): void {
  const most = U32.get(ENTITY_MAX_HEALTH, row);
  const health = U32.get(ENTITY_HEALTH, row);
  if (health >= most) return;
  setHealth(row, min<u32>(health + max<u32>((most / 100) * percent, 1), most));
}

function gainMana(row: u32): void {
  const spent = U32.get(ENTITY_SPENT_TICK, row);
  if (spent != 0 && Clock.now() - spent < Clock.seconds(SPENT_SECONDS)) return;
  gainPower(row, max<u32>(U32.get(ENTITY_MAX_POWER, row) / 40, 1));
}

function gainPower(row: u32, amount: u32): void {
  setPower(row, min<u32>(U32.get(ENTITY_POWER, row) + amount, U32.get(ENTITY_MAX_POWER, row)));
}

function loseRage(row: u32): void {
  const rage = U32.get(ENTITY_POWER, row);
  const loss: u32 = 2 + ((Clock.now() / Clock.seconds(PLAYER_SECONDS)) & 1);
  setPower(row, rage > loss ? rage - loss : 0);
}
