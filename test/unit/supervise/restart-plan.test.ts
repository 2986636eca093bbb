// When a server that ended is started again, and when not.

import { describe, expect, test } from "bun:test";
import { endingOf } from "../../../server/protocol/endings.ts";
import type { Ending } from "../../../server/protocol/endings.ts";
import { RestartPlan } from "../../../server/supervise/restart-plan.ts";

const life = (ending: Ending, lifeMs: number) => ({ ending, lifeMs, isFirst: false, code: null });
const delays = (plan: RestartPlan, ending: Ending, lives: readonly number[]) =>
  lives.map((lifeMs) => {
    const step = plan.after(life(ending, lifeMs));
    return step.restart ? step.delayMs : null;
  });

describe("a server that was lost is started again", () => {
  test("at once, and then after 1, 2, 4, ... 30 s", () => {
    const lives = Array.from({ length: 8 }, () => 20_000);
    expect(delays(new RestartPlan(), "crash", lives)).toEqual([0, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  });

  test("at once again after one that lasted a minute", () => {
    expect(delays(new RestartPlan(), "watchdog", [20_000, 20_000, 60_000, 20_000])).toEqual([0, 1_000, 0, 1_000]);
  });

  test("but no sixth one after five in a row that ended within 10 s", () => {
    const plan = new RestartPlan();
    expect(delays(plan, "crash", [9_000, 9_000, 9_000, 9_000])).toEqual([0, 1_000, 2_000, 4_000]);
    expect(plan.after(life("crash", 9_999))).toEqual({
      restart: false,
      why: expect.stringContaining("5 servers") as string,
    });
  });

  test("where one longer life begins that count anew", () => {
    const lives = [1, 1, 1, 1, 10_000, 1, 1, 1, 1];
    expect(delays(new RestartPlan(), "crash", lives)).not.toContain(null);
  });

  test("for ever when it is the disk that fails", () => {
    const found = delays(
      new RestartPlan(),
      "disk",
      Array.from({ length: 100 }, () => 1),
    );
    expect(found.slice(6)).toEqual(Array.from({ length: 94 }, () => 30_000));
  });
});

test("a start that is refused because the disk is full is tried for ever, but not when it is the first", () => {
  const full = { ...life("refused", 300), code: "disk_full" };
  expect(new RestartPlan().after({ ...full, isFirst: true })).toEqual({ restart: false, why: null });
  const plan = new RestartPlan();
  for (let start = 0; start < 50; start++) expect(plan.after(full).restart).toBe(true);
});

describe("a server is not started again", () => {
  test.each<[Ending]>([["stopped"], ["refused"]])("that was %s", (ending) => {
    expect(new RestartPlan().after(life(ending, 100_000))).toEqual({ restart: false, why: null });
  });

  test("whose first start finds its port in use; a later one lost it only for a moment", () => {
    const inUse = { ...life("refused", 300), code: "port_in_use" };
    expect(new RestartPlan().after({ ...inUse, isFirst: true })).toEqual({ restart: false, why: null });
    expect(new RestartPlan().after(inUse)).toEqual({ restart: true, delayMs: 0 });
    expect(new RestartPlan().after({ ...inUse, code: "data_dir_in_use" })).toEqual({ restart: false, why: null });
  });
});

test.each<[number | null, Ending]>([
  [0, "stopped"],
  [130, "stopped"],
  [1, "refused"],
  [4, "refused"],
  [64, "refused"],
  [70, "crash"],
  [74, "disk"],
  [75, "watchdog"],
  [2, "crash"],
  [139, "crash"],
  [null, "crash"],
])("exit code %p is %s", (code, ending) => {
  expect(endingOf(code)).toBe(ending);
});
