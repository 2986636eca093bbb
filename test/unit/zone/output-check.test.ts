// What an honest zone writes passes, in play of every kind; what is read later on is bounded, whatever was written.

import { expect, test } from "bun:test";
import fc from "fast-check";
import * as abi from "../../../assembly/abi.ts";
import { FrameReader } from "../../../server/protocol/game/frame-reader.ts";
import { LADDER } from "../../../server/shared/overload.ts";
import { OutputCheck } from "../../../server/zone/output-check.ts";
import type { Zone } from "../../../server/zone/zone.ts";
import { commandBytes } from "../../helpers/zone-commands.ts";
import { playedZone, walk } from "../../helpers/zone.ts";

/** A zone whose last tick told its two watchers everything anew. */
async function toldZone(): Promise<Zone> {
  const zone = await playedZone(8);
  zone.step(commandBytes([1, 2].map((session) => ({ op: abi.OP_WATCH, session }))));
  return zone;
}

const framesOf = ({ view, at }: Zone): number => view.getUint32(at.frameBytes, true);

test("honest play has nothing wrong with it, at every overload step", async () => {
  const zone = await playedZone(3);
  const check = new OutputCheck(zone.memory, zone.kernel.layout);
  for (const [step, { level, rate, tellEvery, thinkEvery, seenMax, sightYd }] of LADDER.entries()) {
    const a = tellEvery | (thinkEvery << 8) | (seenMax << 16);
    zone.step(commandBytes([{ op: abi.OP_SET_OVERLOAD, flags: step | (level << 8), a, x: sightYd, y: rate }]));
    zone.step(walk(step));
    expect([step, zone.view.getUint32(zone.at.overloadStep, true), check.problem(zone.tick)]).toEqual([
      step,
      step,
      null,
    ]);
  }
});

test.each([
  ["a frame without end", (zone: Zone) => put(zone, zone.at.frames, 0), "a frame says it has 0 bytes"],
  ["a frame that is too long", (zone: Zone) => put(zone, zone.at.frames, 60_000), "a frame says it has 60000 bytes"],
  ["a frame of half a word", (zone: Zone) => put(zone, zone.at.frames, 18), "a frame says it has 18 bytes"],
  ["a frame of yesterday", (zone: Zone) => put(zone, zone.at.frames + 8, 3), "a frame is of tick 3"],
  [
    "bytes that are no words",
    (zone: Zone) => put(zone, zone.at.frameBytes, 30),
    "30 bytes of frames are not whole words",
  ],
  ["frames cut off", (zone: Zone) => put(zone, zone.at.frameBytes, framesOf(zone) - 4), "a frame says it has"],
  ["a kind of record nobody knows", (zone: Zone) => put(zone, zone.at.frames + 16, 0x10a), "a record of kind 10"],
  ["ten stacks", (zone: Zone) => put(zone, zone.at.frames + 16, 9 | (11 << 8) | (10 << 16)), "kind 9 and info 10"],
  [
    "a change of what there is not",
    (zone: Zone) => put(zone, zone.at.frames + 16, 4 | (2 << 8) | (32 << 16)),
    "kind 4 and info 32",
  ],
  [
    "fewer words than its kind has",
    (zone: Zone) => put(zone, zone.at.frames + 16, 3 | (8 << 8)),
    "kind 3 and info 0 says it has 8",
  ],
  ["nine auras", (zone: Zone) => put(zone, zone.at.frames + 16, 7 | (29 << 8) | (9 << 16)), "kind 7 and info 9"],
  ["another tick", (zone: Zone) => put(zone, zone.at.tick, 1), "its tick is 1, not"],
  [
    "an overload level that is none",
    (zone: Zone) => put(zone, zone.at.overloadLevel, 6),
    "its overload level: 6 of at most 5",
  ],
  [
    "a creature nowhere",
    (zone: Zone) => put(zone, zone.at.entityY + zone.at.playersMax * 4, 0x7fc0_0000),
    "is at no place",
  ],
  ["a player with another one's id", (zone: Zone) => put(zone, zone.at.entityId, 2), "entity 2 is not found by its id"],
  [
    "a creature with an id that nobody has",
    (zone: Zone) => put(zone, zone.at.entityId + zone.at.playersMax * 4, 77),
    "entity 77 is not found by its id",
  ],
  [
    "a full map",
    (zone: Zone) => {
      for (let slot = 0; slot < zone.at.mapSlots; slot++) put(zone, zone.at.mapBase + slot * 8, 1 << 30);
    },
    "is not found by its id",
  ],
  ["an event nowhere", (zone: Zone) => putEvent(zone, abi.EVENT_MOVED, 0xff80_0000), "an event of kind 7"],
])("%s is told", async (_, spoil, problem) => {
  const zone = await toldZone();
  const check = new OutputCheck(zone.memory, zone.kernel.layout);
  expect(check.problem(zone.tick)).toBeNull();
  spoil(zone);
  expect(check.problem(zone.tick)).toContain(problem);
});

