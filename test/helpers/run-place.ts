// A place for one run of something that starts processes and makes files: what is left of it afterwards can be told.
//
//   using run = place()
//   await using demo = startWowsim(["demo", "--auto"], run.env)
//   ...
//   leavesNothing(run)

import { expect } from "bun:test";
import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { tempFolder } from "./telemetry.ts";

/** Its own folder for temporary files, and a mark that all its processes inherit. */
export function place() {
  const folder = tempFolder();
  const mark = randomUUID();
  const env = { TMPDIR: folder.path, WOWSIM_TEST_RUN: mark };
  return { folder, env, mark, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

export type Place = ReturnType<typeof place>;

/** Command lines of the run's processes that still run. */
export function processes({ mark }: Place): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const isOurs = readFileSync(`/proc/${pid}/environ`, "latin1").includes(`WOWSIM_TEST_RUN=${mark}`);
        return isOurs ? [readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ")] : [];
      } catch {
        // It ended while we looked, or is not ours to look at.
        return [];
      }
    })
    .filter((command) => command.includes("wowsim") || command.includes("build.ts"));
}

/** Resolves when none runs any more; a compiler that has begun comes to its end first. */
export async function allEnd(run: Place): Promise<void> {
  while (processes(run).length > 0) await Bun.sleep(50);
}

export function leavesNothing(run: Place): void {
  expect({ processes: processes(run), files: readdirSync(run.folder.path) }).toEqual({ processes: [], files: [] });
}
