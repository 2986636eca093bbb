// Which differences of a tick are consequences of others of the same tick, so that only causes have to be declared.
//
//   damage.spell.fireball, health.lost.creatures and shown.change.health differ: the two others follow from the first
//
// The table says what can be a cause of what within one tick, from the general to the special: the longest name that a term begins
// with decides. A term of which no cause differs in the tick differs by itself. Causes can go in a circle: another number of random
// numbers changes what they decide, and somebody who dies takes other numbers. Then each of the circle may be the cause, and other
// ticks have to tell (roots.ts).

/** Anything but what is written about the tick: frames, counters, columns. */
const ANYTHING = "anything";
const ASKED = ["casts", "refused", "entered", "left", "departures", "trades"];
const HURT = ["damage.spell", "damage.swing"];
const HITS = [...HURT, "healing.spell", "avoided", "auras.applied"];
const FATES = ["deaths", "revived", "events.evaded", "experience.levels"];

const CAUSES: Readonly<Record<string, readonly string[]>> = {
  broken: [],
  draws: [...ASKED, ...FATES, "avoided", "auras.applied", "moved", "targets", "threat"],
  entered: [],
  left: [],
  trades: ["left", "deaths", "refused"],
  refused: [...FATES, "draws", "moved", "power", "casts", "auras", "left"],
  casts: [...FATES, "draws", "moved", "power", "auras", "damage.spell", "damage.swing", "refused", "left"],
  avoided: [...FATES, "draws", "casts", "moved", "targets", "left"],
  "damage.spell": [...FATES, "draws", "casts", "avoided", "moved", "targets", "auras", "left"],
  "damage.swing": [...FATES, "draws", "casts", "avoided", "moved", "targets", "auras", "left"],
  "damage.outcome": [...HURT, "draws"],
  "healing.spell": [...FATES, ...HURT, "draws", "casts", "moved", "auras", "left", "health.untold"],
  "auras.applied": [...FATES, "draws", "casts", "avoided", "moved", "targets", "left"],
  "auras.ended": [...FATES, ...HURT, "auras.applied", "casts", "left", "events.evaded"],
  "health.untold": ["revived", "experience.levels", "events.evaded", "combat"],
  deaths: [...HURT, "health.untold", "left", "draws"],
  revived: ["deaths", "refused", "moved"],
  "events.evaded": ["deaths", "threat", "moved", "left", "targets", "draws"],
  "events.aggro": [...HITS, ...FATES, "threat", "moved", "draws", "left"],
  "experience.told": ["deaths", "left"],
  "experience.levels": ["experience.told", "deaths", "left"],
  "experience.gained": ["experience.told", "experience.levels", "deaths", "left"],
  loot: ["deaths", "draws"],
  items: ["loot", "trades", "deaths", "left", "entered"],
  departures: [ANYTHING],
  "damage.to": HURT,
  "damage.absorbed": HURT,
  "damage.mitigated": HURT,
  "healing.to": ["healing.spell"],
  "health.lost": [...HURT, ...FATES, "healing.spell", "health.untold"],
  "health.gained": [...HURT, ...FATES, "healing.spell", "health.untold"],
  power: [...HURT, ...FATES, ...ASKED, "healing.spell", "combat", "draws"],
  "auras.held": [...HURT, ...FATES, "auras.applied", "auras.ended", "left"],
  threat: [...HITS, ...FATES, ...ASKED, "events.aggro", "moved", "power", "draws"],
  targets: [...HITS, ...FATES, ...ASKED, "events.aggro", "threat", "moved", "draws"],
  combat: [...HITS, ...FATES, ...ASKED, "events.aggro", "threat", "moved", "draws"],
  moved: [...HITS, ...FATES, ...ASKED, "health", "threat", "targets", "draws", "auras"],
  "events.damage": ["damage", "health"],
  "events.healed": ["healing", "health"],
  "events.killed": [...HURT, "deaths", "health.untold"],
  "events.moved": ["moved"],
  "events.refused": ["refused"],
  "events.avoided": ["avoided"],
  "events.experience": ["experience"],
  "events.level": ["experience"],
  "events.loot": ["loot", "items"],
  "events.trade": ["trades"],
  "events.revived": ["revived"],
  "events.corrected": ["moved", "refused", "left"],
  "events.cast_started": ["casts"],
  "events.cast_completed": ["casts"],
  "events.cast_interrupted": ["casts"],
  "events.cast_blocked_gcd": ["casts"],
  "events.aura_applied": ["auras"],
  "events.aura_ended": ["auras"],
  events: [],
  "shown.bytes": ["shown", ANYTHING],
  "shown.frames": ["shown", ANYTHING],
  shown: [ANYTHING],
  counters: [ANYTHING],
  state: [ANYTHING, "shown"],
};

