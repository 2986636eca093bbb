// Waiting that can be cancelled.
//
//   await sleep(500, signal)                       // ends early by throwing the signal's reason
//   while (await pause(1_000, signal)) check()     // ends early by returning false

import { setTimeout as after } from "node:timers/promises";

/** Resolves after `ms`; rejects with the signal's reason as soon as it is aborted. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  if (!(await pause(ms, signal))) throw signal.reason;
}

/** Waits `ms`; false when the signal was aborted meanwhile. */
export async function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await after(ms, undefined, { signal });
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}
