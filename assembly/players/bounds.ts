// Another zone's module wrote the state that a player brings along, so it is not trusted. Each number is clamped to what play and
// content allow: no more health than the class has, no cooldown longer than its spell's, no swing later than the weapon's.
//
//   a cooldown of spell 201 that ends in a year    ends as if the spell had been cast now
//   an aura of an unknown spell                    ends at once
//   a stack of an unknown item                     is not there

import { Aura } from "../combat/auras";
import { GCD_MS } from "../spells/cast-costs";
import { Clock } from "../state/clock";
import { F32, U32 } from "../memory/columns";
import { DIMINISHED_RESET_SECONDS } from "../combat/control";
import { Bag, boundBag } from "../items/stacks";
import { levelCost } from "../combat/experience";
import {
  AURAS_MAX,
  AURA_AMOUNT,
  AURA_END,
  AURA_STACKS,
  COOLDOWNS_MAX,
  COOLDOWN_END,
  COOLDOWN_SPELL,
  DIMINISHED_CATEGORIES,
  ENTITY_AURA_COUNT,
  ENTITY_GCD_END,
  ENTITY_HEALTH,
  ENTITY_LEVEL,
  ENTITY_LOCKED,
  ENTITY_LOCKED_UNTIL,
  ENTITY_MAX_HEALTH,
  ENTITY_MAX_POWER,
  ENTITY_POWER,
  ENTITY_SPENT_TICK,
  ENTITY_SWING_NEXT,
  ENTITY_SWING_TICKS,
  PLAYERS_MAX,
  PLAYER_ALIVE_TICK,
  PLAYER_COOLDOWN_COUNT,
  PLAYER_DIMINISHED,
  PLAYER_EXPERIENCE,
  PLAYER_FACE_X,
  PLAYER_FACE_Y,
  PLAYER_OFF_NEXT,
  PLAYER_OFF_TICKS,
  PLAYER_THREAT_FACTOR,
  SCHOOLS_MAX,
  SPELLS_MAX,
  SPELL_AURA_MAX,
  SPELL_AURA_STACKS,
  SPELL_AURA_TICKS,
  SPELL_BASE,
  SPELL_COOLDOWN_TICKS,
  SPELL_GCD_TICKS,
  SPELL_LOCKOUT_TICKS,
  SPELL_STRIDE,
} from "../memory/memory";
import { SWING_WAIT_MS } from "../combat/swings";
import { Spell, spellOf } from "../state/content-tables";

/** Largest displacement, yards: more than the width of the world. */
const FACE_MAX: f32 = 100000;
const THREAT_FACTOR_MAX: f32 = 100;

/** Clamps the state of a player that has just arrived; the whole state must be written before. */
export function boundArrival(row: u32): void {
  U32.set(ENTITY_HEALTH, row, max<u32>(min<u32>(U32.get(ENTITY_HEALTH, row), U32.get(ENTITY_MAX_HEALTH, row)), 1));
  atMost(ENTITY_POWER, row, U32.get(ENTITY_MAX_POWER, row));
  atMost(PLAYER_EXPERIENCE, row, levelCost(U32.get(ENTITY_LEVEL, row)) - 1);
  within(PLAYER_FACE_X, row, FACE_MAX);
  within(PLAYER_FACE_Y, row, FACE_MAX);
  within(PLAYER_THREAT_FACTOR, row, THREAT_FACTOR_MAX);
  boundTimes(row);
  boundCooldowns(row);
  boundAuras(row);
  boundBag(Bag.of(row));
}

function boundTimes(row: u32): void {
  const wait = Clock.milliseconds(SWING_WAIT_MS);
  inTime(ENTITY_GCD_END, row, max<u32>(longest(SPELL_GCD_TICKS), Clock.milliseconds(GCD_MS)));
  inTime(ENTITY_SPENT_TICK, row, 0);
  inTime(PLAYER_ALIVE_TICK, row, 0);
  inTime(ENTITY_SWING_NEXT, row, max<u32>(U32.get(ENTITY_SWING_TICKS, row), wait));
  inTime(PLAYER_OFF_NEXT, row, max<u32>(U32.get(PLAYER_OFF_TICKS, row), wait));
  const lockout = longest(SPELL_LOCKOUT_TICKS);
  inTime(ENTITY_LOCKED_UNTIL, row, lockout);
  for (let school: u32 = 0; school < SCHOOLS_MAX; school++) inTime(ENTITY_LOCKED, row * SCHOOLS_MAX + school, lockout);
  const reset = Clock.now() + longest(SPELL_AURA_TICKS) + Clock.seconds(DIMINISHED_RESET_SECONDS);
  for (let category: u32 = 0; category < DIMINISHED_CATEGORIES; category++) {
    const column = PLAYER_DIMINISHED + category * PLAYERS_MAX * 4;
    const packed = U32.get(column, row);
    U32.set(column, row, (min<u32>(packed >> 2, reset) << 2) | (packed & 3));
  }
}

function boundCooldowns(row: u32): void {
  atMost(PLAYER_COOLDOWN_COUNT, row, COOLDOWNS_MAX);
  for (let slot = row * COOLDOWNS_MAX; slot < (row + 1) * COOLDOWNS_MAX; slot++) {
    inTime(COOLDOWN_END, slot, Spell.get(spellOf(U32.get(COOLDOWN_SPELL, slot)), SPELL_COOLDOWN_TICKS));
  }
}

function boundAuras(row: u32): void {
  atMost(ENTITY_AURA_COUNT, row, AURAS_MAX);
  for (let slot: u32 = 0; slot < AURAS_MAX; slot++) {
    const aura = Aura.at(row, slot);
    const spell = spellOf(Aura.spell(aura));
    const stacks = min<u32>(Aura.stacks(aura), max<u32>(Spell.get(spell, SPELL_AURA_STACKS), 1));
    store<u16>(aura + AURA_STACKS, <u16>stacks);
    inTime(aura + AURA_END, 0, Spell.get(spell, SPELL_AURA_TICKS));
    atMost(aura + AURA_AMOUNT, 0, Spell.get(spell, SPELL_AURA_MAX));
  }
}

/** The largest value of a column over all spells. */
function longest(column: u32): u32 {
  let most: u32 = 0;
  for (let spell: u32 = 0; spell < SPELLS_MAX; spell++) {
    most = max<u32>(most, load<u32>(SPELL_BASE + spell * SPELL_STRIDE + column));
  }
  return most;
}

/** Clamps a tick to at most `ticks` after the current one. */
function inTime(column: usize, index: u32, ticks: u32): void {
  atMost(column, index, Clock.now() + ticks);
}

function atMost(column: usize, index: u32, most: u32): void {
  U32.set(column, index, min<u32>(U32.get(column, index), most));
}

/** Clamps a float to -most..most; NaN becomes 0. */
function within(column: usize, row: u32, most: f32): void {
  const value = F32.get(column, row);
  F32.set(column, row, value == value ? min<f32>(max<f32>(value, -most), most) : 0);
}
