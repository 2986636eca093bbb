// The demo: six phases on a real server, each a question with measurements, and claims that decide the exit code.
//
//   const { ok } = await runDemo({ narrator, signal, seed: 1 })
//
// The outcome is not scripted: a false claim is printed as false. In every case, players,
// server and temporary folder are gone at the end.

import { messageOf } from "../../server/protocol/errors.ts";
import { Demo } from "./context.ts";
import type { Claim, DemoOptions, Fact } from "./context.ts";
import { baseline } from "./phases/baseline.ts";
import { breakIt } from "./phases/break.ts";
import { diagnose } from "./phases/diagnose.ts";
import { fix } from "./phases/fix.ts";
import { pipeline } from "./phases/pipeline.ts";
import { summary } from "./phases/summary.ts";
import type { Phase } from "./phase.ts";

export interface DemoResult {
  /** It reached its end, and every claim was true. */
  ok: boolean;
  /** Why it ended early; "" when it reached its end. */
  ended: string;
  claims: Claim[];
  facts: Fact[];
  tookMs: number;
}

const PHASES: readonly Phase[] = [baseline, breakIt, diagnose, fix, pipeline, summary];

export async function runDemo(options: DemoOptions): Promise<DemoResult> {
  const { narrator, signal } = options;
  const startedMs = performance.now();
  narrator.intro(
    "wowsim demo: a game server breaks, is mended, and lets no bad hotfix live.",
    "Every line is a measurement on a real server, started for this, with players on real sockets. About 100 s.",
  );
  const result: DemoResult = { ok: false, ended: "", claims: [], facts: [], tookMs: 0 };
  try {
    result.ended = await runPhases(options, result);
  } catch (error) {
    result.ended = signal.aborted ? "interrupted; everything was put away" : `it could not go on: ${messageOf(error)}`;
  }
  result.tookMs = performance.now() - startedMs;
  const wrong = result.claims.filter((claim) => !claim.ok).length;
  result.ok = result.ended === "" && wrong === 0;
  const counted = `${result.claims.length - wrong} of ${result.claims.length} claims true, in ${(result.tookMs / 1_000).toFixed(0)} s`;
  narrator.outro(result.ok, result.ended === "" ? counted : `${result.ended} (${counted})`);
  return result;
}

/** Runs the phases in order; returns "" at the end, else the reason why it stopped. */
async function runPhases(options: DemoOptions, result: DemoResult): Promise<string> {
  const { narrator, signal } = options;
  await using demo = await narrator.during("starting a server; the kernel is built when it has to be", () =>
    Demo.open(options),
  );
  result.claims = demo.claims;
  result.facts = demo.facts;
  for (const [index, phase] of PHASES.entries()) {
    const goesOn = index === 0 || (await narrator.mayGoOn(phase.title));
    signal.throwIfAborted();
    if (!goesOn) return "stopped here, as you said";
    demo.phase = phase.title;
    narrator.phase(index + 1, PHASES.length, phase.title, phase.question);
    await phase.run(demo);
  }
  return "";
}
