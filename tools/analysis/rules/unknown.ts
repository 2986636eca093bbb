// There is a problem, and no rule knows the cause: the answer whenever health is not healthy and every rule is silent. To
// report "no problem found" beside a degraded server would mislead.
//
// The evidence is health's own reasons. The problem is certain, but nothing is known of its cause, so the confidence is the
// lowest that is reported at all.

import type { HealthReport } from "../health-report.ts";
import type { Finding } from "./rule.ts";
import { CONFIDENCE_MIN } from "./rule.ts";

export const UNKNOWN = "unknown";

export const UNKNOWN_TITLE = "Something is wrong, or was until a moment ago, that no rule knows";

export const UNKNOWN_RUNBOOK = {
  text: "No rule knows these signs. Look at the anomalies and at the error lines of that time, and at the machine itself (processors, memory, disk); a cause that comes again deserves a rule of its own.",
  command: "wowsim parse-logs .wowsim/telemetry.jsonl --anomalies --since 5m",
};

/** Null when the server is healthy, and also when there was nothing to analyse: that is a different answer. */
export function unknownFrom({ status, reasons, zones, atMs, windowS }: HealthReport): Finding | null {
  if (status === "healthy" || zones.length === 0 || atMs === null) return null;
  const evidence = reasons.map(({ level, text }) => `${level}, by health: ${text}.`);
  return { confidence: CONFIDENCE_MIN, zones: [], sinceMs: atMs - (windowS ?? 0) * 1_000, evidence };
}
