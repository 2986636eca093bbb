// The names of all terms of behaviour, and a number for each that has occurred. A tally adds to numbers; names are for people.
//
//   const vocabulary = new Vocabulary(content)
//   const term = vocabulary.of("damage.spell", 200)      // 17
//   vocabulary.nameOf(term)                              // "damage.spell.fireball"
//
// What a module writes decides which terms occur. So there is a bound: what comes after it is counted as one term, "other".

import * as abi from "../../assembly/abi.ts";
import type { Content } from "../protocol/content/content.ts";
import {
  AURA_ENDED_NAMES,
  AVOIDED_NAMES,
  EVENT_NAMES,
  INTERRUPT_NAMES,
  OUTCOME_NAMES,
  REFUSED_NAMES,
  TRADE_NAMES,
} from "../protocol/game/wire-names.ts";

/** Terms of one validation. */
export const TERMS_MAX = 2_048;

type Namer = (key: number, content: Content) => string;

const fromNames =
  (names: Readonly<Record<number, string>>): Namer =>
  (key) =>
    names[key] ?? `unknown_${key}`;
const fromWords = (words: readonly string[]): Namer => fromNames({ ...words });
const spell: Namer = (id, { spells }) => {
  const name = spells.find((each) => each.id === id)?.name;
  return name === undefined ? `spell_${id}` : wordsOf(name);
};
const item: Namer = (id, { items }) => {
  const name = items.find((each) => each.id === id)?.name;
  return name === undefined ? `item_${id}` : wordsOf(name);
};

/** Kinds of entities; the key of a term that has one. */
export const OF_PLAYERS = 0;
export const OF_CREATURES = 1;
const kind = fromWords(["players", "creatures", "unknown"]);

/** Fields of records; the key of `shown`. */
export const SHOWN = {
  bytes: 0,
  frames: 1,
  ack: 2,
  reset: 3,
  leave: 4,
  auras: 5,
  pace: 6,
  stacks: 7,
  "self.health": 8,
  "self.max_health": 9,
  "self.power": 10,
  "self.max_power": 11,
  "self.target": 12,
  "self.cast": 13,
  "self.cast_end": 14,
  "self.gcd": 15,
  "enter.kind": 16,
  "enter.position": 17,
  "enter.health": 18,
  "enter.target": 19,
  "enter.flags": 20,
  "change.position": 21,
  "change.health": 22,
  "change.flags": 23,
  "change.target": 24,
  "change.cast": 25,
  unreadable: 26,
} as const;

/** Single terms, by the key of `one`. */
export const ONE = {
  draws: 0,
  "threat.entries.added": 1,
  "threat.entries.removed": 2,
  "threat.points": 3,
  "threat.tables": 4,
  "experience.gained": 5,
  "experience.told": 6,
  "experience.levels": 7,
  departures: 8,
} as const;

/** Forms of trades that are done; keys of `trades` beside the TRADE_*, by whether two stacks are given, wanted, or both. */
export const TRADED = { of_two: 32, for_two: 33, two_for_two: 34 } as const;

/** Invariants that a tick has left broken; the key of `broken`. */
export const BROKEN = {
  health_above_maximum: 0,
  power_above_maximum: 1,
  dead_with_health: 2,
  alive_without_health: 3,
  threat_of_nobody: 4,
  threat_miscounted: 5,
  items_not_conserved: 6,
  shown_what_is_not: 7,
  written_outside: 8,
  written_beyond_rows: 9,
  generator: 10,
  change_not_shown: 11,
} as const;

/** By counter: its name in telemetry terms, where the kernel has one. */
const COUNTER_NAMES: Readonly<Record<number, string>> = {
  [abi.COUNTER_COMMANDS]: "commands",
  [abi.COUNTER_ENTITIES_MOVED]: "entities_moved",
  [abi.COUNTER_CASTS_STARTED]: "casts_started",
  [abi.COUNTER_CASTS_COMPLETED]: "casts_completed",
  [abi.COUNTER_CASTS_INTERRUPTED]: "casts_interrupted",
  [abi.COUNTER_GCD_BLOCKED]: "gcd_blocked",
  [abi.COUNTER_ATTACKS]: "attacks",
  [abi.COUNTER_DAMAGE]: "damage",
  [abi.COUNTER_KILLS]: "kills",
  [abi.COUNTER_HEALING]: "healing",
  [abi.COUNTER_CORRECTED]: "corrected",
  [abi.COUNTER_REVIVED]: "revived",
  [abi.COUNTER_FRAMES]: "frames",
  [abi.COUNTER_FRAMES_DEFERRED]: "frames_deferred",
  [abi.COUNTER_EVENTS_LOST]: "events_lost",
  [abi.COUNTER_PLAYERS]: "players",
  [abi.COUNTER_CREATURES]: "creatures",
  [abi.COUNTER_WATCHERS]: "watchers",
  [abi.COUNTER_FIGHTING]: "fighting",
  [abi.COUNTER_TRADES]: "trades",
};
/** Counters from here on are used by no kernel of this version. */
export const COUNTERS_USED = abi.COUNTER_REFUSED + abi.REFUSED_COUNT;
const counter: Namer = (key) => {
  if (key >= COUNTERS_USED) return `unused_${key}`;
  if (key >= abi.COUNTER_REFUSED) return `refused_${REFUSED_NAMES[key - abi.COUNTER_REFUSED] ?? key}`;
  return COUNTER_NAMES[key] ?? String(key);
};

