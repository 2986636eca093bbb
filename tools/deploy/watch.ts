// The waiting stages of a canary: its baseline, its watch, and the proof afterwards that every zone runs the right module.
// All three read only the telemetry feed, and stop with an error when it falls silent.

import { WowsimError } from "../../server/protocol/errors.ts";
import { known, quantile, sum } from "../analysis/measured.ts";
import type { Measured } from "../analysis/measured.ts";
import { FeedWindow } from "./feed-window.ts";
import { judge, judgeEarly } from "./judge.ts";
import type { JudgeInput, Thresholds, Verdict } from "./verdict.ts";
import { SampleWindow } from "./samples.ts";
import type { ZoneTick } from "./samples.ts";
import { sleep } from "../ui/sleep.ts";
import { at } from "../../server/protocol/assert.ts";

interface Waiting {
  signal: AbortSignal;
  progress?(share: number, text: string): void;
}

const POLL_MS = 250;
const BASELINE_MS_MAX = 60_000;
const BASELINE_RETRIES = 2;
/** How long other zones may lag behind the canary zone: a zone without telemetry does not prove that it is unchanged. */
const LAGGARDS_MS_MAX = 3_000;
/** How long the zone's players may take to cast often enough for a verdict. */
const CASTS_MS_MAX = 20_000;
const FEED_SILENT_MS_MAX = 3_000;
/** The engine compiles a new module while it runs: its first second is not typical of those after. */
const SETTLE_TICKS = 20;
const CONFIRM_TICKS = 10;
const CONFIRM_MS_MAX = 10_000;

export interface Baseline {
  zoneId: number;
  samples: SampleWindow;
  text: string;
  data: Record<string, unknown>;
}

/**
 * Fills the window with at least `ticksMin` ticks of every zone and `castsMin` casts in the canary zone. If no zone is given, it
 * picks, of the zones with players, the one with the fewest. Throws WowsimError when the feed does not bring enough.
 */
export async function collectBaseline(
  window: FeedWindow,
  zoneIds: readonly number[],
  wanted: number | undefined,
  thresholds: Thresholds,
  waiting: Waiting,
  triesLeft = BASELINE_RETRIES,
): Promise<Baseline> {
  const startedMs = performance.now();
  const zoneId = await collectTicks(window, zoneIds, wanted, thresholds, waiting);
  const { castsMin } = thresholds;
  const castsStartedMs = performance.now();
  for (let casts = castsOf(window, zoneId); casts < castsMin; casts = castsOf(window, zoneId)) {
    if (performance.now() - castsStartedMs > CASTS_MS_MAX) throw tooFewCasts(zoneId, casts, castsMin);
    assertSpeaking(window, performance.now() - startedMs);
    waiting.progress?.(casts / castsMin, `baseline: ${casts} of ${castsMin} casts in zone ${zoneId}`);
    await sleep(POLL_MS, waiting.signal);
  }
  // Nothing is swapped yet, so a baseline with gaps (this machine stood still) is taken again.
  if (hasHoles(window, zoneIds, thresholds) && triesLeft > 0) {
    window.restart();
    return await collectBaseline(window, zoneIds, zoneId, thresholds, waiting, triesLeft - 1);
  }
  const samples = window.restart();
  const text = zoneIds
    .map((id) => `${id === zoneId ? "canary " : ""}zone ${id}: ${describeTicks(samples.ticksOf(id))}`)
    .join("; ");
  return { zoneId, samples, text, data: { zone_id: zoneId, ticks: samples.ticksOf(zoneId).length } };
}

function hasHoles(window: FeedWindow, zoneIds: readonly number[], { coverageMin }: Thresholds): boolean {
  const { samples } = window;
  return zoneIds.map((id) => samples.arrival(id)).some(({ arrived, expected }) => arrived < coverageMin * expected);
}

