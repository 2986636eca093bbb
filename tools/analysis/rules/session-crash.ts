// One player loses the link, and nobody else does: the cause is that player's line, client or machine.
//
// Certain when the wave is a single player among several, and the ticks around it did not change. If there is only one
// player, all players may be affected; with two or three, a single loss is less clear; many losses are another cause.

import { difference, isAbove, median, ratio } from "../measured.ts";
import type { Measured } from "../measured.ts";
import { clock, partText, ramp, shown } from "../measures.ts";
import type { BegunTimeline } from "../timeline.ts";
import { wavesOf } from "./lost-links.ts";
import type { Wave } from "./lost-links.ts";
import { EVENT_FRESH_MS, EVENT_STALE_MS } from "./rule.ts";
import type { Finding, Rule } from "./rule.ts";

const AROUND_MS = 2_000;
const CONFIDENCE_MAX = 0.9;

export const sessionCrash: Rule = {
  cause: "session-crash",
  title: "One player's connection was lost, and nobody's else",
  runbook: {
    text: "One player, not the server: nothing to mend here unless it repeats for the same one. The session waits 30 s for its player to come back. In a drill, end the fault.",
    command: "wowsim inject-fault deactivate session-crash",
  },
  find(timeline) {
    const findings = wavesOf(timeline).map((wave) => examine(wave, timeline));
    return findings.reduce<Finding | null>(
      (best, next) => (best === null || next.confidence >= best.confidence ? next : best),
      null,
    );
  },
};

function examine(wave: Wave, timeline: BegunTimeline): Finding {
  const { before, after } = tickTimes(timeline, wave.fromMs);
  const around = timeline.disconnects
    .between(wave.fromMs - AROUND_MS, wave.toMs + AROUND_MS)
    .filter(({ reason }) => reason === "link_lost").length;
  const confidence =
    (CONFIDENCE_MAX / Math.max(wave.lost, around)) *
    (wave.connectedBefore === null ? 0.7 : ramp(wave.connectedBefore - wave.lost, -1.5, 1)) *
    (isAbove(difference(after, before), 5) ? ramp(ratio(after, before), 20, 3) : 1) *
    ramp(timeline.nowMs - wave.toMs, EVENT_STALE_MS, EVENT_FRESH_MS);
  const who = wave.sessions.map((id) => `session ${id}`).join(", ");
  const evidence = [
    `${who} lost the link at ${clock(wave.fromMs)} (Client disconnected, reason link_lost); ${partText(wave.lost, wave.connectedBefore, "connected")}, ${around - wave.sessions.length} more within ${AROUND_MS / 1_000} s around it.`,
    `Ticks were as before: duration_ms p50 ${shown(before)} → ${shown(after)} in the ${AROUND_MS / 1_000} s before and after.`,
    `Since then ${shown(wave.resumed)} ${wave.resumed === 1 ? "session was" : "sessions were"} resumed.`,
  ];
  return { confidence, zones: wave.zones, sinceMs: wave.fromMs, evidence };
}

function tickTimes({ zones }: BegunTimeline, atMs: number): { before: Measured; after: Measured } {
  const durations = (fromMs: number, toMs: number): number[] =>
    [...zones.values()].flatMap(({ ticks }) => ticks.between(fromMs, toMs).map(({ durationMs }) => durationMs));
  return { before: median(durations(atMs - AROUND_MS, atMs)), after: median(durations(atMs, atMs + AROUND_MS)) };
}