const event: Namer = (key) => (key === abi.EVENT_MOVED ? "moved" : fromNames(EVENT_NAMES)(key, NO_CONTENT));
const NO_CONTENT: Content = { spells: [], creatures: [], classes: [], items: [] };

const TRADED_NAMES = Object.fromEntries(Object.entries(TRADED).map(([name, key]) => [key, name]));
const keysOf = (of: Readonly<Record<string, number>>): string[] => Object.keys(of);

/** How many keys a group has room for, and what it calls them. A larger key is the last one. */
const GROUPS = {
  "damage.spell": { keys: 4_096, name: spell },
  damage: { keys: 1, name: fromWords(["swing"]) },
  "damage.to": { keys: 3, name: kind },
  "damage.outcome": { keys: 256, name: fromNames({ 0: "plain", ...OUTCOME_NAMES }) },
  "damage.absorbed": { keys: 3, name: kind },
  "damage.mitigated": { keys: 3, name: kind },
  "healing.spell": { keys: 4_096, name: spell },
  "healing.to": { keys: 3, name: kind },
  "health.lost": { keys: 3, name: kind },
  "health.gained": { keys: 3, name: kind },
  "health.untold.lost": { keys: 3, name: kind },
  "health.untold.gained": { keys: 3, name: kind },
  "power.lost": { keys: 3, name: kind },
  "power.gained": { keys: 3, name: kind },
  deaths: { keys: 3, name: kind },
  revived: { keys: 3, name: kind },
  moved: { keys: 3, name: kind },
  entered: { keys: 3, name: kind },
  left: { keys: 3, name: kind },
  targets: { keys: 3, name: kind },
  "combat.begun": { keys: 3, name: kind },
  "combat.ended": { keys: 3, name: kind },
  "casts.started": { keys: 4_096, name: spell },
  "casts.completed": { keys: 4_096, name: spell },
  "casts.interrupted": { keys: 64, name: fromNames(INTERRUPT_NAMES) },
  "casts.blocked": { keys: 1, name: fromWords(["gcd"]) },
  refused: { keys: 64, name: fromNames(REFUSED_NAMES) },
  avoided: { keys: 64, name: fromNames(AVOIDED_NAMES) },
  "auras.applied": { keys: 4_096, name: spell },
  "auras.ended": { keys: 64, name: fromNames(AURA_ENDED_NAMES) },
  "auras.held": { keys: 3, name: kind },
  loot: { keys: 2, name: fromWords(["taken", "no_room"]) },
  trades: { keys: 64, name: fromNames({ ...TRADE_NAMES, ...TRADED_NAMES }) },
  "items.gained": { keys: 256, name: item },
  "items.lost": { keys: 256, name: item },
  events: { keys: 64, name: event },
  counters: { keys: abi.COUNTERS, name: counter },
  shown: { keys: 64, name: fromWords(keysOf(SHOWN)) },
  "shown.event": { keys: 64, name: event },
  broken: { keys: 64, name: fromWords(keysOf(BROKEN)) },
  one: { keys: 64, name: fromWords(keysOf(ONE)) },
} satisfies Record<string, { keys: number; name: Namer }>;
export type Group = keyof typeof GROUPS;

/** Number of the term that stands for those without room. */
const OTHER = 0;

export class Vocabulary {
  readonly #content: Content;
  readonly #terms: Readonly<Record<Group, Int16Array>>;
  readonly #names: string[] = ["other"];
  readonly #byName = new Map<string, number>([["other", OTHER]]);

  constructor(content: Content) {
    this.#content = content;
    const tables = Object.entries(GROUPS).map(([group, { keys }]) => [group, new Int16Array(keys).fill(-1)]);
    this.#terms = Object.fromEntries(tables) as Record<Group, Int16Array>;
  }

  get size(): number {
    return this.#names.length;
  }

  nameOf(term: number): string {
    return this.#names[term] ?? "other";
  }

  of(group: Group, key: number): number {
    const terms = this.#terms[group];
    const place = key < terms.length ? key : terms.length - 1;
    const known = terms[place] ?? OTHER;
    return known >= 0 ? known : this.#learn(group, place, terms);
  }

  /** A term that is in no group: a column of the state. */
  named(name: string): number {
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    if (this.#names.length >= TERMS_MAX) return OTHER;
    this.#byName.set(name, this.#names.length);
    return this.#names.push(name) - 1;
  }

  #learn(group: Group, place: number, terms: Int16Array): number {
    const name = GROUPS[group].name(place, this.#content);
    const term = this.named(group === "one" ? name : `${group}.${name}`);
    terms[place] = term;
    return term;
  }
}

/** "Power Word: Shield" is power_word_shield. */
export function wordsOf(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "_")
    .replaceAll(/^_+|_+$/g, "");
}
