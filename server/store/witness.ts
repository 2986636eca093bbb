// A small file beside world.sqlite that says what was committed. A damaged write-ahead log can lose committed rows without
// any error; then the witness knows more than the journal has.
//
//   const witness = Witness.open(".wowsim/world.witness", world)
//   witness.write(4711, heads)     // after each commit, before anybody is told of it
//   Witness.read(path)             // { world, lsn: 4711, heads: Map { 1 => { epoch: 3, begin: 100, tick: 2412 } } }
//
// The file: a mark as u32, a CRC-32 of all that follows as u32, the world as u32, the number of heads as u32, the newest lsn
// as u64; then 24 bytes for each zone: its number as u32, its epoch as u32, the tick at which that epoch began as u64, and
// its newest tick as u64. All are little endian. The file is written in place and never shrinks.

import { messageOf, WowsimError } from "../protocol/errors.ts";
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";

const MARK = 0x77_69_74_32;
const HEADER_BYTES = 24;
const HEAD_BYTES = 24;
/** The checksum covers what follows it. */
const CHECKED_FROM = 8;
/** More zones than this are not witnessed by name, only by their rows. */
const HEADS_MAX = 4_096;

/** How far a zone has come. */
export interface Head {
  epoch: number;
  /** The tick of the snapshot that the epoch began with. */
  begin: number;
  tick: number;
}

export interface Testimony {
  /** The world that the file belongs to (world-schema.ts). */
  world: number;
  lsn: number;
  heads: ReadonlyMap<number, Head>;
}

export class Witness {
  readonly #file: number;
  readonly #world: number;

  /** Opens or creates the file. Throws WowsimError("witness_unusable"). */
  static open(path: string, world: number): Witness {
    try {
      closeSync(openSync(path, "a"));
      return new Witness(openSync(path, "r+"), world);
    } catch (cause) {
      const message = `${path} can not be written (${messageOf(cause)}); make it writable, or move it away: the journal itself is as it was.`;
      throw new WowsimError("witness_unusable", message, { cause });
    }
  }

  private constructor(file: number, world: number) {
    this.#file = file;
    this.#world = world;
  }

  /** What the file says; null when there is no file, or when it is damaged. */
  static read(path: string): Testimony | null {
    let bytes: Uint8Array;
    try {
      bytes = readFileSync(path);
    } catch {
      // A file that can not be read is no witness.
      return null;
    }
    if (bytes.length < HEADER_BYTES) return null;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const count = view.getUint32(12, true);
    const end = HEADER_BYTES + count * HEAD_BYTES;
    if (view.getUint32(0, true) !== MARK || count > HEADS_MAX || end > bytes.length) return null;
    if (view.getUint32(4, true) !== Bun.hash.crc32(bytes.subarray(CHECKED_FROM, end))) return null;
    const heads = new Map<number, Head>();
    for (let place = HEADER_BYTES; place < end; place += HEAD_BYTES) {
      const [begin, tick] = [Number(view.getBigUint64(place + 8, true)), Number(view.getBigUint64(place + 16, true))];
      heads.set(view.getUint32(place, true), { epoch: view.getUint32(place + 4, true), begin, tick });
    }
    return { world: view.getUint32(8, true), lsn: Number(view.getBigUint64(16, true)), heads };
  }

  /** Throws the system's error. */
  write(lsn: number, heads: ReadonlyMap<number, Head>): void {
    const witnessed = [...heads].slice(0, HEADS_MAX);
    const bytes = new Uint8Array(HEADER_BYTES + witnessed.length * HEAD_BYTES);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, MARK, true);
    view.setUint32(8, this.#world, true);
    view.setUint32(12, witnessed.length, true);
    view.setBigUint64(16, BigInt(lsn), true);
    for (const [index, [zone, { epoch, begin, tick }]] of witnessed.entries()) {
      const place = HEADER_BYTES + index * HEAD_BYTES;
      view.setUint32(place, zone, true);
      view.setUint32(place + 4, epoch, true);
      view.setBigUint64(place + 8, BigInt(begin), true);
      view.setBigUint64(place + 16, BigInt(tick), true);
    }
    view.setUint32(4, Bun.hash.crc32(bytes.subarray(CHECKED_FROM)), true);
    if (writeSync(this.#file, bytes, 0, bytes.length, 0) < bytes.length) throw new Error("The witness is cut short.");
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** True when `one` is further along a zone's timeline than `other`. */
export function isAhead(one: Head, other: Head): boolean {
  return one.epoch === other.epoch ? one.tick > other.tick : one.epoch > other.epoch;
}
