// The kernels that phase 5 deploys, built from source during the phases before it: in child processes with a low
// priority, because the players run in this process and the server needs the machine. Their bytes come through a
// pipe, so no files are left behind. A build ends with this process, also by kill -9.
//
//   const candidates = new Candidates(["armour-sign", "hotfix"])
//   await candidates.get("hotfix", signal)     // { wasm, hash: "4eac4583…", tookMs: 1180 }

import { setPriority } from "node:os";
import type { Subprocess } from "bun";
import { WowsimError } from "../../server/protocol/errors.ts";
import { hashOf } from "../../assembly/toolchain/meter.ts";
import { selfCommand } from "../ui/self.ts";

export interface Candidate {
  wasm: Uint8Array;
  hash: string;
  tookMs: number;
}

/** Of 0 to 19: a lower priority than players and server. */
const NICENESS = 5;

export class Candidates implements AsyncDisposable {
  readonly #built = new Map<string, Promise<Candidate>>();
  readonly #onExit = (): void => this.#child?.kill("SIGKILL");
  #child: Subprocess | null = null;
  #isClosed = false;

  /** Begins at once; builds one candidate after the other. */
  constructor(names: readonly string[]) {
    process.on("exit", this.#onExit);
    let before: Promise<unknown> = Promise.resolve();
    for (const name of names) {
      const building = before.then(() => this.#build(name));
      this.#built.set(name, building);
      // get() reports a failure; the next candidate is built anyway.
      before = building.catch(() => {});
    }
  }

  /** Waits for the build. Throws WowsimError("build_failed") with the compiler's message, or the signal's reason when aborted. */
  async get(name: string, signal: AbortSignal): Promise<Candidate> {
    const building = this.#built.get(name);
    if (building === undefined) throw new Error(`${name} was not asked for`);
    const off = Promise.withResolvers<never>();
    const onAbort = (): void => off.reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      return await Promise.race([building, off.promise]);
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** Stops the builds that are still running. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    this.#child?.kill("SIGKILL");
    await Promise.allSettled(this.#built.values());
    process.off("exit", this.#onExit);
  }

  async #build(name: string): Promise<Candidate> {
    if (this.#isClosed) throw new WowsimError("build_failed", `${name} was called off`);
    const startedMs = performance.now();
    const child = Bun.spawn(selfCommand("build-kernel", "--candidate", name, "--out", "-", "--with-parent"), {
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
      detached: true,
    });
    this.#child = child;
    setPriority(child.pid, NICENESS);
    const [wasm, complaint] = await Promise.all([child.stdout.bytes(), child.stderr.text()]);
    const code = await child.exited;
    this.#child = null;
    if (code !== 0) throw new WowsimError("build_failed", `The ${name} was not built: ${complaint.trim()}`);
    return { wasm, hash: hashOf(wasm), tookMs: performance.now() - startedMs };
  }
}
