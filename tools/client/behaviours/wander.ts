// A wanderer: goes from place to place, far and wide, and fights only what comes at it.

import { isFightable, roam } from "../behaviour.ts";
import type { Action, Behaviour, View } from "../behaviour.ts";
import { playAlone } from "./alone.ts";

/** So far from the spawn point its ways lead, yards. */
const WAY_YD = 120;
/** A new way every so many turns. */
const WAY_TURNS = 40;

export const playWanderer: Behaviour = (view) => {
  const hunter = [...view.entities.values()].find((entity) => isFightable(entity) && entity.target === view.entityId);
  return hunter === undefined ? wander(view) : playAlone({ ...view, prey: hunter.id });
};

/** Along a way of its own; off it goes back inside once it has come too far. */
function wander(view: View): Action {
  const { position, entityId, turn } = view;
  if (Math.hypot(position.x, position.y) > WAY_YD) return roam(view, WAY_YD);
  // Spread evenly and never twice the same for long: multiples of the golden angle, in radians.
  const angle = (entityId + Math.floor(turn / WAY_TURNS)) * 2.399_963;
  return { do: "walk", x: position.x + Math.cos(angle) * 10, y: position.y + Math.sin(angle) * 10, stopAt: 0 };
}
