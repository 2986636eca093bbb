// A command for a zone's next tick: the record of assembly/abi.ts with names for its fields. The gateway, faults and zones
// read and write commands only through this class. One object is filled again and again, so that forty thousand a second
// make no garbage.
//
//   const command = new Command();
//   command.begin(OP_MOVE, 12, 7);                               // session 12, its seventh
//   [command.x, command.y] = [1.5, -3];
//   link.send(1, command.bytes);                                 // false: zone 1's queue is full
//
//   batch.push(command.set(OP_SPAWN, { a: 1_000_001, x: 3 }));   // all other fields are 0
//   command.load(words, 8).session                               // session of the record in words 8 to 15
//
// b, c, d and x, y, z are the same three words: integers or yards, depending on the opcode.

import { COMMAND_BYTES, OP_JOIN, OP_LEAVE, OP_UNWATCH, OP_WATCH, WATCH_IS_SLOW } from "../../../assembly/abi.ts";

export const COMMAND_WORDS = COMMAND_BYTES / 4;
const OP_AND_FLAGS = 0;
const SESSION = 1;
const SEQ = 2;
const A = 3;
const B = 4;
const C = 5;
const D = 6;
const E = 7;
const OP_BITS = 16;
const OP_MASK = 0xffff;

/** The fields of a command except its opcode. x, y, z have priority over b, c, d. */
export interface CommandFields {
  flags?: number;
  session?: number;
  seq?: number;
  a?: number;
  b?: number;
  c?: number;
  d?: number;
  /** Yards. */
  x?: number;
  y?: number;
  z?: number;
  e?: number;
}

/** A player who enters a zone at its spawn point. */
export interface Joining {
  session: number;
  seq: number;
  ticket: number;
  /** JOIN_*. */
  flags: number;
  classIndex: number;
  level: number;
}

export class Command {
  /** The record in the form of rings and batches. */
  readonly words = new Uint32Array(COMMAND_WORDS);
  readonly bytes = new Uint8Array(this.words.buffer);
  readonly #view = new DataView(this.words.buffer);

  /** Begins a new command: every other field is 0. */
  begin(op: number, session: number, seq = 0): this {
    this.words.fill(0);
    this.words[OP_AND_FLAGS] = op;
    this.words[SESSION] = session;
    this.words[SEQ] = seq;
    return this;
  }

  /** Makes a new command with these fields; every other field is 0. */
  set(op: number, fields: CommandFields = {}): this {
    const { flags = 0, session = 0, seq = 0, a = 0, b = 0, c = 0, d = 0, x, y, z, e = 0 } = fields;
    this.begin(op, session, seq);
    this.flags = flags;
    this.a = a;
    if (x === undefined) this.b = b;
    else this.x = x;
    if (y === undefined) this.c = c;
    else this.y = y;
    if (z === undefined) this.d = d;
    else this.z = z;
    this.e = e;
    return this;
  }

  /** Loads the record that begins at `words[index]`. */
  load(words: Uint32Array, index: number): this {
    this.words.set(words.subarray(index, index + COMMAND_WORDS));
    return this;
  }

  /** Loads the record that begins at `bytes[offset]`. */
  loadBytes(bytes: Uint8Array, offset = 0): this {
    this.bytes.set(bytes.subarray(offset, offset + COMMAND_BYTES));
    return this;
  }

  /** A JOIN at the spawn point. */
  join({ session, seq, ticket, flags, classIndex, level }: Joining): this {
    return this.set(OP_JOIN, { session, seq, flags, a: ticket, e: classIndex | (level << 8) });
  }

  /** `flags`: LEAVE_RECORDS. */
  leave(session: number, seq: number, ticket: number, flags = 0): this {
    return this.set(OP_LEAVE, { session, seq, a: ticket, flags });
  }

  /** A WATCH: the session gets frames from now on; a slow reader gets fewer. */
  watch(session: number, seq: number, isSlow: boolean): this {
    return this.set(OP_WATCH, { session, seq, flags: isSlow ? WATCH_IS_SLOW : 0 });
  }

  unwatch(session: number, seq: number): this {
    return this.begin(OP_UNWATCH, session, seq);
  }

  get op(): number {
    return this.#word(OP_AND_FLAGS) & OP_MASK;
  }

  get session(): number {
    return this.#word(SESSION);
  }

  get seq(): number {
    return this.#word(SEQ);
  }

  get flags(): number {
    return this.#word(OP_AND_FLAGS) >>> OP_BITS;
  }

  set flags(value: number) {
    this.words[OP_AND_FLAGS] = this.op | (value << OP_BITS);
  }

  get a(): number {
    return this.#word(A);
  }

  set a(value: number) {
    this.words[A] = value;
  }

  get b(): number {
    return this.#word(B);
  }

  set b(value: number) {
    this.words[B] = value;
  }

  get c(): number {
    return this.#word(C);
  }

  set c(value: number) {
    this.words[C] = value;
  }

  get d(): number {
    return this.#word(D);
  }

  set d(value: number) {
    this.words[D] = value;
  }

  get x(): number {
    return this.#yards(B);
  }

  set x(yards: number) {
    this.#view.setFloat32(B * 4, yards, true);
  }

  get y(): number {
    return this.#yards(C);
  }

  set y(yards: number) {
    this.#view.setFloat32(C * 4, yards, true);
  }

  get z(): number {
    return this.#yards(D);
  }

  set z(yards: number) {
    this.#view.setFloat32(D * 4, yards, true);
  }

  get e(): number {
    return this.#word(E);
  }

  set e(value: number) {
    this.words[E] = value;
  }

  #word(index: number): number {
    return this.#view.getUint32(index * 4, true);
  }

  #yards(index: number): number {
    return this.#view.getFloat32(index * 4, true);
  }
}
