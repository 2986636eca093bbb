// Passes bytes on to a stream that perhaps nobody reads, without ever waiting for it: a write to a full pipe blocks the thread that
// does it, so it is done elsewhere, one after the other. What waits has a bound; past it the rest is left out, and that is told.
//
//   const errors = new BoundedWriter(writeTo(2))
//   errors.add(bytes)
//   await errors.drained(500)      // before the process ends

import { write as writeFd } from "node:fs";

const BYTES_MAX = 1 << 20;
/** How long a pipe that takes nothing at the moment is left alone. */
const AGAIN_MS = 20;

export class BoundedWriter {
  readonly #write: (bytes: Uint8Array) => Promise<void>;
  #waiting: Uint8Array[] = [];
  #bytes = 0;
  #leftOut = 0;
  #writing: Promise<void> | null = null;

  /** `write` resolves once the bytes are written; when it rejects, they are lost. */
  constructor(write: (bytes: Uint8Array) => Promise<void>) {
    this.#write = write;
  }

  add(bytes: Uint8Array): void {
    if (this.#bytes + bytes.length > BYTES_MAX) {
      this.#leftOut += bytes.length;
      return;
    }
    this.#bytes += bytes.length;
    this.#waiting.push(bytes);
    this.#writing ??= this.#run();
  }

  /** Resolves once everything is written, or after so many milliseconds. */
  async drained(msMax: number): Promise<void> {
    await Promise.race([this.#writing, Bun.sleep(msMax)]);
  }

  async #run(): Promise<void> {
    for (let bytes = this.#next(); bytes !== null; bytes = this.#next()) {
      // Whoever read it has gone: there is nobody left to tell.
      await this.#write(bytes).catch(() => {});
    }
    this.#writing = null;
  }

  #next(): Uint8Array | null {
    const all = Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#bytes = 0;
    const leftOut = this.#leftOut;
    this.#leftOut = 0;
    if (leftOut === 0) return all.length === 0 ? null : all;
    return Buffer.concat([all, Buffer.from(`\n[${leftOut} bytes left out, because nobody read them]\n`)]);
  }
}

/** Writes everything to a file descriptor, off this thread. */
export function writeTo(fd: number): (bytes: Uint8Array) => Promise<void> {
  return async (bytes) => {
    for (let rest = bytes; rest.length > 0;) {
      const written = await writePart(fd, rest);
      if (written === 0) await Bun.sleep(AGAIN_MS);
      rest = rest.subarray(written);
    }
  };
}

/** The number of bytes that were written; 0 when the pipe is full. */
function writePart(fd: number, bytes: Uint8Array): Promise<number> {
  return new Promise((resolve, reject) => {
    writeFd(fd, bytes, 0, bytes.length, null, (error, written) => {
      if (error === null) resolve(written);
      else if (error.code === "EAGAIN") resolve(0);
      else reject(error);
    });
  });
}
