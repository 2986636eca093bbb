// Phase 1: five players fight for a while, and the measurements are kept for comparison.

import type { Phase } from "../phase.ts";
import type { Demo } from "../context.ts";
import { measurePlay } from "../play.ts";
import type { PlayFigures } from "../play.ts";
import { sleep } from "../../ui/sleep.ts";
import { ms, percent } from "../words.ts";
import { isAbove, isBelow, mapped } from "../../analysis/measured.ts";
import { shown } from "../../analysis/measures.ts";

const PLAYERS = 5;
const ACTIONS_PER_S = 3;
/** Players first need to find something to fight. */
const WARM_UP_MS = 2_000;
/** Later comparisons use the same time. */
export const WATCH_MS = 10_000;
const HEALTHY_MS_MAX = 20_000;
export const BUDGET_MS = 50;
/** An action waits for the next tick, and its effect for a frame: two intervals, if the machine is otherwise idle. */
const ROUND_TRIP_MS_MAX = 2 * BUDGET_MS;

export const baseline: Phase = {
  title: "Baseline",
  question: "what does a healthy server look like?",
  async run(demo) {
    const { narrator, lookout, signal } = demo;
    const swarm = await narrator.during(`${PLAYERS} players come in over TCP`, () =>
      demo.join({ count: PLAYERS, rate: ACTIONS_PER_S, namePrefix: "Player" }),
    );
    const figures = await narrator.during("they fight, the server is watched", async () => {
      await sleep(WARM_UP_MS, signal);
      return await measurePlay(lookout, swarm.stats, WATCH_MS, signal);
    });
    demo.found.before = figures;
    tell(demo, figures);
    demo.claim(demo.playing === PLAYERS, `${demo.playing} of ${PLAYERS} players are in the world`);
    const isHealthy = (): true | null => (lookout.health().status === "healthy" ? true : null);
    const healthy = await lookout.until(isHealthy, HEALTHY_MS_MAX, signal);
    const { status, reasons } = lookout.health();
    demo.claim(healthy !== null, `health, from telemetry: ${status}${reasons.map(({ text }) => `; ${text}`).join("")}`);
    const { tickMs, roundTripMs, castsCompleted, dps } = figures;
    demo.claim(isBelow(tickMs.p99, BUDGET_MS), `ticks keep to their budget: p99 ${ms(tickMs.p99)} of ${BUDGET_MS} ms`);
    demo.claim(
      isAbove(castsCompleted, 0) && isAbove(dps, 0),
      `they really play: ${shown(castsCompleted)} casts completed, blows dealt and taken`,
    );
    demo.claim(
      isBelow(roundTripMs.p50, ROUND_TRIP_MS_MAX),
      `what they do is back within two ticks: p50 ${ms(roundTripMs.p50)} of ${ROUND_TRIP_MS_MAX} ms`,
    );
  },
};

function tell(demo: Demo, figures: PlayFigures): void {
  const { ticks, overruns, tickMs, roundTripMs, castsPerS, castSuccess, dps } = figures;
  demo.fact("ticks", `p50 ${ms(tickMs.p50)}, p99 ${ms(tickMs.p99)}; ${overruns} of ${ticks} over ${BUDGET_MS} ms`);
  demo.fact("casts", `${shown(castsPerS)} completed a second, ${percent(castSuccess)} of those that ended`);
  demo.fact("damage", `${shown(mapped(dps, Math.round))} a second`);
  demo.fact("round trip", `p50 ${ms(roundTripMs.p50)}, p99 ${ms(roundTripMs.p99)}, ${roundTripMs.count} actions`);
}
