// Commands that go on until they are told to stop: Ctrl-C or SIGTERM ends the waiting, and what is known by then is shown,
// or what was begun is put back.
//
//   await interruptible(async (signal) => {
//     while (await pause(1_000, signal)) look()
//   })

/** SIGHUP: the terminal was closed. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Runs `work` with a signal that is aborted by the first SIGINT or SIGTERM, as `onSignalled` is told; a second one ends the process. */
export async function interruptible<Result>(
  work: (signal: AbortSignal) => Promise<Result>,
  onSignalled: () => void = () => {},
): Promise<Result> {
  const stop = new AbortController();
  const onSignal = (): void => {
    onSignalled();
    stop.abort();
  };
  for (const name of SIGNALS) process.once(name, onSignal);
  try {
    return await work(stop.signal);
  } finally {
    for (const name of SIGNALS) process.off(name, onSignal);
  }
}

/** Waits; false when it was told to stop meanwhile. */
export function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    const onAbort = (): void => {
      clearTimeout(timer);
      resolve(false);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", onAbort);
      resolve(true);
    }, ms);
    signal.addEventListener("abort", onAbort, { once: true });
  });
}
