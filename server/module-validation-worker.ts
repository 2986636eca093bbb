// Entry of the worker that validates one uploaded module on the journal of the running server, and then is ended
// (main/control/module-validations.ts). It reads the journal and writes nothing. It has a low priority: zones
// that tick come first. The file lies beside main.ts so that a one-file build finds it.

import { setPriority } from "node:os";
import { reportOf } from "./protocol/deploy-validation.ts";
import { messageOf, WowsimError } from "./protocol/errors.ts";
import type { FromModuleValidation, ToModuleValidation } from "./shared/module-validation.ts";
import { validate } from "./validate/validate.ts";

declare const self: Worker;

/** As a shadow's (shadow-worker.ts). With the lowest of all it stood still beside two busy loops: 100 times as long. */
const PRIORITY = 10;

const stop = new AbortController();
const say = (message: FromModuleValidation): void => self.postMessage(message);

self.addEventListener("message", ({ data }: MessageEvent<ToModuleValidation>) => {
  if (data.type === "abort") stop.abort();
  else void run(data);
});

async function run(request: Extract<ToModuleValidation, { type: "begin" }>): Promise<void> {
  const { dataDir, wasm, label, expectations, lastMs, policy } = request;
  try {
    // Only on Linux is 0 this thread; elsewhere it is the whole server.
    if (process.platform === "linux") setPriority(0, PRIORITY);
    const given = { wasm, label };
    const options = { dataDir, source: label, given, expectations, lastMs, policy, time: false, threads: 1 };
    const result = await validate(
      { ...options, signal: stop.signal },
      { onProgress: (share, doing) => say({ type: "progress", share, doing }) },
    );
    say({ type: "done", report: reportOf(result), isWhole: !result.interrupted });
  } catch (error) {
    const code = error instanceof WowsimError ? error.code : "validation_failed";
    say({ type: "failed", code, message: messageOf(error) });
  }
}
