// Other processes of this machine: whether one is still there, and whom it has started.

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

/** Processes that this one has started and that are still its children. */
export function childrenOf(pid: number): number[] {
  const { stdout } = Bun.spawnSync(["ps", "-o", "pid=", "--ppid", String(pid)]);
  return stdout
    .toString()
    .trim()
    .split(/\s+/)
    .filter((text) => text !== "")
    .map(Number);
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
