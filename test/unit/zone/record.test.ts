// Records between threads: what a table writes it reads again, and a record that can not be is found where it is read.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { RecordTable } from "../../../server/shared/record.ts";

const TABLE = new RecordTable(7, {
  id: "u32",
  yards: "f32",
  ms: "f64",
  hash: "u64",
  isOver: "flag",
  state: ["UP", "DOWN"],
  counts: { u32s: 3 },
});

const record = fc.record({
  id: fc.nat(),
  yards: fc.float({ noNaN: true }),
  ms: fc.double({ noNaN: true }),
  hash: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  isOver: fc.boolean(),
  state: fc.constantFrom("UP" as const, "DOWN" as const),
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
  expect(() => TABLE.read(view, 0, TABLE.bytes - 4, TABLE.empty())).toThrow("A record of kind 7 has 48 bytes, not 44.");
  expect(() => TABLE.write(view, 0, { ...TABLE.empty(), counts: new Uint32Array(2) })).toThrow("2 words, where 3");
  TABLE.write(view, 0, TABLE.empty());
  view.setUint32(4 + 4 + 4 + 8 + 8 + 4, 9, true);
  expect(() => TABLE.read(view, 0, TABLE.bytes, TABLE.empty())).toThrow("Word 9 of UP,DOWN is none.");
});
