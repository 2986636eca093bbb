// Processor time by thread, from /proc: what a process's main thread used, its workers, and the helpers of the runtime.
//
//   const spent = spentBy({ server: child.pid, players: process.pid })
//   ...
//   spent()      // { server: { main: 8.25, workers: 3.5, helpers: 0.25 }, players: {...}, machine: 31.5 }   seconds since
//
// Only Linux tells; elsewhere all are null. The machine's time counts what the kernel does for nobody in particular, such
// as taking in packets, and is of everything that runs on it.

import { readdirSync, readFileSync } from "node:fs";

/** The unit of the times in /proc, on every Linux there is. */
const TICKS_PER_SECOND = 100;
const WORKER_NAME = "Worker";
/** Of a thread's stat, behind its name: user and system time. */
const USER = 11;
const SYSTEM = 12;
/** Of the first line of /proc/stat: user, nice, system, idle, iowait, irq, softirq. */
const MACHINE_FIELDS = 7;
const MACHINE_IDLE: readonly number[] = [3, 4];

/** Seconds. */
export interface CpuTimes {
  main: number;
  workers: number;
  helpers: number;
}

export interface CpuSpent {
  server: CpuTimes | null;
  players: CpuTimes | null;
  /** All processors together. */
  machine: number | null;
}

/** Begins to count; the returned function tells what was spent since. Threads that end meanwhile are left out. */
export function spentBy(pids: { server: number; players: number }): () => CpuSpent {
  const [server, players, machine] = [threadsOf(pids.server), threadsOf(pids.players), machineBusySeconds()];
  return () => ({
    server: growthOf(server, threadsOf(pids.server)),
    players: growthOf(players, threadsOf(pids.players)),
    machine: machine === null ? null : (machineBusySeconds() ?? machine) - machine,
  });
}

interface ThreadTime {
  kind: keyof CpuTimes;
  seconds: number;
}

function threadsOf(pid: number): Map<string, ThreadTime> | null {
  if (process.platform !== "linux") return null;
  return new Map(readdirSync(`/proc/${pid}/task`).map((thread) => [thread, readThread(pid, thread)]));
}

function readThread(pid: number, thread: string): ThreadTime {
  const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, "latin1");
  const name = stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")"));
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const kind = Number(thread) === pid ? "main" : name === WORKER_NAME ? "workers" : "helpers";
  return { kind, seconds: (Number(fields[USER]) + Number(fields[SYSTEM])) / TICKS_PER_SECOND };
}

function growthOf(before: Map<string, ThreadTime> | null, after: Map<string, ThreadTime> | null): CpuTimes | null {
  if (before === null || after === null) return null;
  const growth = { main: 0, workers: 0, helpers: 0 };
  for (const [thread, { kind, seconds }] of after) growth[kind] += seconds - (before.get(thread)?.seconds ?? 0);
  return growth;
}

function machineBusySeconds(): number | null {
  if (process.platform !== "linux") return null;
  const [line = ""] = readFileSync("/proc/stat", "latin1").split("\n");
  const times = line
    .split(/\s+/)
    .slice(1, MACHINE_FIELDS + 1)
    .map(Number);
  const busy = times.reduce((sum, time, field) => (MACHINE_IDLE.includes(field) ? sum : sum + time), 0);
  return busy / TICKS_PER_SECOND;
}
