// How parts of the main thread create the threads they control.

/** Creates a worker; called again when a worker must be replaced. */
export type WorkerFactory = () => Worker;
