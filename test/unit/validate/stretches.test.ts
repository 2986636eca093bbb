// A short stretch of history, played again and again.

import { expect, test } from "bun:test";
import { COMMAND_BYTES, COMMAND_SEQ, COMMAND_SESSION, OP_JOIN, OP_MOVE } from "../../../assembly/abi.ts";
import { Command } from "../../../server/protocol/game/command.ts";
import { repeated } from "../../../server/validate/stretches.ts";

const batchOf = (...commands: [op: number, session: number, seq: number][]): Uint8Array =>
  Uint8Array.from(
    commands.flatMap(([op, session, seq]) => [...new Command().set(op, { session, seq, x: 1, y: 2, z: 3 }).bytes]),
  );

/** Session and number of each command, tick by tick. */
function numbersIn(batches: readonly Uint8Array[]): [session: number, seq: number][][] {
  return batches.map((batch) => {
    const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
    return Array.from({ length: batch.length / COMMAND_BYTES }, (_, index) => {
      const at = index * COMMAND_BYTES;
      return [view.getUint32(at + COMMAND_SESSION, true), view.getUint32(at + COMMAND_SEQ, true)];
    });
  });
}

const stretch = {
  zone: 1,
  tick: 4_000,
  state: new Uint8Array(8),
  batches: [
    batchOf([OP_JOIN, 9, 0], [OP_MOVE, 7, 40]),
    batchOf(),
    batchOf([OP_MOVE, 7, 41], [OP_MOVE, 7, 43], [OP_MOVE, 9, 1]),
  ],
};

test("each player's numbers go on rising from round to round, and what has none gets none", () => {
  expect(numbersIn(repeated(stretch, 8).batches)).toEqual([
    [
      [9, 0],
      [7, 40],
    ],
    [],
    [
      [7, 41],
      [7, 43],
      [9, 1],
    ],
    [
      [9, 0],
      [7, 44],
    ],
    [],
    [
      [7, 45],
      [7, 47],
      [9, 2],
    ],
    [
      [9, 0],
      [7, 48],
    ],
    [],
  ]);
});

test("the recorded batches stay as they are, and a stretch that is long enough is itself", () => {
  const before = numbersIn(stretch.batches);
  repeated(stretch, 30);
  expect(numbersIn(stretch.batches)).toEqual(before);
  expect(repeated(stretch, 3)).toBe(stretch);
});