/** Points that one entity has taken from another. Hits on one target in one tick can be causes of each other (term-book.ts). */
const HIT_FAMILIES: ReadonlySet<string> = new Set([...HURT, "healing.spell"]);

interface Family {
  name: string;
  /** Families of which a difference explains one of this. */
  causes: Set<number>;
  isAnything: boolean;
}

const NAMES = Object.keys(CAUSES);
const WRITTEN: ReadonlySet<string> = new Set(["shown", "shown.bytes", "shown.frames", "counters", "state", "broken"]);
const FAMILIES: readonly Family[] = NAMES.map((name) => {
  const causes = CAUSES[name] ?? [];
  const isMeant = (other: string): boolean => causes.some((cause) => other === cause || other.startsWith(`${cause}.`));
  const isAnything = causes.includes(ANYTHING);
  const found = NAMES.flatMap((other, index) => {
    return isMeant(other) || (isAnything && !WRITTEN.has(other)) ? [index] : [];
  });
  return { name, causes: new Set(found.filter((index) => NAMES[index] !== name)), isAnything };
});
export const FAMILY_OF_DRAWS = NAMES.indexOf("draws");
export const FAMILY_OF_DEATHS = NAMES.indexOf("deaths");
export const FAMILY_OF_BROKEN = NAMES.indexOf("broken");

export function isHit(family: number): boolean {
  return HIT_FAMILIES.has(NAMES[family] ?? "");
}

/** The family of a term, by the longest name that it begins with; a term of no family is of "events", which nothing explains. */
export function familyOf(term: string): number {
  let best = NAMES.indexOf("events");
  for (const [index, name] of NAMES.entries()) {
    const isMeant = term === name || term.startsWith(`${name}.`);
    if (isMeant && (best === NAMES.indexOf("events") || name.length >= (NAMES[best]?.length ?? 0))) best = index;
  }
  return best;
}

export interface Explanation {
  /** Families whose differences nothing else in the tick explains. */
  own: ReadonlySet<number>;
  /** Families of which each may explain the others. */
  open: ReadonlySet<number>;
  /** Families that another number of draws explains, directly or over others. */
  byChance: ReadonlySet<number>;
}

/** `families`: those of all terms that differ in one tick. */
export function explain(families: ReadonlySet<number>): Explanation {
  const sorted = [...families].toSorted((one, other) => one - other);
  const own = new Set(sorted.filter((family) => !sorted.some((cause) => isCause(cause, family))));
  const open = new Set<number>();
  for (;;) {
    const explained = reachable(sorted, [...own, ...open]);
    const left = sorted.filter((family) => !explained.has(family));
    if (left.length === 0) break;
    for (const family of firstCircle(left)) open.add(family);
  }
  const byChance = own.has(FAMILY_OF_DRAWS) ? reachable(sorted, [FAMILY_OF_DRAWS]) : new Set<number>();
  for (const family of own) byChance.delete(family);
  return { own, open, byChance };
}

const isCause = (cause: number, family: number): boolean => FAMILIES[family]?.causes.has(cause) === true;

/** The families, and all that they explain, directly or over others. */
function reachable(sorted: readonly number[], from: readonly number[]): Set<number> {
  const reached = new Set(from);
  for (const cause of reached) for (const family of sorted) if (isCause(cause, family)) reached.add(family);
  return reached;
}

/** A circle of causes into which no cause of another circle leads; its families in the order of the table. */
function firstCircle(left: readonly number[]): number[] {
  const after = new Map(left.map((family) => [family, reachable(left, [family])]));
  const circleOf = (family: number): number[] =>
    left.filter((other) => after.get(family)?.has(other) === true && after.get(other)?.has(family) === true);
  const hasNoCause = (circle: readonly number[]): boolean =>
    left.every((cause) => circle.includes(cause) || !circle.some((family) => isCause(cause, family)));
  return left.map(circleOf).find(hasNoCause) ?? [...left];
}
