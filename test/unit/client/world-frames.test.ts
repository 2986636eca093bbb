// A world model that is fed kernel frames comes to know what one fed the same as JSON lines does, and notices the same lies.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import * as abi from "../../../assembly/abi.ts";
import { ByteWriter } from "../../../server/protocol/game/byte-writer.ts";
import { RECORD_NOT_DURABLE } from "../../../server/protocol/game/binary-wire.ts";
import { FrameReader } from "../../../server/protocol/game/frame-reader.ts";
import { encodeJsonFrame } from "../../../server/main/gateway/json-frames.ts";
import { applyFrame } from "../../../tools/client/world-frames.ts";
import type { FrameOutcome } from "../../../tools/client/world-frames.ts";
import { WorldModel } from "../../../tools/client/world-model.ts";
import type { StateMessage } from "../../../tools/client/world-model.ts";
import { FrameBuilder } from "../../helpers/net.ts";

const SESSION = 7;
const NAMELESS = { player: () => null, creature: () => null };
const ignore = (): void => {};

function open(frame: FrameBuilder): FrameReader {
  const bytes = frame.bytes();
  return new FrameReader().open(bytes, 0, bytes.length);
}

/** The frame's state line. */
function stateOf(frame: FrameBuilder): StateMessage {
  const writer = new ByteWriter(64);
  encodeJsonFrame(open(frame), NAMELESS, writer);
  const [line = ""] = Buffer.from(writer.bytes.subarray(0, writer.length)).toString().split("\n");
  return JSON.parse(line) as StateMessage;
}

const apply = (world: WorldModel, frame: FrameBuilder): FrameOutcome => applyFrame(world, open(frame), ignore);

const id = fc.integer({ min: 1, max: 12 });
/** Coordinates that JSON lines carry without rounding, and f32 too. */
const yards = fc.integer({ min: -400, max: 400 }).map((quarters) => ({ f: quarters / 4 }));
const points = fc.nat(0xffff_ffff);
const levelAndFlags = fc.tuple(fc.nat(63), fc.nat(63)).map(([level, flags]) => level | (flags << 8));

type Put = (frame: FrameBuilder) => FrameBuilder;
const record: fc.Arbitrary<Put> = fc.oneof(
  fc.tuple(id, yards, yards, points, levelAndFlags).map(
    ([who, x, y, n, level]): Put =>
      (to) =>
        to.record(abi.RECORD_ENTER, n & 15, who, x, y, { f: 0 }, n, n, who, level),
  ),
  fc.tuple(id, yards, yards).map(
    ([who, x, y]): Put =>
      (to) =>
        to.record(abi.RECORD_CHANGE, abi.CHANGE_POSITION, who, x, y, { f: 0 }),
  ),
  fc.tuple(id, yards, points, levelAndFlags).map(
    ([who, x, n, level]): Put =>
      (to) =>
        to.record(abi.RECORD_CHANGE, 31, who, x, x, x, n, n, level, n, n, n),
  ),
  fc.tuple(id, points).map(
    ([who, n]): Put =>
      (to) =>
        to.record(abi.RECORD_CHANGE, abi.CHANGE_HEALTH, who, n, n),
  ),
  fc.tuple(id, points).map(
    ([who, n]): Put =>
      (to) =>
        to.record(abi.RECORD_AURAS, 2, who, n, n, who, n, n, who),
  ),
  id.map(
    (who): Put =>
      (to) =>
        to.record(abi.RECORD_LEAVE, 0, who),
  ),
  points.map(
    (n): Put =>
      (to) =>
        to.record(abi.RECORD_SELF, 0, n, n, n, n, n, n, n, n),
  ),
);

test("the same frames make the same world, in either encoding", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), record), { minLength: 1, maxLength: 60 }), (told) => {
      const [lines, frames] = [new WorldModel(), new WorldModel()];
      for (const [index, [isReset, put]] of told.entries()) {
        // One record a frame: in a state line leaves come before enters, whatever their order in the frame.
        const build = (): FrameBuilder =>
          put(
            isReset || index === 0
              ? new FrameBuilder(SESSION, index + 1).reset()
              : new FrameBuilder(SESSION, index + 1),
          );
        const problems = lines.apply(stateOf(build()));
        const outcome = apply(frames, build());
        expect(outcome.problems.length).toBe(problems.length);
        expect(outcome.isMoved ? outcome.position : null).toEqual(stateOf(build()).position ?? null);
      }
      expect([...frames.entities.values()]).toEqual([...lines.entities.values()]);
      expect([frames.self, frames.tick]).toEqual([lines.self, lines.tick]);
    }),
    { numRuns: 300 },
  );
});

describe("a frame that can not be", () => {
  const known = (): WorldModel => {
    const world = new WorldModel();
    apply(world, new FrameBuilder(SESSION, 1).reset().record(abi.RECORD_ENTER, 1, 9, 0, 0, 0, 5, 5, 0, 1));
    return world;
  };
  test.each<[string, FrameBuilder]>([
    ["change of unknown 8", new FrameBuilder(SESSION, 2).record(abi.RECORD_CHANGE, abi.CHANGE_TARGET, 8, 1)],
    ["leave of unknown 8", new FrameBuilder(SESSION, 2).record(abi.RECORD_LEAVE, 0, 8)],
    ["auras of unknown 8", new FrameBuilder(SESSION, 2).record(abi.RECORD_AURAS, 0, 8)],
    ["enter of known 9", new FrameBuilder(SESSION, 2).record(abi.RECORD_ENTER, 1, 9, 0, 0, 0, 5, 5, 0, 1)],
    ["tick 1 after tick 1", new FrameBuilder(SESSION, 1)],
  ])("is noticed: %s", (problem, frame) => {
    expect(apply(known(), frame).problems).toEqual([problem]);
  });
});

test("a world knows from each frame and each line whether the server keeps what they tell", () => {
  const [ofFrames, ofLines] = [new WorldModel(), new WorldModel()];
  const told = (frame: FrameBuilder, line: object): boolean[] => {
    apply(ofFrames, frame);
    ofLines.apply({ ...stateOf(frame), ...line });
    return [ofFrames.durable, ofLines.durable];
  };
  expect(told(new FrameBuilder(SESSION, 1, 0).reset(), {})).toEqual([true, true]);
  const lost = new FrameBuilder(SESSION, 2, 0).record(RECORD_NOT_DURABLE, 0);
  expect(told(lost, { durable: false })).toEqual([false, false]);
  expect(told(new FrameBuilder(SESSION, 3, 0), {})).toEqual([true, true]);
});
