// Standard output as the place for telemetry lines, for `wowsim serve --telemetry-file - | ...`: never rotated, and slow
// when its reader is. A reader that is gone (EPIPE) is a write that fails, as a full disk is: told, tried again, and at
// last counted as lines lost; the server goes on.

import { fstatSync, write } from "node:fs";
import type { AppendFile } from "../store/append-file.ts";

const STDOUT_FD = 1;
/** A pipe that takes nothing just now is tried again so soon. */
const RETRY_MS = 5;

export class StdoutFile implements AppendFile {
  readonly rotations = 0;
  readonly rotationFailures = 0;
  readonly changes = 0;
  readonly lastChange = null;
  /** What a write that failed had not yet taken: half a line must not be followed by another. */
  #rest: Uint8Array | null = null;
  bytes = 0;

  /** Throws what the system says, as of a closed descriptor. */
  async open(): Promise<void> {
    fstatSync(STDOUT_FD);
  }

  /** Throws EPIPE when nobody reads any more. */
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

/** How many bytes were taken; 0 when the pipe is full. */
function writeSome(bytes: Uint8Array): Promise<number> {
  return new Promise((resolve, reject) => {
    write(STDOUT_FD, bytes, 0, bytes.length, null, (error, taken) => {
      if (error === null) resolve(taken);
      else if (error.code === "EAGAIN") resolve(0);
      else reject(error);
    });
  });
}
