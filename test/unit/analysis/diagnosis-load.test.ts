// Each rule about load on made-up telemetry: the cause it names, a look-alike it does not, and where it begins.

import { describe, expect, test } from "bun:test";
import { diagnose } from "../../../tools/analysis/diagnosis.ts";
import { Story } from "../../helpers/telemetry-story.ts";
import type { Plot } from "../../helpers/telemetry-story.ts";
import {
  causes,
  first,
  evidence,
  heldUp,
  flooded,
  process,
  leak,
  held,
  lose,
} from "../../helpers/diagnosis-stories.ts";
import type { Numbers } from "../../helpers/diagnosis-stories.ts";

describe("a healthy server", () => {
  test("has nothing, from its first second on", () => {
    const story = new Story();
    for (let second = 0; second < 60; second++) expect(causes(story.seconds(1))).toEqual([]);
  });

  test("has nothing while players come and go by their own wish, or move a lot", () => {
    const story = new Story().seconds(10);
    lose(story, 8, "client_closed");
    story.seconds(1, { traffic: () => ({ connected: 0, disconnected: 8 }) });
    story.seconds(5, {
      traffic: () => ({ connected: 100, accepted: 20, messages: 2_000, commands: 1_800 }),
      ...flooded(45),
    });
    expect(causes(story)).toEqual([]);
  });

  test("has nothing where nothing is known", () => {
    expect(diagnose(new Story().timeline)).toEqual([]);
  });

  test("has nothing after it has stopped in order", () => {
    const story = new Story().seconds(10);
    lose(story, 8, "shutdown");
    story.say("event", "game_server", "Server stopped", {});
    expect(causes(story.seconds(1, { zones: [] }))).toEqual([]);
  });
});

describe("latency-spike", () => {
  test("is named with its zone, the numbers before and after, and when it began", () => {
    const story = new Story().seconds(20);
    const beganMs = story.atMs;
    story.seconds(4, { ...heldUp(200), of: [1], ticksPerS: 5 });
    expect(first(story)).toMatchObject({ cause: "latency-spike", zones: [1], sinceMs: beganMs, confidence: 0.95 });
    expect(evidence(story)).toMatch(
      /Zone 1: duration_ms p50 0\.\d+ → 200 \(n 400 → 15\), since 12:00:20; 15 of the last 15/,
    );
    expect(evidence(story)).toMatch(/kernel_ms p50 0\.0\d → 0\.0\d, fuel_used p50 [56],\d+ → [56],\d+/);
  });

  test("is named, less surely, by one who was not there when it began", () => {
    const story = new Story().seconds(4, { ...heldUp(200), ticksPerS: 5 });
    expect(first(story)).toMatchObject({ cause: "latency-spike", zones: [1, 2], confidence: 0.8 });
    expect(evidence(story)).toContain("nothing seen before");
  });

  test("is named again when it gets worse, from where it did", () => {
    const story = new Story().seconds(20).seconds(3, heldUp(8));
    const worseMs = story.atMs;
    expect(first(story.seconds(6, { ...heldUp(1_000), ticksPerS: 1 }))).toMatchObject({
      cause: "latency-spike",
      sinceMs: worseMs,
      confidence: 0.95,
    });
  });

  test("is named when it strikes half of the ticks", () => {
    const story = new Story().seconds(20);
    story.seconds(4, { tick: (data, n) => ({ duration_ms: data["duration_ms"]! + (n % 2) * 30 }) });
    expect(causes(story)).toEqual(["latency-spike"]);
  });

  test("is not one slow tick in twenty, nor times that have nothing in common, nor the kernel's own time", () => {
    const rare = new Story().seconds(20);
    rare.seconds(4, { tick: (data, n) => ({ duration_ms: data["duration_ms"]! + (n % 20 === 0 ? 200 : 0) }) });
    expect(causes(rare)).toEqual([]);
    const uneven = new Story().seconds(20);
    uneven.seconds(4, { tick: (data, n) => ({ duration_ms: data["duration_ms"]! + [0, 2, 6, 40, 250][n % 5]! }) });
    expect(causes(uneven)).toEqual(["unknown"]);
    const kernel = new Story().seconds(20);
    kernel.seconds(4, { tick: (data) => ({ duration_ms: data["duration_ms"]! + 30, kernel_ms: 30 }) });
    expect(causes(kernel)).toEqual([]);
  });

  test.each([
    [4, []],
    [6, ["latency-spike"]],
  ])("begins where the time outside the kernel is above usual by more than 5 ms: %p ms", (ms, expected) => {
    expect(causes(new Story().seconds(20).seconds(4, heldUp(ms)))).toEqual(expected);
  });

  test("is over three seconds after it ended; as long as health is not good again, that is said", () => {
    const story = new Story().seconds(20).seconds(4, { ...heldUp(200), ticksPerS: 5 });
    expect(causes(story.seconds(3))).toEqual(["unknown"]);
    expect(causes(story.seconds(8))).toEqual([]);
  });

  test("is not the first steps of a leak, however fast that is", () => {
    const story = new Story().seconds(20);
    // Half a second at a time, so that each moment of the leak is looked at.
    for (let half = 0; half < 12; half++) {
      const plot: Plot = {
        of: [1],
        tick: (data, n) => ({ duration_ms: data["duration_ms"]! + 15 * Math.floor((half * 10 + n) / 20) }),
      };
      expect(causes(story.halfSecond(plot))).not.toContain("latency-spike");
    }
    expect(causes(story)).toEqual(["slow-leak"]);
  });

  test("is still named after minutes, when most of what is known is slow", () => {
    const story = new Story().seconds(5).seconds(400, { ...heldUp(40), of: [2] });
    expect(first(story)).toMatchObject({ cause: "latency-spike", zones: [2] });
  });
});

