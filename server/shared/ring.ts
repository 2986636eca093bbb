// The way for threads to pass data to each other on the hot path: a bounded ring over shared memory, with one writer,
// one reader and no lock. A record is a u32 length and that many bytes, padded to 8 and never split across the end.
//
//   writer                                       reader
//   const at = ring.reserve(32)                  ring.drain((offset, length) => ring.view.getUint32(offset, true))
//   if (at < 0) dropped++  // full: counted
//   else { ring.view.setUint32(at, 7, true); ring.commit(); ring.wake() }
//
// A reader that may fail, or that must keep the records until they are safe elsewhere, reads without freeing:
//
//   ring.read(visit); ...; ring.freeTo(ring.position)      // or ring.rewind(), to read them again
//
// The writer can see what was freed: ring.isFreed(place), with a place from ring.written. Places are bytes modulo 2^32.
//
// Several reserves may share one commit. When the ring is full, reserve returns -1 and counts it; the writer decides
// what to do. Nothing waits and nothing is overwritten. A record of up to half the ring always fits an empty one.

const HEAD = 0; // bytes ever written, modulo 2^32
const TAIL = 1; // bytes ever read, modulo 2^32
const REFUSED = 2; // records that found the ring full
const CONTROL_BYTES = 64;
const WRAP_MARK = 0xffffffff;

/** Single-producer, single-consumer byte ring over a SharedArrayBuffer. Each of the two threads creates its own object. */
export class Ring {
  readonly buffer: SharedArrayBuffer;
  /** The data area; offsets given by reserve and drain index both. */
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly capacityBytes: number;
  readonly #control: Int32Array;
  readonly #mask: number;
  #pending: number;
  /** Where read() goes on. */
  #position: number;

