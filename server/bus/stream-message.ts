// The messages in a zone's stream: a head, and what a zone's worker wrote to its journal, record by record, as it stood in the ring
// (server/shared/journal-records.ts). Little endian.
//
//   version | kind | epoch | number | writer u64 | checksum | { length, record } ...       RECORDS
//   version | kind | epoch | number | writer u64 | checksum | JSON                         FENCE, RELEASE
//
// `writer` is drawn anew by whoever takes the zone, and counts its messages with `number`: so it knows its own message again when the
// answer was lost. The checksum is a CRC-32 over everything but itself.

import { WowsimError } from "../protocol/errors.ts";
import { RecordTable } from "../shared/record.ts";
import type { RecordFields, RecordOf } from "../shared/record.ts";

export const RECORDS = 1;
/** Its writer owns the zone from here on. */
export const FENCE = 2;
/** Its writer gives the zone away; nothing of it follows. */
export const RELEASE = 3;

/**
 * A player who crossed has arrived, or nothing of the crossing is needed any more. `tick` is that of the departure. Stands among the
 * records of the ring.
 */
export const SETTLED = new RecordTable(8, { session: "u32", tick: "u32" });

const VERSION = 1;
const HEAD_BYTES = 28;
const CHECKSUM_AT = 24;
const ROOM_BYTES = 65_536;

export interface StreamHead {
  kind: number;
  epoch: number;
  writer: bigint;
  /** From 1 on. */
  number: number;
}

/** What a fence says. */
export interface FenceText {
  host: string;
  pid: number;
}

/** What a release says. `to`: the host that should take the zone; null for any. */
export interface ReleaseText {
  host: string;
  to: string | null;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Collects the records of one message. */
export class StreamMessage {
  #bytes = new Uint8Array(ROOM_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #length = HEAD_BYTES;

  get isEmpty(): boolean {
    return this.#length === HEAD_BYTES;
  }

  get byteLength(): number {
    return this.#length;
  }

  clear(): void {
    this.#length = HEAD_BYTES;
  }

  /** Copies a record from somewhere. */
  add(source: Uint8Array, offset: number, length: number): void {
    const at = this.#reserve(length);
    this.#bytes.set(source.subarray(offset, offset + length), at);
  }

  /** Writes a record without a tail. */
  put<Fields extends RecordFields>(table: RecordTable<Fields>, record: Readonly<RecordOf<Fields>>): void {
    const at = this.#reserve(table.bytes);
    table.write(this.#view, at, record);
  }

  #reserve(length: number): number {
    this.#grow(this.#length + 4 + length);
    this.#view.setUint32(this.#length, length, true);
    const at = this.#length + 4;
    this.#length = at + length;
    return at;
  }

  /** A copy, with the head. */
  taken(head: StreamHead): Uint8Array {
    return sealed(this.#bytes.slice(0, this.#length), head);
  }

  #grow(length: number): void {
    if (length <= this.#bytes.length) return;
    const bytes = new Uint8Array(Math.max(length, this.#bytes.length * 2));
    bytes.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}

/** A FENCE or a RELEASE. */
export function textMessage(head: StreamHead, text: FenceText | ReleaseText): Uint8Array {
  const json = encoder.encode(JSON.stringify(text));
  const bytes = new Uint8Array(HEAD_BYTES + json.length);
  bytes.set(json, HEAD_BYTES);
  return sealed(bytes, head);
}

/** Throws WowsimError("bad_message") when it is damaged, or written by another release. */
export function readStreamHead(bytes: Uint8Array): StreamHead {
  if (bytes.length < HEAD_BYTES) throw damaged(`has ${bytes.length} bytes, fewer than its head`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(CHECKSUM_AT, true) !== checksum(bytes)) throw damaged("has a wrong checksum");
  const version = view.getUint32(0, true);
  if (version !== VERSION)
    throw damaged(`has version ${version}, and this process knows ${VERSION}: run the same release everywhere`);
  return {
    kind: view.getUint32(4, true),
    epoch: view.getUint32(8, true),
    number: view.getUint32(12, true),
    writer: view.getBigUint64(16, true),
  };
}

/** Of a FENCE or a RELEASE. */
export function readText(bytes: Uint8Array): unknown {
  return JSON.parse(decoder.decode(bytes.subarray(HEAD_BYTES)));
}

/** Calls `visit` with each record of a RECORDS message. Throws WowsimError("bad_message"). */
export function eachStreamRecord(bytes: Uint8Array, visit: (view: DataView, at: number, length: number) => void): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = HEAD_BYTES; at < bytes.length;) {
    const length = at + 4 <= bytes.length ? view.getUint32(at, true) : Infinity;
    if (at + 4 + length > bytes.length) throw damaged("ends within a record");
    visit(view, at + 4, length);
    at += 4 + length;
  }
}

function sealed(bytes: Uint8Array, { kind, epoch, writer, number }: StreamHead): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const [index, word] of [VERSION, kind, epoch, number].entries()) view.setUint32(index * 4, word, true);
  view.setBigUint64(16, writer, true);
  view.setUint32(CHECKSUM_AT, checksum(bytes), true);
  return bytes;
}

function checksum(bytes: Uint8Array): number {
  return Bun.hash.crc32(bytes.subarray(HEAD_BYTES), Bun.hash.crc32(bytes.subarray(0, CHECKSUM_AT)));
}

function damaged(what: string): WowsimError {
  return new WowsimError("bad_message", `A message in a zone's stream ${what}.`);
}
