// From which terms each term follows in the end, over all ticks. Within one tick causes can go in a circle; then other ticks tell:
// the term of the circle that also differs by itself is the cause.
//
//   damage.spell.fireball   ticks 900, by itself 888, in 12 ticks in a circle with deaths and draws
//   draws                   ticks 12, follows damage.spell.fireball and deaths.creatures
//   rooted(rows)            draws follows damage.spell.fireball
//
// Where no term of a circle ever differs by itself, it is the one with the most ticks; of several the first of the table of causes.

import { familyOf } from "./causes.ts";
import type { TermRow } from "./term-book.ts";

export function rooted(rows: ReadonlyMap<string, TermRow>): TermRow[] {
  const own = new Map([...rows.values()].map(({ what, own: ticks }) => [what, ticks]));
  const rootsOf = ({ what, follows }: TermRow): [string, number][] =>
    reachedFrom(follows, rows, own).filter(([root]) => root !== what && (own.get(root) ?? 0) > 0);
  for (;;) {
    const loose = [...rows.values()].filter(
      (row) => row.ticks > 0 && own.get(row.what) === 0 && rootsOf(row).length === 0,
    );
    const [first] = loose.toSorted(
      (one, other) =>
        other.ticks - one.ticks || familyOf(one.what) - familyOf(other.what) || (one.what < other.what ? -1 : 1),
    );
    if (first === undefined) break;
    own.set(first.what, first.ticks);
  }
  return [...rows.values()].map((row) => ({
    ...row,
    own: own.get(row.what) ?? row.own,
    follows: Object.fromEntries(rootsOf(row)),
  }));
}

/** What a term follows from, directly or over terms that only follow others. */
function reachedFrom(
  follows: Readonly<Record<string, number>>,
  rows: ReadonlyMap<string, TermRow>,
  own: ReadonlyMap<string, number>,
): [string, number][] {
  const reached = new Map(Object.entries(follows));
  for (const what of reached.keys()) {
    if ((own.get(what) ?? 0) > 0) continue;
    for (const cause of Object.keys(rows.get(what)?.follows ?? {})) if (!reached.has(cause)) reached.set(cause, 1);
  }
  return [...reached];
}
