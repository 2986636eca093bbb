// The rows of world.sqlite as objects, and their checksums. Writer and reader share this, so they can not differ.
//
//   crcOfTick(world, { lsn: 4711, zone: 1, epoch: 3, tick: 2412, ... })      // 0x7e6a91c0
//
// Each checksum begins with the number of its world and the name of its table, so a row of another world fails it, and so
// does a tick that a misplaced page makes look like a snapshot.

import { checksum } from "./checksum.ts";

/** A tick of a zone, as it was applied in the end. */
export interface StoredTick {
  zone: number;
  epoch: number;
  tick: number;
  /** Milliseconds since 1970 at the commit. */
  at: number;
  /** Hash of the module that ran it. */
  module: string;
  /** State hash after the tick, 16 hexadecimal digits. */
  hash: string;
  /** Command records (assembly/abi.ts). */
  batch: Uint8Array;
}

/** The state of a zone after a tick. */
export interface StoredSnapshot {
  zone: number;
  epoch: number;
  tick: number;
  at: number;
  module: string;
  hash: string;
  /** The newest ticket that the zone had answered (server/zone/membership.ts). */
  ticket: number;
  /** The state, compressed with zstd. */
  state: Uint8Array;
}

/** Something that happened. `zone` and `tick` are 0 when it concerns the whole server. */
export interface StoredEvent {
  at: number;
  kind: EventKind;
  zone: number;
  tick: number;
  /** JSON. */
  json: string;
  /** The batch that caused an incident; else empty. */
  body: Uint8Array;
}

/** Kinds of facts; each fact has a key. */
export const FACT_KINDS = ["session", "character", "crossing", "zone", "halt"] as const;
export type FactKind = (typeof FACT_KINDS)[number];

export const EVENT_KINDS = ["start", "stop", "deploy", "fault", "halt", "gap", "incident", "loss"] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

export interface StoredModule {
  hash: string;
  label: string;
  /** The metered binary. */
  wasm: Uint8Array;
}

/** A row of the table record, as SQLite returns it. */
export interface TickRow {
  lsn: number;
  zone: number;
  epoch: number;
  tick: number;
  at: number;
  module: string;
  hash: string;
  packed: number;
  crc: number;
  body: Uint8Array;
}

export interface SnapshotRow {
  lsn: number;
  zone: number;
  epoch: number;
  tick: number;
  at: number;
  module: string;
  hash: string;
  ticket: number;
  crc: number;
  body: Uint8Array;
}

export interface EventRow {
  lsn: number;
  at: number;
  kind: string;
  zone: number;
  tick: number;
  json: string;
  crc: number;
  body: Uint8Array;
}

export interface FactRow {
  kind: string;
  key: string;
  json: string;
  crc: number;
}

export interface ModuleRow extends StoredModule {
  crc: number;
}

export function crcOfTick(world: number, row: Omit<TickRow, "crc">): number {
  const { lsn, zone, epoch, tick, at, module, hash, packed, body } = row;
  return checksum([world, "record", lsn, zone, epoch, tick, at, module, hash, packed], body);
}

export function crcOfSnapshot(world: number, row: Omit<SnapshotRow, "crc">): number {
  const { lsn, zone, epoch, tick, at, module, hash, ticket, body } = row;
  return checksum([world, "snapshot", lsn, zone, epoch, tick, at, module, hash, ticket], body);
}

export function crcOfEvent(world: number, row: Omit<EventRow, "crc">): number {
  const { lsn, at, kind, zone, tick, json, body } = row;
  return checksum([world, "event", lsn, at, kind, zone, tick, json], body);
}

export function crcOfFact(world: number, kind: string, key: string, json: string): number {
  return checksum([world, "fact", kind, key, json]);
}

export function crcOfModule(world: number, { hash, label, wasm }: StoredModule): number {
  return checksum([world, "module", hash, label], wasm);
}

/** True when the row has all columns of its table with their types, and the checksum `crcOf` computes. */
export function isSound<Row extends { crc: number }>(
  row: Record<string, unknown>,
  types: Readonly<Record<Exclude<keyof Row, "crc">, ColumnType>>,
  crcOf: (row: Row) => number,
): row is Row & Record<string, unknown> {
  for (const [column, type] of Object.entries(types)) {
    const value = row[column];
    if (type === "bytes" ? !(value instanceof Uint8Array) : typeof value !== type) return false;
  }
  return crcOf(row as Row & Record<string, unknown>) === row["crc"];
}

type ColumnType = "number" | "string" | "bytes";

const PLACE = { lsn: "number", zone: "number", tick: "number", at: "number" } as const;
const STATE = { epoch: "number", module: "string", hash: "string", body: "bytes" } as const;
export const TICK_TYPES = { ...PLACE, ...STATE, packed: "number" } as const;
export const SNAPSHOT_TYPES = { ...PLACE, ...STATE, ticket: "number" } as const;
export const EVENT_TYPES = { ...PLACE, kind: "string", json: "string", body: "bytes" } as const;
export const FACT_TYPES = { kind: "string", key: "string", json: "string" } as const;
export const MODULE_TYPES = { hash: "string", label: "string", wasm: "bytes" } as const;
