// Whether this process is in the foreground of its terminal. A process that was started with "&", or moved to the background
// with Ctrl-Z and bg, must not draw on the screen.

import { readFileSync } from "node:fs";

/** On Linux from proc(5)'s stat: the fifth field is the process group, the eighth the terminal's. Elsewhere: true. */
export function isInForeground(stat = readStat()): boolean {
  // The process name may contain blanks and parentheses; it ends at the last parenthesis.
  const [, , , group, , , terminalsGroup] = stat.slice(stat.lastIndexOf(")") + 1).split(" ");
  return terminalsGroup === undefined || terminalsGroup === "-1" || group === terminalsGroup;
}

function readStat(): string {
  try {
    return readFileSync("/proc/self/stat", "latin1");
  } catch {
    // Not Linux.
    return "";
  }
}
