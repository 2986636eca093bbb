// Waves of lost player links: the first sign of both session-crash and thundering-herd.
//
//   wavesOf(timeline)     // [{ fromMs, toMs, lost: 8, connectedBefore: 8, accepted: 8, resumed: 8, held: 16, ... }]

import { known, least, sum } from "../measured.ts";
import type { Measured } from "../measured.ts";
import type { Disconnect } from "../samples.ts";
import type { BegunTimeline } from "../timeline.ts";
import { EVENT_STALE_MS } from "./rule.ts";
import { at } from "../../../server/protocol/assert.ts";

/** Links lost at most this far apart belong to one wave. */
const GAP_MS_MAX = 300;
/** The Traffic line with the exact number of a wave comes up to a second later. */
const TRAFFIC_DELAY_MS = 1_200;

export interface Wave {
  fromMs: number;
  toMs: number;
  /** Exact: the Traffic line is not sampled; single lines are, above 200 a second. */
  lost: number;
  zones: number[];
  sessions: number[];
  /** The count of the last Traffic line before the wave; missing when there was none. */
  connectedBefore: Measured;
  /** The lowest count since the wave. */
  connectedLeast: Measured;
  accepted: Measured;
  resumed: Measured;
  /** Players refused since the wave, because new connections were blocked. */
  held: number;
}

/** Waves of the last EVENT_STALE_MS, oldest first. */
export function wavesOf(timeline: BegunTimeline): Wave[] {
  const groups: Disconnect[][] = [];
  for (const disconnect of timeline.disconnects.between(timeline.nowMs - EVENT_STALE_MS)) {
    if (disconnect.reason !== "link_lost") continue;
    const group = groups.at(-1);
    const last = group?.at(-1);
    if (last !== undefined && disconnect.atMs - last.atMs <= GAP_MS_MAX) group?.push(disconnect);
    else groups.push([disconnect]);
  }
  return groups.map((group) => waveOf(group, timeline));
}

function waveOf(group: Disconnect[], { traffic, refusals }: BegunTimeline): Wave {
  const fromMs = at(group, 0).atMs;
  const toMs = at(group, group.length - 1).atMs;
  const since = traffic.between(fromMs);
  const during = traffic.between(fromMs, toMs + TRAFFIC_DELAY_MS);
  return {
    fromMs,
    toMs,
    lost: Math.max(group.length, ...known(during.map(({ disconnected }) => disconnected))),
    zones: [...new Set(group.map(({ zoneId }) => zoneId).filter((id) => id > 0))].toSorted((a, b) => a - b),
    sessions: group.map(({ sessionId }) => sessionId),
    connectedBefore: traffic.lastBefore(fromMs)?.connected ?? null,
    connectedLeast: least(since.map(({ connected }) => connected)),
    accepted: sum(since.map(({ accepted }) => accepted)),
    resumed: sum(since.map(({ resumed }) => resumed)),
    held: refusals.between(fromMs).filter(({ reason }) => reason === "held").length,
  };
}
