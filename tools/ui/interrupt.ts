// Commands that run until they are stopped: Ctrl-C or SIGTERM ends the waiting. Then the command shows what it knows by then,
// or undoes what it began.
//
//   await interruptible(async (signal) => {
//     while (await pause(1_000, signal)) check()
//   })

/** SIGHUP means that the terminal was closed. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Runs `work` with a signal that the first SIGINT or SIGTERM aborts (and calls `onSignalled`); a second one ends the process. */
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
