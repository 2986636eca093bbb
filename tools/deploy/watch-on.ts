// After the promotion every zone is watched on for a while, by the guards and by its shadow: the module before runs beside all of them. What
// shows only now goes back everywhere.

import { zonesText } from "../analysis/measures.ts";
import type { FeedWindow } from "./feed-window.ts";
import { judgeOn } from "./judge.ts";
import type { Limits, Verdict } from "./verdict.ts";
import {
  assertNotTakenBack,
  CATCH_UP_MS_MAX,
  describeTicks,
  FEED_SILENT_MS_MAX,
  inputOf,
  listen,
  Looks,
  silence,
  WatchClock,
} from "./watch.ts";
import type { Trial, Waiting, Watched } from "./watch.ts";
import { seriesOf } from "./series.ts";

/** A zone whose game time is dilated needs longer for its ticks. */
const PATIENCE = 2;
const PATIENCE_MS_LEAST = 5_000;

/** Throws as watchTrial does. */
export async function watchOn(
  window: FeedWindow,
  trial: Trial,
  ticks: number,
  waiting: Waiting,
): Promise<Omit<Watched, "early">> {
  const { zoneIds } = trial;
  const limits: Limits = { ...trial.limits, ticks };
  const looks = new Looks(trial.shadow);
  const clock = new WatchClock();
  for (;;) {
    looks.assertWell();
    looks.begin();
    assertNotTakenBack(window, zoneIds);
    const input = inputOf(window, trial);
    const { elapsedMs } = clock;
    const ran = Math.min(...zoneIds.map((id) => input.during.ticksOf(id).length));
    const isRun = ran >= ticks || elapsedMs > PATIENCE * ticks * input.during.tickMs + PATIENCE_MS_LEAST;
    const waitedMs = clock.waitedMs(isRun);
    const isOver = isRun && (comparedBeside(trial) !== 0 || waitedMs > CATCH_UP_MS_MAX);
    const verdict = judgeOn(input, limits, isOver);
    if (!verdict.promote || isOver) return { verdict, ...told(trial, verdict, window, elapsedMs) };
    if (window.silentMs > FEED_SILENT_MS_MAX) throw silence(window);
    waiting.assertGoesOn();
    waiting.progress?.(Math.min(1, ran / ticks), `watching ${zonesText(zoneIds)} on, ${ticks - ran} ticks left`);
    await listen(waiting);
  }
}

/** Ticks that the shadow has compared; null: it will compare no more. */
function comparedBeside({ shadow }: Trial): number | null {
  const compared = shadow?.evidence.report?.ticks ?? 0;
  return shadow === null || (shadow.isOver && compared === 0) ? null : compared;
}

function told(
  trial: Trial,
  verdict: Verdict,
  window: FeedWindow,
  elapsedMs: number,
): Omit<Watched, "early" | "verdict"> {
  const { zoneIds, noShadow } = trial;
  const { samples } = window;
  const compared = comparedBeside(trial) ?? 0;
  const beside =
    compared === 0 ? `no tick compared (${noShadow ?? "the shadow said nothing"})` : `${compared} ticks compared`;
  const seconds = (elapsedMs / 1_000).toFixed(1);
  const zones = zoneIds.map((id) => `zone ${id}: ${describeTicks(samples.ticksOf(id))}`).join("; ");
  const text = verdict.promote
    ? `${seconds} s more in every zone, ${zones}; ${beside} with the module before`
    : `after ${seconds} s: ${verdict.reason}`;
  const series = zoneIds.map((id) => seriesOf(id, samples.ticksOf(id)));
  return { text, data: { elapsed_ms: Math.round(elapsedMs), compared, series } };
}