/** Waits for the ticks; returns the canary zone. */
async function collectTicks(
  window: FeedWindow,
  zoneIds: readonly number[],
  wanted: number | undefined,
  { ticksMin }: Thresholds,
  waiting: Waiting,
): Promise<number> {
  const startedMs = performance.now();
  let enoughSinceMs: number | null = null;
  for (;;) {
    const have = zoneIds.map((id) => window.samples.ticksOf(id).length);
    const ofCanary = wanted === undefined ? Math.max(...have) : window.samples.ticksOf(wanted).length;
    if (have.every((ticks) => ticks >= ticksMin)) break;
    if (ofCanary >= ticksMin) enoughSinceMs ??= performance.now();
    if (enoughSinceMs !== null && performance.now() - enoughSinceMs > LAGGARDS_MS_MAX)
      throw laggards(zoneIds, have, ticksMin);
    assertSpeaking(window, performance.now() - startedMs);
    const least = Math.min(...have);
    waiting.progress?.(least / ticksMin, `baseline: ${least} of ${ticksMin} ticks a zone`);
    await sleep(POLL_MS, waiting.signal);
  }
  return wanted ?? quietestPlayedZone(window.samples, ticksMin);
}

const castsOf = (window: FeedWindow, zoneId: number): number =>
  sum(known(window.samples.ticksOf(zoneId).map((tick) => tick.castsStarted))) ?? 0;

export interface Watched {
  verdict: Verdict;
  /** The verdict was beyond doubt before the end of the watch. */
  early: boolean;
  text: string;
  data: Record<string, unknown>;
}

/** Watches until the time is over or the verdict is beyond doubt. Throws WowsimError when the feed falls silent. */
export async function watchCanary(
  window: FeedWindow,
  canary: Omit<JudgeInput, "during"> & { durationMs: number; thresholds: Thresholds },
  waiting: Waiting,
): Promise<Watched> {
  const { thresholds, durationMs, zoneId } = canary;
  const startedMs = performance.now();
  await settle(window, canary, waiting);
  for (;;) {
    const elapsedMs = performance.now() - startedMs;
    const during = window.samples;
    const beyondDoubt = judgeEarly({ ...canary, during }, thresholds);
    if (beyondDoubt !== null || elapsedMs >= durationMs) {
      const early = beyondDoubt !== null;
      const verdict = beyondDoubt ?? judge({ ...canary, during }, thresholds);
      const ticks = during.ticksOf(zoneId);
      const seconds = (elapsedMs / 1_000).toFixed(1);
      const text = `${seconds} s, ${describeTicks(ticks)}${early ? ": beyond doubt, not waiting for the rest" : ""}`;
      return { verdict, early, text, data: { elapsed_ms: Math.round(elapsedMs), ticks: ticks.length, early } };
    }
    if (window.silentMs > FEED_SILENT_MS_MAX) throw silence(window);
    waiting.progress?.(
      elapsedMs / durationMs,
      `watching zone ${zoneId}: ${Math.ceil((durationMs - elapsedMs) / 1_000)} s left, ${describeTicks(during.ticksOf(zoneId))}`,
    );
    await listen(waiting);
  }
}

/** Waits for more lines; if this process stood still meanwhile, until the lines of that time are read. */
async function listen({ signal }: Waiting): Promise<void> {
  const sinceMs = performance.now();
  await sleep(POLL_MS, signal);
  if (performance.now() - sinceMs > 2 * POLL_MS) await sleep(POLL_MS, signal);
}

/** Waits until the candidate's first ticks are over, unless an incident happens in them. */
async function settle(window: FeedWindow, canary: Omit<JudgeInput, "during">, waiting: Waiting): Promise<void> {
  const { candidate, zoneId } = canary;
  const endMs = performance.now() + FEED_SILENT_MS_MAX;
  while (window.samples.incidentsOf(zoneId).length === 0) {
    const byCandidate = window.samples.ticksOf(zoneId).filter((tick) => tick.kernel === candidate).length;
    if (byCandidate >= SETTLE_TICKS) break;
    if (performance.now() > endMs) break;
    await sleep(POLL_MS, waiting.signal);
  }
  window.samples.dropTicks();
}

