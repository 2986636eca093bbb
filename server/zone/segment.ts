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

export class Segment {
  state: Uint8Array;
  /** Layout of the snapshot. It stays the same when another module replays the ticks. */
  layout: KernelLayout;
  /** The module that ran these ticks. */
  kernel: Kernel;
  /** Tick of the snapshot. */
  tick = 0;
  ticks = 0;
  readonly #commands = new Uint8Array(SEGMENT_COMMANDS_MAX * COMMAND_BYTES).fill(0);
  readonly #ends = new Uint32Array(SEGMENT_TICKS_MAX);
  readonly #hashes = new BigUint64Array(SEGMENT_TICKS_MAX);

  constructor(stateBytes: number, kernel: Kernel) {
    this.state = new Uint8Array(stateBytes).fill(0);
    this.kernel = kernel;
    this.layout = kernel.layout;
  }

  /** Starts the segment again, with a copy of this state as its snapshot and no ticks. */
  begin(state: Uint8Array, tick: number, kernel: Kernel): void {
    if (state.length === this.state.length) this.state.set(state);
    else this.state = state.slice();
    this.layout = kernel.layout;
    this.kernel = kernel;
    this.tick = tick;
    this.ticks = 0;
  }

  /** True when one more tick with this many commands fits. */
  hasRoom(commands: number): boolean {
    return this.ticks < SEGMENT_TICKS_MAX && this.#end(this.ticks) + commands <= SEGMENT_COMMANDS_MAX;
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
