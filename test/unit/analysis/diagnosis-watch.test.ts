// What --watch says of a diagnosis that is looked at again and again: only what changes.

import { expect, test } from "bun:test";
import { diagnose } from "../../../tools/analysis/diagnosis.ts";
import { DiagnosisWatch } from "../../../tools/analysis/diagnosis-watch.ts";
import type { DiagnosisChange } from "../../../tools/analysis/diagnosis-watch.ts";
import { changeLines } from "../../../tools/report/diagnosis-lines.ts";
import { Story } from "../../helpers/telemetry-story.ts";
import type { Plot } from "../../helpers/telemetry-story.ts";

/** Looks every second; what changed. */
function watched(story: Story, watch: DiagnosisWatch, seconds: number, plot: Plot = {}): DiagnosisChange[] {
  return Array.from({ length: seconds }, () => {
    story.seconds(1, plot);
    return watch.look(diagnose(story.timeline), story.timeline.nowMs!);
  }).flat();
}

const spike: Plot = { ticksPerS: 5, tick: (data) => ({ duration_ms: data["duration_ms"]! + 200 }) };
const dropping: Plot = { tick: () => ({ commands_dropped: 1 }) };
const said = (changes: DiagnosisChange[]): string[] =>
  changes.map(({ what, diagnosis: { cause } }) => `${what} ${cause}`);

test("a cause begins once and is over once, however long it lasts", () => {
  const [story, watch] = [new Story(), new DiagnosisWatch()];
  expect(watched(story, watch, 20)).toEqual([]);
  expect(said(watched(story, watch, 10, spike))).toEqual(["begins latency-spike"]);
  expect(watch.now.map(({ cause }) => cause)).toEqual(["latency-spike"]);
  const after = watched(story, watch, 20);
  expect(said(after)).toEqual(["ends latency-spike"]);
  expect(after[0]!.lastedMs).toBeGreaterThan(6_000);
  expect(watch.now).toEqual([]);
});

test("what no rule knows is said when it lasts, and not in the wake of a cause that has a name", () => {
  const [story, watch] = [new Story(), new DiagnosisWatch()];
  watched(story, watch, 20);
  expect(said(watched(story, watch, 6, dropping))).toEqual(["begins unknown"]);
  expect(said(watched(story, watch, 20))).toEqual(["ends unknown"]);
  expect(watched(story, watch, 1, dropping)).toEqual([]);
});

test("a change is told in full when it begins, and in a line when it is over", () => {
  const [story, watch] = [new Story(), new DiagnosisWatch()];
  watched(story, watch, 20);
  const [begun] = watched(story, watch, 10, spike);
  expect(changeLines(begun!).join("\n")).toMatch(
    /^\d\d:\d\d:\d\d {2}begins\nlatency-spike {2}\d+ % sure, zones 1 and 2/,
  );
  const [ended] = watched(story, watch, 20);
  expect(changeLines(ended!)[0]).toMatch(/^\d\d:\d\d:\d\d {2}is over {2}latency-spike, zones 1 and 2, after \d+ s$/);
});
