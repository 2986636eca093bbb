// "Did you mean": finds the known word that is closest to a wrong one.
//
//   didYouMean("latency-spkie", ["latency-spike", "slow-leak"])   // ' Did you mean "latency-spike"?'

import { at } from "./assert.ts";

/** Longer words are not compared: they are no typing errors. */
const WORD_LENGTH_MAX = 64;

/** The closest of `known` within a third of the word's length in edits, or null. */
export function nearest(word: string, known: readonly string[]): string | null {
  if (word.length > WORD_LENGTH_MAX) return null;
  let best: string | null = null;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase().replaceAll("_", "-"), candidate.replaceAll("_", "-"));
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** The question as a sentence to append, with a space before it; empty when nothing is close. */
export function didYouMean(word: string, known: readonly string[]): string {
  const meant = nearest(word, known);
  return meant === null ? "" : ` Did you mean "${meant}"?`;
}

/** Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment) from one word to the other. */
function editDistance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const cost = from[row - 1] === to[column - 1] ? 0 : 1;
      const isSwap = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      const edits = [at(last, column) + 1, at(current, column - 1) + 1, at(last, column - 1) + cost];
      if (isSwap && row > 1 && column > 1) edits.push(at(beforeLast, column - 2) + 1);
      current.push(Math.min(...edits));
    }
    [beforeLast, last] = [last, current];
  }
  return at(last, to.length);
}
