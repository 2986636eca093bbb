// A player's role and class, by the role's name. Classes are found by the effects of their spells, in the content
// of this program; a server with other classes assigns its own to players whose class it does not know.
//   roleOf("mixed", 3, loadContent())    // { behave: playAlone }
//   roleOf("mixed", 4, loadContent())    // { behave: playCaster, playerClass: "Mage" }

import type { Content, PlayerClass, Spell } from "../../server/protocol/content/content.ts";
import type { Behaviour } from "./behaviour.ts";
import { playAlone } from "./behaviours/alone.ts";
import { playCaster } from "./behaviours/caster.ts";
import { playHealer } from "./behaviours/healer.ts";
import { playTank } from "./behaviours/tank.ts";
import { playTrader } from "./behaviours/trader.ts";
import { playWanderer } from "./behaviours/wander.ts";

export const BEHAVIOURS = ["alone", "mixed", "tank", "healer", "caster", "wander", "trader"] as const;
export type BehaviourName = (typeof BEHAVIOURS)[number];

export interface Role {
  behave: Behaviour;
  /** Absent: the server chooses. */
  playerClass?: string;
}

/** For each tank and healer: two casters, one who plays alone, and a wanderer. */
const MIX = ["tank", "caster", "healer", "alone", "caster", "wander"] as const;
/** A spell of at least this range is cast from a distance, yards. */
const FAR_YD = 20;

/** The role of the player with that number. */
export function roleOf(name: BehaviourName, index: number, content: Content): Role {
  const part = name === "mixed" ? (MIX[index % MIX.length] ?? "alone") : name;
  const turn = name === "mixed" ? Math.floor(index / MIX.length) : index;
  switch (part) {
    case "tank":
      return { behave: playTank, ...classWith(content, ({ effect }) => effect === "taunt", turn) };
    case "healer":
      return {
        behave: playHealer,
        ...classWith(content, ({ effect }) => effect === "heal" || effect === "help", turn),
      };
    case "caster":
      return {
        behave: playCaster,
        ...classWith(content, ({ effect, rangeYd }) => effect === "damage" && rangeYd >= FAR_YD, turn),
      };
    case "wander":
      return { behave: playWanderer };
    case "trader":
      return { behave: playTrader };
    default:
      return { behave: playAlone };
  }
}

/** In rotation, one of the classes that have the most own spells of that kind. */
function classWith(content: Content, isWanted: (spell: Spell) => boolean, turn: number): { playerClass?: string } {
  const counts = content.classes.map((entry) => ownSpells(content, entry).filter(isWanted).length);
  const most = Math.max(...counts);
  if (most === 0) return {};
  const best = content.classes.filter((_, at) => counts[at] === most);
  const { name: playerClass } = best[turn % best.length] ?? {};
  return playerClass === undefined ? {} : { playerClass };
}

/** The spells of the class that not every class has. */
function ownSpells({ spells }: Content, { spells: ids }: PlayerClass): Spell[] {
  return spells.filter(({ id, common }) => ids.includes(id) && !common);
}
