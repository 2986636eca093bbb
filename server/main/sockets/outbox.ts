// The queued output of one connection. It is bounded; messages of a tick are collected here and sent in one write.
// Bun's write buffers nothing: it returns how many bytes it took, and `drain` reports when the socket can take more.
//
//   outbox.append(bytes, length)     // false: no room; the caller decides what to do (a frame is dropped)
//   outbox.flush(socket)             // "drained" | "blocked" (resumes with the socket's drain) | "closed"
//   outbox.isEmpty && outbox.pass(socket, bytes, at, length)     // directly to the socket; the unsent rest is queued

/** The only function needed of a socket: Bun's write. Returns the number of bytes taken, or -1 when it is closed. */
export interface Writable {
  write(data: Uint8Array, byteOffset: number, byteLength: number): number;
}

export type FlushOutcome = "drained" | "blocked" | "closed";

const FIRST_BYTES = 4_096;
/** A buffer that grew beyond this is released once it is empty. */
const KEPT_BYTES_MAX = 16_384;
/** Reserved for the message that says why the connection ends. */
const FAREWELL_BYTES = 512;

const NOTHING = new Uint8Array(0);

export class Outbox {
  readonly bytesMax: number;
  #bytes: Uint8Array = NOTHING;
  #start = 0;
  #end = 0;
  /** The socket did not take all bytes; nothing is written until it drains. */
  #blocked = false;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  get pendingBytes(): number {
    return this.#end - this.#start;
  }

  /** Nothing is queued, and the socket has taken everything. */
  get isEmpty(): boolean {
    return this.#start === this.#end && !this.#blocked;
  }

  /** Queues all of source[0, length); when that would exceed the bound, queues nothing and returns false. */
  append(source: Uint8Array, length: number): boolean {
    return this.#append(source, length, this.bytesMax);
  }

  /** Like append, but may also use the room reserved for the farewell. */
  appendFarewell(source: Uint8Array, length: number): boolean {
    return this.#append(source, length, this.bytesMax + FAREWELL_BYTES);
  }

  /** Writes what is queued, once. After "blocked" call unblock() from the socket's drain, then flush again. */
  flush(socket: Writable): { state: FlushOutcome; bytes: number } {
    const pending = this.pendingBytes;
    if (pending === 0 || this.#blocked) return { state: pending === 0 ? "drained" : "blocked", bytes: 0 };
    const taken = socket.write(this.#bytes, this.#start, pending);
    if (taken < 0) return { state: "closed", bytes: 0 };
    this.#start += taken;
    if (this.#start < this.#end) {
      this.#blocked = true;
      return { state: "blocked", bytes: taken };
    }
    this.#start = 0;
    this.#end = 0;
    if (this.#bytes.length > KEPT_BYTES_MAX) this.#bytes = NOTHING;
    return { state: "drained", bytes: taken };
  }

  /**
   * Requires an empty outbox: writes the bytes in one write, without a copy. What the socket does not take is queued,
   * even beyond the bound.
   */
  pass(socket: Writable, source: Uint8Array, at: number, length: number): FlushOutcome {
    const taken = socket.write(source, at, length);
    if (taken === length) return "drained";
    if (taken < 0) return "closed";
    const rest = source.subarray(at + taken, at + length);
    this.#append(rest, rest.length, Number.POSITIVE_INFINITY);
    this.#blocked = true;
    return "blocked";
  }

  unblock(): void {
    this.#blocked = false;
  }

  #append(source: Uint8Array, length: number, bytesMax: number): boolean {
    if (this.pendingBytes + length > bytesMax) return false;
    if (this.#end + length > this.#bytes.length) this.#makeRoom(length);
    this.#bytes.set(length === source.length ? source : source.subarray(0, length), this.#end);
    this.#end += length;
    return true;
  }

  #makeRoom(length: number): void {
    const needed = this.pendingBytes + length;
    let capacity = Math.max(FIRST_BYTES, this.#bytes.length);
    while (capacity < needed) capacity *= 2;
    const target = capacity > this.#bytes.length ? new Uint8Array(capacity) : this.#bytes;
    if (target === this.#bytes) this.#bytes.copyWithin(0, this.#start, this.#end);
    else target.set(this.#bytes.subarray(this.#start, this.#end));
    this.#bytes = target;
    this.#end -= this.#start;
    this.#start = 0;
  }
}
