// Each rule on made-up telemetry: the cause it names, a look-alike it does not, and where it begins.

import { describe, expect, test } from "bun:test";
import { diagnose, RULES } from "../../../tools/analysis/diagnosis.ts";
import type { Diagnosis } from "../../../tools/analysis/diagnosis.ts";
import { assessHealth } from "../../../tools/analysis/health.ts";
import { CONFIDENCE_MIN } from "../../../tools/analysis/rules/rule.ts";
import { Story } from "../../helpers/telemetry-story.ts";
import type { Plot } from "../../helpers/telemetry-story.ts";

type Numbers = Record<string, number>;

const causes = (story: Story): string[] => diagnose(story.timeline).map(({ cause }) => cause);

function first(story: Story): Diagnosis {
  const [best] = diagnose(story.timeline);
  if (best === undefined) throw new Error("There is no diagnosis.");
  return best;
}

const evidence = (story: Story): string => first(story).evidence.join("\n");

/** Ticks that take so much longer, outside the kernel. */
const heldUp = (ms: number): Plot => ({ tick: (data) => ({ duration_ms: data["duration_ms"]! + ms }) });

const flooded = (commands: number): Plot => ({
  tick: (data) => ({ events_processed: commands, fuel_used: data["fuel_used"]! + commands * 3 }),
});

const process = (change: (data: Numbers, second: number) => Numbers): Plot => ({ process: change });

/** Ticks that get slower by a step every so many ticks, and memory with them. */
const leak = (stepMs: number, everyTicks: number, mb = 0.5): Plot => ({
  tick: (data, n) => ({ duration_ms: data["duration_ms"]! + stepMs * Math.floor(n / everyTicks) }),
  process: (data, second) => ({ rss_mb: data["rss_mb"]! + (mb * second * 20) / everyTicks }),
});

/** The process holds so much more, outside the heap proper. */
const held = (mb: number): Plot =>
  process((data) => ({
    rss_mb: data["rss_mb"]! + mb,
    heap_mb: data["heap_mb"]! + mb,
    external_mb: data["external_mb"]! + mb,
  }));

/** Zone 1 is silent; zone 2 has so many players. */
const gone = (players: number): Plot => ({ zones: [2], tick: () => ({ players }) });

/** Another kernel, that burns so many times the fuel. */
const swapped = (fuelRatio: number, of = [1]): Plot => ({
  of,
  tick: (data) => ({ kernel: "fedcba9876543210", fuel_used: data["fuel_used"]! * fuelRatio }),
});

/** Some players lose their links at once, in the middle of the next second. */
function lose(story: Story, sessions: number, reason = "link_lost"): void {
  for (let id = 1; id <= sessions; id++) {
    story.say("event", "game_server", "Client disconnected", { session_id: id, zone_id: 1 + (id % 2), reason }, 500);
  }
}

function except(story: Story, zone: number, tick: number, error: string, op = 96): void {
  const named = { zone_id: zone, zone_name: `Zone ${zone}`, tick };
  story.say("error", "zone", "Zone tick exception", { ...named, error, op });
  story.say("event", "zone", "Command quarantined", { ...named, session_id: 0, op, seq: 0 });
  story.say("event", "zone", "Zone recovered", { ...named, recovery_ms: 2, replayed_ticks: 5, rung: "quarantine" });
}

function goDown(story: Story, zone: number): void {
  const data = { zone_id: zone, from_state: "CRASHED", to_state: "DOWN", reason: "24 recoveries in 200 ticks" };
  story.say("event", "zone", "Zone state changed", data);
}

/** One exception every so many ticks, from tick 200 on. */
function trapEvery(story: Story, every: number, count: number, each: () => void): void {
  for (let n = 0; n < count; n++) {
    except(story, 1, 200 + n * every, "kernel trap: unreachable");
    story.advance(50 * every, { tick: () => ({ recoveries: n + 1 }) });
    each();
  }
}

/** Nothing for so long; then what comes once a second says how late it is, and ticks that were missed are given up. */
const stopped = (story: Story, ms: number): Story => {
  story.atMs += ms;
  const missed = Math.round(ms / 50);
  return story.seconds(1, {
    tick: () => ({ missed_ticks: missed }),
    traffic: () => ({ interval_ms: 1_000 + ms }),
  });
};

/** As it is once ticks were given up. */
const given: Plot = { tick: () => ({ missed_ticks: 50 }) };

/** Every fourth tick comes late. */
const inFits = (ms: number): Pick<Plot, "jitter"> => ({ jitter: (n) => (n % 4 === 0 ? ms : 0) });

/** Who takes the processors, by the process's own word. */
const taken = (wait: number | null, busy = 2, ours = 0.06): Plot => ({
  process: () => ({ cpu_wait_share: wait, machine_busy: busy, machine_cores: 2, cpu_share: ours }),
});

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

describe("split-brain", () => {
  test("is what the census counts; the ids and zones are those of the error line", () => {
    const story = new Story().seconds(5);
    story.seconds(1, { census: () => ({ duplicates: 2 }) });
    expect(first(story)).toMatchObject({ cause: "split-brain", zones: [], confidence: 0.9 });
    const data = { entity_ids: [2_000_001, 2_000_002], zones: [2, 1], count: 2 };
    story.say("error", "audit", "Entity in more than one zone", data);
    expect(first(story)).toMatchObject({ zones: [1, 2], confidence: 0.98 });
    expect(evidence(story)).toContain("ids 2000001, 2000002 are in zones 1 and 2");
  });

  test("is over with the first clean census", () => {
    const story = new Story().seconds(5, { census: () => ({ duplicates: 2 }) });
    expect(causes(story.seconds(1))).toEqual([]);
  });
});

