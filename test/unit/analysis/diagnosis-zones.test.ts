// Each rule about zones, kernels and the machine on made-up telemetry: the cause it names, a look-alike it does not, and where it
// begins; and several troubles at once.

import { describe, expect, test } from "bun:test";
import { diagnose, RULES } from "../../../tools/analysis/diagnosis.ts";
import { assessHealth } from "../../../tools/analysis/health.ts";
import { CONFIDENCE_MIN } from "../../../tools/analysis/rules/rule.ts";
import { Story } from "../../helpers/telemetry-story.ts";
import type { Plot } from "../../helpers/telemetry-story.ts";
import {
  causes,
  first,
  evidence,
  heldUp,
  gone,
  swapped,
  except,
  goDown,
  trapEvery,
  stopped,
  given,
  inFits,
  taken,
} from "../../helpers/diagnosis-stories.ts";

describe("a zone that traps tick after tick", () => {
  test("is a cascade from its third tick on, and never a poison command", () => {
    const story = new Story().seconds(10);
    const seen: string[] = [];
    trapEvery(story, 1, 24, () => seen.push(causes(story).join()));
    expect(new Set(seen.slice(3))).toEqual(new Set(["cascading-zone-failure"]));
    expect(seen.join()).not.toContain("zone-trap");
    goDown(story, 1);
    expect(causes(story.seconds(1, gone(8)))).toEqual(["cascading-zone-failure"]);
    expect(causes(story.seconds(20, gone(8)))).toEqual(["cascading-zone-failure"]);
  });

  test("that traps in every third tick is a poison command, also once that took it down, and no cascade", () => {
    const story = new Story().seconds(10);
    const seen: string[] = [];
    trapEvery(story, 3, 25, () => seen.push(causes(story).join()));
    expect(new Set(seen.slice(1))).toEqual(new Set(["zone-trap"]));
    goDown(story, 1);
    for (let second = 0; second < 30; second++) expect(causes(story.seconds(1, gone(8)))).toEqual(["zone-trap"]);
    expect(evidence(story)).toContain("it is DOWN since");
  });
});

describe("cascading-zone-failure", () => {
  test("is a zone that is down, its players elsewhere, and the flood there", () => {
    const story = new Story().seconds(10);
    except(story, 1, 200, "kernel trap: unreachable");
    goDown(story, 1);
    story.seconds(4, { zones: [2], tick: () => ({ players: 8, events_processed: 400 }) });
    expect(first(story)).toMatchObject({ cause: "cascading-zone-failure", zones: [1, 2], confidence: 0.97 });
    expect(causes(story)).toEqual(["cascading-zone-failure"]);
    expect(evidence(story)).toContain("players went 4 → 8");
  });

  test("knows nothing of players that the other zones do not tell", () => {
    const story = new Story().seconds(10);
    except(story, 1, 200, "kernel trap: unreachable");
    goDown(story, 1);
    story.seconds(4, { zones: [2], tick: () => ({ players: null, events_processed: 400 }) });
    expect(evidence(story)).toContain("players went 4 → -");
  });

  test("is less sure of a zone that is down and moved its players, least of one that is just down", () => {
    const moved = new Story().seconds(10);
    goDown(moved, 1);
    expect(first(moved.seconds(4, gone(8)))).toMatchObject({
      cause: "cascading-zone-failure",
      zones: [1],
      confidence: 0.77,
    });
    const alone = new Story().seconds(10);
    goDown(alone, 1);
    expect(first(alone.seconds(4, gone(4)))).toMatchObject({ confidence: 0.57 });
  });

  test("is known from its failing restarts to one who came later", () => {
    const story = new Story().seconds(2, gone(8));
    story.say("event", "zone", "Zone restart failed", {
      zone_id: 1,
      tick: 9,
      error: "kernel trap",
      next_try_ms: 2_000,
    });
    expect(first(story)).toMatchObject({ cause: "cascading-zone-failure", zones: [1], confidence: 0.57 });
  });

  test("is over when the zone is back", () => {
    const story = new Story().seconds(10);
    goDown(story, 1);
    story.seconds(2, gone(8));
    story.say("event", "zone", "Zone state changed", { zone_id: 1, from_state: "DOWN", to_state: "ACTIVE" });
    expect(causes(story.seconds(1))).toEqual([]);
  });
});

