// Waiting that can be called off.
//
//   await sleep(500, signal)                       // ends early by throwing the signal's reason
//   while (await pause(1_000, signal)) look()      // ends early by false

import { setTimeout as after } from "node:timers/promises";

/** Resolves after `ms`; rejects with the signal's reason as soon as it is aborted. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  if (!(await pause(ms, signal))) throw signal.reason;
}

/** Waits; false when it was told to stop meanwhile. */
export async function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await after(ms, undefined, { signal });
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}
