import { expect, test } from "bun:test";
import { judge, judgeEarly } from "../../../tools/deploy/judge.ts";
import { DEFAULT_THRESHOLDS } from "../../../tools/deploy/verdict.ts";
import { SampleWindow } from "../../../tools/deploy/samples.ts";
import { candidate, CANARY, inputOf, line, NEW, steady, verdictOf, window } from "../../helpers/deploy-telemetry.ts";

/** Why the canary was not promoted; fails when it was. */
function reasonOf(before: SampleWindow, after: SampleWindow): string {
  const verdict = verdictOf(before, after);
  expect(verdict.promote).toBe(false);
  return verdict.reason;
}

test("a module that behaves as before is promoted", () => {
  const verdict = verdictOf(window(1, 160, steady), window(2, 240, candidate({})));
  expect(verdict).toMatchObject({ promote: true, controlZones: [1, 3] });
  expect(verdict.checks.every((check) => check.ok)).toBe(true);
});

test("noise alone does not convict: of 300 honest modules, all are promoted", () => {
  const convicted: string[] = [];
  for (let seed = 0; seed < 300; seed++) {
    const verdict = verdictOf(window(seed, 120, steady), window(seed + 7919, 400, candidate({})));
    if (!verdict.promote) convicted.push(verdict.reason);
  }
  expect(convicted).toEqual([]);
});

test("looking at a running canary twice a second does not convict an honest one", () => {
  const baseline = window(3, 120, steady);
  for (let seed = 0; seed < 10; seed++) {
    for (let ticks = 60; ticks <= 400; ticks += 10) {
      const during = window(seed + 100, ticks, candidate({}));
      expect(judgeEarly(inputOf(baseline, during), DEFAULT_THRESHOLDS)).toBeNull();
    }
  }
});

test("a slower kernel is rolled back, with ratio, p and sample counts in the verdict", () => {
  const verdict = verdictOf(window(1, 160, steady), window(2, 240, candidate({ kernelMs: 0.8 })));
  expect(verdict.promote).toBe(false);
  expect(verdict.reason).toContain("kernel time, median");
  const check = verdict.checks.find(({ id }) => id === "kernel_ms_median");
  expect(check?.numbers["net_ratio"]).toBeGreaterThan(1.8);
  expect(check?.numbers["p"]).toBeLessThan(1e-4);
  expect(check?.numbers).toMatchObject({ ticks_before: 160, ticks_after: 240, control_zones: 2 });
});

test("a kernel that is slow only now and then is rolled back for its tail", () => {
  const more = verdictOf(window(1, 200, steady), window(2, 400, candidate({ spikes: 0.2 })));
  expect(more.reason).toContain("kernel time, worst of half a second");
  const clean = window(1, 200, { 1: { spikes: 0 }, 2: { spikes: 0 }, 3: { spikes: 0 } });
  const spiky = window(2, 400, { 1: { spikes: 0 }, 2: { kernel: NEW, spikes: 0.15 }, 3: { spikes: 0 } });
  expect(verdictOf(clean, spiky).reason).toContain("kernel time, p99");
});

test("a machine that got slow for every zone is not the module's fault", () => {
  const slow = { kernelMs: 1.2 };
  const verdict = verdictOf(window(1, 160, steady), window(2, 240, { 1: slow, 2: { ...slow, kernel: NEW }, 3: slow }));
  expect(verdict.promote).toBe(true);
});

test("a module that stays slow while the others got quicker is caught", () => {
  const busy = { kernelMs: 1.2 };
  const baseline = window(1, 160, { 1: busy, 2: busy, 3: busy });
  const during = window(2, 240, { 1: {}, 2: { ...busy, kernel: NEW }, 3: {} });
  expect(verdictOf(baseline, during).reason).toContain("kernel time, median");
});

test("with one zone the canary is compared with its own past only, and the verdict says so", () => {
  const verdict = verdictOf(window(1, 160, { 2: {} }), window(2, 240, { 2: { kernel: NEW } }));
  expect(verdict).toMatchObject({ promote: true, controlZones: [] });
  expect(verdict.checks.find(({ id }) => id === "kernel_ms_median")?.text).toContain("own past only");
});

test("casts that no longer complete convict, however quick the ticks are", () => {
  const verdict = verdictOf(window(1, 160, steady), window(2, 240, candidate({ kernelMs: 0.3, completed: 0 })));
  expect(verdict.promote).toBe(false);
  expect(verdict.reason).toContain("casts completed of started");
});

