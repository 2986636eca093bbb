// The checksum of a row: a CRC-32 over its columns, in the order of the table, and its body. SQLite itself does not notice
// a bit that a disk has changed.
//
//   checksum([1, 3, 4711, "7e6a..."], body)      // stored in the row's column crc, and compared by every reader

const SEPARATOR = "\u0000";
const NOTHING = new Uint8Array(0);

/** An unsigned 32-bit number. */
export function checksum(columns: readonly (number | string)[], body: Uint8Array = NOTHING): number {
  return Bun.hash.crc32(body, Bun.hash.crc32(columns.join(SEPARATOR)));
}
