// Small content for tests of the rules: round numbers, nothing by chance (every amount is a range of one number), so that
// a test says exactly what comes out. A test adds the spells, creatures and classes that it is about.
//
//   testContent({ spells: [spell({ id: 7, amount: [40, 40] })] })

import type {
  AuraContent,
  Content,
  CreatureTemplate,
  Item,
  PlayerClass,
  Spell,
} from "../../server/protocol/content/content.ts";

export interface ContentParts {
  spells?: Spell[];
  creatures?: CreatureTemplate[];
  classes?: PlayerClass[];
  items?: Item[];
}

/** An instant fire spell of 40 damage at 30 yd, free of charge, in everybody's book, unless said otherwise. */
export function spell(parts: Partial<Spell> & { id: number }): Spell {
  return {
    name: `Spell ${parts.id}`,
    effect: "damage",
    school: "fire",
    castS: 0,
    cooldownS: 0,
    gcdS: 1.5,
    cost: 0,
    rangeYd: 30,
    powerType: "mana",
    amount: [40, 40],
    lockoutS: 0,
    common: true,
    guestsAtWill: false,
    areaYd: 0,
    channelS: 0,
    channelPeriodS: 0,
    threat: 0,
    aura: null,
    ...parts,
  };
}

/** A naked level 10 creature of 1,000 health that hits for 10 every 2 s, notices nobody by itself, and stays where it is. */
export function creature(parts: Partial<CreatureTemplate> & { name: string }): CreatureTemplate {
  return {
    level: 10,
    health: 1_000,
    damage: [10, 10],
    swingS: 2,
    armor: 0,
    speedYdS: 7,
    aggroRadiusYd: 0.01,
    roamRadiusYd: 0,
    respawnS: [20, 20],
    corpseS: 10,
    spellId: 0,
    resistance: 0,
    family: parts.name,
    flees: false,
    elite: false,
    gold: [0, 0],
    drops: [],
    ...parts,
  };
}

/** A naked class of 500 health and 1,000 mana that hits for 20 every 2 s. */
export function playerClass(parts: Partial<PlayerClass> & { name: string }): PlayerClass {
  return {
    health: 500,
    power: 1_000,
    powerType: "mana",
    armor: 0,
    swingS: 2,
    damage: [20, 20],
    meleeRangeYd: 5,
    spells: [],
    resistance: 0,
    criticalPercent: 5,
    threatFactor: 1,
    block: 0,
    offHand: null,
    healthGain: 0,
    powerGain: 0,
    damageGain: 0,
    ...parts,
  };
}

/** An aura of 3 s without an amount, unless said otherwise. */
export function aura(parts: Partial<AuraContent> & { kind: AuraContent["kind"] }): AuraContent {
  return { durationS: 3, periodS: 0, amount: [0, 0], stacks: 1, ...parts };
}

/** Whatever the test adds, behind a class Hero, a creature Wolf and gold, of which a player holds up to 1,000. */
export function testContent({ spells = [], creatures = [], classes = [], items = [] }: ContentParts = {}): Content {
  return {
    spells: spells.length > 0 ? spells : [spell({ id: 1 })],
    creatures: [creature({ name: "Wolf" }), ...creatures],
    classes: [playerClass({ name: "Hero" }), ...classes],
    items: [{ id: 0, name: "Gold", stack: 1_000 }, ...items],
  };
}