describe("slow-leak", () => {
  test("is a staircase, and not the latency it leads to", () => {
    const story = new Story().seconds(20).seconds(30, { ...leak(1, 100), of: [2] });
    expect(first(story)).toMatchObject({ cause: "slow-leak", zones: [2] });
    expect(first(story).confidence).toBeGreaterThan(0.8);
    expect(causes(story)).toEqual(["slow-leak"]);
    expect(evidence(story)).toMatch(/rose in 5 steps, 0\.0\d → 5\.\d+ ms/);
  });

  test("is less sure when memory does not grow", () => {
    const story = new Story().seconds(20).seconds(30, leak(1, 100, -0.5));
    expect(first(story).cause).toBe("slow-leak");
    expect(first(story).confidence).toBeLessThan(0.8);
  });

  test("is not one step, nor two: those are a change", () => {
    const once = new Story().seconds(20).seconds(8, heldUp(2));
    expect(causes(once)).toEqual([]);
    const twice = new Story().seconds(20).seconds(8, heldUp(2)).seconds(8, heldUp(4));
    expect(causes(twice)).toEqual([]);
  });

  test("is not a latency that begins in the middle of a second, on a machine that is busy", () => {
    const story = new Story().seconds(20);
    // In its first second one tick is still quick; then no second's quickest tick is quite as quick as the one before's.
    for (let second = 0; second < 5; second++) {
      const longer = (n: number): number => (second === 0 && n === 0 ? 0 : 150 + second * 0.6);
      const tick = (data: Numbers, n: number): Numbers => ({ duration_ms: data["duration_ms"]! + longer(n) });
      story.seconds(1, { ticksPerS: 6, of: [1], tick });
      expect([second, ...causes(story)]).not.toContain("slow-leak");
    }
    expect(causes(story)).toEqual(["latency-spike"]);
  });

  test("is not ticks that get slower because they have more to do", () => {
    const story = new Story().seconds(20).seconds(20, {
      tick: (data, n) => ({
        duration_ms: data["duration_ms"]! + n / 80,
        fuel_used: data["fuel_used"]! * (1 + n / 40),
        players: 4 + Math.floor(n / 2),
      }),
    });
    expect(causes(story)).toEqual([]);
  });

  test("is not outliers that grow", () => {
    const story = new Story().seconds(20).seconds(20, {
      tick: (data, n) => ({ duration_ms: data["duration_ms"]! + (n % 20 === 7 ? n : 0) }),
    });
    expect(causes(story)).toEqual(["unknown"]);
  });
});