/** Waits until each zone's ticks come from the right module. Never throws: the result says what is wrong. */
export async function confirmRunning(
  window: FeedWindow,
  expected: ReadonlyMap<number, string>,
): Promise<{ ok: boolean; text: string; data: Record<string, unknown> }> {
  const endMs = performance.now() + CONFIRM_MS_MAX;
  const never = new AbortController().signal;
  let wrong = [...expected];
  while (wrong.length > 0 && performance.now() < endMs) {
    await sleep(POLL_MS, never);
    wrong = [...expected].filter(([id, hash]) => {
      const last = window.samples.ticksOf(id).slice(-CONFIRM_TICKS);
      return last.length < CONFIRM_TICKS || last.some((tick) => tick.kernel !== hash);
    });
  }
  const shown = [...expected].map(
    ([id]) => `zone ${id} runs ${window.samples.ticksOf(id).at(-1)?.kernel ?? "nothing"}`,
  );
  const problem = wrong.map(([id, hash]) => `zone ${id} should run ${hash}`).join("; ");
  return {
    ok: wrong.length === 0,
    text: `${shown.join(", ")}, by their own ticks${problem === "" ? "" : `, but ${problem}`}`,
    data: {
      zones: Object.fromEntries([...expected.keys()].map((id) => [id, window.samples.ticksOf(id).at(-1)?.kernel])),
    },
  };
}

/** The zone with the fewest players, but at least one, so that few are affected; the first zone if nobody plays. */
function quietestPlayedZone(samples: SampleWindow, ticksMin: number): number {
  const zones = samples
    .zoneIds()
    .filter((id) => samples.ticksOf(id).length >= ticksMin)
    .map((id) => ({ id, players: sum(known(samples.ticksOf(id).map((tick) => tick.players))) ?? 0 }))
    .toSorted((a, b) => a.players - b.players || a.id - b.id);
  const chosen = zones.find((zone) => zone.players > 0) ?? zones[0];
  if (chosen) return chosen.id;
  throw new WowsimError("no_zone", "No zone ticks; see wowsim health.");
}

const ms = (value: Measured): string => (value === null ? "unknown" : `${value.toFixed(2)} ms`);

/** "240 ticks, kernel p50 0.31 ms, p99 0.95 ms, 52 players, 96 casts". */
export function describeTicks(ticks: readonly ZoneTick[]): string {
  if (ticks.length === 0) return "no ticks";
  const kernelMs = ticks.map((tick) => tick.kernelMs);
  const casts = sum(ticks.map((tick) => tick.castsStarted));
  return (
    `${ticks.length} ticks, kernel p50 ${ms(quantile(kernelMs, 0.5))}, p99 ${ms(quantile(kernelMs, 0.99))}, ` +
    `${ticks.at(-1)?.players ?? "unknown"} players, ${casts ?? "unknown"} casts`
  );
}

function laggards(zoneIds: readonly number[], have: readonly number[], ticksMin: number): WowsimError {
  const missing = zoneIds
    .map((id, index) => ({ id, ticks: at(have, index) }))
    .filter(({ ticks }) => ticks < ticksMin)
    .map(({ id, ticks }) => `zone ${id} brought ${ticks} of ${ticksMin} ticks`);
  return new WowsimError(
    "no_baseline",
    `Too little to compare with: ${missing.join(", ")}. Nothing was swapped; see wowsim health.`,
  );
}

function assertSpeaking(window: FeedWindow, waitedMs: number): void {
  if (window.silentMs > FEED_SILENT_MS_MAX) throw silence(window);
  if (waitedMs > BASELINE_MS_MAX)
    throw new WowsimError(
      "no_baseline",
      `Too few zone ticks arrived in ${BASELINE_MS_MAX / 1_000} s; is the feed lossy?`,
    );
}

function tooFewCasts(zoneId: number, casts: number, castsMin: number): WowsimError {
  return new WowsimError(
    "no_casts",
    `Zone ${zoneId} saw ${casts} casts in the baseline; it takes ${castsMin} to tell whether a module breaks them. ` +
      "Let players play there (wowsim spawn-clients), choose another --canary-zone, or waive it with --allow-idle.",
  );
}

function silence(window: FeedWindow): WowsimError {
  const seconds = (window.silentMs / 1_000).toFixed(1);
  return new WowsimError(
    "feed_silent",
    `The telemetry feed has been silent for ${seconds} s; check --telemetry-port. Nothing is promoted blind.`,
  );
}
