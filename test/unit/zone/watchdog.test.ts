// When the watchdog calls a worker late, on a clock of the test's, and what the breadcrumb says across threads.

import { describe, expect, test } from "bun:test";
import { Breadcrumb, crumbInWords } from "../../../server/shared/breadcrumb.ts";
import { Watchdog } from "../../../server/main/zones/watchdog.ts";
import type { Look } from "../../../server/main/zones/watchdog.ts";

/** One worker under a watchdog of 1 s, from time 0 on. */
function watched(limitMs = 1_000) {
  const clock = { ms: 0 };
  const crumb = new Breadcrumb(Breadcrumb.allocate());
  const watchdog = new Watchdog({ limitMs, now: () => clock.ms });
  watchdog.watch(0, crumb);
  /** Lets so much time pass, with the looks that fall into it; the time of the first that found the worker late. */
  const pass = (ms: number): number | null => {
    for (const end = clock.ms + ms; clock.ms < end;) {
      clock.ms += watchdog.checkMs;
      if (watchdog.check().late.length > 0) return clock.ms;
    }
    return null;
  };
  /** This thread does nothing for so long. */
  const standStill = (ms: number): Look => {
    clock.ms += ms;
    return watchdog.check();
  };
  return { clock, crumb, watchdog, pass, standStill };
}

describe("a worker is late", () => {
  test("when it has been due for a second and came to nothing new; a look more at most", () => {
    const { crumb, pass } = watched();
    crumb.waits(50);
    crumb.beginsTick(1, 7, 100);
    const foundMs = pass(5_000);
    expect(foundMs).toBeGreaterThan(1_100);
    expect(foundMs).toBeLessThanOrEqual(1_300);
  });

  test("never while it goes on, however slowly it comes to the next thing", () => {
    const { crumb, pass } = watched();
    crumb.beginsTick(1, 1, 50);
    for (let tick = 2; tick < 40; tick++) {
      expect(pass(900)).toBeNull();
      crumb.runsKernel(tick);
    }
    expect(pass(5_000)).not.toBeNull();
  });

  test("not before it is due: ticks that are 10 s apart are no hang", () => {
    const { clock, crumb, pass } = watched();
    for (let tick = 1; tick < 5; tick++) {
      crumb.waits(clock.ms + 10_000);
      expect(pass(10_000)).toBeNull();
    }
    expect(pass(5_000)).not.toBeNull();
  });

  test("not in a pause that a fault makes on purpose; but when it never comes out of it", () => {
    const { clock, crumb, pass } = watched();
    crumb.beginsTick(1, 7, 100);
    crumb.pauses(5_050);
    expect(pass(5_900)).toBeNull();
    expect(pass(5_000)).not.toBeNull();
    expect(clock.ms).toBeLessThan(6_400);
  });

  test("not before it ticks for the first time", () => {
    expect(watched().pass(60_000)).toBeNull();
  });

  test("only for itself: who is forgotten, or followed by another, is not looked at", () => {
    const { crumb, watchdog, pass } = watched();
    crumb.waits(0);
    expect(pass(2_000)).not.toBeNull();
    watchdog.watch(0, new Breadcrumb(Breadcrumb.allocate()));
    expect(pass(2_000)).toBeNull();
    watchdog.watch(0, crumb);
    watchdog.forget(0);
    expect(pass(5_000)).toBeNull();
  });
});

describe("a main thread that stood still", () => {
  test("gives everybody the whole limit again, and says for how long it did", () => {
    const { crumb, pass, standStill } = watched();
    crumb.waits(50);
    expect(pass(900)).toBeNull();
    expect(standStill(60_000)).toEqual({ late: [], stoodStillMs: 59_975 });
    expect(pass(900)).toBeNull();
    expect(pass(400)).not.toBeNull();
  });

  test("for less than half the limit counts a tenth of a second a look, since all threads may have waited for a processor", () => {
    const { crumb, standStill } = watched();
    crumb.waits(0);
    for (let look = 0; look < 11; look++) expect(standStill(500)).toEqual({ late: [], stoodStillMs: 0 });
    expect(standStill(500).late).toHaveLength(1);
  });
});

test("looks forty times a limit, but not without end", () => {
  expect([250, 1_000, 600_000].map((limit) => watched(limit).watchdog.checkMs)).toEqual([25, 25, 100]);
});

test("a breadcrumb is read in the same words that were written, by whoever has its memory", () => {
  const crumb = new Breadcrumb(Breadcrumb.allocate());
  const read = () => new Breadcrumb(crumb.buffer).read();
  expect(crumbInWords(read())).toBe("starting");
  crumb.waits(1_000);
  crumb.beginsTick(2, 4_711, 1_050);
  expect(read()).toEqual({ beat: 2, dueMs: 1_050, zoneId: 2, tick: 4_711, stage: "commands", threadId: 0, note: null });
  crumb.runsKernel(4_711);
  expect(crumbInWords(read())).toBe("in tick 4711 of zone 2, in the kernel");
  crumb.waits(1_100);
  expect(crumbInWords(read())).toBe("after tick 4711 of zone 2, waiting for its deadline");
});