test("what a crowd does to its own casts is no charge: half as many begun, half of those finished, more refused", () => {
  const swung = candidate({ started: 1, completed: 0.5, refused: 4 });
  expect(verdictOf(window(1, 160, steady), window(2, 240, swung)).promote).toBe(true);
});

test("casts that no longer begin, and a wave of refusals, convict", () => {
  const baseline = window(1, 160, steady);
  expect(verdictOf(baseline, window(2, 240, candidate({ started: 0, completed: 0 }))).reason).toContain(
    "casts started",
  );
  expect(verdictOf(baseline, window(2, 240, candidate({ refused: 12 }))).reason).toContain("commands refused");
});

test("a single trap convicts at once, and is named", () => {
  const during = window(2, 240, candidate({}));
  during.take(line("error", "Zone tick exception", { zone_id: CANARY, tick: 1100, error: "unreachable" }), 0);
  const input = inputOf(window(1, 160, steady), during);
  expect(judge(input, DEFAULT_THRESHOLDS)).toMatchObject({ promote: false });
  expect(judgeEarly(input, DEFAULT_THRESHOLDS)?.reason).toContain("tick 1100: exception: unreachable");
});

test("a trap in another zone is no charge; that zone is not compared with", () => {
  const during = window(2, 240, candidate({}));
  during.take(line("error", "Zone tick exception", { zone_id: 1, tick: 1100, error: "unreachable" }), 0);
  expect(verdictOf(window(1, 160, steady), during)).toMatchObject({ promote: true, controlZones: [3] });
});

test("a gross regression is convicted before the watch is over", () => {
  const input = inputOf(window(1, 120, steady), window(2, 60, candidate({ kernelMs: 4 })));
  expect(judgeEarly(input, DEFAULT_THRESHOLDS)).toMatchObject({
    promote: false,
    reason: expect.stringContaining("kernel time, median"),
  });
});

test("what was seen convicts also when the feed lost a part: the reason is the module, not the feed", () => {
  const lossy = window(1, 400, { 1: {}, 2: { lost: 0.3 }, 3: {} });
  const verdict = verdictOf(lossy, window(2, 240, candidate({ kernelMs: 1.6 })));
  expect(verdict).toMatchObject({ promote: false, reason: expect.stringContaining("kernel time, median") });
  expect(verdict.checks.find(({ id }) => id === "coverage")?.ok).toBe(false);
});

test("a streak of overruns convicts", () => {
  const verdict = verdictOf(window(1, 160, steady), window(2, 240, candidate({ overrun: true })));
  expect(verdict.reason).toContain("overruns in a row: 240");
});

test("what can not be judged is not promoted: few ticks, a lossy feed, no feed, another kernel, nobody casting, a crowd", () => {
  const baseline = window(1, 160, steady);
  expect(reasonOf(baseline, window(2, 99, candidate({})))).toContain("samples: 160 ticks before, 99 after");
  expect(reasonOf(window(1, 50, steady), window(2, 240, candidate({})))).toContain("samples: 50");
  expect(reasonOf(baseline, window(2, 400, candidate({ lost: 0.3 })))).toContain("feed:");
  expect(reasonOf(baseline, new SampleWindow(0))).toContain("samples: 160 ticks before, 0 after");
  expect(reasonOf(baseline, window(2, 240, steady))).toContain(
    "0 of 240 ticks after the swap were run by the candidate",
  );
  const idle = { 1: {}, 2: { started: 0, completed: 0 }, 3: {} };
  expect(reasonOf(window(1, 160, idle), window(2, 240, candidate({ started: 0, completed: 0 })))).toContain(
    "casts to judge by",
  );
  expect(reasonOf(baseline, window(2, 240, candidate({ players: 200, started: 8, completed: 8 })))).toContain(
    "players in the zone",
  );
});

test("an empty zone can be judged when that is asked for", () => {
  const idle = { 1: {}, 2: { started: 0, completed: 0, players: 0 }, 3: {} };
  const during = window(2, 240, candidate({ started: 0, completed: 0, players: 0 }));
  expect(verdictOf(window(1, 160, idle), during, { ...DEFAULT_THRESHOLDS, castsMin: 0 }).promote).toBe(true);
});
