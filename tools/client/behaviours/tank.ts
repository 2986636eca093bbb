// A tank: stands where its friends are attacked and makes the creatures attack it instead. It goes to a creature that
// targets somebody else, taunts it, and hits it with everything it has.

import { cast, closeIn, distanceBetween, harmfulSpell, isFightable, isFree, preyOf, roam } from "../behaviour.ts";
import type { Behaviour, View } from "../behaviour.ts";
import type { KnownEntity } from "../world-model.ts";

/** It runs this far to help, yards. */
const HELP_YD = 40;

export const playTank: Behaviour = (view) => {
  const loose = strayOf(view);
  const prey = loose ?? preyOf(view);
  if (prey === null) return roam(view);
  if (!isFree(view)) return closeIn(view, prey);
  const taunt = view.spells.find(({ effect }) => effect === "taunt");
  const isReached = taunt !== undefined && distanceBetween(view.position, prey) <= taunt.range_yd;
  if (loose !== null && taunt !== undefined && isReached) return cast(taunt, prey.id);
  const stance = view.spells.find(({ effect, name }) => effect === "stance" && /defensive/i.test(name));
  // Once in a while, because the server does not report the current stance.
  if (stance !== undefined && view.turn % STANCE_TURNS === 1) return cast(stance, view.entityId);
  const spell = harmfulSpell(view, prey);
  return spell === null ? closeIn(view, prey) : cast(spell, prey.id);
};

const STANCE_TURNS = 120;

/** The nearest creature that attacks one of its friends. */
function strayOf({ entities, entityId, position }: View): KnownEntity | null {
  let nearest: KnownEntity | null = null;
  let least = HELP_YD;
  for (const entity of entities.values()) {
    if (!isFightable(entity) || entity.target === entityId || !isPlayer(entities.get(entity.target))) continue;
    const distance = distanceBetween(position, entity);
    if (distance >= least) continue;
    nearest = entity;
    least = distance;
  }
  return nearest;
}

function isPlayer(entity: KnownEntity | undefined): boolean {
  return entity?.kind === "player" && entity.health > 0;
}
