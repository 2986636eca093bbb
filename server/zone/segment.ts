// A snapshot and the journal of what came after it: all that is needed to bring a zone back to any tick since.
//
//   snapshot at tick 400 | tick 401: 3 commands, hash 9f.. | tick 402: 0 commands, hash 11.. | ...
//
// A zone keeps two, the current and the one before; a new snapshot reuses the older one's memory. All of it is allocated
// and touched once, so that a zone's memory does not seem to leak while journals fill for the first time.

import { COMMAND_BYTES } from "../../assembly/abi.ts";
import type { Kernel, KernelLayout } from "../../assembly/toolchain/kernel.ts";
import { at, wordAt } from "../protocol/assert.ts";

/** Ticks a segment holds; 25 s at 20 Hz. */
export const SEGMENT_TICKS_MAX = 512;
/** Room for at least one full batch beside some smaller ones. */
export const SEGMENT_COMMANDS_MAX = 98_304;

export class Segment {
  state: Uint8Array;
  /** How the snapshot is laid out: also when another module runs its ticks again. */
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

  /** Begins anew with this state as the snapshot. */
  begin(state: Uint8Array, tick: number, kernel: Kernel): void {
    if (state.length === this.state.length) this.state.set(state);
    else this.state = state.slice();
    this.layout = kernel.layout;
    this.kernel = kernel;
    this.tick = tick;
    this.ticks = 0;
  }

  /** True when another tick of so many commands fits. */
  hasRoom(commands: number): boolean {
    return this.ticks < SEGMENT_TICKS_MAX && this.#end(this.ticks) + commands <= SEGMENT_COMMANDS_MAX;
  }

  /** Journals the batch of the next tick. */
  append(batch: Uint8Array): void {
    const start = this.#end(this.ticks);
    this.#commands.set(batch, start * COMMAND_BYTES);
    this.#ends[this.ticks++] = start + batch.length / COMMAND_BYTES;
  }

  /** The newest tick's outcome. */
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

  /** Takes one command out of the newest tick's batch; a copy of it. */
  quarantine(commandIndex: number): Uint8Array {
    const last = this.ticks - 1;
    const from = (this.#end(last) + commandIndex) * COMMAND_BYTES;
    const command = this.#commands.slice(from, from + COMMAND_BYTES);
    this.#commands.copyWithin(from, from + COMMAND_BYTES, this.#end(this.ticks) * COMMAND_BYTES);
    this.#ends[last] = this.#end(this.ticks) - 1;
    return command;
  }

  /** Forgets the newest tick. */
  dropLast(): void {
    this.ticks--;
  }

  /** Forgets every tick; the snapshot stays. */
  forget(): void {
    this.ticks = 0;
  }

  /** Where the commands of the first `ticks` ticks end, in commands. */
  #end(ticks: number): number {
    return ticks === 0 ? 0 : wordAt(this.#ends, ticks - 1);
  }
}
