// A work file gives back what went in, and nothing else is taken for one.

import { expect, test } from "bun:test";
import { COMMAND_BYTES } from "../../../assembly/abi.ts";
import { decodeWork, encodeWork, FUEL_PER_TICK } from "../../../server/testing/work-file.ts";

const addresses = {
  state: 65_536,
  commands: 70_000,
  commandCount: 65_560,
  hashLow: 65_544,
  hashHigh: 65_548,
  pages: 4,
};
const work = {
  entities: 10,
  players: 5,
  watchers: 4,
  firstTick: 101,
  seed: 7,
  state: Uint8Array.from({ length: 1_000 }, (_, index) => index % 251),
  batches: [new Uint8Array(COMMAND_BYTES * 2).fill(1), new Uint8Array(0), new Uint8Array(COMMAND_BYTES).fill(3)],
};

test("what was written is read", () => {
  const read = decodeWork(encodeWork(work, addresses));
  expect(read).toEqual({ work, addresses, fuelPerTick: FUEL_PER_TICK });
});

test("other files and cut-off ones are refused", () => {
  const bytes = encodeWork(work, addresses);
  expect(() => decodeWork(new Uint8Array(100))).toThrow("not a work file");
  expect(() => decodeWork(bytes.subarray(0, bytes.length - COMMAND_BYTES - 4))).toThrow();
  expect(() => decodeWork(Uint8Array.from([...bytes, 0]))).toThrow("cut off");
});
