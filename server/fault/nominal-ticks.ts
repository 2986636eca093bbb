// The clock that faults live by: nominal server ticks of 50 ms, counted on the main thread, whatever the zones do.
//
//   const ticks = startNominalTicks((tick) => registry.advance(tick))
//   ticks.stop()
//
// Deadlines are absolute, so the count does not drift. When the thread was late, the ticks in between are left out, and
// the next call brings the number that the time asks for.

/** Length of a nominal server tick, in milliseconds. */
export const NOMINAL_TICK_MS = 50;

/** Calls `onTick` with 1, 2, 3, ... every 50 ms until it is stopped. */
export function startNominalTicks(
  onTick: (tick: number) => void,
  now: () => number = () => performance.now(),
): { stop(): void } {
  const start = now();
  let timer: Timer | undefined;
  const schedule = (): void => {
    const next = Math.floor((now() - start) / NOMINAL_TICK_MS) + 1;
    timer = setTimeout(
      () => {
        const due = Math.floor((now() - start) / NOMINAL_TICK_MS);
        if (due >= next) onTick(due);
        if (timer !== undefined) schedule();
      },
      start + next * NOMINAL_TICK_MS - now(),
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
