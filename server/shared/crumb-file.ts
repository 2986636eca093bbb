// The breadcrumbs of all zone workers, and a few counters of the process, in a file that lies in memory (/dev/shm). They
// survive the process, however it ends, so that whoever started it can see what it was at. Each thread maps the file and
// writes its own words there: that costs what a write to memory costs, and no disk is ever waited for.
//
//   createCrumbFile("/dev/shm/wowsim-Qz/breadcrumbs")            // parent
//   new Breadcrumb(start.breadcrumb, mapCrumbs(path, 0))         // zone worker 1
//   writeCounters(mapCounters(path), { tick, sessions, ... })    // main thread
//   readCrumbFile(path)     // parent: { counters: { tick: 812, ... }, crumbs: [{ worker: 1, zoneId: 1, ... }] }
//
//   bytes 0..63      counters, Int32
//   bytes 64 (n+1)   the breadcrumb of worker n, from 0
//
// The creator writes every byte, so that a later write finds its page even when that file system has become full.

import { readFileSync, writeFileSync } from "node:fs";
import { assert } from "../protocol/assert.ts";
import { Breadcrumb, CRUMB_WORDS } from "./breadcrumb.ts";
import type { Crumb } from "./breadcrumb.ts";

const SLOT_BYTES = 64;
/** As many as `serve --workers` allows. */
const SLOTS_MAX = 64;
const FILE_BYTES = SLOT_BYTES * (SLOTS_MAX + 1);

const COUNTERS = ["tick", "sessions", "workers_died", "workers_hung", "burning_threads"] as const;
export type CrumbCounters = Record<(typeof COUNTERS)[number], number>;

/** Creates the file, for this user alone. Throws the system's error, also when it exists. */
export function createCrumbFile(path: string): void {
  writeFileSync(path, new Uint8Array(FILE_BYTES), { flag: "wx", mode: 0o600 });
}

/** Forgets what an earlier process wrote. Throws the system's error. */
export function clearCrumbFile(path: string): void {
  writeFileSync(path, new Uint8Array(FILE_BYTES), { flag: "r+" });
}

/** The words of a worker in the file; null when there is no such file. */
export function mapCrumbs(path: string, worker: number): Int32Array | null {
  assert(worker < SLOTS_MAX, "a breadcrumb for each worker");
  return mapped(path, (worker + 1) * SLOT_BYTES);
}

/** The words of the counters in the file; null when there is no such file. */
export function mapCounters(path: string): Int32Array | null {
  return mapped(path, 0);
}

function mapped(path: string, offset: number): Int32Array | null {
  try {
    const bytes = Bun.mmap(path, { shared: true });
    if (bytes.byteLength < FILE_BYTES) return null;
    return new Int32Array(bytes.buffer, bytes.byteOffset + offset, SLOT_BYTES / Int32Array.BYTES_PER_ELEMENT);
  } catch {
    // The parent, which made the file, is gone or could not make it. A crash report without breadcrumbs is no reason not to run.
    return null;
  }
}

export function writeCounters(words: Int32Array, counters: CrumbCounters): void {
  for (const [index, name] of COUNTERS.entries()) Atomics.store(words, index, counters[name]);
}

/** What a process has written; `crumbs` has the workers that began to start. Null when the file can not be read. */
export function readCrumbFile(
  path: string,
): { counters: CrumbCounters; crumbs: (Crumb & { worker: number })[] } | null {
  const bytes = contentOf(path);
  if (bytes === null || bytes.byteLength < FILE_BYTES) return null;
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, FILE_BYTES / Int32Array.BYTES_PER_ELEMENT);
  const counters = Object.fromEntries(COUNTERS.map((name, index) => [name, words[index] ?? 0])) as CrumbCounters;
  const crumbs = Array.from({ length: SLOTS_MAX }, (_, slot) => {
    const start = ((slot + 1) * SLOT_BYTES) / Int32Array.BYTES_PER_ELEMENT;
    return { worker: slot + 1, ...Breadcrumb.of(words.subarray(start, start + CRUMB_WORDS)).read() };
  });
  return { counters, crumbs: crumbs.filter(({ beat }) => beat > 0) };
}

function contentOf(path: string): Uint8Array | null {
  try {
    return Uint8Array.from(readFileSync(path));
  } catch {
    // It was removed with its folder: then nothing is known.
    return null;
  }
}
