// The counters that the telemetry threads keep about themselves, in memory that every thread can read.
//
//   const counters = new TelemetryCounters(TelemetryCounters.allocate())
//   counters.add("linesWritten", 12)      // recorder
//   counters.get("linesWritten")          // main thread: 12
//
// A worker that is restarted after a crash continues the counts of the previous one.

const NAMES = [
  // Recorder.
  "linesWritten",
  /** Lines of type "error" that reached the recorder. */
  "errorLines",
  /** Lines that reached the recorder but found its backlog full, or were still unwritten at the end. */
  "linesLost",
  "fileBytes",
  "fileErrors",
  "fileRotations",
  /** 1 while the last write failed. */
  "fileFailing",
  "backlogBytes",
  "linesRelayed",
  /** Lines that watchers did not get because the feed was too slow. */
  "linesUnrelayed",
  // Feed.
  "subscribers",
  "datagramsSent",
  "datagramsUnsent",
  "linesTooLong",
  "requests",
  "requestsRefused",
  /** Watchers refused for a wrong token. */
  "wrongTokens",
  /** Watchers that were evicted for others. */
  "watchersEvicted",
  "socketErrors",
] as const;

export type TelemetryCounter = (typeof NAMES)[number];

const INDEX = Object.fromEntries(NAMES.map((name, index) => [name, index])) as Record<TelemetryCounter, number>;

/** Each counter is written by one thread; any thread may read it. */
export class TelemetryCounters {
  readonly buffer: SharedArrayBuffer;
  readonly #values: BigInt64Array;

  static allocate(): SharedArrayBuffer {
    return new SharedArrayBuffer(NAMES.length * BigInt64Array.BYTES_PER_ELEMENT);
  }

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.#values = new BigInt64Array(buffer);
  }

  get(name: TelemetryCounter): number {
    return Number(Atomics.load(this.#values, indexOf(name)));
  }

  set(name: TelemetryCounter, value: number): void {
    Atomics.store(this.#values, indexOf(name), BigInt(Math.trunc(value)));
  }

  add(name: TelemetryCounter, count: number): void {
    Atomics.add(this.#values, indexOf(name), BigInt(Math.trunc(count)));
  }
}

function indexOf(name: TelemetryCounter): number {
  return INDEX[name];
}
