// Commands of a gateway on their way to one zone. Each has a number; all are kept until the zone has told a tick with them, and can be
// sent again. The bus may lose any of them, and the zone takes them in order only (go-back-N).
//
//   queue.add(command.bytes)                   // false: too many wait
//   queue.eachUnsent((first, records) => ...)  // numbers first, first + 1, ...: publish them
//   queue.applied(17)                          // those up to 17 are done
//   queue.begins(0)                            // a new epoch: what is left has numbers from 1 on, and is to be sent again

import { assert, at } from "../../protocol/assert.ts";

/** Bytes of commands that may wait: 100,000 actions, or 4,000 players who arrive. */
const WAITING_BYTES_MAX = 4 << 20;
/** Freed slots at the front of the list, before it is made shorter. */
const FREED_MAX = 1_024;

export class CommandQueue {
  #records: Uint8Array[] = [];
  /** Index in `records` of the oldest that is not done, and of the oldest that was not sent. */
  #oldest = 0;
  #unsent = 0;
  /** Number of the oldest that is not done. */
  #number = 1;
  #bytes = 0;
  readonly #bytesMax: number;
  /** How many were ever added, and how many of those are done. */
  #added = 0;
  #done = 0;
  #waiters: { until: number; resolve: () => void }[] = [];

  constructor(bytesMax = WAITING_BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  /** Commands that are not done. */
  get size(): number {
    return this.#records.length - this.#oldest;
  }

  /** Some were sent, and are not done. */
  get isUnderWay(): boolean {
    return this.#unsent > this.#oldest;
  }

  get hasUnsent(): boolean {
    return this.#unsent < this.#records.length;
  }

  /** Number of the newest that is done. */
  get appliedNumber(): number {
    return this.#number - 1;
  }

  /** Copies one record: one command, or several that stay together. False when too many wait. */
  add(records: Uint8Array): boolean {
    if (this.#bytes + records.length > this.#bytesMax) return false;
    this.#records.push(records.slice());
    this.#bytes += records.length;
    this.#added++;
    return true;
  }

  /** The commands that are left get numbers from `applied` + 1 on, and count as not sent. */
  begins(applied: number): void {
    this.#number = applied + 1;
    this.#unsent = this.#oldest;
  }

  /** Everything that is not done counts as not sent. */
  goBack(): void {
    this.#unsent = this.#oldest;
  }

  /** All up to this number are done. Returns false for a number that no command has had, or that was known. */
  applied(number: number): boolean {
    const count = number - this.appliedNumber;
    if (count <= 0 || count > this.#unsent - this.#oldest) return false;
    for (let index = 0; index < count; index++) this.#bytes -= at(this.#records, this.#oldest + index).length;
    this.#oldest += count;
    this.#number += count;
    this.#done += count;
    if (this.#oldest > FREED_MAX || this.#oldest === this.#records.length) this.#forgetDone();
    this.#tellWaiters();
    return true;
  }

  /** Hands out what was not sent, in parts of `bytesMax` at most, each with the number of its first record; they count as sent then. */
  eachUnsent(bytesMax: number, send: (first: number, records: readonly Uint8Array[]) => void): void {
    while (this.hasUnsent) {
      const from = this.#unsent;
      let bytes = 0;
      while (this.hasUnsent) {
        const { length } = at(this.#records, this.#unsent);
        if (this.#unsent > from && bytes + length > bytesMax) break;
        bytes += length;
        this.#unsent++;
      }
      assert(this.#unsent > from, "a part has a record");
      send(this.#number + from - this.#oldest, this.#records.slice(from, this.#unsent));
    }
  }

  /** Resolves when all that were added until now are done; `number` of them may never be. */
  whenDone(): Promise<void> {
    if (this.#done === this.#added) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ until: this.#added, resolve }));
  }

  #forgetDone(): void {
    this.#records.splice(0, this.#oldest);
    this.#unsent -= this.#oldest;
    this.#oldest = 0;
  }

  #tellWaiters(): void {
    while (this.#waiters[0] !== undefined && this.#waiters[0].until <= this.#done) this.#waiters.shift()?.resolve();
  }
}
