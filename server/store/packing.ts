// Bodies of rows, compressed where that helps. A short batch is stored as it is.
//
//   const { packed, body } = pack(batch)      // { packed: 1, body: 310 bytes of zstd }
//   unpack(packed, body)                      // the batch again

/** Shorter bodies are not compressed: they would hardly shrink. */
const PACKED_BYTES_MIN = 128;
/** Fast, and nearly as small as higher levels for these data. */
const ZSTD_LEVEL = 1;

export interface Packed {
  /** 1 when the body is compressed with zstd, 0 when it is not. */
  packed: 0 | 1;
  body: Uint8Array;
}

export function pack(bytes: Uint8Array): Packed {
  if (bytes.length < PACKED_BYTES_MIN) return { packed: 0, body: bytes };
  return { packed: 1, body: Bun.zstdCompressSync(bytes, { level: ZSTD_LEVEL }) };
}

/** Throws an error when the compressed bytes are damaged. */
export function unpack(packed: number, body: Uint8Array): Uint8Array {
  return packed === 0 ? body : Bun.zstdDecompressSync(body);
}
