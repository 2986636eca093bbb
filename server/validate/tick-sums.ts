// What one kernel did in one tick: a sum, a count and a mark for each term. Two kernels did the same when all three are equal:
// the mark is a sum of hashes of who it happened to and what exactly it was, so it also sees damage that hit somebody else. In a tick in
// which nothing differs, byte by byte, no marks are needed.
//
//   sums.begin(true)
//   sums.add(term, 31, 1000001, mix(12, 0))     // entity 1000001 lost 31 health to player 12
//   sums.value[term]                            // 31
//
// With marks it also keeps each contribution, so that afterwards the entities with a difference can be named.

import { TERMS_MAX } from "./vocabulary.ts";

/** Contributions of a tick that are kept; a tick of 2,000 players has some tens of thousands, mostly of frames. */
const LOG_MAX = 65_536;
const PRIME = 0x9e37_79b1;
const OTHER_PRIME = 0x85eb_ca6b;

export class TickSums {
  readonly value = new Float64Array(TERMS_MAX);
  readonly count = new Uint32Array(TERMS_MAX);
  readonly mark = new Uint32Array(TERMS_MAX);
  /** The terms that occurred in the tick: the first `touchedCount`. */
  readonly touched = new Uint16Array(TERMS_MAX);
  touchedCount = 0;
  readonly logTerm = new Uint16Array(LOG_MAX);
  readonly logEntity = new Uint32Array(LOG_MAX);
  readonly logMark = new Uint32Array(LOG_MAX);
  logCount = 0;
  /** False: `content` is not looked at, and may be anything. */
  isMarking = false;

  begin(isMarking: boolean): void {
    for (let index = 0; index < this.touchedCount; index++) {
      const term = this.touched[index] ?? 0;
      this.value[term] = 0;
      this.count[term] = 0;
      this.mark[term] = 0;
    }
    this.touchedCount = 0;
    this.logCount = 0;
    this.isMarking = isMarking;
  }

  /** `content`: a hash of all that the sum does not say. */
  add(term: number, value: number, entity: number, content: number): void {
    const count = this.count[term] ?? 0;
    if (count === 0) this.touched[this.touchedCount++] = term;
    this.count[term] = count + 1;
    this.value[term] = (this.value[term] ?? 0) + value;
    if (!this.isMarking) return;
    const mark = mix(mix(content, value * 16), entity);
    this.mark[term] = (this.mark[term] ?? 0) + mark;
    if (this.logCount === LOG_MAX) return;
    this.logTerm[this.logCount] = term;
    this.logEntity[this.logCount] = entity;
    this.logMark[this.logCount++] = mark;
  }
}

/** Both as u32; not commutative. */
export function mix(one: number, other: number): number {
  let hash = Math.imul(one ^ (one >>> 16), PRIME) ^ other;
  hash = Math.imul(hash ^ (hash >>> 13), OTHER_PRIME);
  return (hash ^ (hash >>> 16)) >>> 0;
}
