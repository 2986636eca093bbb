// A question on a terminal that may go away: clack's own way out writes to the terminal first, and never comes to an end where
// there is none any more.
//
//   const answer = await orCancelled(confirm({ message, signal }), signal)      // a symbol once the signal is aborted

/** The prompt's answer, or a symbol as clack gives for Ctrl-C as soon as the signal is aborted. */
export function orCancelled<Answer>(prompt: Promise<Answer | symbol>, signal: AbortSignal): Promise<Answer | symbol> {
  const { promise: cancelled, resolve } = Promise.withResolvers<symbol>();
  const onAbort = (): void => resolve(Symbol("cancelled"));
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });
  return Promise.race([prompt, cancelled]).finally(() => signal.removeEventListener("abort", onAbort));
}
