// The verdict on a canary: what convicts, what is not held against a module, and what each line says.

import { describe, expect, test } from "bun:test";
import { DEFAULT_POLICY } from "../../../server/protocol/deploy-policy.ts";
import { signBets } from "../../../tools/analysis/sign-bets.ts";
import { judge, judgeEarly, judgeOn } from "../../../tools/deploy/judge.ts";
import { blocksToConvict } from "../../../tools/deploy/judge-shadow.ts";
import { limitsOf } from "../../../tools/deploy/verdict.ts";
import type { Verdict } from "../../../tools/deploy/verdict.ts";
import {
  candidate,
  CANARY,
  inputOf,
  lcg,
  LIMITS,
  linesOf,
  NEW,
  shadowOf,
  steady,
  taken,
  TICKS,
} from "../../helpers/deploy-telemetry.ts";
import type { Shadow, Shape } from "../../helpers/deploy-telemetry.ts";

const lines = linesOf(2, TICKS, steady);
const verdictOf = (shadow: Shadow, limits = LIMITS): Verdict => judge(inputOf(lines, TICKS, shadowOf(shadow)), limits);
const zoneVerdict = (shape: Shape): Verdict => judge(inputOf(linesOf(2, TICKS, candidate(shape))), LIMITS);

/** After so many blocks of a module that is so much slower. */
function isConvicted(slower: number, count: number): boolean {
  const shadow = shadowOf({ slower });
  return judgeEarly(inputOf(lines, TICKS, { ...shadow, blocks: shadow.blocks.slice(0, count) }), LIMITS) !== null;
}

const judgedOn = (shape: Shape, isOver: boolean): Verdict =>
  judgeOn(inputOf(linesOf(2, TICKS, candidate(shape))), LIMITS, isOver);

/** Of the canary zone's ticks one in three. */
const isHeard = ({ zone_id: id, tick }: Record<string, unknown>): boolean => id !== CANARY || Number(tick) % 3 === 0;

