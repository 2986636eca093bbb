// A snapshot and its journal: batches and hashes come back as they went in, and it says when it is full.

import { expect, test } from "bun:test";
import { OP_MOVE } from "../../../assembly/abi.ts";
import { Segment, SEGMENT_COMMANDS_MAX } from "../../../server/zone/segment.ts";
import { commandBytes, readCommands } from "../../helpers/zone-commands.ts";
import { testKernel } from "../../helpers/zone.ts";

const kernel = await testKernel();

const moves = (...sequence: number[]): Uint8Array => commandBytes(sequence.map((seq) => ({ op: OP_MOVE, seq })));
const sequenceOf = (batch: Uint8Array): number[] => readCommands(batch).map(({ seq }) => seq);

function journal(...ticks: number[][]): Segment {
  const segment = new Segment(64, kernel);
  segment.begin(new Uint8Array(64).fill(7), 100, kernel);
  for (const [index, sequence] of ticks.entries()) {
    segment.append(moves(...sequence));
    segment.setHash(BigInt(index) << 40n);
  }
  return segment;
}

test("batches and hashes of every tick come back", () => {
  const segment = journal([1, 2, 3], [], [4]);
  expect([segment.tick, segment.ticks]).toEqual([100, 3]);
  expect([0, 1, 2].map((index) => sequenceOf(segment.batch(index)))).toEqual([[1, 2, 3], [], [4]]);
  expect([0, 1, 2].map((index) => segment.hash(index))).toEqual([0n, 1n << 40n, 2n << 40n]);
});

test("a command taken out of the newest tick is gone from it, the others and other ticks stay", () => {
  const segment = journal([1, 2], [3, 4, 5]);
  expect(sequenceOf(segment.quarantine(1))).toEqual([4]);
  expect(sequenceOf(segment.batch(0))).toEqual([1, 2]);
  expect(sequenceOf(segment.batch(1))).toEqual([3, 5]);
  expect(sequenceOf(segment.quarantine(1))).toEqual([5]);
  expect(sequenceOf(segment.quarantine(0))).toEqual([3]);
  expect(sequenceOf(segment.batch(1))).toEqual([]);
});

test("the newest tick can be forgotten, and another take its place", () => {
  const segment = journal([1], [2, 3]);
  segment.dropLast();
  expect(segment.ticks).toBe(1);
  segment.append(moves(9));
  expect([0, 1].map((index) => sequenceOf(segment.batch(index)))).toEqual([[1], [9]]);
});

test("it has room for so many ticks and so many commands, and begun anew for as many again", () => {
  const segment = journal();
  for (let tick = 0; tick < 200; tick++) {
    expect(segment.isLongFor(0, 15)).toBe(false);
    segment.append(moves());
  }
  expect(segment.isLongFor(0, 0)).toBe(true);
  const state = new Uint8Array(64).fill(9);
  segment.begin(state, 612, kernel);
  state.fill(0);
  expect([segment.tick, segment.ticks, segment.state[0]]).toEqual([612, 0, 9]);
  const isLongFor = (commands: number): boolean => segment.isLongFor(commands, 0);
  expect([SEGMENT_COMMANDS_MAX, SEGMENT_COMMANDS_MAX + 1].map(isLongFor)).toEqual([false, true]);
  segment.append(moves(1));
  expect([isLongFor(SEGMENT_COMMANDS_MAX), segment.isLongFor(0, 15), segment.isLongFor(0, 16)]).toEqual([
    true,
    false,
    true,
  ]);
});
