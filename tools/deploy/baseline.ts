// Before the swap: which zones the module is tried in, and whether the feed tells of them and somebody plays there. Nothing is compared
// with this time.

import { WowsimError } from "../../server/protocol/errors.ts";
import { known, sum } from "../analysis/measured.ts";
import { zonesText } from "../analysis/measures.ts";
import type { FeedWindow } from "./feed-window.ts";
import type { SampleWindow } from "./samples.ts";
import { describeTicks, FEED_SILENT_MS_MAX, listen, silence } from "./watch.ts";
import type { Waiting } from "./watch.ts";

export interface Baseline {
  zoneIds: number[];
  /** The other zones, those with the fewest players first. */
  others: number[];
  text: string;
  data: Record<string, unknown>;
}

export interface BaselineWish {
  /** All zones of the server. */
  all: readonly number[];
  /** Those that are to try the module; null: `count` of them, those with the fewest players. */
  wanted: readonly number[] | null;
  count: number;
  isIdleAllowed: boolean;
}

/** Of each zone, so that quiet zones can be told from silent ones. */
const TICKS_MIN = 20;
/** How long other zones may lag behind: one that the feed does not tell of does not hold up the canary. */
const LAGGARDS_MS_MAX = 3_000;
const BASELINE_MS_MAX = 60_000;
/** How long the zones' players may take to cast something. */
const PLAY_MS_MAX = 20_000;

/** Throws WowsimError when the feed does not bring enough: no_baseline, feed_silent, no_casts. */
export async function collectBaseline(window: FeedWindow, wish: BaselineWish, waiting: Waiting): Promise<Baseline> {
  await collectTicks(window, wish, waiting);
  const { all, wanted, count } = wish;
  const quiet = quietestFirst(window.samples, all);
  const zoneIds = wanted === null ? quiet.slice(0, count) : [...wanted];
  if (zoneIds.length === 0) throw new WowsimError("no_zone", "No zone ticks; see wowsim health.");
  if (!wish.isIdleAllowed) await untilPlayed(window, zoneIds, waiting);
  const { samples } = window;
  const text = all
    .map((id) => `${zoneIds.includes(id) ? "canary " : ""}zone ${id}: ${describeTicks(samples.ticksOf(id))}`)
    .join("; ");
  const others = quiet.filter((id) => !zoneIds.includes(id));
  return { zoneIds, others, text, data: { zone_id: zoneIds[0], zones: zoneIds } };
}

async function collectTicks(window: FeedWindow, { all, wanted }: BaselineWish, waiting: Waiting): Promise<void> {
  const startedMs = performance.now();
  let enoughSinceMs: number | null = null;
  for (;;) {
    const { samples } = window;
    const isTold = (id: number): boolean => samples.ticksOf(id).length >= TICKS_MIN;
    if (all.every(isTold)) return;
    if (wanted === null ? all.some(isTold) : wanted.every(isTold)) enoughSinceMs ??= performance.now();
    if (enoughSinceMs !== null && performance.now() - enoughSinceMs > LAGGARDS_MS_MAX) {
      // Nobody knows what a zone without telemetry does, so nothing is promoted to it.
      const missing = all.filter((id) => !isTold(id)).map((id) => `zone ${id} brought ${samples.ticksOf(id).length}`);
      const message = `Too few ticks to deploy by: ${missing.join(", ")} of ${TICKS_MIN} ticks. Nothing was swapped; see wowsim health.`;
      throw new WowsimError("no_baseline", message);
    }
    if (window.silentMs > FEED_SILENT_MS_MAX) throw silence(window);
    if (performance.now() - startedMs > BASELINE_MS_MAX)
      throw new WowsimError(
        "no_baseline",
        `Too few zone ticks arrived in ${BASELINE_MS_MAX / 1_000} s; is the feed lossy?`,
      );
    const least = Math.min(...all.map((id) => samples.ticksOf(id).length));
    waiting.assertGoesOn();
    waiting.progress?.(Math.min(1, least / TICKS_MIN), `baseline: ${least} of ${TICKS_MIN} ticks a zone`);
    await listen(waiting);
  }
}

async function untilPlayed(window: FeedWindow, zoneIds: readonly number[], waiting: Waiting): Promise<void> {
  const endMs = performance.now() + PLAY_MS_MAX;
  for (;;) {
    const idle = zoneIds.filter((id) => castsOf(window.samples, id) === 0);
    if (idle.length === 0) return;
    if (performance.now() > endMs) {
      const message =
        `Nobody casts in ${zonesText(idle)}, so nobody would feel what a module breaks there. Let players play there ` +
        "(wowsim spawn-clients), choose another --canary-zone, or waive it with --allow-idle.";
      throw new WowsimError("no_casts", message);
    }
    if (window.silentMs > FEED_SILENT_MS_MAX) throw silence(window);
    waiting.assertGoesOn();
    waiting.progress?.(0.9, `baseline: waiting for casts in ${zonesText(idle)}`);
    await listen(waiting);
  }
}

const castsOf = (samples: SampleWindow, zoneId: number): number =>
  sum(known(samples.ticksOf(zoneId).map((tick) => tick.castsStarted))) ?? 0;

/** The zones with the fewest players first, so that few are affected; those where nobody plays last. */
function quietestFirst(samples: SampleWindow, all: readonly number[]): number[] {
  const isTold = (id: number): boolean => samples.ticksOf(id).length >= TICKS_MIN;
  return all
    .filter(isTold)
    .map((id) => ({ id, players: samples.ticksOf(id).at(-1)?.players ?? 0 }))
    .toSorted((a, b) => Number(a.players === 0) - Number(b.players === 0) || a.players - b.players || a.id - b.id)
    .map(({ id }) => id);
}