describe("event-queue-flood", () => {
  test("is far more commands than players sent", () => {
    const story = new Story().seconds(20).seconds(4, { ...flooded(350), of: [2] });
    expect(first(story)).toMatchObject({ cause: "event-queue-flood", zones: [2], confidence: 0.95 });
    expect(evidence(story)).toMatch(/events_processed p50 0 → 350 a tick \(n 400 → 60\)/);
    expect(evidence(story)).toContain("16 messages a second");
  });

  test("is not many commands that players did send, nor a burst, nor what doubled entities cost", () => {
    const sent = new Story().seconds(20);
    sent.seconds(4, { ...flooded(350), traffic: () => ({ messages: 7_000, commands: 7_000 }) });
    expect(causes(sent)).toEqual([]);
    const burst = new Story().seconds(20);
    burst.seconds(4, { tick: (_data, n) => ({ events_processed: n % 20 === 0 ? 5_000 : 0 }) });
    expect(causes(burst)).toEqual([]);
    const doubled = new Story().seconds(20).seconds(4, { ...flooded(100), census: () => ({ duplicates: 100 }) });
    expect(causes(doubled)).toEqual(["split-brain"]);
  });

  test("is not said while nobody knows what came in", () => {
    const story = new Story();
    for (let n = 0; n < 60; n++) {
      const data = { zone_id: 1, tick: n, duration_ms: 1, events_processed: 500 };
      story.say("metric", "zone", "Zone tick completed", data, n * 50);
    }
    expect(causes(story)).toEqual([]);
  });

  test.each([
    [2, []],
    [20, ["event-queue-flood"]],
  ])("begins at some hundred commands a second: %p a tick", (commands, expected) => {
    expect(causes(new Story().seconds(20).seconds(4, flooded(commands)))).toEqual(expected);
  });
});

describe("memory-pressure", () => {
  test("is a step that stays, outside the heap proper", () => {
    const story = new Story().seconds(10).seconds(3, held(64));
    expect(first(story)).toMatchObject({ cause: "memory-pressure", zones: [], confidence: 0.95 });
    expect(evidence(story)).toMatch(/rss_mb 29\d → 35\d within 1 s/);
  });

  test("is not memory that is given back, nor the heap's own, nor what came with new players, nor a slow rise", () => {
    expect(causes(new Story().seconds(10).seconds(3, held(64)).seconds(3))).toEqual([]);
    const heap = process((data) => ({ rss_mb: data["rss_mb"]! + 64, heap_mb: data["heap_mb"]! + 64 }));
    expect(causes(new Story().seconds(10).seconds(3, heap))).toEqual([]);
    const players = { ...held(64), traffic: () => ({ connected: 408, accepted: 400 }) };
    expect(causes(new Story().seconds(10).seconds(3, players))).toEqual([]);
    const slow = process((data, second) => ({
      rss_mb: data["rss_mb"]! + 3 * second,
      external_mb: data["external_mb"]! + 3 * second,
    }));
    expect(causes(new Story().seconds(10).seconds(30, slow))).toEqual([]);
  });

  test.each([
    [20, []],
    [40, ["memory-pressure"]],
  ])("begins at some thirty mebibytes: %p", (mb, expected) => {
    expect(causes(new Story().seconds(10).seconds(3, held(mb)))).toEqual(expected);
  });
});
