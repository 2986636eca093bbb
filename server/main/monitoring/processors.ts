// Whether the process gets enough processor time: how long its threads waited for a processor, and how busy the whole
// machine is.
//
//   const processors = new Processors()
//   processors.sample()      // { cpu_wait_share: 1.4, machine_busy: 2, machine_cores: 2 }: other processes use them
//
// For every thread, the kernel counts how long it was runnable but did not run (Linux,
// /proc/<pid>/task/<tid>/schedstat): a thread that sleeps, or is stopped, does not wait. A value that the system does
// not provide is null, which is not 0.

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
  /** Average number of the process's threads that waited for a processor. */
  cpu_wait_share: number | null;
  /** Average number of busy processors, whatever process used them; and the number of processors. */
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

  /** The sample for the time since the previous sample. */
  sample(): ProcessorSample {
    const [before, after] = [this.#last, this.#sums()];
    this.#last = after;
    const elapsedMs = Math.max(1, after.atMs - before.atMs);
    const waited = before.waitedMs === null || after.waitedMs === null ? null : after.waitedMs - before.waitedMs;
    return {
      // When a thread ends, its sum disappears.
      cpu_wait_share: waited === null || waited < 0 ? null : thousandths(waited / elapsedMs),
      machine_busy: after.busyMs === 0 ? null : thousandths((after.busyMs - before.busyMs) / elapsedMs),
      machine_cores: cpus().length,
    };
  }

  #sums(): Sums {
    return { atMs: this.#now(), waitedMs: waitedMs(), busyMs: busyMs() };
  }
}

/** The waiting time of all threads since each started, in milliseconds; null where the system does not count it. */
function waitedMs(): number | null {
  try {
    return readdirSync(TASKS).reduce((sum, task) => sum + waitedNs(task), 0) / NS_PER_MS;
  } catch (error) {
    // Not Linux, or no file handle left.
    if (error instanceof Error) return null;
    throw error;
  }
}

function waitedNs(task: string): number {
  try {
    const [, waited] = readFileSync(`${TASKS}/${task}/schedstat`, "latin1").split(" ");
    return Number(waited);
  } catch (error) {
    // The thread ended a moment ago.
    if (error instanceof Error) return 0;
    throw error;
  }
}

function busyMs(): number {
  return cpus().reduce((sum, { times: { user, nice, sys, irq } }) => sum + user + nice + sys + irq, 0);
}

const thousandths = (value: number): number => Math.round(value * 1_000) / 1_000;
