// The journal of an experiment as the Chaos Toolkit writes it (https://chaostoolkit.org/reference/api/journal/):
//
//   {"status":"completed","deviated":false,"steady_states":{"before":{"steady_state_met":true,"probes":[...]},...},
//    "run":[{"activity":{...},"status":"succeeded","output":...,"start":"...","end":"...","duration":0.2}],...}
//
// The Chaos Toolkit has no status "deviated": it writes "failed", with `deviated` true when the steady state had been met
// before. The journal also has wowsim's own verdict.

import { hostname, platform, release } from "node:os";
import { version } from "../../../package.json";
import { isoTime } from "../journal.ts";
import type { ActRecord, Phase, Played, Verdict } from "../play.ts";
import type { Experiment } from "./experiment.ts";
import { assert } from "../../../server/protocol/assert.ts";

const STATUS_OF: Record<Verdict, string> = {
  completed: "completed",
  deviated: "failed",
  failed: "failed",
  aborted: "interrupted",
};

export function chaosJournal({ source }: Experiment, played: Played): object {
  const { verdict, reason, startedAtMs, endedAtMs, records } = played;
  const of = (phase: Phase): ActRecord[] => records.filter((record) => record.phase === phase);
  return {
    "wowsim-version": version,
    platform: `${platform()} ${release()}`,
    node: hostname(),
    experiment: source,
    start: isoTime(startedAtMs),
    status: STATUS_OF[verdict],
    deviated: verdict === "deviated" && of("after").some(({ outcome }) => outcome === "untrue"),
    verdict,
    reason,
    steady_states: { before: steadyState(of("before")), after: steadyState(of("after")), during: [] },
    run: of("steps").filter(wasRun).map(resultOf),
    rollbacks: of("rollback").filter(wasRun).map(resultOf),
    end: isoTime(endedAtMs),
    duration: (endedAtMs - startedAtMs) / 1_000,
  };
}

/** Null when none of its probes ran. */
function steadyState(records: readonly ActRecord[]): object | null {
  const probes = records.filter(wasRun);
  if (probes.length === 0) return null;
  const met = records.every(({ outcome }) => outcome === "done");
  return {
    steady_state_met: met,
    probes: probes.map((record) => ({ ...resultOf(record), tolerance_met: record.outcome === "done" })),
  };
}

const wasRun = ({ outcome }: ActRecord): boolean => outcome !== "not_run";

function resultOf({ source, outcome, text, output, startedAtMs, durationMs }: ActRecord): object {
  assert(startedAtMs !== null, "what was run has begun");
  const isDone = outcome === "done" || outcome === "untrue";
  return {
    activity: source,
    status: isDone ? "succeeded" : outcome,
    output: outputOf(output),
    start: isoTime(startedAtMs),
    end: isoTime(startedAtMs + durationMs),
    duration: durationMs / 1_000,
    ...(isDone ? {} : { exception: [text] }),
  };
}

function outputOf(given: unknown): unknown {
  return typeof given === "object" && given !== null && "output" in given ? given.output : null;
}
