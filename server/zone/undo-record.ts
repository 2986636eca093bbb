// What it takes to undo a swap: the state before it, and the batches of all ticks since, as they came in.
//
//   const record = new UndoRecord(kernel, candidate, state, 4700)   // the zone was at tick 4700 when it took the candidate
//   record.append(batch)                                // tick 4701; false: there is no room for it
//   record.batch(4701)
//
// A zone that has no such record may have it in its journal (server/undo). Then what the journal gives is the beginning, and the zone
// keeps the batches since (BatchLog).
//
// A command that made the candidate trap is in the batch all the same: the module before may handle it. Only what a fault puts in to
// make any kernel trap is left out.

import { COMMAND_BYTES, COMMAND_OP, OP_SPIN, OP_TRAP } from "../../assembly/abi.ts";
import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import { at as itemAt, wordAt } from "../protocol/assert.ts";

/** Ticks that can be undone: ten minutes at 20 Hz. */
export const UNDO_TICKS_MAX = 12_000;
/** Commands that can be kept. 600 players send some 40 KB in a second. */
export const UNDO_BYTES_MAX = 16 << 20;
/** A batch lies in one chunk, so a chunk has room for the largest one. */
const CHUNK_BYTES = 1 << 20;

export interface UndoBounds {
  ticksMax: number;
  bytesMax: number;
}

/** What an undo runs: the batches after a tick, through a module, from a state. */
export interface UndoCourse {
  /** The module before the swap. */
  readonly kernel: Kernel;
  /** Hash of the module that is undone. */
  readonly triedHash: string;
  /** The state before the swap, and the tick after which it was swapped. */
  readonly before: Uint8Array;
  readonly fromTick: number;
  /** The state to begin from, without the module that is undone, and its tick. */
  readonly state: Uint8Array;
  readonly tick: number;
  /** The batch of a later tick, as it came in. */
  batch(tick: number): Uint8Array;
}

/** The batches of the ticks after one tick. */
export class BatchLog {
  readonly tick: number;
  /** Ticks since. */
  ticks = 0;
  readonly #bounds: UndoBounds;
  readonly #chunks: Uint8Array[] = [];
  /** Where the next batch may begin, counted over all chunks. */
  #end = 0;
  #bytes = 0;
  /** Of each tick: where its batch begins, counted over all chunks, and its length. */
  readonly #starts: Uint32Array;
  readonly #lengths: Uint32Array;

  constructor(tick: number, bounds: UndoBounds = { ticksMax: UNDO_TICKS_MAX, bytesMax: UNDO_BYTES_MAX }) {
    this.tick = tick;
    this.#bounds = bounds;
    this.#starts = new Uint32Array(bounds.ticksMax);
    this.#lengths = new Uint32Array(bounds.ticksMax);
  }

  /** Keeps the batch of the next tick. False when it has no room: then it can not be used any more. */
  append(batch: Uint8Array): boolean {
    const { ticksMax, bytesMax } = this.#bounds;
    if (this.ticks >= ticksMax || this.#bytes + batch.length > bytesMax) return false;
    const length = batch.length === 0 ? 0 : this.#put(batch);
    this.#starts[this.ticks] = length === 0 ? 0 : this.#end - length;
    this.#lengths[this.ticks] = length;
    this.ticks++;
    this.#bytes += length;
    return true;
  }

  /** The batch of a tick, as it came in. Valid as long as the log. */
  batch(tick: number): Uint8Array {
    const index = tick - this.tick - 1;
    const length = wordAt(this.#lengths, index);
    if (length === 0) return NO_COMMANDS;
    const start = wordAt(this.#starts, index);
    const from = start % CHUNK_BYTES;
    return itemAt(this.#chunks, Math.floor(start / CHUNK_BYTES)).subarray(from, from + length);
  }

  /** Copies the commands behind the last ones, in a new chunk if they do not fit. Returns the bytes that it took. */
  #put(batch: Uint8Array): number {
    const left = this.#chunks.length * CHUNK_BYTES - this.#end;
    if (batch.length > left) {
      this.#end = this.#chunks.length * CHUNK_BYTES;
      this.#chunks.push(new Uint8Array(CHUNK_BYTES));
    }
    const chunk = itemAt(this.#chunks, this.#chunks.length - 1);
    const from = this.#end % CHUNK_BYTES;
    const length = withoutPoison(batch, chunk, from);
    this.#end += length;
    return length;
  }
}

/** What a zone keeps from a swap on. */
export class UndoRecord implements UndoCourse {
  readonly kernel: Kernel;
  readonly state: Uint8Array;
  /** The module on trial; when others were swapped in over it, the newest. */
  tried: Kernel;
  readonly #log: BatchLog;

  constructor(kernel: Kernel, tried: Kernel, state: Uint8Array, tick: number, bounds?: UndoBounds) {
    this.kernel = kernel;
    this.tried = tried;
    this.state = state;
    this.#log = new BatchLog(tick, bounds);
  }

  get triedHash(): string {
    return this.tried.hash;
  }

  get before(): Uint8Array {
    return this.state;
  }

  get fromTick(): number {
    return this.#log.tick;
  }

  get tick(): number {
    return this.#log.tick;
  }

  /** Ticks since the swap. */
  get ticks(): number {
    return this.#log.ticks;
  }

  /** Keeps the batch of the next tick. False when it has no room: then it can not be used any more. */
  append(batch: Uint8Array): boolean {
    return this.#log.append(batch);
  }

  batch(tick: number): Uint8Array {
    return this.#log.batch(tick);
  }
}

const NO_COMMANDS = new Uint8Array(0);

/** Copies a batch without a fault's poison commands. Returns the bytes that are left. */
export function withoutPoison(batch: Uint8Array, into: Uint8Array, from: number): number {
  into.set(batch, from);
  let length = batch.length;
  for (let at = from; at < from + length;) {
    if (!isPoison(into, at)) at += COMMAND_BYTES;
    else {
      into.copyWithin(at, at + COMMAND_BYTES, from + length);
      length -= COMMAND_BYTES;
    }
  }
  return length;
}

function isPoison(bytes: Uint8Array, at: number): boolean {
  const op = itemAt(bytes, at + COMMAND_OP) | (itemAt(bytes, at + COMMAND_OP + 1) << 8);
  return op === OP_TRAP || op === OP_SPIN;
}
