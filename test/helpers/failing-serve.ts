// Loaded before the real `wowsim serve` (BUN_OPTIONS), in whose process it makes the mistake that a test wants to see, once the
// process gets SIGUSR2. A parent with --supervise is left alone.
//
//   new ServeProcess(["--supervise"], failing("throw"))
//
//   throw    an error that nothing catches
//   reject   a promise that nobody waits for
//   wasm     the first zone worker hangs in WebAssembly, for some twenty seconds
//   start    an error that nothing catches, without a signal, while the server starts

import { join } from "node:path";
import { endBy } from "./mortal-workers.ts";

export type Mistake = "throw" | "reject" | "wasm" | "start";

/** The environment of a program that makes this mistake. */
export function failing(mistake: Mistake): Record<string, string> {
  return { BUN_OPTIONS: `--preload ${import.meta.path}`, WOWSIM_TEST_MISTAKE: mistake };
}

const mistake = process.env["WOWSIM_TEST_MISTAKE"] as Mistake | undefined;
if (mistake !== undefined && Bun.isMainThread && !process.argv.includes("--supervise")) {
  if (mistake === "start") whileStarting(fail);
  else process.on("SIGUSR2", mistake === "wasm" ? hangingWorkers() : fail);
}

function fail(): void {
  if (mistake === "reject") void Promise.reject(new Error("a mistake in the host"));
  else throw new Error("a mistake in the host");
}

/** Calls back once the program looks after its errors, which is before it listens. */
function whileStarting(then: () => void): void {
  process.on("newListener", (event) => {
    if (event === "unhandledRejection") setTimeout(then, 0);
  });
}

/** From now on zone workers are those that can hang; returns what makes the first of them do so. */
function hangingWorkers(): () => void {
  const made: Worker[] = [];
  const Usual = globalThis.Worker;
  globalThis.Worker = class extends Usual {
    constructor(url: string | URL) {
      const isZone = String(url).endsWith("/zone-worker.ts");
      super(isZone ? join(import.meta.dir, "zone-mortal-worker.ts") : url);
      if (isZone) made.push(this);
    }
  };
  return () => made[0]?.postMessage(endBy("wasm"));
}
