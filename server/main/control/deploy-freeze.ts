// Whether deploys are frozen, why, and by whom: in memory, and in a file that a restart reads.
//
//   const freeze = await DeployFreeze.open({ file: ".wowsim/deploys/frozen.json", ... })
//   await freeze.set({ reason: "raid night", by: "anna@desk", since })      // false: it holds, and a restart would forget it
//   freeze.frozen
//
// It holds at once, whatever the disk does. A file that is there and can not be read freezes too: that is the safe side.

import { readFile, rm } from "node:fs/promises";
import { Frozen } from "../../protocol/deploy-record.ts";
import { messageOf } from "../../protocol/errors.ts";
import type { Emitter } from "../../protocol/telemetry-line.ts";
import { replaceFile } from "../../store/whole-file.ts";

export interface DeployFreezeOptions {
  file: string;
  emitter: Emitter;
  /** Milliseconds since 1970. */
  clock: () => number;
}

/** How long an operator waits for a disk that hangs. */
const WRITE_MS_MAX = 1_000;
const RETRY_MS = 1_000;

export class DeployFreeze {
  readonly #options: DeployFreezeOptions;
  #frozen: Frozen | null;
  #writing: Promise<unknown> = Promise.resolve();
  #retry: Timer | undefined;
  #isFailing = false;

  static async open(options: DeployFreezeOptions): Promise<DeployFreeze> {
    return new DeployFreeze(options, await found(options));
  }

  private constructor(options: DeployFreezeOptions, frozen: Frozen | null) {
    this.#options = options;
    this.#frozen = frozen;
  }

  get frozen(): Frozen | null {
    return this.#frozen;
  }

  /** Null thaws. Resolves when it is on the disk; false when the disk does not take it, and it is tried again. */
  async set(frozen: Frozen | null): Promise<boolean> {
    this.#frozen = frozen;
    const written = this.#write();
    return await Promise.race([written, Bun.sleep(WRITE_MS_MAX).then(() => false)]);
  }

  stop(): void {
    clearTimeout(this.#retry);
  }

  /** Writes one after the other, each what holds then. */
  async #write(): Promise<boolean> {
    clearTimeout(this.#retry);
    const written = this.#writing.then(() => this.#tryToWrite());
    this.#writing = written;
    return await written;
  }

  async #tryToWrite(): Promise<boolean> {
    const { file, emitter } = this.#options;
    try {
      if (this.#frozen === null) await rm(file, { force: true });
      else await replaceFile(file, `${JSON.stringify(this.#frozen)}\n`);
      this.#isFailing = false;
      return true;
    } catch (error) {
      if (!this.#isFailing)
        emitter.emit("error", "deploy", "Deploy freeze not kept", { file, error: messageOf(error) });
      this.#isFailing = true;
      this.#retry = setTimeout(() => void this.#write(), RETRY_MS);
      return false;
    }
  }
}

async function found({ file, clock }: DeployFreezeOptions): Promise<Frozen | null> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    return unreadable(messageOf(error), clock());
  }
  try {
    return Frozen.parse(JSON.parse(text));
  } catch {
    // Foreign text; nobody knows whether it was meant to thaw.
    return unreadable("it is damaged", clock());
  }

  function unreadable(why: string, atMs: number): Frozen {
    const reason = `${file} says whether deploys are frozen, and can not be read: ${why}`;
    return { reason, by: "the server", since: new Date(atMs).toISOString() };
  }
}
