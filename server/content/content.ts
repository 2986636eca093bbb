// What a world is made of, as the server holds it after loading: spells, creature templates and classes (shared by all
// zones), and the zones with their spawns. Files: *.toml beside this one; load.ts reads and checks them.

/** Schools of magic, in the order of their numbers in the kernel's tables. */
export const SCHOOLS = ["physical", "holy", "fire", "nature", "frost", "shadow", "arcane"] as const;
export const SPELL_EFFECTS = ["none", "damage", "heal", "interrupt"] as const;
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
  amount: [min: number, max: number];
  lockoutS: number;
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
}

export interface Spawn {
  entityId: number;
  /** Index into Content.creatures. */
  template: number;
  x: number;
  y: number;
  z: number;
}

export interface ZoneContent {
  id: number;
  name: string;
  spawns: Spawn[];
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
