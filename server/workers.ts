// Every thread the server starts, in one place: worker entries lie flat in this folder, and a one-file build finds them
// only by URLs written out in a file beside them.

/** Makes a worker; called again when one has to be replaced. */
export type WorkerFactory = () => Worker;

export const workers = {
  zone: () => new Worker(new URL("./zone-worker.ts", import.meta.url).href),
  recorder: () => new Worker(new URL("./recorder-worker.ts", import.meta.url).href),
  feed: () => new Worker(new URL("./feed-worker.ts", import.meta.url).href),
  deploy: () => new Worker(new URL("./deploy-worker.ts", import.meta.url).href),
} satisfies Record<string, WorkerFactory>;
