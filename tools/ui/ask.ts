// A question on a terminal that may go away. Clack's own cancel path writes to the terminal first, and never ends when the
// terminal is gone.
//
//   const answer = await orCancelled(confirm({ message, signal }), signal)      // a symbol once the signal is aborted

/** The prompt's answer, or, as soon as the signal is aborted, a symbol as clack returns for Ctrl-C. */
export function orCancelled<Answer>(prompt: Promise<Answer | symbol>, signal: AbortSignal): Promise<Answer | symbol> {
  const { promise: cancelled, resolve } = Promise.withResolvers<symbol>();
  const onAbort = (): void => resolve(Symbol("cancelled"));
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });
  return Promise.race([prompt, cancelled]).finally(() => signal.removeEventListener("abort", onAbort));
}
