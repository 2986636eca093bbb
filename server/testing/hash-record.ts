// The state hash of every tick of a run, 8 bytes each, in a file. Two runs are equal when their files are; otherwise the
// position of the first difference gives the tick.
//
//   const record = new HashRecord("/tmp/x/once.hashes", 1_000_000)
//   record.add(zone.hash)                    // after every tick
//   record.close()
//   firstDifference(readHashes(a), readHashes(b))   // 0: none; 4711: from tick 4711 on

import { closeSync, openSync, readFileSync, writeSync } from "node:fs";

/** The number of ticks written at once. */
const CHUNK_TICKS = 4_096;

export class HashRecord {
  readonly #file: number;
  readonly #hashes: BigUint64Array;
  #ticks = 0;
  #written = 0;

  constructor(path: string, ticks: number) {
    this.#file = openSync(path, "w");
    this.#hashes = new BigUint64Array(ticks);
  }

  add(hash: bigint): void {
    this.#hashes[this.#ticks++] = hash;
    if (this.#ticks - this.#written >= CHUNK_TICKS) this.#flush();
  }

  /** The recorded hash after a tick; ticks begin with 1. */
  at(tick: number): bigint {
    const hash = this.#hashes[tick - 1];
    if (hash === undefined || tick > this.#ticks) throw new RangeError(`Tick ${tick} was not recorded.`);
    return hash;
  }

  close(): void {
    this.#flush();
    closeSync(this.#file);
  }

  #flush(): void {
    writeSync(this.#file, new Uint8Array(this.#hashes.buffer, this.#written * 8, (this.#ticks - this.#written) * 8));
    this.#written = this.#ticks;
  }
}

export function readHashes(path: string): BigUint64Array {
  return new BigUint64Array(new Uint8Array(readFileSync(path)).buffer);
}

/** The first tick after which two runs differ, or which only one of them has; 0 when they are equal. */
export function firstDifference(one: BigUint64Array, other: BigUint64Array): number {
  const ticks = Math.min(one.length, other.length);
  for (let index = 0; index < ticks; index++) if (one[index] !== other[index]) return index + 1;
  return one.length === other.length ? 0 : ticks + 1;
}
