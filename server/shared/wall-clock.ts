// Wall time for threads that read it often: Date.now costs 30 ns in this Bun, performance.now a tenth of that.
//
//   const now = wallClock()
//   now()      // 1767225600050.25, milliseconds since 1970

/** How long the offset between both clocks is kept: a change of the system clock takes effect within this time. */
const RESYNC_MS = 1000;

/** Each caller gets its own clock. */
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
