// What the deploy tool makes of a server's validation: what goes on, what is refused, and what was refused before.

import { expect, test } from "bun:test";
import { expectationsHash } from "../../../server/protocol/deploy-validation.ts";
import type { ValidationReport } from "../../../server/protocol/deploy-validation.ts";
import { WowsimError } from "../../../server/protocol/errors.ts";
import type { RemoteEntry } from "../../../tools/deploy/remote.ts";
import { earlierRefusal } from "../../../server/protocol/earlier-refusal.ts";
import { refusalOf, validateLines, validateOnServer } from "../../../tools/deploy/validate-stage.ts";
import type { ValidateOutcome, ValidateWish } from "../../../tools/deploy/validate-stage.ts";

const [BASE, A] = ["7e6a3cdb083f8056", "aaaaaaaaaaaaaaaa"];
const NEVER = new AbortController().signal;
const wish: ValidateWish = { expect: "", lastMs: 60_000, allowIdle: false, force: null };

const report = (verdict: ValidationReport["verdict"]): ValidationReport => ({
  verdict,
  reason: `${verdict}: fuel: too much`,
  class: "identical",
  checks: [
    { name: "fuel", holds: verdict === "pass", shown: "too much" },
    { name: "time", holds: verdict === "pass" ? true : null, shown: "unclear" },
  ],
  incumbents: [BASE],
  zones: 2,
  ticks: 100,
  equal: 99,
  fuel_ratio: 1.5,
  seconds: 2,
});

const outcome = (gate: ValidateOutcome["gate"], code: string | null = null): ValidateOutcome => ({
  gate,
  reason: `${gate}: because`,
  report: null,
  code,
  tookMs: 1_500,
});

test("a fail is refused, also on an idle server; only force goes on, and only a pass needs nothing", () => {
  for (const allowIdle of [false, true]) {
    expect(refusalOf(outcome("fail"), { ...wish, allowIdle })).toBe("fail: because");
    expect(refusalOf(outcome("pass"), { ...wish, allowIdle })).toBeNull();
  }
  for (const gate of ["pass", "fail", "inconclusive"] as const)
    expect(refusalOf(outcome(gate, "thread_failed"), { ...wish, force: "night of the living dead" })).toBeNull();
});

test("inconclusive is refused: --allow-idle is for what has nothing to judge by, not for what went wrong", () => {
  const idle = { ...wish, allowIdle: true };
  for (const code of [null, "no_journal", "nothing_recorded", "unknown_command"]) {
    expect(refusalOf(outcome("inconclusive", code), wish)).toContain("--allow-idle");
    expect(refusalOf(outcome("inconclusive", code), idle)).toBeNull();
  }
  for (const code of ["validation_too_long", "thread_failed", "layout_mismatch"])
    expect(refusalOf(outcome("inconclusive", code), idle)).toContain("--force --reason");
});

test("lines: the verdict first, what does not hold once, the numbers last", () => {
  const lines = validateLines({ ...outcome("fail"), reason: report("fail").reason, report: report("fail") });
  expect(lines.map(({ ok, text }) => `${ok} ${text}`)).toEqual([
    "false fail: fuel: too much",
    "false time: unclear",
    "true 100 ticks of 2 zones run by both kernels, 99 equal, fuel ×1.500, in 1.5 s",
  ]);
  expect(validateLines(outcome("inconclusive"))).toEqual([{ ok: false, text: "inconclusive: because" }]);
});

const entry = (event: string, from: string, to: string, more: Partial<RemoteEntry> = {}): RemoteEntry => ({
  timestamp: "2026-01-01T00:00:00.000Z",
  event,
  zone_id: 0,
  from_hash: from,
  to_hash: to,
  label: "hotfix.wasm",
  reason: "fuel: too much",
  by: "anna@desk",
  ...more,
});
const judged = (verdict: "pass" | "fail" | "inconclusive", expectText = ""): RemoteEntry =>
  entry("validated", BASE, A, {
    validation: {
      verdict,
      ticks: 1,
      equal: 1,
      zones: 1,
      fuel_ratio: 1,
      seconds: 1,
      lines: [],
      forced: "",
      expect: expectationsHash(expectText),
    },
  });

