// A snapshot and the journal of the ticks after it. Together they can bring a zone back to any tick since the snapshot.
//
//   snapshot at tick 400 | tick 401: 3 commands, hash 9f.. | tick 402: 0 commands, hash 11.. | ...
//
// A zone keeps two segments, the current one and the previous one. A new snapshot reuses the memory of the previous one. All
// memory is allocated and written once at the start. Otherwise the first filling of the journals would look like a memory leak.

import { COMMAND_BYTES } from "../../assembly/abi.ts";
import type { Kernel, KernelLayout } from "../../assembly/toolchain/kernel.ts";
import { at, wordAt } from "../protocol/assert.ts";

/** Ticks that a segment can hold: 25.6 s at 20 Hz. */
export const SEGMENT_TICKS_MAX = 512;
/** Commands that a segment can hold: at least one full batch and some smaller ones. */
export const SEGMENT_COMMANDS_MAX = 98_304;

/** A new snapshot is due when the ticks since the last one took so many milliseconds in the kernel: a replay would take as long. */
const REPLAY_MS_MAX = 15;
/** Most ticks between two snapshots. */
const SNAPSHOT_TICKS_MAX = 200;
/** More memory than the first layout needs. */
const ROOM_SHARE = 1 / 8;

export class Segment {
  state: Uint8Array;
  /** Layout of the snapshot. It stays the same when another module replays the ticks. */
  layout: KernelLayout;
  /** The module that ran these ticks. */
  kernel: Kernel;
  /** Tick of the snapshot. */
  tick = 0;
  ticks = 0;
  /** Memory for the next snapshot; null: that of this one. */
  #next: Uint8Array | null = null;
  readonly #commands = new Uint8Array(SEGMENT_COMMANDS_MAX * COMMAND_BYTES).fill(0);
  readonly #ends = new Uint32Array(SEGMENT_TICKS_MAX);
  readonly #hashes = new BigUint64Array(SEGMENT_TICKS_MAX);

  constructor(stateBytes: number, kernel: Kernel) {
    this.state = memoryFor(stateBytes);
    this.kernel = kernel;
    this.layout = kernel.layout;
  }

  /** Starts the segment again, with a copy of this state as its snapshot and no ticks. */
  begin(state: Uint8Array, tick: number, kernel: Kernel): void {
    this.state = copyOf(state, this.#next ?? this.state);
    this.#next = null;
    this.layout = kernel.layout;
    this.kernel = kernel;
    this.tick = tick;
    this.ticks = 0;
  }

  /** The snapshot, to keep: the next one goes into `memory`. */
  lend(memory: Uint8Array): Uint8Array {
    this.#next = memory;
    return this.state;
  }

  /** A new snapshot is due before a tick with so many commands. `kernelMs`: what the ticks since this snapshot took in the kernel. */
  isLongFor(commands: number, kernelMs: number): boolean {
    const hasRoom = this.ticks < SEGMENT_TICKS_MAX && this.#end(this.ticks) + commands <= SEGMENT_COMMANDS_MAX;
    return !hasRoom || (this.ticks > 0 && (this.ticks >= SNAPSHOT_TICKS_MAX || kernelMs > REPLAY_MS_MAX));
  }

  /** Journals the batch of the next tick. */
  append(batch: Uint8Array): void {
    const start = this.#end(this.ticks);
    this.#commands.set(batch, start * COMMAND_BYTES);
    this.#ends[this.ticks++] = start + batch.length / COMMAND_BYTES;
  }

  /** Journals the state hash after the newest tick. */
  setHash(hash: bigint): void {
    this.#hashes[this.ticks - 1] = hash;
  }

  /** Batch of the `index`-th tick after the snapshot. */
  batch(index: number): Uint8Array {
    return this.#commands.subarray(this.#end(index) * COMMAND_BYTES, this.#end(index + 1) * COMMAND_BYTES);
  }

  /** State hash after the `index`-th tick after the snapshot. */
  hash(index: number): bigint {
    return at(this.#hashes, index);
  }

  /** Removes one command from the newest tick's batch. Returns a copy of it. */
  quarantine(commandIndex: number): Uint8Array {
    const last = this.ticks - 1;
    const from = (this.#end(last) + commandIndex) * COMMAND_BYTES;
    const command = this.#commands.slice(from, from + COMMAND_BYTES);
    this.#commands.copyWithin(from, from + COMMAND_BYTES, this.#end(this.ticks) * COMMAND_BYTES);
    this.#ends[last] = this.#end(this.ticks) - 1;
    return command;
  }

  /** Removes the newest tick. */
  dropLast(): void {
    this.ticks--;
  }

  /** Removes every tick; the snapshot stays. */
  forget(): void {
    this.ticks = 0;
  }

  /** Where the commands of the first `ticks` ticks end, in commands. */
  #end(ticks: number): number {
    return ticks === 0 ? 0 : wordAt(this.#ends, ticks - 1);
  }
}

/**
 * Memory for a state of that size, which was touched: fresh memory costs a tick interval on some machines. It has room for layouts
 * with some more columns.
 */
export function memoryFor(stateBytes: number): Uint8Array {
  return new Uint8Array(stateBytes + Math.ceil(stateBytes * ROOM_SHARE)).fill(1).subarray(0, stateBytes);
}

/** A copy of a state, in the buffer of that memory when it has room. */
export function copyOf(state: Uint8Array, memory: Uint8Array | null): Uint8Array {
  if (memory === null || memory.buffer.byteLength < state.length) return state.slice();
  const copy = new Uint8Array(memory.buffer, 0, state.length);
  copy.set(state);
  return copy;
}
