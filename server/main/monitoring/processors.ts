// Whether the process gets the processors it asks for: how long its threads waited for one, and how busy all of the
// machine is.
//
//   const processors = new Processors()
//   processors.sample()      // { cpu_wait_share: 1.4, machine_busy: 2, machine_cores: 2 }: others take them
//
// The kernel counts for every thread how long it could have run and did not (Linux, /proc/<pid>/task/<tid>/schedstat): a
// thread that sleeps, or is stopped, waits for nothing. What the system does not tell is null, which is not 0.

import { readdirSync, readFileSync } from "node:fs";
import { cpus } from "node:os";

const TASKS = "/proc/self/task";
const NS_PER_MS = 1e6;

interface Sums {
  atMs: number;
  waitedMs: number | null;
  busyMs: number;
}

export interface ProcessorSample {
  /** Threads of ours that waited for a processor, on average. */
  cpu_wait_share: number | null;
  /** Processors that were busy, by whatever process, on average; and how many there are. */
  machine_busy: number | null;
  machine_cores: number;
}

export class Processors {
  readonly #now: () => number;
  #last: Sums;

  /** `now`: milliseconds, monotonic. */
  constructor(now: () => number) {
    this.#now = now;
    this.#last = this.#sums();
  }

  /** Of the time since the sample before. */
  sample(): ProcessorSample {
    const [before, after] = [this.#last, this.#sums()];
    this.#last = after;
    const elapsedMs = Math.max(1, after.atMs - before.atMs);
    const waited = before.waitedMs === null || after.waitedMs === null ? null : after.waitedMs - before.waitedMs;
    return {
      // A thread that ended takes its sum with it.
      cpu_wait_share: waited === null || waited < 0 ? null : thousandths(waited / elapsedMs),
      machine_busy: after.busyMs === 0 ? null : thousandths((after.busyMs - before.busyMs) / elapsedMs),
      machine_cores: cpus().length,
    };
  }

  #sums(): Sums {
    return { atMs: this.#now(), waitedMs: waitedMs(), busyMs: busyMs() };
  }
}

/** Of all threads, since each began; null where nobody counts. */
function waitedMs(): number | null {
  try {
    return readdirSync(TASKS).reduce((sum, task) => sum + waitedNs(task), 0) / NS_PER_MS;
  } catch (error) {
    // No Linux, or no file handle left.
    if (error instanceof Error) return null;
    throw error;
  }
}

function waitedNs(task: string): number {
  try {
    const [, waited] = readFileSync(`${TASKS}/${task}/schedstat`, "latin1").split(" ");
    return Number(waited);
  } catch (error) {
    // It ended a moment ago.
    if (error instanceof Error) return 0;
    throw error;
  }
}

function busyMs(): number {
  return cpus().reduce((sum, { times: { user, nice, sys, irq } }) => sum + user + nice + sys + irq, 0);
}

const thousandths = (value: number): number => Math.round(value * 1_000) / 1_000;
