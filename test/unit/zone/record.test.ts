// Records between threads: what a table writes it reads again, and a record that can not be is found where it is read.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { OP_CAST, OP_MOVE } from "../../../assembly/abi.ts";
import { assert, at, entryOf, floatAt, wordAt } from "../../../server/protocol/assert.ts";
import { Command } from "../../../server/protocol/game/command.ts";
import {
  CENSUS,
  censusBytes,
  END,
  FRAMES,
  isCommandLength,
  readCensus,
  writeCensus,
} from "../../../server/shared/ring-records.ts";
import type { ZoneCensus } from "../../../server/shared/ring-records.ts";
import { RecordTable } from "../../../server/shared/record.ts";
import { AnsweredTickets } from "../../../server/shared/tickets.ts";

const TABLE = new RecordTable(7, {
  id: "u32",
  yards: "f32",
  ms: "f64",
  hash: "u64",
  isOver: "flag",
  state: ["UP", "DOWN"],
  at: "point",
  counts: { u32s: 3 },
});

const yards = fc.float({ noNaN: true });
const record = fc.record({
  id: fc.nat(),
  yards,
  ms: fc.double({ noNaN: true }),
  hash: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  isOver: fc.boolean(),
  state: fc.constantFrom("UP" as const, "DOWN" as const),
  at: fc.record({ x: yards, y: yards, z: yards }),
  counts: fc.uint32Array({ minLength: 3, maxLength: 3 }),
});

test("a record is read as it was written, whatever was in the buffer, and nothing behind it is touched", () => {
  fc.assert(
    fc.property(record, (written) => {
      const view = new DataView(new Uint8Array(TABLE.bytes + 8).fill(0xff).buffer);
      TABLE.write(view, 4, written);
      expect(TABLE.read(view, 4, TABLE.bytes, TABLE.empty())).toEqual(written);
      expect([view.getUint32(0), view.getUint32(4 + TABLE.bytes)]).toEqual([0xffff_ffff, 0xffff_ffff]);
    }),
  );
});

test("a length that can not be, a word that there is not and a row that is too short are refused", () => {
  const view = new DataView(new ArrayBuffer(TABLE.bytes));
  expect(() => TABLE.read(view, 0, TABLE.bytes - 4, TABLE.empty())).toThrow("A record of kind 7 has 60 bytes, not 56.");
  expect(() => TABLE.write(view, 0, { ...TABLE.empty(), counts: new Uint32Array(2) })).toThrow("2 words, where 3");
  TABLE.write(view, 0, TABLE.empty());
  view.setUint32(4 + 4 + 4 + 8 + 8 + 4, 9, true);
  expect(() => TABLE.read(view, 0, TABLE.bytes, TABLE.empty())).toThrow("Word 9 of UP,DOWN is none.");
});

test("a record with a tail may be longer than its fields, by whole words where the tail is of words", () => {
  const view = new DataView(new ArrayBuffer(512));
  expect(writeCensusOf([7, 9], view)).toMatchObject({ zoneId: 2, tick: 30, ticket: 4, ids: new Set([7, 9]) });
  expect(writeCensusOf([], view).ids.size).toBe(0);
  for (const length of [CENSUS.bytes - 4, CENSUS.bytes + 2])
    expect(() => readCensus(view, 8, length)).toThrow(`of kind 4 has at least ${CENSUS.bytes} bytes, not`);
  expect(FRAMES.read(view, 0, 33, FRAMES.empty())).toEqual({ zoneId: 0 });
  expect(() => END.read(view, 0, 12, END.empty())).toThrow("A record of kind 3 has 8 bytes, not 12.");
});

function writeCensusOf(ids: number[], view: DataView): ZoneCensus {
  const words = Uint32Array.from(ids);
  writeCensus(view, 8, { zoneId: 2, tick: 30, tickets: new AnsweredTickets([4]).words }, words);
  return readCensus(view, 8, censusBytes(words));
}

test.each([
  [0, false],
  [4, false],
  [36, true],
  [40, false],
  [4 + 26 * 32, true],
])("commands of %p bytes: %p", (length, isOne) => {
  expect(isCommandLength(length)).toBe(isOne);
});

test("a command is read as it was written; x, y, z lie where b, c, d do", () => {
  const fields = { flags: 3, session: 12, seq: 0xffff_fffe, a: 1, x: 1.5, y: -2.25, z: 8, e: 0xdead_beef };
  const { bytes } = new Command().set(OP_MOVE, { b: 9, ...fields });
  expect(new Command().loadBytes(bytes)).toMatchObject({ op: OP_MOVE, ...fields });
  const cast = new Command().set(OP_MOVE, fields).set(OP_CAST, { session: 7, b: 200 });
  const words = Uint32Array.of(0, ...cast.words);
  expect(new Command().load(words, 1)).toMatchObject({ op: OP_CAST, flags: 0, session: 7, a: 0, b: 200, c: 0, e: 0 });
});

test("an item, an entry or a condition that must be there and is not is an error that says so", () => {
  expect([at(["a"], 0), wordAt(Uint32Array.of(0), 0), floatAt(Float32Array.of(0.5), 0)]).toEqual(["a", 0, 0.5]);
  expect(() => at([], 0)).toThrow("Broken: there is no item 0 of 0");
  expect(() => wordAt(new Uint32Array(2), 2)).toThrow("Broken: there is no item 2 of 2");
  expect(() => floatAt(new Float32Array(2), -1)).toThrow("Broken: there is no item -1 of 2");
  expect(entryOf(new Map([[3, ""]]), 3)).toBe("");
  expect(() => entryOf(new Map([[3, ""]]), 4)).toThrow("Broken: there is no entry 4 of 1");
  expect(() => assert(false, "tickets rise")).toThrow("Broken: tickets rise");
});
