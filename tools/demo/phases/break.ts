// Phase 2: a fault adds 200 ms of real time to every tick. The operator on watch is not informed.

import { z } from "zod";
import type { Phase } from "../phase.ts";
import { sleep } from "../../ui/sleep.ts";
import { measurePlay } from "../play.ts";
import { ms, seconds, times } from "../words.ts";
import { shown, zonesText } from "../../analysis/measures.ts";
import { BUDGET_MS, WATCH_MS } from "./baseline.ts";

const DELAY_MS = 200;
/** The fault ends by itself after this time, whatever happens to the demo: two minutes at 20 Hz. */
const DURATION_TICKS = 2_400;
/** The tick during which the fault begins belongs to neither side. */
const TRANSITION_MS = 500;
const DETECT_MS_MAX = 15_000;
const DIAGNOSE_MS_MAX = 30_000;
/** The least confidence that counts as a diagnosis. */
export const CONFIDENCE_MIN = 0.75;

const Activated = z.object({ targets: z.array(z.number()) });

export const breakIt: Phase = {
  title: "Break",
  question: `what do ${DELAY_MS} ms more in every tick do?`,
  async run(demo) {
    const { narrator, lookout, signal, control, found } = demo;
    const [players] = demo.swarms;
    const { before } = found;
    if (players === undefined || before === undefined) throw new Error("the baseline comes first");
    const params = { delay_ms: DELAY_MS };
    const request = { command: "activate", fault_id: "latency-spike", params, duration_ticks: DURATION_TICKS };
    const { targets } = Activated.parse(await control.ask(request));
    demo.fact("fault", `latency-spike in ${zonesText(targets)}, ${DELAY_MS} ms of real time a tick`);

    const detecting = lookout.until(
      () => (lookout.health().status === "healthy" ? null : lookout.health()),
      DETECT_MS_MAX,
      signal,
    );
    const diagnosing = lookout.until(
      () => lookout.diagnoses().find(({ confidence }) => confidence >= CONFIDENCE_MIN) ?? null,
      DIAGNOSE_MS_MAX,
      signal,
    );
    const [during, detected, diagnosed] = await narrator.during(
      "the players play on, the server is watched",
      async () => {
        const measuring = sleep(TRANSITION_MS, signal).then(() =>
          measurePlay(lookout, players.stats, WATCH_MS, signal),
        );
        return await Promise.all([measuring, detecting, diagnosing]);
      },
    );
    found.during = during;
    found.detectedMs = detected?.tookMs ?? null;
    found.diagnosis = diagnosed === null ? null : { best: diagnosed.seen, tookMs: diagnosed.tookMs };

    const { tickMs, ticks, overruns, tickRateHz } = during;
    demo.fact("ticks", `p50 ${ms(tickMs.p50)}, p99 ${ms(tickMs.p99)}; ${overruns} of ${ticks} over ${BUDGET_MS} ms`);
    demo.fact("tick rate", `${shown(before.tickRateHz)} → ${shown(tickRateHz)} Hz`);
    demo.claim(
      tickMs.p50 !== null && tickMs.p50 >= DELAY_MS,
      `a tick takes ${times(tickMs.p50, BUDGET_MS)} its budget: p50 ${ms(tickMs.p50)} of ${BUDGET_MS} ms`,
    );
    const reason = detected?.seen.reasons[0]?.text ?? "";
    demo.claim(
      detected !== null,
      detected === null
        ? `health left "healthy" within ${seconds(DETECT_MS_MAX)}`
        : `detected after ${seconds(detected.tookMs)}: ${detected.seen.status}, ${reason}`,
    );
    demo.claim(demo.playing === players.clients.length, `nobody lost the connection: ${demo.playing} still play`);
  },
};
