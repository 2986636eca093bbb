// Ways to fool a canary's judge, each of them tried: what is missing, silent, doubled, idle or hidden in a mean is never taken for good,
// and what other zones do is no evidence for or against anybody.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { judge, judgeEarly } from "../../../tools/deploy/judge.ts";
import type { JudgeInput, Verdict } from "../../../tools/deploy/verdict.ts";
import {
  CANARY,
  candidate,
  garble,
  inputOf,
  LIMITS,
  linesOf,
  NULLED,
  shadowOf,
  TICKS,
} from "../../helpers/deploy-telemetry.ts";
import type { Shadow, Shape, Told } from "../../helpers/deploy-telemetry.ts";

const inputOfShape = (shape: Shape, shadow: Shadow = {}, leave = (lines: Told[]): Told[] => lines): JudgeInput =>
  inputOf(leave(linesOf(2, TICKS, candidate(shape))), TICKS, shadowOf(shadow));

function refused(input: JudgeInput, conclusion: Verdict["conclusion"]): string {
  const verdict = judge(input, LIMITS);
  expect(verdict).toMatchObject({ promote: false, conclusion });
  expect(verdict.checks[0]?.ok).toBe(false);
  return verdict.reason;
}

/** The same lines, with fields of the canary zone's ticks changed. */
const changed =
  (change: (tick: number) => Record<string, unknown>) =>
  (lines: Told[]): Told[] =>
    lines.map((told) =>
      told.line.data["zone_id"] === CANARY && told.line.message === "Zone tick completed"
        ? { ...told, line: { ...told.line, data: { ...told.line.data, ...change(Number(told.line.data["tick"])) } } }
        : told,
    );

test("7 of 10 canary samples 100 × the baseline", () => {
  const slow = changed((tick) => (tick % 10 < 7 ? { kernel_ms: 40 } : {}));
  // However equal the shadow finds both: an absolute objective.
  expect(refused(inputOfShape({}, {}, slow), "failed")).toContain("more than 25 ms in the kernel: 280 of 400 (70.0 %)");
  // And in ticks so short that no objective sees it.
  expect(refused(inputOfShape({}, { slower: 70 }), "failed")).toMatch(
    /^time: 100 → .* blocks of 20 ticks .* evidence /,
  );
});

