// What the system knows about one thread of this process: whether it sleeps, and how long it ran. This distinguishes a
// thread that hangs from one that only gets no processor. It works on Linux; elsewhere nothing is known.
//
//   ownThreadId()         // in the worker: 4711, or 0
//   timesOf(4711)         // main: { isAsleep: false, ranMs: 1203.4, othersWaitedMs: 88.1 }

import { readdirSync, readFileSync, readlinkSync } from "node:fs";

const TASKS = "/proc/self/task";
const NS_PER_MS = 1e6;
/** The state of a thread that runs or is ready to run. */
const RUNNABLE = "R";

export interface ThreadTimes {
  /** It waits for something other than a processor. */
  isAsleep: boolean;
  /** Milliseconds it ran since it started. */
  ranMs: number;
  /**
   * Total time in milliseconds that the process's other threads were runnable but did not run. The time of an ended
   * thread disappears.
   */
  othersWaitedMs: number;
}

/** The calling thread's number in the system; 0 when it is unknown. */
export function ownThreadId(): number {
  try {
    return Number(readlinkSync("/proc/thread-self").split("/").at(-1)) || 0;
  } catch {
    // Not Linux.
    return 0;
  }
}

/**
 * Null when the thread does not exist, or the system does not provide times. Reads a small file for each thread of the
 * process.
 */
export function timesOf(threadId: number): ThreadTimes | null {
  if (threadId === 0) return null;
  try {
    // The name before the state may contain anything, even brackets.
    const stat = readFileSync(`${TASKS}/${threadId}/stat`, "latin1");
    const state = stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3);
    const others = readdirSync(TASKS).filter((task) => task !== String(threadId));
    const othersWaitedMs = others.reduce((sum, task) => sum + schedule(task).waitedMs, 0);
    return { isAsleep: state !== RUNNABLE, ranMs: schedule(String(threadId)).ranMs, othersWaitedMs };
  } catch {
    // Not Linux, the thread has ended, or no file handle is left: unknown.
    return null;
  }
}

function schedule(task: string): { ranMs: number; waitedMs: number } {
  try {
    const [ran, waited] = readFileSync(`${TASKS}/${task}/schedstat`, "latin1").split(" ");
    return { ranMs: Number(ran) / NS_PER_MS, waitedMs: Number(waited) / NS_PER_MS };
  } catch {
    // The thread ended a moment ago.
    return { ranMs: 0, waitedMs: 0 };
  }
}
