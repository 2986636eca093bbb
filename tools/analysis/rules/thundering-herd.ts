// Nearly all players lose their links at the same moment and come back in one wave: a switch, a proxy or a load balancer
// between them and the server restarted.
//
// Certain when the wave took nearly all connected players, when they were more than two, and when they came back, or were
// refused, together.

import { ratio } from "../measured.ts";
import { clock, partText, ramp, shown, zonesText } from "../measures.ts";
import { wavesOf } from "./lost-links.ts";
import { EVENT_FRESH_MS, EVENT_STALE_MS } from "./rule.ts";
import type { Rule } from "./rule.ts";

const CONFIDENCE_MAX = 0.97;
const CONFIDENCE_MAX_NOBODY_BACK = 0.85;

export const thunderingHerd: Rule = {
  cause: "thundering-herd",
  title: "All players lost their links at once, and come back in one wave",
  runbook: {
    text: "The server did not drop them; look at the network between (switch, proxy, load balancer). Watch that everybody gets in again: connected in wowsim health. In a drill, end the fault.",
    command: "wowsim inject-fault deactivate thundering-herd",
  },
  find(timeline) {
    const wave = wavesOf(timeline).reduce<ReturnType<typeof wavesOf>[number] | null>(
      (most, next) => (most === null || next.lost >= most.lost ? next : most),
      null,
    );
    if (wave === null) return null;
    const share = ratio(wave.lost, wave.connectedBefore);
    const isBack = wave.held > 0 || (wave.accepted !== null && wave.accepted >= wave.lost / 2);
    const confidence =
      (isBack ? CONFIDENCE_MAX : CONFIDENCE_MAX_NOBODY_BACK) *
      ramp(share, 0.5, 0.85) *
      ramp(wave.lost, 1, 3) *
      ramp(timeline.nowMs - wave.toMs, EVENT_STALE_MS, EVENT_FRESH_MS);
    const evidence = [
      `${partText(wave.lost, wave.connectedBefore, "connected players")} lost their links within ${shown(wave.toMs - wave.fromMs)} ms at ${clock(wave.fromMs)} (Client disconnected, reason link_lost; ${zonesText(wave.zones)}).`,
      `Traffic: connected fell to ${shown(wave.connectedLeast)}; since then ${shown(wave.accepted)} connections accepted, ${shown(wave.resumed)} sessions resumed.`,
    ];
    if (wave.held > 0) evidence.push(`${wave.held} connections were turned away meanwhile (reason held).`);
    return { confidence, zones: wave.zones, sinceMs: wave.fromMs, evidence, explains: ["session-crash"] };
  },
};
