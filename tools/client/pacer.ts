// Calls for many clients at an even pace out of one timer: client after client, spread over the whole period, so that
// they do not all speak in the same millisecond. Counts from absolute time, so a late timer is caught up, up to a bound.
//
//   const stop = pace({ count: 4_000, perSecond: 10, now, visit: (index) => send(index) })   // 40 visits a millisecond

const WAKE_MS = 4;
/** More at a time overflow the queue of connections that a listener has not accepted yet. */
export const CONNECTS_AT_ONCE = 64;
/** What is made up for after a long pause, seconds. */
const CATCH_UP_S_MAX = 0.25;

export interface PaceOptions {
  /** Clients, visited as 0 .. count - 1 and over again. */
  count: number;
  /** Visits a second to each of them. */
  perSecond: number;
  /** Milliseconds of a monotonic clock. */
  now(): number;
  visit(index: number): void;
  /** So many visits were left out: the process could not keep the pace. */
  onLate?(visits: number): void;
}

/** Begins; the returned function ends it. */
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