  /** Memory for a ring of `capacityBytes` (a power of two, 1 KiB to 1 GiB). Throws RangeError otherwise. */
  static allocate(capacityBytes: number): SharedArrayBuffer {
    const powerOfTwo = (capacityBytes & (capacityBytes - 1)) === 0;
    if (!powerOfTwo || capacityBytes < 1024 || capacityBytes > 2 ** 30) {
      throw new RangeError(`A ring holds a power of two between 1 KiB and 1 GiB, not ${capacityBytes} bytes.`);
    }
    return new SharedArrayBuffer(CONTROL_BYTES + capacityBytes);
  }

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.capacityBytes = buffer.byteLength - CONTROL_BYTES;
    this.bytes = new Uint8Array(buffer, CONTROL_BYTES);
    this.view = new DataView(buffer, CONTROL_BYTES);
    this.#control = new Int32Array(buffer, 0, CONTROL_BYTES / 4);
    this.#mask = this.capacityBytes - 1;
    this.#pending = Atomics.load(this.#control, HEAD) >>> 0;
    this.#position = Atomics.load(this.#control, TAIL) >>> 0;
  }

  /** Writer: reserves room for one record; returns its offset, or -1 (counted in `refused`) when the ring is full. */
  reserve(length: number): number {
    const size = recordSize(length);
    const start = this.#pending & this.#mask;
    const toEnd = this.capacityBytes - start;
    const skip = size > toEnd ? toEnd : 0;
    const used = (this.#pending - Atomics.load(this.#control, TAIL)) >>> 0;
    if (used + skip + size > this.capacityBytes) {
      Atomics.add(this.#control, REFUSED, 1);
      return -1;
    }
    if (skip > 0) this.view.setUint32(start, WRAP_MARK, true);
    const at = (start + skip) & this.#mask;
    this.view.setUint32(at, length, true);
    this.#pending = (this.#pending + skip + size) >>> 0;
    return at + 4;
  }

  /** Writer: copies `source` as one record; false when the ring is full. Call commit afterwards. */
  append(source: Uint8Array): boolean {
    const at = this.reserve(source.length);
    if (at < 0) return false;
    this.bytes.set(source, at);
    return true;
  }

  /** Writer: number of free bytes; reserved bytes are not free, committed or not. */
  get freeBytes(): number {
    return this.capacityBytes - ((this.#pending - Atomics.load(this.#control, TAIL)) >>> 0);
  }

  /** Writer: makes all reserved records visible to the reader. */
  commit(): void {
    Atomics.store(this.#control, HEAD, this.#pending | 0);
  }

  /** Writer: the place behind the newest reserved record. */
  get written(): number {
    return this.#pending;
  }

  /** Writer: makes the records before a place visible to the reader. Places must rise. */
  commitTo(place: number): void {
    Atomics.store(this.#control, HEAD, place | 0);
  }

  /** Writer: true when the reader has freed everything before the place. */
  isFreed(place: number): boolean {
    return ((Atomics.load(this.#control, TAIL) - place) | 0) >= 0;
  }

  /** Writer: wakes a reader that waits. A system call: use it once per tick, not once per record. */
  wake(): void {
    Atomics.notify(this.#control, HEAD);
  }

  /** Reader: visits up to `recordsMax` records and frees them; returns how many. The bytes are valid during the visit. */
  drain(visit: (offset: number, length: number) => void, recordsMax = Number.MAX_SAFE_INTEGER): number {
    const head = Atomics.load(this.#control, HEAD) >>> 0;
    let tail = Atomics.load(this.#control, TAIL) >>> 0;
    let count = 0;
    while (tail !== head && count < recordsMax) {
      const at = tail & this.#mask;
      const length = this.view.getUint32(at, true);
      if (length === WRAP_MARK) {
        tail = (tail + this.capacityBytes - at) >>> 0;
      } else {
        visit(at + 4, length);
        tail = (tail + recordSize(length)) >>> 0;
        count++;
      }
      Atomics.store(this.#control, TAIL, tail | 0);
    }
    return count;
  }

  /** Reader: visits the records that read() has not visited yet, and frees none. Returns how many. */
  read(visit: (offset: number, length: number) => void, recordsMax = Number.MAX_SAFE_INTEGER): number {
    const head = Atomics.load(this.#control, HEAD) >>> 0;
    let count = 0;
    while (this.#position !== head && count < recordsMax) {
      const at = this.#position & this.#mask;
      const length = this.view.getUint32(at, true);
      if (length === WRAP_MARK) this.#position = (this.#position + this.capacityBytes - at) >>> 0;
      else {
        visit(at + 4, length);
        this.#position = (this.#position + recordSize(length)) >>> 0;
        count++;
      }
    }
    return count;
  }

  /** Reader: the place up to which read() has read. */
  get position(): number {
    return this.#position;
  }

  /** Reader: frees the records before a place. */
  freeTo(place: number): void {
    Atomics.store(this.#control, TAIL, place | 0);
  }

  /** Reader: read() begins again with the oldest record that is not freed. */
  rewind(): void {
    this.#position = Atomics.load(this.#control, TAIL) >>> 0;
  }

  /** Reader, in a worker: sleeps until data is available, at most `timeoutMs`. */
  wait(timeoutMs: number): void {
    if (this.isEmpty) Atomics.wait(this.#control, HEAD, Atomics.load(this.#control, TAIL), timeoutMs);
  }

  /** Reader, on a thread with an event loop: resolves when data is available, or after `timeoutMs`. */
  async waitAsync(timeoutMs: number): Promise<void> {
    if (!this.isEmpty) return;
    const tail = Atomics.load(this.#control, TAIL);
    const waiting = Atomics.waitAsync(this.#control, HEAD, tail, timeoutMs);
    if (waiting.async) await waiting.value;
  }

  get isEmpty(): boolean {
    return Atomics.load(this.#control, HEAD) === Atomics.load(this.#control, TAIL);
  }

  /** Number of bytes that wait to be read, including padding. */
  get usedBytes(): number {
    return (Atomics.load(this.#control, HEAD) - Atomics.load(this.#control, TAIL)) >>> 0;
  }

  /** Number of records that found the ring full since it was created. */
  get refused(): number {
    return Atomics.load(this.#control, REFUSED) >>> 0;
  }
}

function recordSize(length: number): number {
  return (length + 4 + 7) & ~7;
}
