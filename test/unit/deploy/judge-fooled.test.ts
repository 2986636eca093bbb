// Ways to fool a canary's judge, each of them tried: what is missing, silent, doubled, idle or not what it was before is
// never taken for good.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { judge } from "../../../tools/deploy/judge.ts";
import { SampleWindow } from "../../../tools/deploy/samples.ts";
import { DEFAULT_THRESHOLDS } from "../../../tools/deploy/verdict.ts";
import type { JudgeInput } from "../../../tools/deploy/verdict.ts";
import {
  candidate,
  CANARY,
  garble,
  inputOf,
  line,
  linesOf,
  NEW,
  steady,
  taken,
  verdictOf,
  window,
} from "../../helpers/deploy-telemetry.ts";
import type { Shape, Told } from "../../helpers/deploy-telemetry.ts";

const idle: Shape = { started: 0, completed: 0, refused: 0 };

/** With the lines of both windows as a garbler leaves them. */
function garbled(after: Record<number, Shape>, leave: (lines: Told[]) => Told[], seed = 2): JudgeInput {
  return inputOf(window(1, 160, steady), taken(leave(linesOf(seed, 400, after)), 400));
}

const promotes = (input: JudgeInput): boolean => judge(input, DEFAULT_THRESHOLDS).promote;
const why = (input: JudgeInput): string => {
  const { promote, conclusion, reason } = judge(input, DEFAULT_THRESHOLDS);
  expect({ promote, conclusion }).toEqual({ promote: false, conclusion: "inconclusive" });
  return reason;
};

/** The same lines, with fields of a zone's ticks changed. */
const changed =
  (zoneId: number, change: (tick: number) => Record<string, unknown>) =>
  (lines: Told[]): Told[] =>
    lines.map((told) =>
      told.line.data["zone_id"] === zoneId
        ? { ...told, line: { ...told.line, data: { ...told.line.data, ...change(Number(told.line.data["tick"])) } } }
        : told,
    );

test("a value that is null is missing, not 0: it never makes a canary better", () => {
  for (const field of ["kernel_ms", "fuel_used", "players", "refused", "casts_started", "overrun", "kernel"]) {
    const input = garbled(
      candidate({}),
      changed(CANARY, (tick) => (tick % 2 === 0 ? { [field]: null } : {})),
    );
    expect(why(input)).toContain(`200 ticks after lack ${field}`);
    // In a control zone as well: what it lacks can not be compared with.
    const control = garbled(
      candidate({}),
      changed(1, (tick) => (tick === 1_100 ? { [field]: Number.NaN } : {})),
    );
    expect(why(control)).toContain(`zone 1: 1 ticks after lack ${field}`);
  }
  const slow = garbled(
    candidate({ kernelMs: 0.8 }),
    changed(CANARY, (tick) => (tick % 2 === 0 ? { kernel_ms: null } : {})),
  );
  expect(judge(slow, DEFAULT_THRESHOLDS)).toMatchObject({
    conclusion: "failed",
    reason: expect.stringContaining("kernel time, median"),
  });
});

test("a line that came twice counts once", () => {
  const twice = garbled(candidate({}), (lines) =>
    lines.filter((_told, at) => at % 2 === 0).flatMap((told) => [told, told]),
  );
  expect(why(twice)).toContain("feed: 160 of 160 ticks before and 200 of 399 after");
  expect(promotes(garbled(candidate({}), (lines) => lines.flatMap((told) => [told, told])))).toBe(true);
});

test("a zone that falls silent after a quarter of the time has not told all of it", () => {
  const silent = garbled(candidate({}), (lines) =>
    lines.filter(({ line: { data } }) => data["zone_id"] !== CANARY || Number(data["tick"]) < 1_150),
  );
  expect(why(silent)).toContain(
    "feed: 160 of 160 ticks before and 150 of 400 after the swap arrived (38 %), at least 90 %",
  );
  const late = garbled(candidate({}), (lines) =>
    lines.filter(({ line: { data } }) => data["zone_id"] !== CANARY || Number(data["tick"]) >= 1_150),
  );
  expect(why(late)).toContain("250 of 400 after");
  const standing = garbled(candidate({}), (lines) =>
    lines.map((told) => (told.atMs < 5_000 ? told : { ...told, atMs: told.atMs + 10_000 })),
  );
  expect(why(standing)).toContain("400 of 600 after");
});

