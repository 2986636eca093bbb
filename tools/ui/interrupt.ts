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
