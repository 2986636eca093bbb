// Entry of the worker that reads the journal for an undo, and then is ended (main/control/journal-undos.ts). It writes nothing. Zones that
// tick come first: it has a low priority. The file lies beside main.ts so that a one-file build finds it.

import { setPriority } from "node:os";
import type { FromUndoWorker, ToUndoWorker } from "./shared/undo-messages.ts";
import { UndoJob } from "./undo/undo-job.ts";

declare const self: Worker;

/** As that of a shadow: with the lowest it would not catch up on a busy machine. */
const PRIORITY = 10;

// Only on Linux is 0 this thread; elsewhere it is the whole server.
if (process.platform === "linux") setPriority(0, PRIORITY);

const job = new UndoJob({
  say: (message: FromUndoWorker) => self.postMessage(message),
  now: () => performance.now(),
  cpuMs: () => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1_000;
  },
});

self.addEventListener("message", ({ data }: MessageEvent<ToUndoWorker>) => job.receive(data));