test("a silence has as many ticks as the server means to do in it", () => {
  const samples = new SampleWindow(0);
  const rate = { ...line("metric", "Tick completed", { tick: 1, tick_rate_hz: 2 }), component: "game_loop" };
  samples.take(rate, 0);
  for (let tick = 1; tick <= 10; tick++)
    samples.take(line("metric", "Zone tick completed", { zone_id: 1, tick }), tick * 500);
  expect(samples.arrival(1)).toEqual({ arrived: 10, expected: 10 });
  samples.observedUntil(11_000);
  expect(samples.arrival(1)).toEqual({ arrived: 10, expected: 22 });
});

test("a silent zone is nothing to compare with, also one that never said a word", () => {
  const silent = garbled(candidate({}), (lines) =>
    lines.filter(({ line: { data } }) => data["zone_id"] !== 3 || Number(data["tick"]) < 1_200),
  );
  expect(why(silent)).toContain("zone 3: 200 of 400 ticks arrived");
  const input = garbled(candidate({}), (lines) => lines);
  expect(why({ ...input, zones: [1, 2, 3, 4] })).toContain("zone 4: 0 ticks before, 0 after the swap");
});

test("lines out of their order are put in order", () => {
  const backwards = garbled(candidate({}), (lines) =>
    lines.map((told, at) => lines[at - (at % 7) + Math.min(6 - (at % 7), lines.length - 1 - (at - (at % 7)))] ?? told),
  );
  expect(promotes(backwards)).toBe(true);
});

test("a control zone without casts, with a single one, or in which all stopped casting excuses nothing", () => {
  const gone = candidate({ started: 0, completed: 0 });
  const broken = candidate({ completed: 0 });
  for (const control of [idle, { ...idle, once: 1 }, { ...idle, once: 29 }]) {
    for (const after of [gone, broken]) {
      const before = window(1, 160, { 1: control, 2: {}, 3: control });
      const verdict = verdictOf(before, window(2, 240, { ...after, 1: idle, 3: idle }));
      expect(verdict).toMatchObject({ conclusion: "failed", reason: expect.stringContaining("own past only") });
    }
  }
  const stopped = verdictOf(window(1, 160, steady), window(2, 240, { ...gone, 1: idle, 3: idle }));
  expect(stopped).toMatchObject({ conclusion: "failed", reason: expect.stringContaining("casts started") });
  // And it makes no figure of an honest module's unmeasurable.
  const honest = verdictOf(
    window(1, 160, { 1: idle, 2: {}, 3: idle }),
    window(2, 240, { ...candidate({}), 1: idle, 3: idle }),
  );
  expect(honest.promote).toBe(true);
  const slow = verdictOf(
    window(1, 160, { 1: idle, 2: {}, 3: idle }),
    window(2, 240, { ...candidate({ kernelMs: 1 }), 1: idle, 3: idle }),
  );
  expect(slow).toMatchObject({ conclusion: "failed", reason: expect.stringContaining("kernel time, median") });
});

test("a zone whose players triple or leave is no control; with none left the verdict is inconclusive", () => {
  const slow = { ...candidate({ kernelMs: 1.2 }), 1: { kernelMs: 1.2, players: 150 } };
  expect(verdictOf(window(1, 160, steady), window(2, 240, slow))).toMatchObject({
    conclusion: "failed",
    controlZones: [3],
  });
  for (const players of [150, 10, 0]) {
    const moved = { players, kernelMs: 1.2 };
    const after = { ...candidate({}), 1: moved, 3: moved };
    const input = inputOf(window(1, 160, steady), window(2, 240, after));
    expect(why(input)).toContain(`no zone is fit to be compared with (zone 1: players 50.0 → ${players}.0; zone 3:`);
  }
  const swapped = inputOf(window(1, 160, { 1: {}, 2: {} }), window(2, 240, { 1: { kernel: NEW }, 2: { kernel: NEW } }));
  expect(why(swapped)).toContain("zone 1: its module changed");
});

