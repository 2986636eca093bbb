// Whether this process is the one its terminal listens to: what was started with "&", or put there with Ctrl-Z and bg, leaves
// the screen to whoever is typing.

import { readFileSync } from "node:fs";

/** Linux has it at hand: in proc(5)'s stat the fifth field is the process group, the eighth the terminal's. Elsewhere: true. */
export function isInForeground(stat = readStat()): boolean {
  // The name, which may hold blanks and parentheses, ends at the last one.
  const [, , , group, , , terminalsGroup] = stat.slice(stat.lastIndexOf(")") + 1).split(" ");
  return terminalsGroup === undefined || terminalsGroup === "-1" || group === terminalsGroup;
}

function readStat(): string {
  try {
    return readFileSync("/proc/self/stat", "latin1");
  } catch {
    // No Linux.
    return "";
  }
}
