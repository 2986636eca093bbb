// How a process stops in order: each part that starts pushes its own stop step, and they run newest first.
//
//   undo.push(() => http.stop())
//   await runBackwards(undo, "The server")

export type StopSteps = (() => Promise<void> | void)[];

/** When one step fails, the others still run. Throws what failed; `who` is for its message. */
export async function runBackwards(steps: StopSteps, who: string): Promise<void> {
  const failures: unknown[] = [];
  for (const step of steps.toReversed()) {
    try {
      await step();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length === 1) throw failures[0];
  if (failures.length > 1) throw new AggregateError(failures, `${who} could not be stopped in order.`);
}
