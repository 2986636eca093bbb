// Other processes of this machine: whether one is still running, and the child processes of one.

import { readFileSync } from "node:fs";

/** False also for a zombie: a process that has ended and is not reaped yet. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    // No such process.
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

/** "R", "S", "Z", ... on Linux; "" elsewhere. */
function stateOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.[0] ?? "";
  } catch {
    // No /proc here, or the process ended meanwhile.
    return "";
  }
}