describe("bad-kernel", () => {
  test("is fuel that rose with a new kernel, in the zone that runs it", () => {
    const story = new Story().seconds(10).seconds(6, swapped(1.3));
    expect(first(story)).toMatchObject({ cause: "bad-kernel", zones: [1], confidence: 0.96 });
    expect(evidence(story)).toContain("kernel 0123456789abcdef → fedcba9876543210 at 12:00:10, tick 201");
    expect(evidence(story)).toContain("Zone 2 kept its kernel");
  });

  test.each([
    [1, []],
    [1.05, []],
    [1.16, ["bad-kernel"]],
  ])("begins at some 10 %% more fuel: %p times", (ratio, expected) => {
    expect(causes(new Story().seconds(10).seconds(6, swapped(ratio)))).toEqual(expected);
  });

  test("is not fuel that rose with the load, or in every zone alike, or without a new kernel", () => {
    const load = new Story().seconds(10).seconds(6, {
      of: [1],
      tick: (data) => ({ kernel: "fedcba9876543210", fuel_used: data["fuel_used"]! * 1.5, players: 24 }),
    });
    expect(causes(load)).toEqual([]);
    const alike = new Story().seconds(10).seconds(6, {
      tick: (data, _n, zone) => ({
        kernel: zone === 1 ? "fedcba9876543210" : "0123456789abcdef",
        fuel_used: data["fuel_used"]! * 1.5,
      }),
    });
    expect(causes(alike)).toEqual([]);
    const same = new Story().seconds(10).seconds(6, {
      tick: (data) => ({ fuel_used: data["fuel_used"]! * 1.5 }),
    });
    expect(causes(same)).toEqual([]);
  });

  test("is traps that began with it, and those are then no poison commands", () => {
    const story = new Story().seconds(10).seconds(2, swapped(1));
    for (const tick of [245, 246]) except(story, 1, tick, "kernel trap: unreachable");
    story.seconds(1, swapped(1));
    expect(causes(story)).toEqual(["bad-kernel"]);
    expect(evidence(story)).toContain("exceptions 0 → 2");
  });

  test("is over when the kernel of before is back", () => {
    expect(causes(new Story().seconds(10).seconds(6, swapped(1.5)).seconds(3))).toEqual([]);
  });
});

describe("zone-standstill", () => {
  test("is a zone that does not tick while the other does", () => {
    const story = new Story().seconds(10);
    const stoppedMs = story.atMs - 50;
    story.seconds(4, { zones: [1] });
    expect(first(story)).toMatchObject({ cause: "zone-standstill", zones: [2], sinceMs: stoppedMs, confidence: 0.95 });
    expect(evidence(story)).toMatch(/Zone 2: no tick for 4\.\d+ s.*ACTIVE.*\n.*1 of 1 other zones tick/);
    expect(causes(story)).toEqual(["zone-standstill"]);
  });

  test("is all zones, while the main thread still speaks", () => {
    const story = new Story().seconds(10).seconds(4, { zones: [] });
    expect(first(story)).toMatchObject({ cause: "zone-standstill", zones: [1, 2] });
    expect(causes(story)).toEqual(["zone-standstill"]);
  });

  test("is also zones that never ticked, to one who hears everything; a file may be an excerpt", () => {
    expect(causes(new Story({ isLive: true }).seconds(5, { zones: [] }))).toEqual(["zone-standstill"]);
    expect(causes(new Story().seconds(5, { zones: [] }))).toEqual([]);
  });

  test("is not a zone whose ticks take seconds, nor one that is DOWN, nor one that is back", () => {
    const slow = new Story().seconds(20);
    for (let n = 0; n < 4; n++) slow.seconds(1, { ...heldUp(4_000), ticksPerS: 1 }).seconds(3, { zones: [] });
    expect(causes(slow)).toEqual(["latency-spike"]);
    const down = new Story().seconds(10);
    goDown(down, 1);
    expect(causes(down.seconds(4, gone(4)))).toEqual(["cascading-zone-failure"]);
    expect(
      causes(
        new Story()
          .seconds(10)
          .seconds(4, { zones: [1] })
          .seconds(12),
      ),
    ).toEqual([]);
  });

  test("is also a worker that a watchdog ended, with what it was at, and not the zone that is down by that", () => {
    const story = new Story().seconds(10);
    const error = "zone worker hung: no tick for 1,040 ms, in the kernel at tick 201 of zone 1";
    story.say("error", "zone", "Zone tick exception", { zone_id: 1, tick: 200, error });
    goDown(story, 1);
    expect(causes(story.seconds(2, gone(8)))).toEqual(["zone-standstill"]);
    expect(evidence(story)).toContain(error);
    story.say("event", "zone", "Zone state changed", { zone_id: 1, from_state: "DOWN", to_state: "ACTIVE" });
    story.seconds(2);
    expect(evidence(story)).toContain("it ticks again since 12:00:12");
    expect(causes(story.seconds(14))).toEqual([]);
  });

  test("is not the end of a file", () => {
    const story = new Story().seconds(10);
    for (const line of story.lines) expect(line.timestamp <= new Date(story.timeline.nowMs!).toISOString()).toBe(true);
    expect(causes(story)).toEqual([]);
  });
});

describe("process-standstill", () => {
  test("is a hole in everything, and is told apart from lines that were lost", () => {
    const story = new Story().seconds(20);
    const fromMs = story.timeline.nowMs;
    stopped(story, 2_500);
    expect(first(story)).toMatchObject({ cause: "process-standstill", zones: [], sinceMs: fromMs, confidence: 0.95 });
    expect(causes(story)).toEqual(["process-standstill"]);
    expect(evidence(story)).toMatch(/for 2\.50 s.*no tick is missing.*\n.*interval_ms 3,500.*\n.*\+50, \+50/);
    expect(causes(story.seconds(3, given))).toEqual(["process-standstill"]);
    expect(causes(story.seconds(12, given))).toEqual([]);
  });

  test("is not lines that were lost on the way: those leave gaps in the count", () => {
    const story = new Story().seconds(20).lose(2.5).seconds(2);
    expect(causes(story)).not.toContain("process-standstill");
  });

  test("is not zones that are held up while the main thread speaks, nor a main thread that is while zones tick", () => {
    const zones = new Story().seconds(20).seconds(3, { zones: [] }).seconds(1);
    expect(causes(zones)).not.toContain("process-standstill");
    const main = new Story().seconds(20).seconds(3, { isQuiet: true }).seconds(1);
    expect(causes(main)).toEqual([]);
  });
});

