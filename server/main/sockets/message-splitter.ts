// Splits a connection's byte stream into messages, however the network divided it. Bytes are copied only when a message
// is not complete at the end of a chunk: then the first part is kept until the rest arrives, up to a limit.
//
//   splitter.push(chunk, framing, (bytes, start, end) => ...)   // called once per complete message, in place
//   splitter.push(...) === "too_long"                         // more bytes without a complete message than allowed

import type { Framing } from "./framing.ts";

/** Gets a complete message at [start, end) of `bytes`; false ends the splitting (the connection is being closed). */
export type MessageVisitor = (bytes: Buffer, start: number, end: number) => boolean;

const FIRST_PARTIAL_BYTES = 256;

export class MessageSplitter {
  readonly #messageBytesMax: number;
  #partial: Buffer | null = null;
  #partialLength = 0;

  constructor(messageBytesMax: number) {
    this.#messageBytesMax = messageBytesMax;
  }

  /** Number of bytes kept of an incomplete message. */
  get partialBytes(): number {
    return this.#partialLength;
  }

  /** Visits all messages that `chunk` completes, and keeps the rest. */
  push(chunk: Buffer, framing: Framing, visit: MessageVisitor): "ok" | "stopped" | "too_long" {
    let start = 0;
    if (this.#partialLength > 0) {
      const finished = this.#finishPartial(chunk, framing, visit);
      if (typeof finished === "string") return finished;
      start = finished;
    }
    while (start < chunk.length) {
      const end = framing.messageEnd(chunk, start, start, chunk.length);
      if (end < 0) return this.#keep(chunk, start);
      if (end - start > this.#messageBytesMax) return "too_long";
      if (!visit(chunk, start, end)) return "stopped";
      start = end;
    }
    return "ok";
  }

  /** Drops the kept bytes. */
  clear(): void {
    this.#partial = null;
    this.#partialLength = 0;
  }

  /** Completes the kept message from the chunk; returns where the chunk's next message begins, or why there is none. */
  #finishPartial(chunk: Buffer, framing: Framing, visit: MessageVisitor): number | "ok" | "stopped" | "too_long" {
    const kept = this.#partialLength;
    // Only as much of the chunk as the kept message may still need; later messages are split in place.
    const taken = Math.min(chunk.length, this.#messageBytesMax - kept + 1);
    this.#append(chunk, 0, taken);
    const whole = this.#partial;
    if (whole === null) return 0;
    const end = framing.messageEnd(whole, 0, kept, this.#partialLength);
    if (end < 0) return this.#partialLength > this.#messageBytesMax ? "too_long" : "ok";
    if (end > this.#messageBytesMax) return "too_long";
    this.clear();
    return visit(whole, 0, end) ? end - kept : "stopped";
  }

  #keep(chunk: Buffer, start: number): "ok" | "too_long" {
    if (chunk.length - start > this.#messageBytesMax) return "too_long";
    this.#append(chunk, start, chunk.length);
    return "ok";
  }

  /** Doubles the buffer: a message that arrives byte by byte costs copies of at most twice its length. */
  #append(source: Buffer, start: number, end: number): void {
    const needed = this.#partialLength + end - start;
    if (this.#partial === null || this.#partial.length < needed) {
      let capacity = Math.max(FIRST_PARTIAL_BYTES, this.#partial?.length ?? 0);
      while (capacity < needed) capacity *= 2;
      const grown = Buffer.allocUnsafe(capacity);
      this.#partial?.copy(grown, 0, 0, this.#partialLength);
      this.#partial = grown;
    }
    source.copy(this.#partial, this.#partialLength, start, end);
    this.#partialLength = needed;
  }
}