test("a zone's own count of recoveries convicts, though no line told of one", () => {
  const input = garbled(
    candidate({}),
    changed(CANARY, (tick) => ({ recoveries: tick > 1_200 ? 1 : 0 })),
  );
  expect(judge(input, DEFAULT_THRESHOLDS)).toMatchObject({
    conclusion: "failed",
    reason: expect.stringContaining("traps and recoveries: 1 in 400 ticks"),
  });
});

test("a check that is over its limit and holds says what decided; failing ones come first", () => {
  const small = verdictOf(
    window(1, 160, { 1: { kernelMs: 0.02 }, 2: { kernelMs: 0.02 } }),
    window(2, 240, { 1: { kernelMs: 0.02 }, 2: { kernelMs: 0.04, kernel: NEW, fuel: 500_000 } }),
  );
  const median = small.checks.find(({ id }) => id === "kernel_ms_median");
  expect(median).toMatchObject({
    ok: true,
    text: expect.stringMatching(/over the limit, but a rise of 0\.0\d is under the floor of 0\.1 ms$/),
  });
  const few = verdictOf(
    window(1, 160, { 1: { players: 2 }, 2: { players: 2 } }),
    window(2, 240, { 1: { players: 2 }, 2: { players: 4, kernel: NEW } }),
  );
  expect(few.checks.find(({ id }) => id === "players")?.text).toContain(
    "2.0 → 4.0, the means of 160 and 240 ticks, comparable up to ×1.5; over the limit, but by fewer than the 3 that matter",
  );
  const failed = verdictOf(window(1, 160, steady), window(2, 240, candidate({ kernelMs: 0.8, completed: 0 })));
  const oks = failed.checks.map(({ ok }) => ok);
  expect(oks).toEqual(oks.toSorted((a, b) => Number(a) - Number(b)));
  expect(failed.checks[0]?.text).toBe(failed.reason);
});

test("more casts completed than started are all of them, in a window that began in the middle", () => {
  const verdict = verdictOf(
    window(1, 160, { 1: {}, 2: { completed: 3 }, 3: {} }),
    window(2, 240, candidate({ completed: 0 })),
  );
  expect(verdict.reason).toContain("casts completed of started: 480/320 → 0/480 (0 %), 0 % kept");
});

test("however telemetry is garbled, no refusal becomes a promotion, and nothing incomplete is promoted", () => {
  const good: Shape = {};
  const bad: Shape[] = [
    { kernelMs: 0.8 },
    { spikes: 0.25 },
    { completed: 0 },
    { started: 0, completed: 0 },
    { refused: 12 },
    { overrun: true },
    { trapsAt: 1_050 },
  ];
  // Half of them are good: few of these come through ungarbled, and some have to.
  const shape = fc.oneof(fc.constant(good), fc.constantFrom(...bad));
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
  let promoted = 0;
  let withheld = 0;
  fc.assert(
    fc.property(shape, garbling, (drawn, how) => {
      const is = garble(linesOf(how.seed, 400, candidate(drawn)), how);
      const input = inputOf(window(1, 160, steady), taken(is.lines, 400));
      const { promote } = judge(input, DEFAULT_THRESHOLDS);
      if (drawn !== good) return expect(promote).toBe(false);
      if (promote) promoted++;
      else withheld++;
      if (promote) expect(is.isComplete).toBe(true);
    }),
    { numRuns: 400 },
  );
  expect(promoted).toBeGreaterThan(3);
  expect(withheld).toBeGreaterThan(3);
});
