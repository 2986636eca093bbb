// A command for a zone's next tick: the record of assembly/abi.ts with names for its fields, filled again and again, so
// that forty thousand a second make no garbage.
//
//   const command = new Command();
//   command.begin(OP_MOVE, 12, 7);                 // session 12, its seventh
//   [command.x, command.y] = [1.5, -3];
//   link.send(1, command.bytes);                   // false: zone 1's queue is full
//
//   link.send(1, command.join(12, 7, 90, JOIN_WATCHES, 2, 10).bytes);
//
// b, c, d and x, y, z are the same three words: numbers or yards, as the opcode has it.

import { COMMAND_BYTES, OP_JOIN, OP_LEAVE, OP_UNWATCH, OP_WATCH, WATCH_IS_SLOW } from "../../assembly/abi.ts";

export const COMMAND_WORDS = COMMAND_BYTES / 4;
const SESSION = 1;
const SEQ = 2;
const A = 3;
const B = 4;
const C = 5;
const D = 6;
const E = 7;
const OP_BITS = 16;
const OP_MASK = 0xffff;

export class Command {
  /** The record as it lies in rings and batches. */
  readonly words = new Uint32Array(COMMAND_WORDS);
  readonly bytes = new Uint8Array(this.words.buffer);
  readonly #floats = new Float32Array(this.words.buffer);

  /** A new command: every other field is 0. */
  begin(op: number, session: number, seq = 0): this {
    this.words.fill(0);
    this.words[0] = op;
    this.words[SESSION] = session;
    this.words[SEQ] = seq;
    return this;
  }

  /** Lets a player in at the spawn point; `flags` are JOIN_*. */
  join(session: number, seq: number, ticket: number, flags: number, classIndex: number, level: number): this {
    this.begin(OP_JOIN, session, seq);
    this.flags = flags;
    this.a = ticket;
    this.e = classIndex | (level << 8);
    return this;
  }

  leave(session: number, seq: number, ticket: number): this {
    this.begin(OP_LEAVE, session, seq);
    this.a = ticket;
    return this;
  }

  /** The session gets frames from now on; slow ones get fewer. */
  watch(session: number, seq: number, isSlow: boolean): this {
    this.begin(OP_WATCH, session, seq);
    this.flags = isSlow ? WATCH_IS_SLOW : 0;
    return this;
  }

  unwatch(session: number, seq: number): this {
    return this.begin(OP_UNWATCH, session, seq);
  }

  set flags(value: number) {
    this.words[0] = ((this.words[0] ?? 0) & OP_MASK) | (value << OP_BITS);
  }

  set a(value: number) {
    this.words[A] = value;
  }

  set b(value: number) {
    this.words[B] = value;
  }

  set c(value: number) {
    this.words[C] = value;
  }

  set d(value: number) {
    this.words[D] = value;
  }

  set x(yards: number) {
    this.#floats[B] = yards;
  }

  set y(yards: number) {
    this.#floats[C] = yards;
  }

  set z(yards: number) {
    this.#floats[D] = yards;
  }

  set e(value: number) {
    this.words[E] = value;
  }
}
