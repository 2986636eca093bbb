// The diagnosis on what a real server said (test/helpers/record-telemetry.ts), looked at four times a second: what is named
// in each moment of it, and never anything that only looks like it.

import { expect, test } from "bun:test";
import { diagnose } from "../../../tools/analysis/diagnosis.ts";
import { Timeline } from "../../../tools/analysis/timeline.ts";
import { readRecording } from "../../helpers/record-telemetry.ts";

const LOOK_MS = 250;

/** What was diagnosed at each look; best first. */
function looks(name: string): string[][] {
  const timeline = new Timeline();
  const seen: string[][] = [];
  let nextMs = Number.NEGATIVE_INFINITY;
  for (const line of readRecording(name)) {
    timeline.take(line);
    if (timeline.nowMs! < nextMs) continue;
    nextMs = timeline.nowMs! + LOOK_MS;
    seen.push(diagnose(timeline).map(({ cause }) => cause));
  }
  return seen;
}

/** Recorded on a machine that had other things to do as well: that is named too, and rightly. */
const MACHINE = new Set(["cpu-starved", "unknown"]);
const named = (seen: string[][]): string[][] => seen.map((causes) => causes.filter((cause) => !MACHINE.has(cause)));

test.each([
  ["cascading-zone-failure", ["cascading-zone-failure"]],
  ["zone-trap-every-third", ["zone-trap"]],
  ["slow-leak-fast", ["slow-leak"]],
  ["process-standstill", ["process-standstill"]],
])("%s is %p from its first sign to its end, and nothing else", (name, causes) => {
  const seen = named(looks(name));
  expect(new Set(seen.flat())).toEqual(new Set(causes));
  expect(seen.at(-1)).toEqual(causes);
});

test("four busy loops on two cores are named", () => {
  const seen = looks("cpu-starved");
  expect(seen.at(-1)).toEqual(["cpu-starved"]);
  expect(named(seen).flat()).toEqual([]);
});