test("variance up, mean equal", () => {
  // One tick in ten is slow, and the others are as much quicker: medians are lower, and the mean is the same.
  const shadow = shadowOf();
  const blocks = shadow.blocks.map((block) => ({
    ...block,
    log_ratio: -0.1,
    candidate_us: 90,
    candidate_max_us: 2_000,
  }));
  const input = { ...inputOfShape({}), shadow: { ...shadow, blocks } };
  expect(refused(input, "failed")).toMatch(/^slowest ticks: in \d+ of 20 blocks one module's was ×1.5 and 1 ms slower/);
});

test("counts 0,1,2,1,0,0 against none", () => {
  const lost = inputOfShape({ lostBySecond: [0, 1, 2, 1, 0, 0] });
  expect(refused(lost, "failed")).toMatch(
    /^sessions lost: 4 with 50.0 players in 0.3 min, at most 0.05 a player and minute/,
  );
  // In another zone it says nothing of this one.
  const elsewhere = linesOf(2, TICKS, { ...candidate({}), 1: { lostBySecond: [0, 1, 2, 1, 0, 0] } });
  expect(judge(inputOf(elsewhere), LIMITS).promote).toBe(true);
});

test("players triple or leave in another zone", () => {
  for (const bad of [false, true]) {
    const shadow = shadowOf(bad ? { slower: 1.3 } : {});
    const plain = judge(inputOf(linesOf(2, TICKS, candidate({})), TICKS, shadow), LIMITS);
    expect(plain.promote).toBe(!bad);
    for (const players of [150, 10, 0]) {
      const other = { players, kernelMs: players / 50 };
      const lines = linesOf(2, TICKS, { ...candidate({}), 1: other, 3: other });
      const verdict = judge(inputOf(lines, TICKS, shadow), LIMITS);
      expect([verdict.conclusion, verdict.reason]).toEqual([plain.conclusion, plain.reason]);
    }
  }
});

test("a control that never cast", () => {
  const idle = { started: 0, players: 0 };
  const lines = linesOf(2, TICKS, { ...candidate({}), 1: idle, 3: idle });
  expect(judge(inputOf(lines), LIMITS).promote).toBe(true);
  expect(judge(inputOf(lines, TICKS, shadowOf({ verdict: "fail" })), LIMITS).conclusion).toBe("failed");
  expect(refused(inputOfShape({ started: 0 }), "inconclusive")).toContain("casts to judge by: 0 started in 400 ticks");
});

test("half the lines lost and the rest doubled", () => {
  const half = inputOfShape({}, {}, (lines) =>
    lines.filter(({ line }) => Number(line.data["tick"]) % 2 === 0).flatMap((told) => [told, told]),
  );
  const reason = refused(half, "inconclusive");
  expect(reason).toContain("samples: 200 ticks after the swap, at least 360");
  expect(reason).toContain("feed: 200 of 399 ticks arrived");
  const all = inputOfShape({}, {}, (lines) => lines.flatMap((told) => [told, told]));
  expect(judge(all, LIMITS).promote).toBe(true);
});

/** The canary zone says nothing after a quarter of the time. */
const isTold = (lines: Told[]): Told[] =>
  lines.filter(({ line: { data } }) => data["zone_id"] !== CANARY || Number(data["tick"]) < 1_100);

test("a zone silent for 15 of 20 s", () => {
  const silent = inputOfShape({}, {}, isTold);
  expect(refused(silent, "failed")).toMatch(/^silence: 15000 ms without a tick of the zone while others were told/);
  expect(judgeEarly(silent, LIMITS)?.conclusion).toBe("failed");
  // One that was never heard in the watch is no better.
  const never = inputOfShape({}, {}, (lines) => lines.filter(({ line: { data } }) => data["zone_id"] !== CANARY));
  expect(refused(never, "failed")).toMatch(/^silence: 19950 ms without a tick of the zone while others were told/);
  // The only zone of a server: nobody else speaks, so the feed may be what is silent.
  const alone = inputOf(isTold(linesOf(2, TICKS, { [CANARY]: candidate({})[CANARY] ?? {} })));
  expect(refused(alone, "inconclusive")).toContain("feed: 100 of 400 ticks arrived");
});

describe("measurements null", () => {
  test("in the feed", () => {
    for (const field of NULLED) {
      const some = changed((tick) => (tick % 2 === 0 ? { [field]: null } : {}));
      expect(refused(inputOfShape({}, {}, some), "inconclusive")).toContain(`values: 200 ticks lack ${field}`);
      const one = changed((tick) => (tick === 1_100 ? { [field]: Number.NaN } : {}));
      expect(refused(inputOfShape({}, {}, one), "inconclusive")).toContain(`1 ticks lack ${field}`);
    }
  });

  test("in the shadow's report, and no report at all", () => {
    expect(refused(inputOfShape({}, { fuel: null }), "inconclusive")).toContain("fuel: not measured");
    const none = { report: null, problem: "its report can not be read", blocks: [], blocksMissed: 0 };
    const reason = refused({ ...inputOfShape({}), shadow: none }, "inconclusive");
    expect(reason).toContain(
      "shadow: 0 of 400 ticks compared with the module before, at least 360 (its report can not be read)",
    );
    const untimed = { ...shadowOf(), blocks: [] };
    expect(refused({ ...inputOfShape({}), shadow: untimed }, "inconclusive")).toContain("time: known of 0 blocks");
    expect(refused(inputOfShape({}, { compared: 350 }), "inconclusive")).toContain("shadow: 350 of 400 ticks");
  });
});

test("no traffic at all", () => {
  const idle = inputOfShape({ players: 0, started: 0 });
  const reason = refused(idle, "inconclusive");
  expect(reason).toContain("players: in 0 of 400 ticks, at least 320");
  expect(reason).toContain("casts to judge by: 0 started");
  expect(refused(inputOf([]), "inconclusive")).toContain("samples: 0 ticks");
  // Unless an operator says that this is all there is.
  expect(judge(idle, { ...LIMITS, isIdleAllowed: true }).promote).toBe(true);
});

test("a hitch of 30 ms in one tick of fifty", () => {
  const hitch = inputOfShape({ spikeEvery: 50, spikeMs: 30 }, { hitchEvery: 2 });
  expect(refused(hitch, "failed")).toMatch(
    /^slowest ticks: in 1\d of 20 blocks .*, in 1\d the candidate's, and the zone had slow ticks; evidence/,
  );
  // The same slow ticks are the machine's when the shadow runs these ticks as fast as the module before.
  expect(judge(inputOfShape({ spikeEvery: 50, spikeMs: 30 }), LIMITS).promote).toBe(true);
  // A hitch of 10 ms breaks no objective, but the module before did not have it.
  const long = { ...LIMITS, ticks: 600 };
  const small = shadowOf({ ticks: 600, hitchEvery: 2 });
  const lines = linesOf(2, 600, candidate({ spikeEvery: 50, spikeMs: 10 }));
  const verdict = judge(inputOf(lines, 600, small), long);
  expect([verdict.conclusion, verdict.checks[0]?.id]).toEqual(["failed", "slowest_ticks"]);
});

describe("besides", () => {
  test("a shadow that claims more than it looked at proves nothing", () => {
    expect(refused(inputOfShape({}, { ticks: 100, compared: 400 }), "inconclusive")).toContain("which can not be");
  });

  test("a zone's own count of recoveries convicts, though no line told of one", () => {
    const counted = changed((tick) => ({ recoveries: tick > 1_200 ? 1 : 0 }));
    expect(refused(inputOfShape({}, {}, counted), "failed")).toContain("traps and recoveries: 1 in 400 ticks");
    // A zone that began anew counts from 0 again.
    const anew = changed((tick) => ({ recoveries: tick > 1_200 ? 0 : 4 }));
    expect(refused(inputOfShape({}, {}, anew), "failed")).toContain("traps and recoveries: 1 in 400 ticks");
  });

  test("lines out of their order are put in order; a session that was lost twice in one line counts once", () => {
    const backwards = inputOfShape({}, {}, (lines) =>
      lines.map((told, at) => {
        const from = at - (at % 7);
        const other = lines[from + Math.min(6 - (at % 7), lines.length - 1 - from)] ?? told;
        return { line: other.line, atMs: told.atMs };
      }),
    );
    expect(judge(backwards, LIMITS).promote).toBe(true);
    const lost = inputOfShape({ lostBySecond: [2] }, {}, (lines) => lines.flatMap((told) => [told, told]));
    expect(lost.during.sessionsLost).toBe(2);
  });

  test("a silence of the feed is not a silence of the zone, and a tool that stood still finds none", () => {
    const gap = inputOfShape({}, {}, (lines) => lines.filter(({ atMs }) => atMs < 5_000 || atMs > 9_000));
    expect(refused(gap, "inconclusive")).toContain("feed: 319 of 400 ticks arrived");
    const late = inputOfShape({}, {}, (lines) => lines.map((told) => ({ ...told, atMs: Math.max(told.atMs, 6_000) })));
    expect(late.during.silenceMsOf(CANARY)).toBeLessThan(100);
  });
});

test("however samples and reports are garbled, no refusal becomes a promotion, and nothing incomplete is promoted", () => {
  const bad: [Shape, Shadow][] = [
    [{ spikeEvery: 10 }, {}],
    [{ overrun: true }, {}],
    [{ trapsAt: 1_050 }, {}],
    [{ lostBySecond: [0, 9, 9, 9] }, {}],
    [{ started: 0 }, {}],
    [{ players: 0 }, {}],
    [{ kernel: "cccccccccccccccc" }, {}],
    [{}, { verdict: "fail" }],
    [{}, { verdict: "inconclusive" }],
    [{}, { mismatched: 1 }],
    [{}, { fuel: 1.2 }],
    [{}, { fuel: null }],
    [{}, { slower: 1.5 }],
    [{}, { compared: 200 }],
  ];
  const good: [Shape, Shadow] = [{}, {}];
  // Half of them are good: few of these come through ungarbled, and some have to.
  const drawn = fc.oneof(fc.constant(good), fc.constantFrom(...bad));
  const garbling = fc.record({
    dropped: fc.constantFrom(0, 0.02, 0.08, 0.3),
    doubled: fc.constantFrom(0, 0.5),
    nulled: fc.constantFrom(0, 0, 0.002, 0.2),
    silence: fc.option(
      fc.record({ zoneId: fc.constantFrom(1, 2, 3), from: fc.nat(399), ticks: fc.integer({ min: 1, max: 400 }) }),
    ),
    reorders: fc.boolean(),
    seed: fc.nat(1_000_000),
  });
  const blocksKept = fc.constantFrom(1, 1, 0.95, 0.5, 0);
  let [promoted, withheld] = [0, 0];
  fc.assert(
    fc.property(drawn, garbling, blocksKept, (pair, how, kept) => {
      const [shape, shadow] = pair;
      const is = garble(linesOf(how.seed, TICKS, candidate(shape)), how);
      const whole = shadowOf({ ...shadow, seed: how.seed + 1 });
      const blocks = whole.blocks.slice(0, Math.ceil(kept * whole.blocks.length));
      const evidence = { ...whole, blocks, blocksMissed: whole.blocks.length - blocks.length };
      const { promote } = judge(inputOf(is.lines, TICKS, evidence), LIMITS);
      if (pair !== good) return expect(promote).toBe(false);
      if (promote) promoted++;
      else withheld++;
      if (promote) expect([is.isComplete, kept >= 0.5]).toEqual([true, true]);
    }),
    { numRuns: 400 },
  );
  expect(promoted).toBeGreaterThan(3);
  expect(withheld).toBeGreaterThan(3);
});
