// The main thread's own guard: whatever lies in a ring, its loop over frames ends, and nobody is handed what is no frame.

import { expect, test } from "bun:test";
import { OutputRecords } from "../../../server/main/zones/output-records.ts";
import { ZoneListeners } from "../../../server/main/zones/zone-listeners.ts";
import { FRAMES } from "../../../server/shared/ring-records.ts";

/** A record of frames that say they have these lengths, in so many bytes; how many were handed out, and what was thrown. */
function handOut(lengths: number[], bytes: number): { handed: number[]; error: string } {
  const view = new DataView(new ArrayBuffer(FRAMES.bytes + bytes));
  FRAMES.write(view, 0, { zoneId: 3 });
  let at = FRAMES.bytes;
  for (const length of lengths) {
    if (at + 4 > view.byteLength) break;
    view.setUint32(at, length, true);
    at += Math.max(length, 4);
  }
  const handed: number[] = [];
  const listeners = new ZoneListeners();
  listeners.add({ framed: (zoneId, _bytes, _offset, length) => void (zoneId === 3 && handed.push(length)) });
  const records = new OutputRecords(listeners);
  try {
    records.handOut(view, new Uint8Array(view.buffer), 0, view.byteLength);
    return { handed, error: "" };
  } catch (error) {
    return { handed, error: String(error) };
  }
}

test("frames are handed out one after the other", () => {
  expect(handOut([16, 24, 20], 60)).toEqual({ handed: [16, 24, 20], error: "" });
});

test.each([
  ["of no length", [16, 0], 48],
  ["shorter than its own head", [16, 12], 48],
  ["longer than what is there", [16, 40], 48],
  ["as long as a word can say", [0xffff_ffff], 48],
  ["cut off in its head", [16, 16], 24],
])("a frame %s ends it, with an error that says so", (_, lengths, bytes) => {
  const { handed, error } = handOut(lengths, bytes);
  expect(handed.length).toBeLessThanOrEqual(1);
  expect(error).toMatch(/^WowsimError: Zone 3: a frame of \d+ bytes where \d+ are\./);
});
