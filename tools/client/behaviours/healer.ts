// A healer: heals the player with the lowest share of health, itself included; stays near the fight and out of reach; attacks
// too when nobody is hurt and it has power to spare.

import {
  cast,
  distanceBetween,
  harmfulSpell,
  isFightable,
  isFree,
  isHealing,
  matesOf,
  preyOf,
  roam,
  strafe,
} from "../behaviour.ts";
import type { Action, Behaviour, View } from "../behaviour.ts";
import type { KnownEntity, Position } from "../world-model.ts";

/** Share of health below which a player is healed. */
const HURT = 0.85;
/** Share of its power above which it also attacks. */
const SPARE_POWER = 0.6;
/** The distance that it keeps from its friends, and from creatures, yards. */
const FOLLOW_YD = 15;
const SAFE_YD = 10;

interface Patient extends Position {
  id: number;
  share: number;
}

export const playHealer: Behaviour = (view) => {
  const { self, spells } = view;
  const patient = worstOf(view);
  const heal = patient === null ? undefined : healFor(view, patient);
  if (patient !== null && heal !== undefined && isFree(view)) return cast(heal, patient.id);
  if (patient !== null && heal === undefined && spells.some(isHealing)) return follow(view, patient);
  const prey = preyOf(view);
  if (prey !== null && isFree(view) && self.power > self.max_power * SPARE_POWER) {
    const spell = harmfulSpell(view, prey);
    if (spell !== null) return cast(spell, prey.id);
  }
  return keepNear(view);
};

/** The player with the lowest share of health; null when nobody is hurt. */
function worstOf(view: View): Patient | null {
  const { self, entityId, position } = view;
  const patients = matesOf(view).map(({ id, x, y, z, health, max_health }) => ({
    id,
    x,
    y,
    z,
    share: health / Math.max(1, max_health),
  }));
  patients.push({ ...position, id: entityId, share: self.health / Math.max(1, self.max_health) });
  const worst = patients.reduce((least, patient) => (patient.share < least.share ? patient : least));
  return worst.share < HURT ? worst : null;
}

/** One of its healing spells that reach the patient, in rotation. */
function healFor({ spells, position, turn }: View, patient: Patient) {
  const distance = distanceBetween(position, patient);
  const useful = spells.filter((spell) => isHealing(spell) && spell.range_yd >= distance);
  return useful[turn % Math.max(1, useful.length)];
}

/** Stays close to its friends, but away from the creatures. */
function keepNear(view: View): Action {
  const { position, entities } = view;
  const threat = nearestOf(position, [...entities.values()].filter(isFightable));
  if (threat !== null && distanceBetween(position, threat) < SAFE_YD) return awayFrom(position, threat);
  const friend = nearestOf(position, matesOf(view));
  if (friend === null) return roam(view);
  return distanceBetween(position, friend) > FOLLOW_YD ? follow(view, friend) : strafe(view, friend, SAFE_YD);
}

function follow({ position }: View, friend: Position): Action {
  return distanceBetween(position, friend) > FOLLOW_YD
    ? { do: "walk", x: friend.x, y: friend.y, stopAt: FOLLOW_YD }
    : { do: "hold" };
}

export function nearestOf(position: Position, among: readonly KnownEntity[]): KnownEntity | null {
  let nearest: KnownEntity | null = null;
  for (const entity of among)
    if (nearest === null || distanceBetween(position, entity) < distanceBetween(position, nearest)) nearest = entity;
  return nearest;
}

export function awayFrom(position: Position, from: Position): Action {
  return { do: "walk", x: 2 * position.x - from.x, y: 2 * position.y - from.y, stopAt: 0 };
}
