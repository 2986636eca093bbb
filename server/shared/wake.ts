// Wakes a thread that sleeps until a deadline: a counter in shared memory. A signal that comes before the thread sleeps is not
// missed.
//
//   wake.signal()             // any thread
//   wake.sleep(40)            // the owner: returns after 40 ms, or when there was a signal since the last sleep
//   wake.mail()               // a signal, and: messages have come, which the owner should read before it sleeps on
//   wake.takeMail()           // the owner: true once after that
//   wake.stop()               // a signal, and the order to end: isStopping is true from now on

const SIGNALS = 0;
const STOP = 1;
const MAIL = 2;
const WORDS = 3;

export class Wake {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  #seen: number;

  static allocate(): SharedArrayBuffer {
    return new SharedArrayBuffer(WORDS * 4);
  }

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer);
    this.#seen = Atomics.load(this.#words, SIGNALS);
  }

  /** A system call: once for many records, not once for each. */
  signal(): void {
    Atomics.add(this.#words, SIGNALS, 1);
    Atomics.notify(this.#words, SIGNALS);
  }

  /** Sleeps in a worker. The main thread must not call it. */
  sleep(timeoutMs: number): void {
    if (timeoutMs > 0) Atomics.wait(this.#words, SIGNALS, this.#seen, timeoutMs);
    this.#seen = Atomics.load(this.#words, SIGNALS);
  }

  /** Sleeps on a thread with an event loop, such as the main thread. */
  async sleepAsync(timeoutMs: number): Promise<void> {
    const waiting = Atomics.waitAsync(this.#words, SIGNALS, this.#seen, timeoutMs);
    if (waiting.async) await waiting.value;
    this.#seen = Atomics.load(this.#words, SIGNALS);
  }

  mail(): void {
    Atomics.store(this.#words, MAIL, 1);
    this.signal();
  }

  takeMail(): boolean {
    return Atomics.exchange(this.#words, MAIL, 0) === 1;
  }

  stop(): void {
    Atomics.store(this.#words, STOP, 1);
    this.signal();
  }

  get isStopping(): boolean {
    return Atomics.load(this.#words, STOP) === 1;
  }
}
