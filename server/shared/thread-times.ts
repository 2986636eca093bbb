// What the system knows of one thread of this process: whether it sleeps, and how long it ran. So a thread that hangs is
// told from one that only gets no processor. Linux has it; elsewhere there is nothing to know.
//
//   ownThreadId()         // in the worker: 4711, or 0
//   timesOf(4711)         // main: { isAsleep: false, ranMs: 1203.4, othersWaitedMs: 88.1 }

import { readdirSync, readFileSync, readlinkSync } from "node:fs";

const TASKS = "/proc/self/task";
const NS_PER_MS = 1e6;
/** States of a thread that runs or would like to. */
const RUNNABLE = "R";

export interface ThreadTimes {
  /** It waits for something, and not for a processor. */
  isAsleep: boolean;
  /** Since it began. */
  ranMs: number;
  /** How long the process's other threads could have run and did not, in all. A thread that ended takes its part along. */
  othersWaitedMs: number;
}

/** The calling thread's number in the system; 0 when it can not be known. */
export function ownThreadId(): number {
  try {
    return Number(readlinkSync("/proc/thread-self").split("/").at(-1)) || 0;
  } catch {
    // No Linux.
    return 0;
  }
}

/** Null when there is no such thread, or the system does not tell. Reads a small file for each thread of the process. */
export function timesOf(threadId: number): ThreadTimes | null {
  if (threadId === 0) return null;
  try {
    // The name before the state may have anything in it, brackets too.
    const stat = readFileSync(`${TASKS}/${threadId}/stat`, "latin1");
    const state = stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3);
    const others = readdirSync(TASKS).filter((task) => task !== String(threadId));
    const othersWaitedMs = others.reduce((sum, task) => sum + schedule(task).waitedMs, 0);
    return { isAsleep: state !== RUNNABLE, ranMs: schedule(String(threadId)).ranMs, othersWaitedMs };
  } catch {
    // No Linux, no such thread any more, or no file handle left: not known.
    return null;
  }
}

function schedule(task: string): { ranMs: number; waitedMs: number } {
  try {
    const [ran, waited] = readFileSync(`${TASKS}/${task}/schedstat`, "latin1").split(" ");
    return { ranMs: Number(ran) / NS_PER_MS, waitedMs: Number(waited) / NS_PER_MS };
  } catch {
    // It ended a moment ago.
    return { ranMs: 0, waitedMs: 0 };
  }
}
