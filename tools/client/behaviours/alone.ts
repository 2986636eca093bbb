// Plays alone: heals itself, else fights its current prey or a near creature with spells and weapon, else walks around.

import {
  cast,
  closeIn,
  distanceBetween,
  harmfulSpell,
  isFree,
  isHealing,
  MELEE,
  preyOf,
  roam,
  strafe,
} from "../behaviour.ts";
import type { Behaviour } from "../behaviour.ts";

/** Share of its health below which it heals itself. */
const HURT = 0.6;
/** It walks up to this share of its longest spell's range. */
export const RANGE_SHARE = 0.8;

export const playAlone: Behaviour = (view) => {
  const { self, spells, entityId, position, rangeYd } = view;
  const heal = self.health < self.max_health * HURT ? spells.find(isHealing) : undefined;
  if (heal !== undefined && isFree(view)) return cast(heal, entityId);
  const prey = preyOf(view);
  if (prey === null) return roam(view);
  const spell = isFree(view) ? harmfulSpell(view, prey) : null;
  if (spell !== null) return cast(spell, prey.id);
  const distance = distanceBetween(position, prey);
  const reach = rangeYd * RANGE_SHARE;
  // When it can cast nothing at a distance (no power, all on cooldown), it uses the weapon.
  const hasRanged = reach > MELEE && spells.some(({ range_yd, effect }) => effect === "damage" && range_yd > MELEE + 1);
  if (!hasRanged) return closeIn(view, prey);
  return distance > reach ? { do: "walk", x: prey.x, y: prey.y, stopAt: reach } : strafe(view, prey, distance);
};
