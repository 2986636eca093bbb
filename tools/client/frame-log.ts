// The kernel frames that one player has received and not processed yet: copies, one behind the other.
//
//   log.append(chunk, at, length)                    // log.tick, log.ack: those of the newest frame
//   for (let frame = log.next(); frame !== null; frame = log.next()) applyFrame(world, frame, ...)
//   log.next(4711)                                   // null when the next frame is of a later tick

import { FRAME_ACK, FRAME_LENGTH, FRAME_TICK } from "../../assembly/abi.ts";
import { FrameReader } from "../../server/protocol/game/frame-reader.ts";
import { at } from "../../server/protocol/assert.ts";

const FIRST_BYTES = 1_024;

export class FrameLog {
  /** Of the newest frame. */
  tick = 0;
  ack = 0;
  readonly #reader = new FrameReader();
  #bytes = new Uint8Array(FIRST_BYTES);
  #words = new Uint32Array(this.#bytes.buffer);
  #start = 0;
  #end = 0;

  get pendingBytes(): number {
    return this.#end - this.#start;
  }

  /** Copies one whole frame, whose length is a multiple of 4. */
  append(source: Buffer, from: number, length: number): void {
    if (this.#end + length > this.#bytes.length) this.#makeRoom(length);
    source.copy(this.#bytes, this.#end, from, from + length);
    const word = this.#end >> 2;
    this.tick = at(this.#words, word + FRAME_TICK / 4);
    this.ack = at(this.#words, word + FRAME_ACK / 4);
    this.#end += length;
  }

  /**
   * The oldest frame, positioned before its first record, unless it is of a later tick than `untilTick`; null: none. It is valid
   * until the next call of any kind. Throws WowsimError("bad_frame").
   */
  next(untilTick = Number.POSITIVE_INFINITY): FrameReader | null {
    if (this.#start === this.#end) {
      this.#start = 0;
      this.#end = 0;
      return null;
    }
    const word = this.#start >> 2;
    if (at(this.#words, word + FRAME_TICK / 4) > untilTick) return null;
    const length = at(this.#words, word + FRAME_LENGTH / 4);
    this.#start += length;
    return this.#reader.open(this.#bytes, this.#start - length, length);
  }

  /** Drops all frames, for when the link broke. */
  clear(): void {
    this.#start = 0;
    this.#end = 0;
  }

  #makeRoom(length: number): void {
    const needed = this.pendingBytes + length;
    let capacity = this.#bytes.length;
    while (capacity < needed) capacity *= 2;
    const target = capacity === this.#bytes.length ? this.#bytes : new Uint8Array(capacity);
    if (target === this.#bytes) this.#bytes.copyWithin(0, this.#start, this.#end);
    else {
      target.set(this.#bytes.subarray(this.#start, this.#end));
      this.#bytes = target;
      this.#words = new Uint32Array(target.buffer);
    }
    this.#end -= this.#start;
    this.#start = 0;
  }
}
