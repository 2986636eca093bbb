// Targets of spells. A damaging spell without a target takes the caster's current target, else the nearest enemy
// in range, else none; a heal without a target takes the caster.
//
//   chooseTarget(3, spell, 0)         4100: the row of its current target
//   chooseTarget(3, spell, 1000001)   REFUSAL_BIT | REFUSED_OUT_OF_RANGE: that entity is too far away

import {
  ENTITY_DEAD,
  REFUSED_INVALID_TARGET,
  REFUSED_NO_SUCH_ENTITY,
  REFUSED_OUT_OF_RANGE,
  REFUSED_TARGET_DEAD,
} from "../abi";
import { Flag } from "../state/changes";
import { F32, U16, U32 } from "../memory/columns";
import { Span, cellOf, ensureGrid } from "../space/grid";
import { attackRefusal, isAttackable } from "../combat/hostility";
import {
  CELLS_ACROSS,
  ENTITY_ID,
  ENTITY_TARGET,
  ENTITY_X,
  ENTITY_Y,
  GRID_ROW,
  SPELL_AREA,
  SPELL_EFFECT,
  SPELL_RANGE,
} from "../memory/memory";
import { NO_ROW, Row, rowOf } from "../state/entity-rows";
import { distanceSquared, isWithin } from "../space/space";
import { EFFECT_HEAL, EFFECT_HELP, EFFECT_POWER, EFFECT_STANCE, Spell } from "../state/content-tables";

/** Set in the result of chooseTarget when the lower bits are a REFUSED_* instead of a row. */
export const REFUSAL_BIT: u32 = 0x40000000;
/** Most cells to each side in a search for the nearest enemy. */
const SEARCH_REACH: u32 = 2;
/** A target that walked away is still hit up to this many yards beyond the spell's range. */
const RANGE_LEEWAY: f32 = 5;

/** Row of the spell's target, NO_ROW = no target, or REFUSAL_BIT | reason. `wantedId`: entity id, 0 = none. */
export function chooseTarget(caster: u32, spell: usize, wantedId: u32): u32 {
  const effect = Spell.get(spell, SPELL_EFFECT);
  if (Spell.isHarmful(spell)) return isAroundCaster(spell) ? caster : chooseEnemy(caster, spell, wantedId);
  if (effect == EFFECT_HEAL || effect == EFFECT_HELP) return chooseFriend(caster, spell, wantedId);
  return effect == EFFECT_POWER || effect == EFFECT_STANCE ? caster : rowOf(wantedId);
}

/** True for an area spell without a range. */
function isAroundCaster(spell: usize): bool {
  return Spell.float(spell, SPELL_AREA) > 0 && !(Spell.float(spell, SPELL_RANGE) > 0);
}

/** True while a cast's target may still be hit; always true for NO_ROW. */
export function isStillInReach(caster: u32, target: u32, spell: usize): bool {
  if (target == caster) return true;
  if (Flag.has(target, ENTITY_DEAD)) return false;
  return isWithin(caster, target, Spell.float(spell, SPELL_RANGE) + RANGE_LEEWAY);
}

function chooseEnemy(caster: u32, spell: usize, wantedId: u32): u32 {
  const range = Spell.float(spell, SPELL_RANGE);
  const target = rowOf(wantedId == 0 ? U32.get(ENTITY_TARGET, caster) : wantedId);
  const refusal = attackRefusal(caster, target);
  const inRange = refusal == 0 && isWithin(caster, target, range);
  if (inRange) return target;
  if (wantedId != 0) return REFUSAL_BIT | (refusal != 0 ? refusal : <u32>REFUSED_OUT_OF_RANGE);
  return Row.isCreature(caster) ? NO_ROW : nearestEnemy(caster, range);
}

function chooseFriend(caster: u32, spell: usize, wantedId: u32): u32 {
  if (wantedId == 0) return caster;
  const target = rowOf(wantedId);
  if (target == NO_ROW) return REFUSAL_BIT | REFUSED_NO_SUCH_ENTITY;
  if (Row.isCreature(caster) != Row.isCreature(target)) return REFUSAL_BIT | REFUSED_INVALID_TARGET;
  if (Flag.has(target, ENTITY_DEAD)) return REFUSAL_BIT | REFUSED_TARGET_DEAD;
  return isWithin(caster, target, Spell.float(spell, SPELL_RANGE)) ? target : REFUSAL_BIT | REFUSED_OUT_OF_RANGE;
}

/** The nearest living creature within range (at most two cells away) of a player; of two at the same distance, the lower row. */
function nearestEnemy(player: u32, range: f32): u32 {
  ensureGrid();
  const column = cellOf(F32.get(ENTITY_X, player));
  const line = cellOf(F32.get(ENTITY_Y, player));
  let nearest = NO_ROW;
  let best = range * range;
  for (let step: u32 = 0; step <= 2 * SEARCH_REACH; step++) {
    const cellRow = (line - SEARCH_REACH + step) & (CELLS_ACROSS - 1);
    for (let side: u32 = 0; side <= 2 * SEARCH_REACH; side++) {
      const cell = (column - SEARCH_REACH + side) & (CELLS_ACROSS - 1);
      const end = Span.end(cellRow, cell);
      for (let at = Span.start(cellRow, cell); at < end; at++) {
        const row = U16.get(GRID_ROW, at);
        if (!isAttackable(row)) continue;
        const squared = distanceSquared(player, row);
        if (squared > best || (squared == best && nearest != NO_ROW)) continue;
        best = squared;
        nearest = row;
      }
    }
  }
  return nearest;
}
