// Touches each page of the rings once, so that their first filling does not look like a memory leak. The system gives a page when
// it is first written to: 68 MB for eight zone workers, which is work of 30 ms and more. A start has no time for that, so the
// journal thread does it in its pauses.
//
//   const rings = new TouchedRings()
//   rings.add(producer.ring)
//   rings.touchSome()        // half a megabyte; true: there is more to do

const PAGE_BYTES = 4_096;
const PAGES_A_STEP = 128;
const WORD_BYTES = Int32Array.BYTES_PER_ELEMENT;

export class TouchedRings {
  readonly #rings: Int32Array[] = [];
  #page = 0;

  add(buffer: SharedArrayBuffer): void {
    this.#rings.push(new Int32Array(buffer, 0, Math.floor(buffer.byteLength / WORD_BYTES)));
  }

  touchSome(): boolean {
    const [words] = this.#rings;
    if (words === undefined) return false;
    const stride = PAGE_BYTES / WORD_BYTES;
    for (const end = this.#page + PAGES_A_STEP; this.#page < end && this.#page * stride < words.length; this.#page++)
      // Others write here meanwhile: this changes nothing.
      Atomics.add(words, this.#page * stride, 0);
    if (this.#page * stride < words.length) return true;
    this.#rings.shift();
    this.#page = 0;
    return this.#rings.length > 0;
  }
}
