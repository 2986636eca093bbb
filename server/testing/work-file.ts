// The work for measuring a kernel, as one file: the state of a zone in the middle of play, and the commands of the next
// ticks. Every runner (tick-process.ts, native/main.c) reads the same file, so all do exactly the same work.
//
//     0  magic 0x31425357 ("WSB1")        36  layout: bytes of the state      64  fuel a tick (u64)
//     4  header bytes (72)                40  layout: address of commands     then: the state bytes,
//     8  entities                         44  layout: address of their count  then, a tick: u32 count,
//    12  first tick                       48  layout: address of hash low            count * 32 bytes (abi.ts)
//    16  ticks                            52  layout: address of hash high
//    20  seed                             56  pages of the memory
//    24  players   28  watchers           60  reserved
//    32  layout: address of the state
//
// All numbers are u32, little-endian, unless noted otherwise.

import { COMMAND_BYTES } from "../../assembly/abi.ts";
import type { KernelLayout } from "../../assembly/toolchain/kernel.ts";

const MAGIC = 0x31425357;
const HEADER_BYTES = 72;
/** More than any tick uses: the bench measures the cost of metering, not its limit. */
export const FUEL_PER_TICK = 1n << 40n;

export interface Work {
  entities: number;
  players: number;
  watchers: number;
  firstTick: number;
  seed: number;
  /** Bytes of [STATE_BASE, STATE_END) before the first tick. */
  state: Uint8Array;
  /** Finished command records, one batch for each tick. */
  batches: Uint8Array[];
}

/** The addresses in memory that the runner needs; from the layout of the kernel that the work was made with. */
export interface WorkAddresses {
  state: number;
  commands: number;
  commandCount: number;
  hashLow: number;
  hashHigh: number;
  pages: number;
}

export function addressesOf(layout: KernelLayout): WorkAddresses {
  return {
    state: layout.value("STATE_BASE"),
    commands: layout.value("COMMAND_BASE"),
    commandCount: layout.value("HEADER_COMMAND_COUNT"),
    hashLow: layout.value("HEADER_HASH_LO"),
    hashHigh: layout.value("HEADER_HASH_HI"),
    pages: layout.value("MEMORY_PAGES"),
  };
}

/** The bytes of a work file. */
export function encodeWork(work: Work, at: WorkAddresses): Uint8Array {
  const commandBytes = work.batches.reduce((sum, batch) => sum + 4 + batch.length, 0);
  const bytes = new Uint8Array(HEADER_BYTES + work.state.length + commandBytes);
  const view = new DataView(bytes.buffer);
  const { entities, firstTick, seed, players, watchers } = work;
  const header = [MAGIC, HEADER_BYTES, entities, firstTick, work.batches.length, seed, players, watchers, at.state];
  header.push(work.state.length, at.commands, at.commandCount, at.hashLow, at.hashHigh, at.pages, 0);
  header.forEach((value, index) => view.setUint32(index * 4, value, true));
  view.setBigUint64(64, FUEL_PER_TICK, true);
  bytes.set(work.state, HEADER_BYTES);
  let offset = HEADER_BYTES + work.state.length;
  for (const batch of work.batches) {
    view.setUint32(offset, batch.length / COMMAND_BYTES, true);
    bytes.set(batch, offset + 4);
    offset += 4 + batch.length;
  }
  return bytes;
}

/** Reads a work file back; its batches and state are views of `bytes`. Throws Error when it is not a work file. */
export function decodeWork(bytes: Uint8Array): { work: Work; addresses: WorkAddresses; fuelPerTick: bigint } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const field = (index: number): number => view.getUint32(index * 4, true);
  if (bytes.length < HEADER_BYTES || field(0) !== MAGIC || field(1) !== HEADER_BYTES) {
    throw new Error("This is not a work file of this version: run bun run bench again, it makes them.");
  }
  const stateEnd = HEADER_BYTES + field(9);
  const batches: Uint8Array[] = [];
  let offset = stateEnd;
  for (let tick = 0; tick < field(4); tick++) {
    const length = view.getUint32(offset, true) * COMMAND_BYTES;
    batches.push(bytes.subarray(offset + 4, offset + 4 + length));
    offset += 4 + length;
  }
  if (offset !== bytes.length) throw new Error("The work file is cut off: run bun run bench again.");
  return {
    work: {
      entities: field(2),
      firstTick: field(3),
      seed: field(5),
      players: field(6),
      watchers: field(7),
      state: bytes.subarray(HEADER_BYTES, stateEnd),
      batches,
    },
    addresses: {
      state: field(8),
      commands: field(10),
      commandCount: field(11),
      hashLow: field(12),
      hashHigh: field(13),
      pages: field(14),
    },
    fuelPerTick: view.getBigUint64(64, true),
  };
}
