// Finds the largest load that holds: doubles the largest known one until a load fails, then halves the gap between the two
// until they are close enough.
//
//   await findMax({ held: 200, failed: null, countMax: 10_000 }, (count) => step(count))   // 1_437

export interface Known {
  /** The largest count that held so far; 0 when none has. */
  held: number;
  /** The smallest count that failed; null when none has. */
  failed: number | null;
  countMax: number;
}

/** The first count when no count has held yet. */
const FIRST = 50;
/** The search stops when the gap below the failed count is at most this share of it, or at most this many. */
const GAP_SHARE = 0.05;
const GAP_MIN = 10;

/** `holds` is called for one count after another, once for each. */
export async function findMax(known: Known, holds: (count: number) => Promise<boolean>): Promise<number> {
  const { countMax } = known;
  let { held, failed } = known;
  while (failed === null && held < countMax) {
    const next = Math.min(countMax, Math.max(FIRST, held * 2));
    if (await holds(next)) held = next;
    else failed = next;
  }
  while (failed !== null && failed - held > Math.max(GAP_MIN, held * GAP_SHARE)) {
    const next = Math.round((held + failed) / 2);
    if (await holds(next)) held = next;
    else failed = next;
  }
  return held;
}
