// A caster: fights at a distance with whatever spell is ready, and steps back from what comes for it.

import { cast, distanceBetween, harmfulSpell, isFree, preyOf, roam, strafe } from "../behaviour.ts";
import type { Behaviour } from "../behaviour.ts";
import { RANGE_SHARE } from "./alone.ts";
import { awayFrom } from "./healer.ts";

/** Nearer than this it steps back from what is after it, yards. */
const TOO_NEAR_YD = 8;
/** Every so many turns it stands and casts all the same: what runs as fast as it does is never shaken off. */
const STAND_TURNS = 3;

export const playCaster: Behaviour = (view) => {
  const { position, entityId, turn, rangeYd } = view;
  const prey = preyOf(view);
  if (prey === null) return roam(view);
  const distance = distanceBetween(position, prey);
  const isHunted = prey.target === entityId && distance < TOO_NEAR_YD;
  if (isHunted && turn % STAND_TURNS !== 0) return awayFrom(position, prey);
  const spell = isFree(view) ? harmfulSpell(view, prey) : null;
  if (spell !== null) return cast(spell, prey.id);
  const reach = rangeYd * RANGE_SHARE;
  if (distance > reach) return { do: "walk", x: prey.x, y: prey.y, stopAt: reach };
  return strafe(view, prey, distance);
};
