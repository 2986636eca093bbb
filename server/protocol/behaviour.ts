// What two kernels did, in terms of the game. A validation fills these in, expectations are held against them, and reports print
// them.
//
//   { what: "damage.spell.fireball", incumbent: 41200, candidate: 46144, n: 4120, ticks: 900, own: 900, follows: [], first: ... }
//   { what: "health.lost.creatures", ..., ticks: 900, own: 0, follows: ["damage.spell.fireball"], ... }
//
// Names are words in lower case, joined by "_", in a path joined by "."; the path goes from the general to the special.

/** Where two kernels first did something differently. */
export interface FirstDifference {
  zone: number;
  tick: number;
  /** The entity whose value or event differs; null where it belongs to none. */
  entity: number | null;
  /** Its name and number: "Timber Wolf 1100007". */
  who: string | null;
  /** Its command in that tick, else commands of others at it, in words; null where there are none. */
  command: string | null;
}

/** One thing that the game does, summed up over all ticks that both kernels ran from the same states. */
export interface BehaviourTerm {
  what: string;
  /** Sums over all ticks, in the unit of the thing: points of health, yards, pieces, times. */
  incumbent: number;
  candidate: number;
  /** How often it happened: the larger of both counts. */
  n: number;
  /** Ticks in which both differ, also where their sums are equal: somebody else was hit. */
  ticks: number;
  /** Those of these ticks in which no other term explains the difference. A term with 0 is a consequence of what it follows. */
  own: number;
  /** The terms that explain the difference in the other ticks, most first. */
  follows: string[];
  /** Null: equal in every tick. */
  first: FirstDifference | null;
}
