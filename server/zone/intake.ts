// Moves the commands of one zone from the command ring into the batch of the zone's next tick. When the batch is full, a
// player's own command is dropped and counted. A command that says who enters, leaves or watches waits for the next batch
// instead, also when many players leave with their state at once. Waiting commands keep their order and come first in that batch.
//
//   intake.accept(words, 0)              // MOVE 12; JOIN 13, ticket 90
//   intake.acceptArrival(words)          // 25 CARRYs and an ARRIVE, all in one batch
//   intake.next(tick)                    // a batch with only the commands that waited

import {
  COMMAND_A,
  COMMAND_FLAGS,
  COMMAND_SESSION,
  LEAVE_RECORDS,
  OP_ARRIVE,
  OP_JOIN,
  OP_LEAVE,
  OP_UNWATCH,
  OP_WATCH,
} from "../../assembly/abi.ts";
import type { ZoneBatch } from "./command-batch.ts";
import { Command, COMMAND_WORDS } from "../protocol/game/command.ts";
import type { Membership } from "./membership.ts";
import { wordAt } from "../protocol/assert.ts";

const command = new Command();
const SESSION_WORD = COMMAND_SESSION / 4;
const TICKET_WORD = COMMAND_A / 4;
const FLAGS_SHIFT = COMMAND_FLAGS * 8;
/** Players who leave with their state in one batch. The kernel's area for them also takes those who go through portals. */
export const RECORDED_LEAVES_MAX = 192;

export class Intake {
  /** True while the zone is DOWN. Its players are in other zones then, so it takes no commands. */
  isClosed = false;
  readonly #batch: ZoneBatch;
  readonly #membership: Membership;
  #waiting: Uint32Array[] = [];
  readonly #leaving: number[] = [];
  #recordedLeaves = 0;

  constructor(batch: ZoneBatch, membership: Membership) {
    this.#batch = batch;
    this.#membership = membership;
  }

  /** Takes one record, at `index` of `words`. */
  accept(words: Uint32Array, index: number): void {
    const op = wordAt(words, index) & 0xffff;
    const isMembers = op === OP_JOIN || op === OP_LEAVE || op === OP_WATCH || op === OP_UNWATCH;
    if (isMembers) this.#acceptMembers(words.subarray(index, index + COMMAND_WORDS), op);
    else if (this.isClosed) this.#batch.dropped++;
    else this.#batch.append(words, index);
  }

  /** Takes the commands that let a player from another zone in. They go into one batch together. */
  acceptArrival(words: Uint32Array): void {
    this.#acceptMembers(words, OP_ARRIVE);
  }

  /** Removes a player in the next batch, before the commands that wait or are still in the ring. */
  evict(session: number): void {
    this.#leaving.push(session);
  }

  /** The same in the batch that has begun, between two ticks. */
  evictNow(): void {
    while (this.#leaving.length > 0 && this.#batch.room > 0) {
      const session = this.#leaving.pop() ?? 0;
      if (!this.isClosed) this.#batch.push(command.set(OP_LEAVE, { session }));
    }
  }

  /** Starts the batch of the next tick: first the evictions, then the commands that waited. */
  next(tick: number): void {
    this.#batch.reset(tick);
    this.#recordedLeaves = 0;
    this.evictNow();
    if (this.#waiting.length === 0) return;
    for (const words of this.#waiting.splice(0))
      this.#acceptMembers(words, wordAt(words, words.length - COMMAND_WORDS) & 0xffff);
  }

  #acceptMembers(words: Uint32Array, op: number): void {
    const last = words.length - COMMAND_WORDS;
    const ticket = op === OP_WATCH || op === OP_UNWATCH ? 0 : wordAt(words, last + TICKET_WORD);
    // A zone that goes on from its journal gets the newest commands once more.
    if (ticket > 0 && this.#membership.tickets.has(ticket)) return;
    if (this.isClosed) return this.#membership.drops(ticket);
    const flags = wordAt(words, last) >>> FLAGS_SHIFT;
    const isRecorded = op === OP_LEAVE && (flags & LEAVE_RECORDS) !== 0;
    const hasRoom = this.#batch.room >= words.length / COMMAND_WORDS;
    if (this.#waiting.length > 0 || !hasRoom || (isRecorded && this.#recordedLeaves >= RECORDED_LEAVES_MAX)) {
      this.#waiting.push(words.slice());
      return;
    }
    if (isRecorded) this.#recordedLeaves++;
    for (let at = 0; at < words.length; at += COMMAND_WORDS) this.#batch.append(words, at);
    if (ticket > 0) this.#membership.takes(op, wordAt(words, last + SESSION_WORD), ticket, flags);
  }
}
