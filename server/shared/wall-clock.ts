// Wall time for threads that ask often: Date.now costs 30 ns in this Bun, performance.now a tenth of it.
//
//   const now = wallClock()
//   now()      // 1767225600050.25, milliseconds since 1970

/** How long the offset between both clocks is believed: a clock that is set is followed within this. */
const RESYNC_MS = 1000;

/** A clock of its own for each caller. */
export function wallClock(): () => number {
  let offsetMs = 0;
  let resyncAtMs = Number.NEGATIVE_INFINITY;
  return () => {
    const nowMs = performance.now();
    if (nowMs >= resyncAtMs) {
      offsetMs = Date.now() - nowMs;
      resyncAtMs = nowMs + RESYNC_MS;
    }
    return offsetMs + nowMs;
  };
}
