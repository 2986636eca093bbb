// How parts of the main thread get the threads they look after.

/** Makes a worker; called again when one has to be replaced. */
export type WorkerFactory = () => Worker;