describe("lost links", () => {
  test("of more players than were counted before are no share of them", () => {
    const story = new Story().seconds(5);
    lose(story, 9);
    story.seconds(1, { traffic: () => ({ connected: 0, disconnected: 9 }) });
    expect(evidence(story)).toMatch(/^9 connected players \(8 by the count before\) lost their links/);
  });

  test("all at once are a thundering herd, surer when they come back", () => {
    const story = new Story().seconds(5);
    lose(story, 8);
    story.seconds(1, { traffic: () => ({ connected: 0, disconnected: 8 }) });
    expect(first(story)).toMatchObject({ cause: "thundering-herd", zones: [1, 2], confidence: 0.85 });
    story.seconds(1, { traffic: () => ({ connected: 8, accepted: 8, resumed: 8 }) });
    expect(first(story)).toMatchObject({ cause: "thundering-herd", confidence: 0.97 });
    expect(evidence(story)).toContain("8 of 8 connected players");
    expect(evidence(story)).toContain("8 connections accepted, 8 sessions resumed");
  });

  test("more than the sampled lines tell are counted by the traffic line", () => {
    const story = new Story().seconds(5, { traffic: () => ({ connected: 1_000 }) });
    lose(story, 200);
    story.seconds(1, { traffic: () => ({ connected: 0, disconnected: 1_000, accepted: 0 }) });
    expect(evidence(story)).toContain("1,000 of 1,000 connected players");
  });

  test("one alone is a session crash, with the ticks around it", () => {
    const story = new Story().seconds(5);
    lose(story, 1);
    story.seconds(2, { traffic: (_data, second) => ({ disconnected: second === 0 ? 1 : 0, resumed: second }) });
    expect(first(story)).toMatchObject({ cause: "session-crash", zones: [2], confidence: 0.9 });
    expect(evidence(story)).toContain("session 1 lost the link");
    expect(causes(story)).toEqual(["session-crash"]);
  });

  test("the only player there is may be one or all, and is said to be one, not surely", () => {
    const story = new Story().seconds(5, { traffic: () => ({ connected: 1 }) });
    lose(story, 1);
    story.seconds(1, { traffic: () => ({ connected: 0, disconnected: 1 }) });
    expect(first(story)).toMatchObject({ cause: "session-crash", confidence: 0.54 });
  });

  test("a quarter of the players is neither", () => {
    const story = new Story().seconds(5);
    lose(story, 3);
    story.seconds(1, { traffic: () => ({ connected: 5, disconnected: 3 }) });
    expect(causes(story)).toEqual([]);
  });

  test("one after the other are not one player's alone", () => {
    const story = new Story().seconds(5);
    for (let n = 0; n < 3; n++) {
      lose(story, 1);
      story.seconds(1, { traffic: () => ({ disconnected: 1 }) });
    }
    expect(causes(story)).toEqual([]);
  });

  test("are of the past after some seconds", () => {
    const story = new Story().seconds(5);
    lose(story, 1);
    story.seconds(1, { traffic: () => ({ disconnected: 1 }) });
    expect(causes(story)).toEqual(["session-crash"]);
    expect(causes(story.seconds(12))).toEqual([]);
  });

  test("that the server itself ended are no lost links", () => {
    for (const reason of ["limit:idle", "superseded", "shutdown", "client_closed", ""]) {
      const story = new Story().seconds(5);
      lose(story, 8, reason);
      story.seconds(1, { traffic: () => ({ connected: 0, disconnected: 8 }) });
      expect(causes(story)).toEqual([]);
    }
  });
});

describe("poison commands", () => {
  test.each([
    ["zone-trap", "kernel trap: Unreachable code should not be executed (evaluating 'exports.tick(tick)')", 96],
    ["zone-runaway", "fuel exhausted", 97],
  ])("%s: the exception's text tells it, the quarantine who did it", (cause, error, op) => {
    const story = new Story().seconds(5);
    for (const tick of [100, 120]) {
      except(story, 2, tick, error, op);
      story.seconds(1, { tick: () => ({ recoveries: 1 }) });
    }
    expect(first(story)).toMatchObject({ cause, zones: [2], confidence: 0.95 });
    expect(causes(story)).toEqual([cause]);
    expect(evidence(story)).toContain(`2 commands quarantined, op ${op}`);
    expect(causes(story.seconds(12))).toEqual([]);
  });

  test("an exception without a named command is less sure", () => {
    const story = new Story().seconds(5);
    const data = { zone_id: 1, tick: 100, error: "kernel trap: out of bounds" };
    story.say("error", "zone", "Zone tick exception", data);
    expect(first(story.seconds(1))).toMatchObject({ cause: "zone-trap", confidence: 0.6 });
  });

  test("a worker that died is no poison command", () => {
    const story = new Story().seconds(5);
    story.say("error", "zone", "Zone tick exception", { zone_id: 1, tick: 100, error: "zone worker died: exit 1" });
    expect(causes(story)).toEqual(["zone-standstill"]);
  });
});

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