test("a module that behaves as the one before is promoted, and each line says value, limit and number", () => {
  const { promote, reason, checks } = verdictOf({});
  expect([promote, reason]).toEqual([true, `all ${checks.length} checks hold`]);
  expect(checks.map(({ text }) => text)).toEqual([
    "samples: 400 ticks after the swap, at least 360",
    "feed: 400 of 400 ticks arrived (100 %), at least 90 %",
    "values: nothing is missing in 400 ticks, none may be",
    "module: 400 of 400 ticks were run by the candidate, all must be",
    "shadow: 400 of 400 ticks compared with the module before, at least 360",
    "players: in 400 of 400 ticks, at least 320 (50.0 on average; --allow-idle waives this)",
    "casts to judge by: 800 started in 400 ticks, at least 10 (--allow-idle waives this)",
    "traps and recoveries: 0 in 400 ticks, none allowed",
    "silence: 50 ms without a tick of the zone while others were told, less than 1000 ms",
    "sessions lost: 0 with 50.0 players in 0.3 min, at most 0.05 a player and minute",
    "refusals: 0 of 20000 commands (0.0 %), at most 10 %",
    "overruns in a row: 0 in 400 ticks, fewer than 5",
    "ticks over their interval: 0 of 400 (0.0 %), at most 5 %",
    "ticks with more than 25 ms in the kernel: 0 of 400 (0.0 %), at most 5 %",
    "ticks that did not give the recorded state again: 0, none allowed",
    "behaviour: pass: everything equal in 400 ticks",
    "fuel: ×1.000 of the module before in 400 ticks, at most ×1.03",
    expect.stringMatching(
      /^time: 100 → [\d.]+ µs a tick, over ×1.15 and 5 µs in 0 of 20 blocks of 20 ticks .*below 200$/,
    ),
    expect.stringMatching(/^slowest ticks: in \d of 20 blocks one module's was ×1.5 and 1 ms slower, in \d the/),
  ]);
});

describe("the shadow", () => {
  test("convicts by behaviour, by a tick that does not repeat, by fuel, and by time", () => {
    const reasons = [
      verdictOf({ verdict: "fail", reason: "fail: Fireball damage +12 % (n 41) not expected" }),
      verdictOf({ mismatched: 2 }),
      verdictOf({ fuel: 1.05 }),
      verdictOf({ slower: 1.3 }),
      verdictOf({ hitchEvery: 1 }),
    ].map(({ conclusion, checks }) => [conclusion, checks[0]?.id]);
    expect(reasons).toEqual([
      ["failed", "behaviour"],
      ["failed", "mismatched"],
      ["failed", "fuel"],
      ["failed", "time"],
      ["failed", "slowest_ticks"],
    ]);
  });

  test("fails for its own limit of fuel alone: the policy's decides", () => {
    const shadow: Shadow = { verdict: "fail", fuel: 1.08, checks: [{ name: "fuel", holds: false, shown: "×1.08" }] };
    expect(verdictOf(shadow).checks[0]?.id).toBe("fuel");
    const wide = { ...DEFAULT_POLICY, limits: { ...DEFAULT_POLICY.limits, fuelRatioMax: 1.1 } };
    expect(verdictOf(shadow, limitsOf(wide, TICKS, false)).promote).toBe(true);
    const hitch = { ...shadow, fuel: 1, checks: [{ name: "fuel of one tick", holds: false, shown: "×9 in tick 8" }] };
    expect(verdictOf(hitch).checks[0]).toMatchObject({ id: "fuel_of_one_tick", ok: false });
  });

  test("that saw too little play is inconclusive, unless nobody has to play; one that broke always is", () => {
    const idle: Shadow = { verdict: "inconclusive", checks: [{ name: "recording", holds: null, shown: "0 commands" }] };
    expect(verdictOf(idle).conclusion).toBe("inconclusive");
    expect(verdictOf(idle, { ...LIMITS, isIdleAllowed: true }).promote).toBe(true);
    const broken: Shadow = { verdict: "inconclusive", checks: [{ name: "journal", holds: null, shown: "lost" }] };
    expect(verdictOf(broken, { ...LIMITS, isIdleAllowed: true }).conclusion).toBe("inconclusive");
  });
});

describe("what may not happen in a zone", () => {
  test.each<[string, Shape]>([
    ["incidents", { trapsAt: 1_100 }],
    ["overrun_streak", { overrun: true }],
    ["slow_ticks", { spikeEvery: 15 }],
    ["sessions_lost", { lostBySecond: [5] }],
    ["refusals", { refused: 6 }],
  ])("%s", (id, shape) => {
    const verdict = zoneVerdict(shape);
    expect([verdict.conclusion, verdict.checks[0]?.id]).toEqual(["failed", id]);
  });

  test("a few lost sessions and a single slow tick are no reason, and the line says so", () => {
    const { promote, checks } = zoneVerdict({ lostBySecond: [2], spikeEvery: 200 });
    expect(promote).toBe(true);
    expect(checks.find(({ id }) => id === "sessions_lost")?.text).toEndWith("; over the limit, but fewer than 3");
  });

  test("a burst of refusals while few players act is no reason either", () => {
    const { checks } = zoneVerdict({ refused: 0.1, players: 0.5 });
    expect(checks.find(({ id }) => id === "refusals")?.text).toEndWith("; over the limit, but of fewer than 300");
  });

  test("one player who asks for what can not be, again and again, is no reason; several who do so are", () => {
    const spam: Shape = { refused: 20, players: 70, refusedBy: () => [[1_007, 20]] };
    const { promote, checks } = zoneVerdict(spam);
    expect([promote, checks.find(({ id }) => id === "refusals")?.text]).toEqual([
      true,
      "refusals: 0 of 20000 commands (0.0 %), at most 10 %, without 8000 of the player who was refused most often",
    ]);
    const each: Shape = { ...spam, refusedBy: (tick) => [[1_000 + (tick % 70), 20]] };
    const all = zoneVerdict(each);
    expect([all.conclusion, all.checks[0]?.text]).toEqual([
      "failed",
      "refusals: 7880 of 27880 commands (28.3 %), at most 10 %, without 120 of the player who was refused most often",
    ]);
    for (const odd of [7, null, [7], [[1]], [["x", 1]], {}])
      expect(zoneVerdict({ ...spam, refusedBy: () => odd as never }).checks[0]?.id).toBe("refusals");
  });

  test("is judged before missing data, and failing checks come first", () => {
    const { reason, checks } = zoneVerdict({ trapsAt: 1_100, started: 0, players: 0 });
    expect(reason).toMatch(/^traps and recoveries: 1 in 400 ticks, none allowed; first at tick 1100: exception/);
    expect(checks.map(({ ok }) => ok)).toEqual(checks.map(({ ok }) => ok).toSorted((a, b) => Number(a) - Number(b)));
  });
});

test("of several zones each that fails has its line; those that hold share one", () => {
  const both = { 1: { kernel: NEW }, 2: { kernel: NEW, trapsAt: 1_050 } };
  const report = shadowOf().report;
  if (report === null) throw new Error("no report");
  const zones = [1, 2].map((zone_id) => ({ ...report.shadow.zones[0]!, zone_id }));
  const shadow = { ...shadowOf({ ticks: 2 * TICKS }), report: { ...report, shadow: { ...report.shadow, zones } } };
  const input = { zoneIds: [1, 2], candidate: NEW, during: taken(linesOf(2, TICKS, both), TICKS), shadow };
  const { checks } = judge(input, LIMITS);
  expect(checks.filter(({ ok }) => !ok).map(({ text }) => text)).toEqual([
    "zone 2: traps and recoveries: 1 in 400 ticks, none allowed; first at tick 1050: exception: unreachable",
  ]);
  expect(checks.find(({ id }) => id === "values")?.text).toBe(
    "zone 1: values: nothing is missing in 400 ticks, none may be; all 2 zones hold",
  );
});

describe("looking again and again", () => {
  test("of 200 harmless modules, looked at after each block, at most four fail", () => {
    let failed = 0;
    for (let seed = 0; seed < 200; seed++) {
      const shadow = shadowOf({ ticks: 2_400, seed });
      const verdicts = [40, 80, 120].map((count) =>
        judgeEarly(inputOf(lines, TICKS, { ...shadow, blocks: shadow.blocks.slice(0, count) }), LIMITS),
      );
      if (verdicts.some((verdict) => verdict !== null)) failed++;
    }
    expect(failed).toBeLessThanOrEqual(4);
  });

  test("the error rate holds for the worst harmless module: as often over the limit as not", () => {
    const random = lcg(7);
    const coin = (): boolean => random() < 0.5;
    const convicted = Array.from({ length: 2_000 }, () => signBets(Array.from({ length: 100 }, coin)).greatest >= 100);
    expect(convicted.filter(Boolean).length).toBeLessThanOrEqual(2_000 * 0.01 * 1.5);
  });

  test("a module that is a third slower is convicted after ten blocks, and a slight rise never", () => {
    expect(blocksToConvict(LIMITS.errorRate)).toBe(10);
    expect([isConvicted(1.33, 9), isConvicted(1.33, 10), isConvicted(1.03, 20)]).toEqual([false, true, false]);
  });

  test("missing data is no reason to end early, and fuel only when it is far over its limit", () => {
    const early = (shadow: Shadow): Verdict | null => judgeEarly(inputOf(lines, TICKS, shadowOf(shadow)), LIMITS);
    expect(judgeEarly(inputOf(lines.slice(0, 100)), LIMITS)).toBeNull();
    expect([early({ fuel: 1.1 }), early({ ticks: 20, fuel: 2 })]).toEqual([null, null]);
    expect(early({ fuel: 1.5 })?.reason).toContain("fuel: ×1.500");
  });
});

describe("after the promotion", () => {
  test("what may not happen convicts at once, and a feed that told nothing at the end", () => {
    expect(judgedOn({}, true).promote).toBe(true);
    expect(judgedOn({ trapsAt: 1_010 }, false).conclusion).toBe("failed");
    const silent = inputOf(lines.filter(({ line: { data } }) => isHeard(data)));
    expect(judgeOn(silent, LIMITS, false).promote).toBe(true);
    expect(judgeOn(silent, LIMITS, true)).toMatchObject({ conclusion: "inconclusive" });
  });

  test("the shadow still convicts, and is not needed", () => {
    expect(judgeOn(inputOf(lines, TICKS, shadowOf({ verdict: "fail" })), LIMITS, false).conclusion).toBe("failed");
    const none = { report: null, problem: "it has ended", blocks: [], blocksMissed: 0 };
    expect(judgeOn(inputOf(lines, TICKS, none), LIMITS, true).promote).toBe(true);
  });
});
