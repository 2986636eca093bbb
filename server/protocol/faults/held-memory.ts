// Memory that is really resident (every page is written to) and is really freed (its buffers are detached, so it does not wait for a
// garbage collection).

/** Smallest page of the platforms this runs on. */
const PAGE_BYTES = 4_096;

export class HeldMemory {
  #buffers: ArrayBuffer[] = [];

  /** Allocates and touches `bytes`. Throws RangeError when the process can not have them. */
  take(bytes: number): void {
    const buffer = new ArrayBuffer(bytes);
    const view = new Uint8Array(buffer);
    for (let at = 0; at < bytes; at += PAGE_BYTES) view[at] = 1;
    this.#buffers.push(buffer);
  }

  get bytes(): number {
    return this.#buffers.reduce((sum, buffer) => sum + buffer.byteLength, 0);
  }

  /** Gives all of it back to the operating system. */
  release(): void {
    for (const buffer of this.#buffers) buffer.transfer(0);
    this.#buffers = [];
  }
}
