// Calls a function for many clients at an even pace from one timer: client after client, spread over the whole period, so that
// they do not all send in the same millisecond. It counts in absolute time, so a late timer catches up, within a limit.
//   const stop = pace({ count: 4_000, perSecond: 10, now, visit: (index) => send(index) })   // 40 visits a millisecond

const WAKE_MS = 4;
/** More at a time overflow a listener's queue of connections that are not accepted yet. */
export const CONNECTS_AT_ONCE = 64;
/** The most that is caught up after a long pause, seconds. */
const CATCH_UP_S_MAX = 0.25;

export interface PaceOptions {
  /** The clients, visited as 0 .. count - 1 in rotation. */
  count: number;
  /** Visits a second for each client. */
  perSecond: number;
  /** Milliseconds of a monotonic clock. */
  now(): number;
  visit(index: number): void;
  /** Called with the number of visits that were skipped because the process was too slow. */
  onLate?(visits: number): void;
}

/** Begins; the returned function stops it. */
export function pace({ count, perSecond, now, visit, onLate }: PaceOptions): () => void {
  const perMs = (count * perSecond) / 1_000;
  const catchUpMax = Math.ceil(perMs * CATCH_UP_S_MAX * 1_000);
  const startedAt = now();
  let done = 0;
  const timer = setInterval(() => {
    const due = Math.floor((now() - startedAt) * perMs);
    if (due - done > catchUpMax) {
      onLate?.(due - catchUpMax - done);
      done = due - catchUpMax;
    }
    for (; done < due; done++) visit(done % count);
  }, WAKE_MS);
  return () => clearInterval(timer);
}

/** Runs `task` for 0 .. count - 1, at most `atOnce` at a time. */
export async function forEachAtOnce(
  count: number,
  atOnce: number,
  task: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < count) await task(next++);
  };
  await Promise.all(Array.from({ length: Math.min(count, atOnce) }, work));
}
