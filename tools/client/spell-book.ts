// What a player knows of its spells beyond the server's messages: cooldowns, costs and the power they need, as an experienced
// player would. A spell that this program's content does not have, or has under another name, is learned by trying.
//
//   const book = new SpellBook(loadContent())
//   book.castable("Warrior", spells)     // without the spells that cost mana
//   book.factsOf(fireball)               // { castMs: 1500, cooldownMs: 0, cost: 30, areaYd: 0 }

import type { Content } from "../../server/protocol/content/content.ts";
import type { KnownSpell } from "./game-client-options.ts";

export interface SpellFacts {
  castMs: number;
  cooldownMs: number;
  cost: number;
  /** The radius of its effect. */
  areaYd: number;
}

const UNKNOWN: SpellFacts = { castMs: 0, cooldownMs: 0, cost: 0, areaYd: 0 };

export class SpellBook {
  readonly #facts = new Map<string, SpellFacts & { powerType: string }>();
  readonly #powerTypes = new Map<string, string>();

  /** Without content it knows no spells. */
  constructor(content: Pick<Content, "spells" | "classes"> = { spells: [], classes: [] }) {
    for (const { id, name, castS, channelS, cooldownS, cost, powerType, areaYd } of content.spells) {
      const castMs = (castS + channelS) * 1_000;
      this.#facts.set(keyOf({ id, name }), { castMs, cooldownMs: cooldownS * 1_000, cost, powerType, areaYd });
    }
    for (const { name, powerType } of content.classes) this.#powerTypes.set(name, powerType);
  }

  factsOf(spell: KnownSpell): SpellFacts {
    return this.#facts.get(keyOf(spell)) ?? UNKNOWN;
  }

  /** The spells that the class has the power for; a spell without a range has the radius of its effect as its range. */
  castable(playerClass: string, spells: readonly KnownSpell[]): KnownSpell[] {
    const powerType = this.#powerTypes.get(playerClass);
    const affordable = spells.filter((spell) => {
      const facts = this.#facts.get(keyOf(spell));
      return facts === undefined || facts.cost === 0 || facts.powerType === powerType;
    });
    return affordable.map((spell) => ({ ...spell, range_yd: spell.range_yd || this.factsOf(spell).areaYd }));
  }
}

function keyOf({ id, name }: Pick<KnownSpell, "id" | "name">): string {
  return `${id} ${name}`;
}
