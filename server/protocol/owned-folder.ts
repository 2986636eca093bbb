// Temporary folders that belong to a process. Who ends in order removes its own. One that was killed can not, so the next process
// that makes such a folder removes those whose owner is gone.
//
//   const folder = ownedFolder(tmpdir(), "wowsim-copy-")
//   // "/tmp/wowsim-copy-4026531836-4711-8123477-Xb3kQ2": the owner's space of process numbers, its number, when it began
//
// A number is used again after a while, so the folder's name also has when the process began. Processes of another container
// can not be seen from here, so their folders stay.

import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { join } from "node:path";

/** Place of the start time behind the name of the program in /proc/PID/stat. */
const STARTED_AT = 19;

/** Makes a folder for this process, and removes those of processes that are gone. Throws the system's error. */
export function ownedFolder(parent: string, prefix: string): string {
  removeOrphans(parent, prefix);
  return mkdtempSync(join(parent, `${prefix}${spaceOfNumbers()}-${process.pid}-${startOf(process.pid) ?? 0}-`));
}

function removeOrphans(parent: string, prefix: string): void {
  for (const name of readdirSync(parent)) {
    if (!name.startsWith(prefix) || !isOrphan(name.slice(prefix.length))) continue;
    try {
      rmSync(join(parent, name), { recursive: true, force: true });
    } catch {
      // It is another user's: that user's next process removes it.
    }
  }
}

/** True when the rest of a folder's name says that its owner is gone. */
function isOrphan(rest: string): boolean {
  const [, space, pid, start] = /^(\d+)-(\d+)-(\d+)-[^-]+$/.exec(rest) ?? [];
  if (space === undefined || space !== spaceOfNumbers()) return false;
  return Number(start) === 0 ? !isRunning(Number(pid)) : startOf(Number(pid)) !== start;
}

/** The number of the space in which process numbers are given; "0" on a system that has only one. */
function spaceOfNumbers(): string {
  try {
    return /\d+/.exec(readlinkSync("/proc/self/ns/pid"))?.[0] ?? "0";
  } catch {
    // Not Linux.
    return "0";
  }
}

/** When a process began, in the system's own count; null when there is no such process, or the system does not tell. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[STARTED_AT] ?? null;
  } catch {
    // No such process, or no /proc here.
    return null;
  }
}

/** True when a process has this number. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: the process belongs to another user, but it runs.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
