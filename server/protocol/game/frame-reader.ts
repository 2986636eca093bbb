// Reads a kernel frame (assembly/abi.ts) in place, record by record, without copying it.
//
//   reader.open(bytes, offset, length)          // header: reader.session, reader.tick, reader.ack
//   while (reader.next())
//     if (reader.kind === RECORD_LEAVE) gone(reader.word(0))
//   reader.rewind()                             // to read it again

import * as abi from "../../../assembly/abi.ts";
import { WowsimError } from "../errors.ts";
import type { ByteWriter } from "./byte-writer.ts";

const HEADER_WORDS = abi.FRAME_HEADER_BYTES / 4;
const EMPTY = new ArrayBuffer(0);

/** A cursor over one frame at a time; make a reader once and open it for every frame. */
export class FrameReader {
  session = 0;
  tick = 0;
  /** The session's highest command sequence number applied so far. */
  ack = 0;
  byteLength = 0;
  /** Kind of the current record: RECORD_*. */
  kind = 0;
  info = 0;
  /** Number of fields of the current record. */
  fieldCount = 0;
  #buffer: ArrayBufferLike = EMPTY;
  #bytes: Uint8Array = new Uint8Array(EMPTY);
  #words: Uint32Array = new Uint32Array(EMPTY);
  #floats: Float32Array = new Float32Array(EMPTY);
  #first = 0;
  #fields = 0;
  #next = 0;
  #end = 0;

  /** Opens the frame at `offset`, before its first record. Throws WowsimError("bad_frame") when it is not one. */
  open(bytes: Uint8Array, offset: number, length: number): this {
    if (bytes.buffer !== this.#buffer) {
      this.#buffer = bytes.buffer;
      this.#words = new Uint32Array(bytes.buffer, 0, bytes.buffer.byteLength >> 2);
      this.#floats = new Float32Array(bytes.buffer, 0, bytes.buffer.byteLength >> 2);
    }
    const at = bytes.byteOffset + offset;
    const word = at >> 2;
    this.byteLength = this.#words[word + abi.FRAME_LENGTH / 4] ?? 0;
    if ((at & 3) !== 0 || this.byteLength !== length || length < abi.FRAME_HEADER_BYTES || (length & 3) !== 0) {
      throw new WowsimError(
        "bad_frame",
        `The frame's header says ${this.byteLength} bytes, but the ring has ${length}.`,
      );
    }
    this.session = this.#wordAt(word + abi.FRAME_SESSION / 4);
    this.tick = this.#wordAt(word + abi.FRAME_TICK / 4);
    this.ack = this.#wordAt(word + abi.FRAME_ACK / 4);
    this.#first = word + HEADER_WORDS;
    this.#end = word + (length >> 2);
    this.rewind();
    return this;
  }

  rewind(): void {
    this.#next = this.#first;
  }

  /** Goes to the next record; false at the end. Throws WowsimError("bad_frame") for a record that extends beyond the frame. */
  next(): boolean {
    if (this.#next >= this.#end) return false;
    const head = this.#wordAt(this.#next);
    const words = (head >>> 8) & 0xff;
    this.kind = head & 0xff;
    this.info = head >>> 16;
    this.#fields = this.#next + 1;
    this.fieldCount = words - 1;
    this.#next += words;
    if (words === 0 || this.#next > this.#end) {
      throw new WowsimError("bad_frame", `A record of kind ${this.kind} with ${words} words extends beyond its frame.`);
    }
    return true;
  }

  /** The record's field `index` as u32. */
  word(index: number): number {
    return this.#wordAt(this.#fields + index);
  }

  /** The record's field `index` as f32. */
  float(index: number): number {
    const float = this.#floats[this.#fields + index];
    if (float === undefined) throw cutOff();
    return float;
  }

  /** True when the frame begins with RECORD_RESET: it has the full state. */
  get isReset(): boolean {
    return this.#first < this.#end && (this.#wordAt(this.#first) & 0xff) === abi.RECORD_RESET;
  }

  /** Appends the whole frame, with its header, unchanged. */
  copyTo(out: ByteWriter): void {
    const from = (this.#first - HEADER_WORDS) * 4;
    if (this.#bytes.buffer !== this.#buffer) this.#bytes = new Uint8Array(this.#buffer);
    out.raw(this.#bytes, from, this.byteLength);
  }

  /** Number of event records in the frame. Afterwards the reader is before the first record. */
  countEvents(): number {
    let events = 0;
    this.rewind();
    while (this.next()) if (this.kind === abi.RECORD_EVENT) events++;
    this.rewind();
    return events;
  }

  #wordAt(index: number): number {
    const word = this.#words[index];
    if (word === undefined) throw cutOff();
    return word;
  }
}

/** What a frame says it has is behind the end of all bytes. */
function cutOff(): WowsimError {
  return new WowsimError("bad_frame", "A frame ends before what it says it has.");
}
