// A wanderer: walks around, after a while through a portal into another zone, and fights only creatures that attack it.

import { isFightable } from "../behaviour.ts";
import type { Action, Behaviour, View } from "../behaviour.ts";
import { playAlone } from "./alone.ts";

/** It stays this long in a zone before it walks to a portal. */
const STAY_MS = 10_000;
/** Turns of one walk: half of them away from the spawn point, half back. */
const WAY_TURNS = 40;
/** Walks go in this many directions in rotation; each player begins with another one. */
const COMPASS_POINTS = 8;

export const playWanderer: Behaviour = (view) => {
  const hunter = [...view.entities.values()].find((entity) => isFightable(entity) && entity.target === view.entityId);
  return hunter === undefined ? wander(view) : playAlone({ ...view, prey: hunter.id });
};

function wander({ position: { x, y }, entityId, turn, portals, inZoneMs }: View): Action {
  const portal = inZoneMs < STAY_MS ? undefined : portals[entityId % Math.max(1, portals.length)];
  if (portal !== undefined) return { do: "walk", x: portal.x, y: portal.y, stopAt: 0 };
  if (turn % WAY_TURNS >= WAY_TURNS / 2) return { do: "walk", x: 0, y: 0, stopAt: 1 };
  const angle = ((entityId + Math.floor(turn / WAY_TURNS)) * 2 * Math.PI) / COMPASS_POINTS;
  return { do: "walk", x: x + Math.cos(angle) * 10, y: y + Math.sin(angle) * 10, stopAt: 0 };
}
