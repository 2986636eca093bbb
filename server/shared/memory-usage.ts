// How much memory the process has, for those who say it again and again: process.memoryUsage() opens a file, so it throws
// when there is no file handle left, and telemetry must not end with that.
//
//   const { rss, heapUsed } = memoryUsage()

let last: NodeJS.MemoryUsage = { rss: 0, heapTotal: 0, heapUsed: 0, external: 0, arrayBuffers: 0 };

/** Bytes; what was known last when the system can not say. */
export function memoryUsage(): NodeJS.MemoryUsage {
  try {
    last = process.memoryUsage();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
  }
  return last;
}
