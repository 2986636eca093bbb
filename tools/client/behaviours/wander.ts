// A wanderer: goes from place to place, after a while through a portal into another zone, and fights only what comes at it.

import { isFightable } from "../behaviour.ts";
import type { Action, Behaviour, View } from "../behaviour.ts";
import { playAlone } from "./alone.ts";

/** So long it looks about in a zone before it makes for a portal. */
const STAY_MS = 10_000;
/** Turns a way takes, half of them out from the spawn point and half back. */
const WAY_TURNS = 40;
/** Ways lead to the points of the compass in turn, each player beginning with another. */
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