test("what was rolled back by a verdict or an operator, or failed its validation, is refused until it is promoted", () => {
  const back = entry("rolled_back", A, BASE);
  expect(earlierRefusal([back], A, "")).toContain(
    `${A} was rolled back here at 2026-01-01T00:00:00.000Z (fuel: too much)`,
  );
  expect(earlierRefusal([entry("rolled_back", A, BASE, { reason: "asked for" })], A, "")).toContain("rolled back");
  expect(earlierRefusal([judged("fail")], A, "")).toContain("was refused here");
  expect(earlierRefusal([judged("fail"), judged("pass"), judged("inconclusive")], A, "")).toContain("was refused");
  expect(earlierRefusal([judged("fail"), back, entry("promoted", BASE, A)], A, "")).toBeNull();
  expect(earlierRefusal([entry("promoted", BASE, A), back], A, "")).toContain("rolled back");
});

test("what nobody judged is not held against a module, nor another module's history", () => {
  for (const reason of ["interrupted", "not judged: the feed is silent", "lease ended without promotion"])
    expect(earlierRefusal([entry("rolled_back", A, BASE, { reason })], A, "")).toBeNull();
  expect(earlierRefusal([judged("pass"), judged("inconclusive"), entry("swapped", BASE, A)], A, "")).toBeNull();
  expect(earlierRefusal([entry("rolled_back", BASE, A), entry("refused", BASE, A)], A, "")).toBeNull();
  expect(earlierRefusal([judged("fail")], BASE, "")).toBeNull();
});

test("a module that failed for want of expectations is judged again when there are some", () => {
  const text = '[[expect]]\nwhat = "damage.spell.fireball"\nchange = "+10..15 %"\n';
  expect(earlierRefusal([judged("fail")], A, text)).toBeNull();
  expect(earlierRefusal([judged("fail", text)], A, text)).toContain("was refused");
});

/** A server that answers validate_status with these, one after the other. */
function server(answers: Record<string, unknown>[]): { asked: string[]; ask: (request: object) => Promise<unknown> } {
  const asked: string[] = [];
  const base = { validation: 7, hash: A, state: "running", share: 0.5, doing: "zone 1", report: null, error: null };
  const ask = async (request: object): Promise<unknown> => {
    const { command } = request as { command: string };
    asked.push(command);
    if (command === "validate_module") return { validation: 7, state: "running" };
    return { ...base, ...(command === "validate_status" ? (answers.shift() ?? {}) : {}) };
  };
  return { asked, ask };
}

test("the server is asked until it has a verdict, and progress is shown", async () => {
  const live = server([{}, { state: "done", report: report("fail") }]);
  const shown: string[] = [];
  const found = await validateOnServer(live, A, wish, { signal: NEVER, progress: (_share, text) => shown.push(text) });
  expect(found).toMatchObject({ gate: "fail", reason: "fail: fuel: too much", code: null });
  expect(live.asked).toEqual(["validate_module", "validate_status", "validate_status"]);
  expect(shown).toEqual(["validating: zone 1"]);
});

test("a validation that failed is inconclusive, and so is a server that has none", async () => {
  const error = { code: "no_journal", message: "There is no journal." };
  const live = server([{ state: "failed", error }]);
  const found = await validateOnServer(live, A, wish, { signal: NEVER });
  expect(found).toMatchObject({
    gate: "inconclusive",
    reason: "inconclusive: There is no journal.",
    code: "no_journal",
  });
  const old = { ask: () => Promise.reject(new WowsimError("unknown_command", "There is no command.")) };
  const unknown = await validateOnServer(old, A, wish, { signal: NEVER });
  expect(unknown).toMatchObject({ gate: "inconclusive", code: "unknown_command" });
});

test("an interrupted deploy ends the server's validation", async () => {
  const live = server([]);
  const stop = new AbortController();
  const running = validateOnServer(live, A, wish, {
    signal: stop.signal,
    progress: () => stop.abort(new Error("stop")),
  });
  expect(await running.catch(String)).toBe("Error: stop");
  expect(live.asked.at(-1)).toBe("validate_abort");
});

test("another validation that is just ending is waited for", async () => {
  const live = server([{ state: "done", report: report("pass") }]);
  let refusals = 2;
  const ask = (request: object): Promise<unknown> =>
    refusals-- > 0 ? Promise.reject(new WowsimError("deploy_busy", "One is under way.")) : live.ask(request);
  expect(await validateOnServer({ ask }, A, wish, { signal: NEVER })).toMatchObject({ gate: "pass" });
  expect(live.asked).toEqual(["validate_module", "validate_status"]);
});
