// Every thread the server starts, in one place: the entry files of the worker threads are in the same folder as
// main.ts. In a one-file build they are next to the program (tools/build-binary.ts).

import type { WorkerFactory } from "../shared/worker-factory.ts";

const FOLDER = Bun.isStandaloneExecutable ? "." : "..";

const start = (entry: string): Worker => new Worker(new URL(`${FOLDER}/${entry}`, import.meta.url).href);

export const workers = {
  zone: () => start("zone-worker.ts"),
  recorder: () => start("recorder-worker.ts"),
  journal: () => start("journal-worker.ts"),
  feed: () => start("feed-worker.ts"),
  check: () => start("check-worker.ts"),
  moduleValidation: () => start("module-validation-worker.ts"),
  shadow: () => start("shadow-worker.ts"),
  undo: () => start("undo-worker.ts"),
} satisfies Record<string, WorkerFactory>;
