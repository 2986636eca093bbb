// What a world is made of, as the server holds it after loading: spells, creature templates and classes (shared by all
// zones), and the zones with their spawns. Files: *.toml beside this one; load.ts reads and checks them.

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
  /** In every class's book. */
  common: boolean;
  /** Guests cast it as the earlier simulator had it: at once, for nothing, with no cooldown but the global one. */
  guestsAtWill: boolean;
  /** Around the target, or the caster where the range is 0; 0: the target alone. */
  areaYd: number;
  /** Takes effect every so often while it lasts; 0: no channel. */
  channelS: number;
  channelPeriodS: number;
  /** On top of the damage; of a stance the factor on all threat. */
  threat: number;
  aura: AuraContent | null;
}

/**
 * A spell's effect in the one word that clients are told: whom to cast it at follows from it. What helps by its aura alone is a
 * heal, what harms by its aura alone is damage.
 */
export function wireEffectOf({ effect }: Spell): string {
  if (effect === "help") return "heal";
  return effect === "harm" ? "damage" : effect;
}

/** What a spell leaves on its target. */
export interface AuraContent {
  kind: Exclude<(typeof AURA_KINDS)[number], "none">;
  durationS: number;
  /** Between two effects of damage or healing; 0 for the other kinds. */
  periodS: number;
  /** Each time, or what is absorbed, or percent of slowing. */
  amount: [min: number, max: number];
  stacks: number;
}

export interface CreatureTemplate {
  name: string;
  level: number;
  health: number;
  damage: [min: number, max: number];
  swingS: number;
  armor: number;
  speedYdS: number;
  /** 0: by level, MECHANICS.md. */
  aggroRadiusYd: number;
  roamRadiusYd: number;
  respawnS: [min: number, max: number];
  corpseS: number;
  spellId: number;
  resistance: number;
  /** Those of one family help each other. */
  family: string;
  flees: boolean;
  elite: boolean;
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
  /** Percent. */
  criticalPercent: number;
  /** Factor on all threat. */
  threatFactor: number;
  /** Damage a blocked blow loses; 0: no shield. */
  block: number;
  offHand: { damage: [min: number, max: number]; swingS: number } | null;
  /** What a level above 10 adds, and one below takes. */
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

/** Who comes within its radius goes on in another zone, at the exit. Yards. */
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
}

export interface World {
  name: string;
  zones: ZoneContent[];
  content: Content;
}
