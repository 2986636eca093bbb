// The clock of the faults: nominal server ticks of 50 ms, counted on the main thread, whatever the zones do.
//
//   const ticks = startNominalTicks((tick) => registry.advance(tick))
//   ticks.stop()
//
// Deadlines are absolute, so the count does not drift. When the thread is late, the missed ticks are skipped, and the
// next call has the tick number that matches the time.

/** Length of a nominal server tick, in milliseconds. */
export const NOMINAL_TICK_MS = 50;

/**
 * Calls `onTick` with 1, 2, 3, ... every 50 ms until it is stopped, and with the delay of the thread. Everything that
 * waits for the thread, such as bytes in a socket, is delayed by the same time.
 */
export function startNominalTicks(
  onTick: (tick: number, lateMs: number) => void,
  now: () => number = () => performance.now(),
): { stop(): void } {
  const start = now();
  let timer: Timer | undefined;
  const schedule = (): void => {
    const next = Math.floor((now() - start) / NOMINAL_TICK_MS) + 1;
    timer = setTimeout(
      () => {
        const elapsedMs = now() - start;
        const due = Math.floor(elapsedMs / NOMINAL_TICK_MS);
        if (due >= next) onTick(due, elapsedMs - next * NOMINAL_TICK_MS);
        if (timer !== undefined) schedule();
      },
      // This is negative when the thread pauses between the two readings of the clock.
      Math.max(0, start + next * NOMINAL_TICK_MS - now()),
    );
  };
  schedule();
  return {
    stop() {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
