// Whether a process that a test does not own is still there.

import { readFileSync } from "node:fs";

/** False also for one that has ended and is only waiting to be taken note of. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    // No such process: that is the answer.
    return false;
  }
  return stateOf(pid) !== "Z";
}

/** "R", "S", "Z", ... as Linux tells it; "" where it does not. */
function stateOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.[0] ?? "";
  } catch {
    // No /proc here, or gone in between.
    return "";
  }
}
