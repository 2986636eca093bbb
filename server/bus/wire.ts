// What gateways and zone hosts send each other on the bus. Little endian. A batch is a header and records, each with its length before
// it. The records are those of the rings (server/shared/ring-records.ts), so both ends read them as one process does.
//
//   zone to gateway   version | zone | epoch | tick | applied | { length, record } ...
//   gateway to zone   version | gateway | epoch | first | { length, record } ...
//
// `applied` answers `first`: commands of a gateway to a zone have rising numbers in each epoch, and all up to `applied` are in ticks
// that the journal has. A gateway keeps those above it, and sends them again when a second has passed or a new epoch has begun.

import { WowsimError } from "../protocol/errors.ts";
import { RecordTable } from "../shared/record.ts";
import type { RecordFields, RecordOf } from "../shared/record.ts";

export const WIRE_VERSION = 1;
const ZONE_HEAD_BYTES = 20;
const COMMAND_HEAD_BYTES = 16;
/** A larger batch is sent in parts. */
export const BATCH_BYTES_MAX = 262_144;
const ROOM_BYTES = 65_536;

/** A rare message of a zone (FromZoneWorker) as JSON. The other kinds are in ring-records.ts and tick-report.ts. */
export const SAID = new RecordTable(32, {}, "bytes");

/**
 * An opcode that no kernel gets: the player of a departure from this zone has arrived elsewhere, or nobody needs it any more. A command of a
 * gateway like any other, with the session.
 */
export const OP_SETTLED = 0xffff;

export interface ZoneBatchHead {
  zone: number;
  /** Of the fence with which the owner took the zone. */
  epoch: number;
  tick: number;
  /** Number of the gateway's newest command that is in a told tick; 0 before the first. */
  applied: number;
}

export interface CommandBatchHead {
  gateway: number;
  /** The epoch that the gateway takes for the zone's. Commands of another one are not taken. */
  epoch: number;
  /** Number of the first record; the others follow. From 1 on in each epoch. */
  first: number;
}

/** A JSON heartbeat, twice a second. */
export interface GatewayBeat {
  gateway: number;
  pid: number;
  sessions: number;
  game: number;
  http: number;
}

/** A JSON heartbeat, twice a second. */
export interface HostBeat {
  host: string;
  pid: number;
  /** Its processors' share in use, 0 to 1. */
  load: number;
  zones: { zone: number; epoch: number; tick: number; state: string; players: number; lagMs: number }[];
}

/** Collects records; `take` gives the batch and begins a new one. */
export class BatchWriter {
  #bytes = new Uint8Array(ROOM_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #length: number;
  readonly #headBytes: number;

  constructor(of: "zone" | "commands") {
    this.#headBytes = of === "zone" ? ZONE_HEAD_BYTES : COMMAND_HEAD_BYTES;
    this.#length = this.#headBytes;
  }

  get isEmpty(): boolean {
    return this.#length === this.#headBytes;
  }

  get byteLength(): number {
    return this.#length;
  }

  /** Copies a record from somewhere. */
  add(source: Uint8Array, offset: number, length: number): void {
    const at = this.reserve(length);
    this.#bytes.set(source.subarray(offset, offset + length), at);
  }

  /** Writes a record without a tail. */
  put<Fields extends RecordFields>(table: RecordTable<Fields>, record: Readonly<RecordOf<Fields>>): void {
    const at = this.reserve(table.bytes);
    table.write(this.#view, at, record);
  }

  /** Room for a record that the caller then writes with `view` and `bytes`; returns its offset. All three are valid until the next call. */
  reserve(length: number): number {
    this.#grow(this.#length + 4 + length);
    this.#view.setUint32(this.#length, length, true);
    const at = this.#length + 4;
    this.#length = at + length;
    return at;
  }

  get view(): DataView {
    return this.#view;
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** A view into the writer, valid until the next record. */
  takeZone({ zone, epoch, tick, applied }: ZoneBatchHead): Uint8Array {
    return this.#take(WIRE_VERSION, zone, epoch, tick, applied);
  }

  /** A view into the writer, valid until the next record. */
  takeCommands({ gateway, epoch, first }: CommandBatchHead): Uint8Array {
    return this.#take(WIRE_VERSION, gateway, epoch, first);
  }

  #take(...words: number[]): Uint8Array {
    for (const [index, word] of words.entries()) this.#view.setUint32(index * 4, word, true);
    const taken = this.#bytes.subarray(0, this.#length);
    this.#length = this.#headBytes;
    return taken;
  }

  #grow(length: number): void {
    if (length <= this.#bytes.length) return;
    const bytes = new Uint8Array(Math.max(length, this.#bytes.length * 2));
    bytes.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}

/** Throws WowsimError("bad_batch"). */
export function readZoneHead(bytes: Uint8Array): ZoneBatchHead {
  const [zone = 0, epoch = 0, tick = 0, applied = 0] = headOf(bytes, ZONE_HEAD_BYTES);
  return { zone, epoch, tick, applied };
}

/** Throws WowsimError("bad_batch"). */
export function readCommandHead(bytes: Uint8Array): CommandBatchHead {
  const [gateway = 0, epoch = 0, first = 0] = headOf(bytes, COMMAND_HEAD_BYTES);
  return { gateway, epoch, first };
}

/** Calls `visit` for each record. Throws WowsimError("bad_batch"). */
export function eachZoneRecord(bytes: Uint8Array, visit: RecordVisit): void {
  eachRecord(bytes, ZONE_HEAD_BYTES, visit);
}

/** Calls `visit` for each record. Throws WowsimError("bad_batch"). */
export function eachCommandRecord(bytes: Uint8Array, visit: RecordVisit): void {
  eachRecord(bytes, COMMAND_HEAD_BYTES, visit);
}

/** `offset` is one of `bytes` and of `view`. */
export type RecordVisit = (view: DataView, bytes: Uint8Array, offset: number, length: number) => void;

function eachRecord(bytes: Uint8Array, from: number, visit: RecordVisit): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = from; at < bytes.length;) {
    const length = at + 4 <= bytes.length ? view.getUint32(at, true) : Infinity;
    if (at + 4 + length > bytes.length)
      throw new WowsimError("bad_batch", `A batch of ${bytes.length} bytes ends within a record.`);
    visit(view, bytes, at + 4, length);
    at += 4 + length;
  }
}

function headOf(bytes: Uint8Array, length: number): number[] {
  if (bytes.length < length)
    throw new WowsimError("bad_batch", `A batch has ${bytes.length} bytes, fewer than its head.`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getUint32(0, true);
  if (version !== WIRE_VERSION)
    throw new WowsimError(
      "bad_batch",
      `A batch has version ${version}; this process knows ${WIRE_VERSION}. Run the same release everywhere.`,
    );
  return Array.from({ length: length / 4 - 1 }, (_, index) => view.getUint32((index + 1) * 4, true));
}
