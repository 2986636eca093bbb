// The content of a world after loading: items, spells, creature templates and classes (shared by all
// zones), and the zones with their spawns. The files are the *.toml in this folder; load.ts reads and checks them.

/** Schools of magic, in the order of their numbers in the kernel's tables. */
export const SCHOOLS = ["physical", "holy", "fire", "nature", "frost", "shadow", "arcane"] as const;
export const SPELL_EFFECTS = [
  "none",
  "damage",
  "heal",
  "interrupt",
  "taunt",
  "harm",
  "help",
  "power",
  "stance",
] as const;
export const AURA_KINDS = ["none", "damage", "heal", "absorb", "slow", "stun", "silence", "root"] as const;
export const POWER_TYPES = ["mana", "rage", "energy"] as const;

/** Times in seconds, ranges in yards, as written in the files; write-tables.ts turns them into ticks. */
export interface Spell {
  id: number;
  name: string;
  effect: (typeof SPELL_EFFECTS)[number];
  school: (typeof SCHOOLS)[number];
  castS: number;
  cooldownS: number;
  gcdS: number;
  cost: number;
  rangeYd: number;
  powerType: (typeof POWER_TYPES)[number];
  amount: [min: number, max: number];
  lockoutS: number;
  /** Every class has it in its book. */
  common: boolean;
  /** Guests cast it as in the earlier simulator: at once, free, with no cooldown except the global one. */
  guestsAtWill: boolean;
  /** Radius around the target, or around the caster if the range is 0; 0: the target alone. */
  areaYd: number;
  /** Duration of a channel, which takes effect in each period; 0: no channel. */
  channelS: number;
  channelPeriodS: number;
  /** Threat in addition to the damage; for a stance the factor on all threat. */
  threat: number;
  aura: AuraContent | null;
}

/**
 * A spell's effect as one word for clients, which tells them whom to cast it at. A spell that only helps by its aura is a
 * heal, a spell that only harms by its aura is damage.
 */
export function wireEffectOf({ effect }: Spell): string {
  if (effect === "help") return "heal";
  return effect === "harm" ? "damage" : effect;
}

/** The aura that a spell applies to its target. */
export interface AuraContent {
  kind: Exclude<(typeof AURA_KINDS)[number], "none">;
  durationS: number;
  /** Seconds between two effects of damage or healing; 0 for the other kinds. */
  periodS: number;
  /** Points of each effect, or points that are absorbed, or percent of slowing. */
  amount: [min: number, max: number];
  stacks: number;
}

/** Something that players hold in stacks; gold is one of them. */
export interface Item {
  /** The kind: 0 is gold. */
  id: number;
  name: string;
  /** Most pieces that a player holds. */
  stack: number;
}

/** What a killed creature may give to one of its killers. */
export interface Drop {
  /** Item id. */
  item: number;
  chancePercent: number;
  /** From 1 to this many pieces, each number as likely. */
  countMax: number;
}

export interface CreatureTemplate {
  name: string;
  level: number;
  health: number;
  damage: [min: number, max: number];
  swingS: number;
  armor: number;
  speedYdS: number;
  /** Yards; 0: by level, see docs/MECHANICS.md. */
  aggroRadiusYd: number;
  roamRadiusYd: number;
  respawnS: [min: number, max: number];
  corpseS: number;
  spellId: number;
  resistance: number;
  /** Creatures of one family help each other. */
  family: string;
  flees: boolean;
  elite: boolean;
  /** Gold for all killers together. */
  gold: [min: number, max: number];
  drops: Drop[];
}

export interface PlayerClass {
  name: string;
  health: number;
  power: number;
  powerType: (typeof POWER_TYPES)[number];
  armor: number;
  swingS: number;
  damage: [min: number, max: number];
  meleeRangeYd: number;
  spells: number[];
  resistance: number;
  /** Chance of a critical hit, percent. */
  criticalPercent: number;
  /** Factor on all threat. */
  threatFactor: number;
  /** Damage removed by a block; 0: no shield. */
  block: number;
  offHand: { damage: [min: number, max: number]; swingS: number } | null;
  /** Added for each level above 10, subtracted for each level below. */
  healthGain: number;
  powerGain: number;
  damageGain: number;
}

export interface Spawn {
  entityId: number;
  /** Index into Content.creatures. */
  template: number;
  x: number;
  y: number;
  z: number;
}

/** A player within its radius goes to the exit in another zone. Yards. */
export interface Portal {
  x: number;
  y: number;
  radiusYd: number;
  /** Zone id. */
  to: number;
  exit: { x: number; y: number; z: number };
}

export interface ZoneContent {
  id: number;
  name: string;
  spawns: Spawn[];
  portals: Portal[];
}

export interface Content {
  spells: Spell[];
  creatures: CreatureTemplate[];
  classes: PlayerClass[];
  /** Gold among them, as id 0. */
  items: Item[];
}

export interface World {
  name: string;
  zones: ZoneContent[];
  content: Content;
}
