// Memory is measured in a process of its own: test files share theirs, and the garbage of other tests comes and goes meanwhile.
//
//   await inOwnProcess(`
//     import { HeldMemory } from ${fromRoot("server/protocol/faults/held-memory.ts")};
//     ...
//     console.log(JSON.stringify({ grew }));
//   `)      // { grew: 67108864 }

import { join } from "node:path";

/** The file's path as a string literal for the script's imports. */
export function fromRoot(path: string): string {
  return JSON.stringify(join(import.meta.dir, "../..", path));
}

/** Runs a script to its end; what it printed, as JSON. Throws with what it said on stderr. */
export async function inOwnProcess<Result>(script: string): Promise<Result> {
  const child = Bun.spawn([process.execPath, "-e", script], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  if ((await child.exited) !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Result;
}
