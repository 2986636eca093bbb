// Verdicts: what was done, what was not true, what could not be done, what was interrupted; and that what has to be put
// back always is.

import { describe, expect, test } from "bun:test";
import { play } from "../../../tools/scenario/play.ts";
import type { Act, ActResult, Program } from "../../../tools/scenario/play.ts";
import { sleep } from "../../../tools/ui/sleep.ts";

const result = (holds: boolean | null): ActResult => ({ holds, text: `it is ${holds}` });

const act = (name: string, run: Act["run"] = () => Promise.resolve(result(true))): Act => ({ name, kind: "test", run });
const untrue = (name: string): Act => act(name, () => Promise.resolve(result(false)));
const unmeasured = (name: string): Act => act(name, () => Promise.resolve(result(null)));
const broken = (name: string): Act => act(name, () => Promise.reject(new Error("it broke")));

/** Plays it; what was said of each act, in order. */
async function playing(program: Partial<Program>, signal = new AbortController().signal) {
  const told: string[] = [];
  const played = await play(
    { opening: [], steady: [], steps: [], rollback: [], putAway: [], ...program },
    { signal, report: ({ phase, name, outcome }) => void told.push(`${phase} ${name} ${outcome}`) },
  );
  return { told, verdict: played.verdict, reason: played.reason, records: played.records };
}

test("all is done in order, the steady state before and after, and the verdict says how much held", async () => {
  const { told, verdict, reason } = await playing({
    opening: [act("players")],
    steady: [act("healthy")],
    steps: [act("break"), act("mend")],
    rollback: [act("undo")],
    putAway: [act("server")],
  });
  expect(verdict).toBe("completed");
  expect(reason).toBe("all 5 steps were carried out, and every check held");
  expect(told).toEqual([
    "opening players done",
    "before healthy done",
    "steps break done",
    "steps mend done",
    "after healthy done",
    "rollback undo done",
    "end server done",
  ]);
});

describe("the first that does not go well decides, the rest is not run, and all is put back", () => {
  test.each([
    ["not true", untrue("odd"), "deviated", "untrue", "odd: it is false"],
    ["not measured", unmeasured("odd"), "failed", "failed", "odd: it is null"],
    ["not carried out", broken("odd"), "failed", "failed", "odd: it broke"],
  ])("a step that was %s", async (_what, odd, verdict, outcome, reason) => {
    const played = await playing({
      steady: [act("healthy")],
      steps: [act("break"), odd, broken("later")],
      rollback: [act("undo"), act("undo more")],
      putAway: [act("server")],
    });
    expect(played).toMatchObject({ verdict, reason });
    expect(played.told).toEqual([
      "before healthy done",
      "steps break done",
      `steps odd ${outcome}`,
      "steps later not_run",
      "after healthy not_run",
      "rollback undo done",
      "rollback undo more done",
      "end server done",
    ]);
  });

  test("a steady state that is not there to begin with: nothing is broken", async () => {
    const played = await playing({ steady: [untrue("healthy")], steps: [broken("break")], rollback: [act("undo")] });
    expect(played).toMatchObject({ verdict: "deviated", reason: "healthy: it is false" });
    expect(played.told).toContain("steps break not_run");
  });

  test("a steady state that is not there any more afterwards", async () => {
    let looks = 0;
    const healthy = act("healthy", () => Promise.resolve(result(++looks === 1)));
    const played = await playing({ steady: [healthy], steps: [act("break")] });
    expect(played).toMatchObject({ verdict: "deviated" });
    expect(played.told.at(-1)).toBe("after healthy untrue");
  });
});

describe("what could not be put back", () => {
  test("makes failed of completed and of deviated, and keeps nothing else from being put back", async () => {
    for (const step of [act("step"), untrue("step")]) {
      const played = await playing({
        steps: [step],
        rollback: [broken("undo"), act("undo more")],
        putAway: [broken("players"), act("server")],
      });
      expect(played).toMatchObject({ verdict: "failed", reason: "not put back: undo: it broke" });
      expect(played.told.slice(-4)).toEqual([
        "rollback undo failed",
        "rollback undo more done",
        "end players failed",
        "end server done",
      ]);
    }
  });

  test("does not hide what went wrong before", async () => {
    const played = await playing({ steps: [broken("step")], rollback: [broken("undo")] });
    expect(played).toMatchObject({ verdict: "failed", reason: "step: it broke" });
  });
});

test("an interruption ends the step in hand, makes it aborted, and all is put back", async () => {
  const stop = new AbortController();
  const long = act("long", async ({ signal }) => {
    setTimeout(() => stop.abort(new Error("Ctrl-C")), 5);
    await sleep(60_000, signal);
    return result(true);
  });
  const undone: string[] = [];
  const undo = act("undo", async ({ signal }) => {
    signal.throwIfAborted();
    undone.push("undo");
    return result(true);
  });
  const played = await playing({ steps: [long, act("later")], rollback: [undo], putAway: [undo] }, stop.signal);
  expect(played).toMatchObject({ verdict: "aborted", reason: "long: interrupted" });
  expect(played.told).toEqual(["steps long aborted", "steps later not_run", "rollback undo done", "end undo done"]);
  expect(undone).toEqual(["undo", "undo"]);
});

test("an interruption between two steps is one too", async () => {
  const stop = new AbortController();
  const deaf = act("deaf", () => {
    stop.abort(new Error("Ctrl-C"));
    return Promise.resolve(result(true));
  });
  const played = await playing({ steps: [deaf, act("later")] }, stop.signal);
  expect(played).toMatchObject({ verdict: "aborted" });
  expect(played.told).toEqual(["steps deaf done", "steps later aborted"]);
});

test("what goes on in the background is waited for, and decides like the rest", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const background: Act = {
    ...act("background", async () => {
      await promise;
      return result(false);
    }),
    isBackground: true,
  };
  const release = act("step", () => {
    resolve();
    return Promise.resolve(result(true));
  });
  const played = await playing({ steps: [background, act("first"), release], steady: [act("healthy")] });
  expect(played.verdict).toBe("deviated");
  expect(played.told.indexOf("steps first done")).toBeLessThan(played.told.indexOf("steps background untrue"));
  expect(played.told.at(-1)).toBe("after healthy not_run");
});

test("pauses are no part of what an act takes", async () => {
  const paused: Act = { ...act("paused"), pauseBeforeMs: 60, pauseAfterMs: 60 };
  const calledAtMs = Date.now();
  const { records } = await playing({ steps: [paused, act("next")] });
  const [first, second] = records;
  const firstEndedAtMs = first!.startedAtMs! + first!.durationMs;
  expect(first!.startedAtMs! - calledAtMs).toBeGreaterThanOrEqual(55);
  expect(second!.startedAtMs! - firstEndedAtMs).toBeGreaterThanOrEqual(55);
});