describe("cpu-starved", () => {
  test("is threads that wait for a core on a machine that others keep busy, and ticks that come in fits", () => {
    const story = new Story().seconds(20, taken(0.01, 0.1)).seconds(6, { ...taken(2.2), ...inFits(30) });
    expect(first(story)).toMatchObject({ cause: "cpu-starved", zones: [], confidence: 0.7 });
    expect(causes(story)).toEqual(["cpu-starved"]);
    expect(evidence(story)).toMatch(/cpu_wait_share p50 2\.20.*\n.*2 cores are 100 % busy.*others take 1\.94/);
  });

  test("is less sure where nobody counts the waiting", () => {
    expect(first(new Story().seconds(20, { ...taken(null), ...inFits(30) })).confidence).toBe(0.55);
  });

  test("is not a busy machine on which ticks come evenly, nor load of the server's own, nor an idle machine", () => {
    expect(causes(new Story().seconds(20, taken(2.2)))).toEqual([]);
    expect(causes(new Story().seconds(20, { ...taken(2.2, 2, 1.7), ...inFits(30) }))).toEqual([]);
    expect(causes(new Story().seconds(20, { ...taken(0.05, 0.3), ...inFits(30) }))).toEqual([]);
  });

  test("is not said of a server whose telemetry does not tell", () => {
    expect(causes(new Story().seconds(20, inFits(30)))).toEqual([]);
  });
});

describe("what no rule knows", () => {
  test("is said with health's reasons, and only when no rule knows better", () => {
    const story = new Story().seconds(10, { tick: () => ({ commands_dropped: 1 }) });
    expect(first(story)).toMatchObject({ cause: "unknown", zones: [], confidence: 0.5 });
    expect(evidence(story)).toMatch(/^degraded, by health: [\d,]+ commands were dropped by full batches\.$/m);
    const both = new Story().seconds(10).seconds(4, {
      ...heldUp(200),
      ticksPerS: 5,
      tick: (data) => ({ duration_ms: data["duration_ms"]! + 200, commands_dropped: 1 }),
    });
    expect(causes(both)).toEqual(["latency-spike"]);
  });

  test("goes with health: wherever that is not good, there is a diagnosis, and nowhere else is this one", () => {
    const plots: Plot[] = [{}, heldUp(60), { ticksPerS: 8 }, { tick: () => ({ overload_level: 4 }) }, { zones: [1] }];
    for (const plot of plots) {
      const story = new Story().seconds(10);
      for (let second = 0; second < 8; second++) {
        story.seconds(1, plot);
        const { status } = assessHealth(story.timeline);
        if (status !== "healthy") expect(causes(story)).not.toEqual([]);
        else expect(causes(story)).not.toContain("unknown");
      }
    }
  });
});

describe("several at once", () => {
  test("all are named, the surest first", () => {
    const story = new Story().seconds(20);
    story.seconds(4, {
      ...heldUp(200),
      ticksPerS: 5,
      of: [1],
      census: () => ({ duplicates: 3 }),
    });
    const found = diagnose(story.timeline);
    expect(found.map(({ cause }) => cause)).toEqual(["split-brain", "latency-spike"]);
    expect(found[0]!.confidence).toBeGreaterThan(found[1]!.confidence);
  });

  test("what only the server itself knows, over HTTP, is something wrong as well", () => {
    const { timeline } = new Story().seconds(10);
    const status = { ready: true, reasons: [], zones: [], isFileFailing: true };
    expect(diagnose(timeline, { status: { ...status, isFileFailing: false } })).toEqual([]);
    expect(diagnose(timeline, { status })).toMatchObject([
      { cause: "unknown", evidence: [expect.stringContaining("the telemetry file can not be written")] },
    ]);
  });

  test("how sure one must be can be asked for", () => {
    const story = new Story().seconds(10);
    goDown(story, 1);
    story.seconds(2, { zones: [2] });
    expect(diagnose(story.timeline, { confidenceMin: 0.6 })).toEqual([]);
    expect(diagnose(story.timeline, { confidenceMin: 0.5 })).toHaveLength(1);
  });
});

test("each cause has a title, a runbook step and a command, and stands once in the list", () => {
  expect(new Set(RULES.map(({ cause }) => cause)).size).toBe(RULES.length);
  for (const { title, runbook } of RULES) {
    expect(title).toMatch(/^[A-Z].*[^.]$/);
    expect(runbook.text).toMatch(/\.$/);
    expect(runbook.command).toStartWith("wowsim ");
  }
  expect(CONFIDENCE_MIN).toBe(0.5);
});
