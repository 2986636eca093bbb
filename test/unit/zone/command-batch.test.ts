// The commands of a tick: sorted by session, each session's in the order they came; faults' behind; what does not fit counted.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { OP_MOVE, OP_NUDGE } from "../../../assembly/abi.ts";
import { Command } from "../../../server/protocol/game/command.ts";
import { ZoneBatch } from "../../../server/zone/command-batch.ts";
import { commandRecord, readCommands } from "../../helpers/zone-commands.ts";

const pushed = new Command();
const nobody = { entityIds: () => new Uint32Array(0), positionOf: () => null };

function batchOf(capacity: number, sessions: number[]): ZoneBatch {
  const batch = new ZoneBatch(1, capacity, nobody);
  for (const [seq, session] of sessions.entries()) append(batch, { op: OP_MOVE, session, seq });
  return batch;
}

function append(batch: ZoneBatch, command: Parameters<typeof commandRecord>[0]): void {
  batch.append(new Uint32Array(commandRecord(command).buffer), 0);
}

const keys = (batch: ZoneBatch): [number, number][] =>
  readCommands(batch.bytes).map(({ session, seq }): [number, number] => [session, seq]);

test("sorting orders by session and keeps each session's own order", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20), { maxLength: 200 }), (sessions) => {
      const batch = batchOf(256, sessions);
      batch.sort();
      const stable = sessions
        .map((session, seq): [number, number] => [session, seq])
        .toSorted(([a, seqA], [b, seqB]) => a - b || seqA - seqB);
      expect(keys(batch)).toEqual(stable);
    }),
  );
});

test("sessions with the highest ids sort too, and every word of a record moves along", () => {
  const batch = new ZoneBatch(1, 4, nobody);
  const late = { op: 3, flags: 7, session: 0xffff_ffff, seq: 9, a: 1, x: 1.5, y: -2.5, z: 3.25, e: 0xdead_beef };
  const early = { op: 5, flags: 0, session: 1, seq: 2, a: 0, x: 0, y: 0, z: 0, e: 0 };
  append(batch, late);
  append(batch, early);
  batch.sort();
  expect(readCommands(batch.bytes)).toMatchObject([early, late]);
});

test("what is pushed after the sort stays behind, with the fields it was given", () => {
  const batch = batchOf(8, [5, 3]);
  batch.sort();
  expect(batch.push(pushed.set(OP_NUDGE, { a: 1_000_001, x: 3, y: 4, z: -1, e: 6, flags: 2, session: 1 }))).toBe(true);
  expect(keys(batch).map(([session]) => session)).toEqual([3, 5, 1]);
  expect(readCommands(batch.bytes).at(-1)).toMatchObject({
    op: OP_NUDGE,
    flags: 2,
    session: 1,
    seq: 0,
    a: 1_000_001,
    x: 3,
    y: 4,
    z: -1,
    e: 6,
  });
});

test("past its capacity commands are dropped and counted, until it is reset", () => {
  const batch = batchOf(3, [1, 2, 3, 4, 5]);
  expect([batch.count, batch.room, batch.dropped]).toEqual([3, 0, 2]);
  expect(batch.push(pushed.set(OP_NUDGE, { a: 1 }))).toBe(false);
  expect(batch.dropped).toBe(3);
  batch.reset(8);
  expect([batch.tick, batch.count, batch.room, batch.dropped, batch.bytes.length]).toEqual([8, 0, 3, 0, 0]);
});
