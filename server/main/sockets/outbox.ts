// What one connection is still owed. Bounded; messages of a tick are gathered here and leave in one write. Bun's write
// buffers nothing: it says how much it took, and `drain` tells when there is room again.
//
//   outbox.append(bytes, length)     // false: no room, the caller decides what that means (a frame is left out)
//   outbox.flush(socket)             // "drained" | "blocked" (resumes with the socket's drain) | "closed"
//   outbox.isEmpty && outbox.pass(socket, bytes, at, length)     // past the buffer; what the socket did not take is kept

/** The one thing needed of a socket: Bun's write. Returns bytes taken, or -1 when it is closed. */
export interface Writable {
  write(data: Uint8Array, byteOffset: number, byteLength: number): number;
}

export type FlushOutcome = "drained" | "blocked" | "closed";

const FIRST_BYTES = 4_096;
/** A buffer that grew past this is let go once it is empty. */
const KEPT_BYTES_MAX = 16_384;
/** Set aside for the message that says why the connection ends. */
const FAREWELL_BYTES = 512;

const NOTHING = new Uint8Array(0);

export class Outbox {
  readonly bytesMax: number;
  #bytes: Uint8Array = NOTHING;
  #start = 0;
  #end = 0;
  /** The socket took less than there was; nothing is written until it drains. */
  #blocked = false;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  get pendingBytes(): number {
    return this.#end - this.#start;
  }

  /** Nothing is owed, and the socket took all it was given. */
  get isEmpty(): boolean {
    return this.#start === this.#end && !this.#blocked;
  }

  /** Queues all of source[0, length), or nothing and returns false when that would pass the bound. */
  append(source: Uint8Array, length: number): boolean {
    return this.#append(source, length, this.bytesMax);
  }

  /** Like append, with the room set aside for last words. */
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

  /** Empty, it writes from where the bytes lie, in one write and without a copy. What is not taken is owed, past any bound. */
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
