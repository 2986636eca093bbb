// A caster: fights at a distance with any ready spell, and steps back from creatures that approach.

import { cast, distanceBetween, harmfulSpell, isFree, preyOf, roam, strafe } from "../behaviour.ts";
import type { Behaviour } from "../behaviour.ts";
import { RANGE_SHARE } from "./alone.ts";
import { awayFrom } from "./healer.ts";

/** It steps back from an attacker that is closer than this, yards. */
const TOO_NEAR_YD = 8;
/** Once in this many turns it stands and casts anyway: it can not outrun an attacker of the same speed. */
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
