// The memory of the process, for callers that report it regularly: process.memoryUsage() opens a file, so it throws
// when no file handle is left, and telemetry must not end because of that.
//
//   const { rss, heapUsed } = memoryUsage()

let last: NodeJS.MemoryUsage = { rss: 0, heapTotal: 0, heapUsed: 0, external: 0, arrayBuffers: 0 };

/** In bytes; the last known values when the system provides none. */
export function memoryUsage(): NodeJS.MemoryUsage {
  try {
    last = process.memoryUsage();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
  }
  return last;
}
