// Something is wrong, and no rule knows what: the answer whenever health is not healthy and every rule is silent. "Nothing
// wrong was found" beside a server that is degraded would be a lie of omission.
//
// Evidence is health's own reasons. How sure: that something is wrong is a fact, of its cause nothing is known, so it is
// as sure as the least sure diagnosis that is told at all.

import type { HealthReport } from "../health-report.ts";
import type { Finding } from "./rule.ts";
import { CONFIDENCE_MIN } from "./rule.ts";

export const UNKNOWN = "unknown";

export const UNKNOWN_TITLE = "Something is wrong, or was until a moment ago, that no rule knows";

export const UNKNOWN_RUNBOOK = {
  text: "No rule knows these signs. Look at what stood out and at the error lines of that time, and at the machine itself (processors, memory, disk); a cause that comes again deserves a rule of its own.",
  command: "wowsim parse-logs .wowsim/telemetry.jsonl --anomalies --since 5m",
};

/** Null when it is healthy, and when there was nothing to look at: that is another answer. */
export function unknownFrom({ status, reasons, zones, atMs, windowS }: HealthReport): Finding | null {
  if (status === "healthy" || zones.length === 0 || atMs === null) return null;
  const evidence = reasons.map(({ level, text }) => `${level}, by health: ${text}.`);
  return { confidence: CONFIDENCE_MIN, zones: [], sinceMs: atMs - (windowS ?? 0) * 1_000, evidence };
}
