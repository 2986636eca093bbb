// Every thread the server starts, in one place: worker entries lie flat in this folder. In a one-file build, whose own folder
// is its entry's, they are where tools/build-binary.ts lists them.

import type { WorkerFactory } from "./worker-factory.ts";

const FOLDER = Bun.isStandaloneExecutable ? "./server" : ".";

const start = (entry: string): Worker => new Worker(new URL(`${FOLDER}/${entry}`, import.meta.url).href);

export const workers = {
  zone: () => start("zone-worker.ts"),
  recorder: () => start("recorder-worker.ts"),
  feed: () => start("feed-worker.ts"),
  deploy: () => start("deploy-worker.ts"),
} satisfies Record<string, WorkerFactory>;