function put({ view }: Zone, at: number, word: number): void {
  view.setUint32(at, word, true);
}

function putEvent(zone: Zone, kind: number, word: number): void {
  put(zone, zone.at.eventCount, 1);
  put(zone, zone.at.events, kind);
  put(zone, zone.at.events + abi.EVENT_A + 12, word);
}

test("what passes can be walked: every frame and record is whole, every number finite", async () => {
  const zone = await toldZone();
  const check = new OutputCheck(zone.memory, zone.kernel.layout);
  const bytes = framesOf(zone);
  expect(bytes).toBeGreaterThan(400);
  const honest = zone.bytes.slice(zone.at.frames, zone.at.frames + bytes);
  const reader = new FrameReader();
  const reached = { passed: 0, refused: 0, records: 0 };
  const writes = fc.array(
    fc.record({ at: fc.nat(bytes / 4 - 1), bits: fc.nat(31), word: fc.option(fc.nat(0xff_ffff)) }),
    {
      minLength: 1,
      maxLength: 4,
    },
  );
  fc.assert(
    fc.property(writes, (spoilt) => {
      zone.bytes.set(honest, zone.at.frames);
      for (const { at, bits, word } of spoilt) {
        const place = zone.at.frames + at * 4;
        put(zone, place, word ?? (zone.view.getUint32(place, true) ^ (1 << bits)) >>> 0);
      }
      if (check.problem(zone.tick) !== null) return void reached.refused++;
      reached.passed++;
      let left = bytes / abi.FRAME_HEADER_BYTES;
      for (let at = zone.at.frames; at < zone.at.frames + bytes;) {
        if (left-- <= 0) throw new Error("The frames have no end.");
        const length = zone.view.getUint32(at, true);
        reader.open(zone.bytes, at, length);
        while (reader.next()) {
          reached.records++;
          const isAt =
            reader.kind === abi.RECORD_ENTER || (reader.kind === abi.RECORD_CHANGE && (reader.info & 1) !== 0);
          if (isAt && ![1, 2, 3].every((field) => Number.isFinite(reader.float(field))))
            throw new Error("It is nowhere.");
          if (reader.kind === abi.RECORD_AURAS && reader.fieldCount !== 1 + reader.info * 3)
            throw new Error("Too few.");
        }
        at += length;
      }
    }),
    { numRuns: 2_000 },
  );
  expect(Math.min(reached.passed, reached.refused)).toBeGreaterThan(200);
  expect(reached.records).toBeGreaterThan(1_000);
});

test("an id that leads to nobody is found within some ticks, wherever it is in the map", async () => {
  const zone = await toldZone();
  const check = new OutputCheck(zone.memory, zone.kernel.layout);
  for (const slot of [0, 5_000, zone.at.mapSlots - 1]) {
    const at = zone.at.mapBase + slot * 8;
    const before = zone.bytes.slice(at, at + 8);
    put(zone, at, 77);
    const problems = Array.from({ length: 16 }, (_, later) => {
      put(zone, zone.at.tick, zone.tick + later);
      put(zone, zone.at.frameBytes, 0);
      return check.problem(zone.tick + later);
    });
    expect(problems.filter((problem) => problem !== null)).toEqual(["the id 77 leads to nobody"]);
    zone.bytes.set(before, at);
  }
});
