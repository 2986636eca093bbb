// The stage of a deploy in which the module runs beside the zones that are played in, on their journal, before any player meets it.
//
//   const outcome = await shadowOnServer(control, wish, limits, { signal, progress })
//   outcome.gate       // "pass" | "fail" | "inconclusive"

import { messageOf, WowsimError } from "../../server/protocol/errors.ts";
import type { ShadowReport } from "../../server/protocol/shadow.ts";
import { sleep } from "../ui/sleep.ts";
import { zonesText } from "../analysis/measures.ts";
import { isDecided, verdictOf } from "./judge.ts";
import { shadowChecks } from "./judge-shadow.ts";
import type { Control } from "./remote.ts";
import { ShadowRun } from "./shadow-run.ts";
import type { ShadowWish } from "./shadow-run.ts";
import type { Check, Limits } from "./verdict.ts";

export interface ShadowOutcome {
  gate: "pass" | "fail" | "inconclusive";
  reason: string;
  checks: Check[];
  report: ShadowReport | null;
}

interface StageTools {
  signal: AbortSignal;
  /** Throws when the deploy does not go on. */
  assertGoesOn(): void;
  progress?(share: number, text: string): void;
}

const POLL_MS = 250;
/** A shadow that yields to players may take this many times as long as the ticks it is to run. */
const PATIENCE = 4;
const PATIENCE_MS_LEAST = 30_000;
const GATES = { passed: "pass", failed: "fail", inconclusive: "inconclusive" } as const;

/** Ends early when it is beyond doubt that something speaks against the module. Throws what the control channel throws, and the signal's reason. */
export async function shadowOnServer(
  control: Control,
  wish: ShadowWish,
  limits: Limits,
  { signal, assertGoesOn, progress }: StageTools,
): Promise<ShadowOutcome> {
  let run: ShadowRun;
  try {
    run = await ShadowRun.begin(control, wish, signal);
  } catch (error) {
    if (!(error instanceof WowsimError) || error.code.startsWith("control_")) throw error;
    const why = error.code === "unknown_command" ? "this server has no shadow" : messageOf(error);
    return { gate: "inconclusive", reason: `inconclusive: ${why}`, checks: [], report: null };
  }
  const endMs = performance.now() + Math.max(PATIENCE_MS_LEAST, PATIENCE * wish.ticks * 50);
  try {
    for (;;) {
      await run.look();
      const outcome = outcomeOf(run, wish, limits);
      const isDoomed = outcome.checks.some((check) => !check.ok && isDecided(check));
      if (isDoomed || run.isOver || performance.now() > endMs) return outcome;
      const { share = 0, doing = "" } = run.status ?? {};
      progress?.(share, `shadow: ${doing}`);
      assertGoesOn();
      await sleep(POLL_MS, signal);
    }
  } finally {
    await run.end();
  }
}

/** One that was ended early, or was given up, has not seen what it was asked to see; ticks that it left out have gone by all the same. */
function lengthCheck({ shadow: { zones } }: ShadowReport, problem: string | null, least: number): Check {
  const looked = zones.map(({ zone_id: id, compared, skipped, own }) => ({ id, ticks: compared + skipped + own }));
  const short = looked.filter(({ ticks }) => ticks < least);
  const fewest = Math.min(...looked.map(({ ticks }) => ticks));
  const [first] = short;
  const why = problem === null ? "" : ` (${problem})`;
  return {
    id: "shadow_ticks",
    kind: "data",
    ok: zones.length > 0 && first === undefined,
    text:
      first === undefined
        ? `ticks: ${fewest} or more went by in each zone, at least ${least}`
        : `ticks: only ${first.ticks} went by in ${zonesText(short.map(({ id }) => id))}, at least ${least}${why}`,
    numbers: { value: fewest, limit: least, n: zones.length },
  };
}

function outcomeOf({ evidence }: ShadowRun, { ticks }: ShadowWish, limits: Limits): ShadowOutcome {
  const { report, problem } = evidence;
  if (report === null) {
    const reason = `inconclusive: ${problem ?? "nothing was compared"}`;
    return { gate: "inconclusive", reason, checks: [], report };
  }
  // Time is judged in the canary, where there are ticks enough; here only what is beyond doubt counts.
  const checks = shadowChecks(evidence, limits).filter(({ id, kind }) => id !== "time" || kind !== "data");
  const verdict = verdictOf([lengthCheck(report, evidence.problem, Math.ceil(ticks * limits.coverageMin)), ...checks]);
  const gate = GATES[verdict.conclusion];
  return { gate, reason: gate === "pass" ? report.reason : verdict.reason, checks: verdict.checks, report };
}
