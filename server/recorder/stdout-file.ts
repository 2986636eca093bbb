// Standard output as the telemetry file, for `wowsim serve --telemetry-file - | ...`: it is never rotated, and as slow
// as its reader. A reader that is gone (EPIPE) makes writes fail, like a full disk: the failure is reported, the write is tried
// again, and finally the lines count as lost; the server goes on.

import { fstatSync, write } from "node:fs";
import type { AppendFile } from "../store/append-file.ts";

const STDOUT_FD = 1;
/** Milliseconds until a full pipe is tried again. */
const RETRY_MS = 5;

export class StdoutFile implements AppendFile {
  readonly rotations = 0;
  readonly rotationFailures = 0;
  readonly changes = 0;
  readonly lastChange = null;
  /** The rest of a write that failed half-way: it is written first, so that no line follows half a line. */
  #rest: Uint8Array | null = null;
  bytes = 0;

  /** Throws the system's error, such as for a closed descriptor. */
  async open(): Promise<void> {
    fstatSync(STDOUT_FD);
  }

  /** Throws EPIPE when the reader is gone. */
  async append(bytes: Uint8Array): Promise<void> {
    for (let rest = this.#rest ?? bytes; rest.length > 0;) {
      const taken = await writeSome(rest);
      if (taken === 0) await Bun.sleep(RETRY_MS);
      rest = rest.subarray(taken);
      this.#rest = rest.length < bytes.length ? rest : null;
      this.bytes += taken;
    }
    this.#rest = null;
  }

  async sync(): Promise<void> {}

  async close(): Promise<void> {}
}

/** Returns the number of bytes written; 0 when the pipe is full. */
function writeSome(bytes: Uint8Array): Promise<number> {
  return new Promise((resolve, reject) => {
    write(STDOUT_FD, bytes, 0, bytes.length, null, (error, taken) => {
      if (error === null) resolve(taken);
      else if (error.code === "EAGAIN") resolve(0);
      else reject(error);
    });
  });
}
