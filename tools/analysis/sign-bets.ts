// A sequential test that may be looked at after every observation: a gambler who bets on "over the limit" each time.
//
//   const { capital, greatest } = signBets([true, true, false, true])
//   greatest >= 1 / 0.01          // the observations are over the limit, and that is wrong once in 100 times at most
//
// The hypothesis: whatever came before, the next observation is over the limit with a probability of one half at most. Then each bet is
// fair or worse, the capital is a supermartingale, and it reaches 1/a with a probability of a at most, however often somebody
// looks (Ville's inequality). The capital is the mean of gamblers with different stakes, because nobody knows how clear the difference is.

/** Shares of the capital that are bet each time. */
const STAKES = [0.25, 0.5, 0.75, 0.9] as const;

export interface Bets {
  /** Begins with 1. */
  capital: number;
  /** The greatest so far, which decides. */
  greatest: number;
}

/** `isOver` in the order in which it was observed. */
export function signBets(isOver: Iterable<boolean>): Bets {
  let gamblers: number[] = STAKES.map(() => 1);
  let [capital, greatest] = [1, 1];
  for (const over of isOver) {
    gamblers = gamblers.map((own, index) => own * (1 + (over ? 1 : -1) * (STAKES[index] ?? 0)));
    capital = gamblers.reduce((sum, own) => sum + own, 0) / gamblers.length;
    greatest = Math.max(greatest, capital);
  }
  return { capital, greatest };
}
