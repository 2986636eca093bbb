// What a zone worker does just now, in a few words of shared memory: its thread writes them without cost, and the main
// thread reads them at any time, also when the worker never comes back from what it does.
//
//   crumb.waits(1000)                 // worker: the next tick is due at 1000
//   crumb.beginsTick(1, 4711, 1100)   // zone 1 begins tick 4711; the next thing to happen is due at 1100
//   crumb.enter(STAGE.kernel)
//   crumb.read()                      // main: { beat: 9, dueMs: 1100, zoneId: 1, tick: 4711, stage: "kernel" }
//
// `beat` counts what the worker has come to: a wait, a tick, a run of the kernel. `dueMs` is when it has promised to come to
// the next of these. What is later than that, and has no new beat, is late (watchdog.ts).

/** What a worker can be in the middle of, in the words that telemetry uses. */
const STAGES = [
  "starting",
  "waiting",
  "commands",
  "faults",
  "fault pause",
  "kernel",
  "recovery",
  "frames",
  "census",
  "messages",
  "swap",
] as const;
export type Stage = (typeof STAGES)[number];

/** For people: "in tick 4711 of zone 1, in the kernel". */
const IN_WORDS: Record<Stage, string> = {
  starting: "starting",
  waiting: "waiting for its deadline",
  commands: "taking commands",
  faults: "in a fault's hook",
  "fault pause": "in a fault's pause",
  kernel: "in the kernel",
  recovery: "in a recovery",
  frames: "writing frames",
  census: "taking the census",
  messages: "reading messages",
  swap: "changing its module",
};

const BEAT = 0;
const ZONE = 1;
const TICK = 2;
const STAGE = 3;
const FAULT_THREAD = 4;
const THREAD_ID = 5;
const WORDS = 6;
/** The f64 behind the words. */
const DUE = WORDS / 2;
const BYTES = (WORDS + 2) * 4;

/** A breadcrumb as the main thread reads it. Milliseconds as in `startMs` of the worker's zones. */
export interface Crumb {
  beat: number;
  dueMs: number;
  /** 0 before the first tick. */
  zoneId: number;
  tick: number;
  stage: Stage;
  /** The system's number of the worker's thread; 0 where it can not be known. */
  threadId: number;
}

export class Breadcrumb {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #times: Float64Array;

  /** Memory of a worker that starts: nothing is due before it ticks. */
  static allocate(): SharedArrayBuffer {
    const buffer = new SharedArrayBuffer(BYTES);
    new Float64Array(buffer)[DUE] = Number.POSITIVE_INFINITY;
    return buffer;
  }

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer);
    this.#times = new Float64Array(buffer);
  }

  /** Worker: nothing is to be done before `dueMs`. */
  waits(dueMs: number): void {
    this.#times[DUE] = dueMs;
    this.enter("waiting");
    this.beats();
  }

  /** Worker: a zone begins a tick; what comes after it is due at `dueMs`. */
  beginsTick(zoneId: number, tick: number, dueMs: number): void {
    this.#times[DUE] = dueMs;
    Atomics.store(this.#words, ZONE, zoneId);
    Atomics.store(this.#words, TICK, tick);
    this.enter("commands");
    this.beats();
  }

  /** Worker: the kernel runs a tick, or runs it again. Each run is bounded by its fuel, so each is a step forward. */
  runsKernel(tick: number): void {
    Atomics.store(this.#words, TICK, tick);
    this.enter("kernel");
    this.beats();
  }

  /** Worker: a fault holds it up on purpose; what comes next is due at `dueMs`. */
  pauses(dueMs: number): void {
    this.#times[DUE] = dueMs;
    this.enter("fault pause");
    this.beats();
  }

  /** Worker: its number in the fault block and that of its thread in the system, said before anything that may fail. */
  claimed(faultThread: number, threadId: number): void {
    Atomics.store(this.#words, FAULT_THREAD, faultThread);
    Atomics.store(this.#words, THREAD_ID, threadId);
  }

  /** Main thread: that number; 0 when the worker never had one. */
  get faultThread(): number {
    return Atomics.load(this.#words, FAULT_THREAD);
  }

  /** Worker: what it does from now on. */
  enter(stage: Stage): void {
    Atomics.store(this.#words, STAGE, INDEX[stage]);
  }

  /** Worker: it has come to something. */
  beats(): void {
    Atomics.add(this.#words, BEAT, 1);
  }

  /** Main thread. */
  read(): Crumb {
    return {
      beat: Atomics.load(this.#words, BEAT),
      dueMs: this.#times[DUE] ?? Number.POSITIVE_INFINITY,
      zoneId: Atomics.load(this.#words, ZONE),
      tick: Atomics.load(this.#words, TICK),
      stage: STAGES[Atomics.load(this.#words, STAGE)] ?? "starting",
      threadId: Atomics.load(this.#words, THREAD_ID),
    };
  }
}

const INDEX = Object.fromEntries(STAGES.map((stage, index) => [stage, index])) as Record<Stage, number>;

/** "in tick 4711 of zone 1, in the kernel". */
export function crumbInWords({ zoneId, tick, stage }: Crumb): string {
  const doing = IN_WORDS[stage];
  if (zoneId === 0) return doing;
  return stage === "waiting"
    ? `after tick ${tick} of zone ${zoneId}, ${doing}`
    : `in tick ${tick} of zone ${zoneId}, ${doing}`;
}
