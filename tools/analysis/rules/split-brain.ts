// More than one zone owns the same entities. The server's own audit compares entities across zones once a second and only
// reports what it sees twice in a row, so one report is nearly proof. Ids and zones named by its error line, or a second
// report, make it certain.

import { clock, shown, uniqueSorted } from "../measures.ts";
import type { Rule } from "./rule.ts";

const RECENT_MS = 3_500;
const CONFIDENCE_ONE_ROUND = 0.9;
const CONFIDENCE_MAX = 0.98;

export const splitBrain: Rule = {
  cause: "split-brain",
  title: "The same entities live in more than one zone",
  runbook: {
    text: "Two zones believe that they own the same entities. Stop transfers, decide which zone owns them, take them out of the other; in a drill, end the fault.",
    command: "wowsim inject-fault deactivate split-brain",
  },
  find({ census, errors, nowMs }) {
    const newest = census.last;
    if (
      newest === undefined ||
      newest.duplicates === null ||
      newest.duplicates === 0 ||
      nowMs - newest.atMs > RECENT_MS
    )
      return null;
    const rounds = census.all();
    const clean = rounds.findLastIndex(({ duplicates }) => duplicates === 0);
    const doubled = rounds.slice(clean + 1);
    const sinceMs = doubled[0]?.atMs ?? newest.atMs;
    const named = errors.all().filter(({ component, atMs }) => component === "audit" && atMs >= sinceMs - 1_000);
    const zones = uniqueSorted(named.flatMap((error) => error.zones));
    const ids = uniqueSorted(named.flatMap(({ entityIds }) => entityIds));
    const evidence = [
      `Entity census: duplicates ${clean < 0 ? "" : "0 → "}${newest.duplicates} of ${shown(newest.entities)} entities, since ${clock(sinceMs)} (n ${clean + 1} → ${doubled.length} rounds).`,
    ];
    if (ids.length > 0) {
      evidence.push(`Entity in more than one zone: ids ${ids.join(", ")} are in zones ${zones.join(" and ")} at once.`);
    }
    const isSure = doubled.length > 1 || ids.length > 0;
    return { confidence: isSure ? CONFIDENCE_MAX : CONFIDENCE_ONE_ROUND, zones, sinceMs, evidence };
  },
};
