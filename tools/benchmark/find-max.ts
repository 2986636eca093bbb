// The largest load that holds: doubled from what is known to hold until something does not, then halved between the two
// until they are close enough together.
//
//   await findMax({ held: 200, failed: null, countMax: 10_000 }, (count) => step(count))   // 1_437

export interface Known {
  /** The largest count that held so far; 0 when none did. */
  held: number;
  /** The smallest that did not; null when all did. */
  failed: number | null;
  countMax: number;
}

/** Where there is nothing to double. */
const FIRST = 50;
/** The answer is that much less than what failed, at most: a share, or so many. */
const GAP_SHARE = 0.05;
const GAP_MIN = 10;

/** `holds` is called for one count after another, each once. */
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
