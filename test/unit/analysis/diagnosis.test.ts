import { describe, expect, test } from "bun:test";
import { diagnose } from "../../../tools/analysis/diagnosis.ts";
import type { Diagnosis } from "../../../tools/analysis/diagnosis.ts";
import { Story } from "../../helpers/telemetry-story.ts";

const causes = (story: Story): string[] => diagnose(story.timeline).map(({ cause }) => cause);

const first = (story: Story): Diagnosis => {
  const [best] = diagnose(story.timeline);
  if (best === undefined) throw new Error("There is no diagnosis.");
  return best;
};

/** A zone whose ticks are all held up by so much. */
const heldUp = (ms: number) => ({
  tick: (data: Record<string, number>) => ({ duration_ms: data["duration_ms"]! + ms }),
});

test("a healthy server has nothing, from its first second on", () => {
  const story = new Story();
  for (let second = 0; second < 60; second++) expect(causes(story.seconds(1))).toEqual([]);
});

describe("latency-spike", () => {
  test("is named with its zone, the numbers before and after, and when it began", () => {
    const story = new Story().seconds(20);
    const beganMs = story.atMs;
    story.seconds(4, { ...heldUp(200), of: [1], ticksPerS: 5 });
    const best = first(story);
    expect(best).toMatchObject({ cause: "latency-spike", zones: [1], sinceMs: beganMs });
    expect(best.confidence).toBeGreaterThan(0.85);
    expect(best.evidence.join("\n")).toContain("n 400 → ");
    expect(best.evidence.join("\n")).toMatch(/duration_ms p50 0\.\d+ → 200/);
  });
});
