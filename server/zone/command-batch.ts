// The commands of one zone's next tick: first the players' commands from the ring, sorted by session, then the commands that
// faults add. The batch is a fixed buffer of 32-byte records (assembly/abi.ts). A command that does not fit is dropped and
// counted.
//
//   batch.append(words, index)   // from the ring
//   batch.sort()                 // session 3: seq 8, seq 9; session 7: seq 2
//   batch.push(command.set(OP_NUDGE, { a: 1000001, x: 3, y: 4 }))

import { COMMAND_BYTES, OP_SPIN, OP_TRAP } from "../../assembly/abi.ts";
import type { CommandBatch } from "../protocol/faults/fault.ts";
import { COMMAND_WORDS as WORDS } from "../protocol/game/command.ts";
import type { Command } from "../protocol/game/command.ts";
import { at as itemAt, wordAt } from "../protocol/assert.ts";

/** More than the records of any batch. So session * PLACES + index is one exact number, and a sort key. */
const PLACES = 2 ** 20;

const OP_MASK = 0xffff;

/** What a fault can read of a zone: the ids and the positions of its entities. */
export interface EntityView {
  entityIds(): Uint32Array;
  positionOf(entityId: number): { x: number; y: number; z: number } | null;
}

export class ZoneBatch implements CommandBatch {
  readonly zoneId: number;
  readonly capacity: number;
  tick = 0;
  count = 0;
  /** Records dropped since `reset`, because the batch was full. */
  dropped = 0;
  #bytes: Uint8Array;
  #words: Uint32Array;
  /** sort() writes into this buffer, then swaps it with #words. */
  #spare: Uint32Array;
  readonly #keys: Float64Array;
  readonly #entities: EntityView;

  constructor(zoneId: number, capacity: number, entities: EntityView) {
    this.zoneId = zoneId;
    this.capacity = capacity;
    this.#words = new Uint32Array(capacity * WORDS);
    this.#spare = new Uint32Array(capacity * WORDS);
    this.#bytes = new Uint8Array(this.#words.buffer);
    this.#keys = new Float64Array(capacity);
    this.#entities = entities;
  }

  get room(): number {
    return this.capacity - this.count;
  }

  /** The records, valid until the next change. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.count * COMMAND_BYTES);
  }

  reset(tick: number): void {
    this.tick = tick;
    this.count = 0;
    this.dropped = 0;
  }

  /** Copies one record that starts at `index` of `words`; false when the batch is full. */
  append(words: Uint32Array, index: number): boolean {
    if (this.count >= this.capacity) {
      this.dropped++;
      return false;
    }
    const at = this.count++ * WORDS;
    for (let i = 0; i < WORDS; i++) this.#words[at + i] = wordAt(words, index + i);
    return true;
  }

  /** Sorts by session. The commands of one session keep their order, which is the order of their sequence numbers. */
  sort(): void {
    if (this.#isSorted()) return;
    const { count } = this;
    for (let i = 0; i < count; i++) this.#keys[i] = wordAt(this.#words, i * WORDS + 1) * PLACES + i;
    const keys = this.#keys.subarray(0, count);
    keys.sort();
    for (let i = 0; i < count; i++) {
      const from = (itemAt(keys, i) % PLACES) * WORDS;
      for (let word = 0; word < WORDS; word++) this.#spare[i * WORDS + word] = wordAt(this.#words, from + word);
    }
    [this.#words, this.#spare] = [this.#spare, this.#words];
    this.#bytes = new Uint8Array(this.#words.buffer);
  }

  push(command: Command): boolean {
    return this.append(command.words, 0);
  }

  /** True when a fault's poison command is in it. Only the batch tells: what a kernel says of a trap may be false. */
  get isPoisoned(): boolean {
    for (let i = 0; i < this.count; i++) {
      const op = wordAt(this.#words, i * WORDS) & OP_MASK;
      if (op === OP_TRAP || op === OP_SPIN) return true;
    }
    return false;
  }

  entityIds(): Uint32Array {
    return this.#entities.entityIds();
  }

  positionOf(entityId: number): { x: number; y: number; z: number } | null {
    return this.#entities.positionOf(entityId);
  }

  #isSorted(): boolean {
    for (let i = 1; i < this.count; i++) {
      if (wordAt(this.#words, i * WORDS + 1) < wordAt(this.#words, (i - 1) * WORDS + 1)) return false;
    }
    return true;
  }
}
