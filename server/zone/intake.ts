// What comes out of the command ring for one zone, into the batch of its next tick. Players' own commands that find the
// batch full are dropped and counted; those that say who is in the zone and who watches wait for the next batch, in order,
// and come first in it.
//
//   intake.accept(words, 0)              // MOVE 12; JOIN 13, ticket 90
//   intake.acceptArrival(words)          // 25 CARRYs and an ARRIVE, all in one batch
//   intake.next(tick)                    // an empty batch, but for those that waited

import { COMMAND_A, COMMAND_SESSION, OP_ARRIVE, OP_JOIN, OP_LEAVE, OP_UNWATCH, OP_WATCH } from "../../assembly/abi.ts";
import type { ZoneBatch } from "./command-batch.ts";
import { Command, COMMAND_WORDS } from "../protocol/game/command.ts";
import type { Membership } from "./membership.ts";
import { wordAt } from "../protocol/assert.ts";

const command = new Command();
const SESSION_WORD = COMMAND_SESSION / 4;
const TICKET_WORD = COMMAND_A / 4;

export class Intake {
  /** Commands are of no use to a zone that is DOWN: its players are somewhere else. */
  isClosed = false;
  readonly #batch: ZoneBatch;
  readonly #membership: Membership;
  #waiting: Uint32Array[] = [];
  readonly #leaving: number[] = [];

  constructor(batch: ZoneBatch, membership: Membership) {
    this.#batch = batch;
    this.#membership = membership;
  }

  /** One record, at `index` of `words`. */
  accept(words: Uint32Array, index: number): void {
    const op = wordAt(words, index) & 0xffff;
    const isMembers = op === OP_JOIN || op === OP_LEAVE || op === OP_WATCH || op === OP_UNWATCH;
    if (isMembers) this.#acceptMembers(words.subarray(index, index + COMMAND_WORDS), op);
    else if (this.isClosed) this.#batch.dropped++;
    else this.#batch.append(words, index);
  }

  /** The commands that let a player from another zone in. */
  acceptArrival(words: Uint32Array): void {
    this.#acceptMembers(words, OP_ARRIVE);
  }

  /** Takes a player out with the next batch, before anything that waits or is still in the ring. */
  evict(session: number): void {
    this.#leaving.push(session);
  }

  /** The batch of the tick to come: empty, but for who is evicted and what waited. */
  next(tick: number): void {
    this.#batch.reset(tick);
    for (let session = this.#leaving.pop(); session !== undefined; session = this.#leaving.pop())
      if (!this.isClosed) this.#batch.push(command.set(OP_LEAVE, { session }));
    if (this.#waiting.length === 0) return;
    for (const words of this.#waiting.splice(0))
      this.#acceptMembers(words, wordAt(words, words.length - COMMAND_WORDS) & 0xffff);
  }

  #acceptMembers(words: Uint32Array, op: number): void {
    const last = words.length - COMMAND_WORDS;
    const ticket = op === OP_WATCH || op === OP_UNWATCH ? 0 : wordAt(words, last + TICKET_WORD);
    if (this.isClosed) return this.#membership.drops(ticket);
    if (this.#waiting.length > 0 || this.#batch.room < words.length / COMMAND_WORDS) {
      this.#waiting.push(words.slice());
      return;
    }
    for (let at = 0; at < words.length; at += COMMAND_WORDS) this.#batch.append(words, at);
    if (ticket > 0) this.#membership.takes(op, wordAt(words, last + SESSION_WORD), ticket);
  }
}
