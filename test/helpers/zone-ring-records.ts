// What the writing thread puts into a ring and the reading test expects: records of lengths that change, each with its
// number and filled with its lowest byte.

import type { Ring } from "../../server/shared/ring.ts";

/** Length of record `index`, in bytes: at least the number itself. */
export function lengthOf(index: number): number {
  return 4 + ((index * 37) % 200);
}

export function writeRecord(ring: Ring, at: number, index: number): void {
  ring.view.setUint32(at, index, true);
  ring.bytes.fill(index & 0xff, at + 4, at + lengthOf(index));
}

/** Whether the record is whole and has this number. */
export function isRecord(ring: Ring, at: number, length: number, index: number): boolean {
  const filling = ring.bytes.subarray(at + 4, at + length);
  return (
    length === lengthOf(index) &&
    ring.view.getUint32(at, true) === index &&
    filling.every((byte) => byte === (index & 0xff))
  );
}
