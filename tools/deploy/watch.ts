// The watch over zones on trial: the feed a few times in each quarter of a second, so that a guard acts at once, and beside it the shadow.
// It ends when the verdict is beyond doubt, or when the zones have run their ticks and the shadow has seen them too.

import { quantile, sum } from "../analysis/measured.ts";
import type { Measured } from "../analysis/measured.ts";
import { zonesText } from "../analysis/measures.ts";
import { WowsimError } from "../../server/protocol/errors.ts";
import { sleep } from "../ui/sleep.ts";
import { comparedLeast, ticksRun } from "./evidence.ts";
import type { FeedWindow } from "./feed-window.ts";
import { judge, judgeEarly } from "./judge.ts";
import { timeBlocksLeast } from "./judge-shadow.ts";
import type { SampleWindow, ZoneTick } from "./samples.ts";
import { seriesOf, shadowSeriesOf } from "./series.ts";
import type { ShadowRun } from "./shadow-run.ts";
import type { JudgeInput, Limits, ShadowEvidence, Verdict } from "./verdict.ts";

export interface Waiting {
  signal: AbortSignal;
  /** Throws when the deploy does not go on: somebody aborted it. */
  assertGoesOn(): void;
  progress?(share: number, text: string): void;
}

export interface Trial {
  zoneIds: readonly number[];
  candidate: string;
  limits: Limits;
  /** Null: there is none, and `noShadow` says why. */
  shadow: ShadowRun | null;
  noShadow?: string;
}

export interface Watched {
  verdict: Verdict;
  /** The verdict was beyond doubt before the end of the watch. */
  early: boolean;
  text: string;
  data: Record<string, unknown>;
}

const POLL_MS = 100;
const SHADOW_POLL_MS = 500;
export const FEED_SILENT_MS_MAX = 3_000;
/** The engine compiles a new module while it runs: its first second is not typical of those after. */
const SETTLE_TICKS = 20;
/** A zone whose game time is dilated needs longer for its ticks. */
const PATIENCE = 2;
const PATIENCE_MS_LEAST = 10_000;
/** The shadow reads a journal that is written a little later. One that yields to the players gets twice as long again as the watch. */
export const CATCH_UP_MS_MAX = 10_000;
const CATCH_UP_SHARE = 2;

const NO_SHADOW: ShadowEvidence = { report: null, problem: "there is none", blocks: [], blocksMissed: 0 };

/** Throws WowsimError when the feed falls silent, what the control channel throws, and the signal's reason. */
export async function watchTrial(window: FeedWindow, trial: Trial, waiting: Waiting): Promise<Watched> {
  const { limits, zoneIds } = trial;
  await settle(window, trial, waiting);
  const looks = new Looks(trial.shadow);
  const clock = new WatchClock();
  for (;;) {
    looks.assertWell();
    looks.begin();
    assertNotTakenBack(window, zoneIds);
    const input = inputOf(window, trial);
    const { during } = input;
    const { elapsedMs } = clock;
    const ran = Math.min(...zoneIds.map((id) => ticksRun(during.ticksOf(id))));
    const isRun = ran >= limits.ticks || elapsedMs > PATIENCE * limits.ticks * during.tickMs + PATIENCE_MS_LEAST;
    const waitedMs = clock.waitedMs(isRun);
    const isOver =
      isRun && (isSeen(trial, input) || waitedMs > CATCH_UP_MS_MAX + CATCH_UP_SHARE * limits.ticks * during.tickMs);
    const beyondDoubt = judgeEarly(input, limits);
    if (beyondDoubt !== null || isOver) {
      const early = beyondDoubt !== null && !isOver;
      return watched(input, beyondDoubt ?? judge(input, limits), early, elapsedMs);
    }
    if (window.silentMs > FEED_SILENT_MS_MAX) throw silence(window);
    waiting.assertGoesOn();
    const waits = isRun ? "; the shadow catches up" : `, ${Math.max(0, limits.ticks - ran)} ticks left`;
    waiting.progress?.(Math.min(1, ran / limits.ticks), `watching ${zonesText(zoneIds)}${waits}`);
    await listen(waiting);
  }
}

export function inputOf(window: FeedWindow, { zoneIds, candidate, shadow, noShadow }: Trial): JudgeInput {
  const evidence = shadow?.evidence ?? { ...NO_SHADOW, problem: noShadow ?? NO_SHADOW.problem };
  return { zoneIds, candidate, during: window.samples, shadow: evidence };
}

function watched(input: JudgeInput, verdict: Verdict, early: boolean, elapsedMs: number): Watched {
  const { zoneIds, during, shadow } = input;
  const seconds = (elapsedMs / 1_000).toFixed(1);
  const told = zoneIds.map((id) => `${zoneIds.length > 1 ? `zone ${id}: ` : ""}${describeTicks(during.ticksOf(id))}`);
  const text = `${seconds} s, ${told.join("; ")}${early ? ": beyond doubt, not waiting for the rest" : ""}`;
  const ticks = zoneIds.reduce((total, id) => total + during.ticksOf(id).length, 0);
  const series = [
    ...zoneIds.map((id) => seriesOf(id, during.ticksOf(id))),
    ...(shadow.blocks.length > 0 ? [shadowSeriesOf(shadow.blocks, during.tickMs)] : []),
  ];
  return { verdict, early, text, data: { elapsed_ms: Math.round(elapsedMs), ticks, early, series } };
}

/** How long a watch has lasted, and how long ago the zones had run their ticks. */
export class WatchClock {
  readonly #startedMs = performance.now();
  #ranSinceMs: number | null = null;

  get elapsedMs(): number {
    return performance.now() - this.#startedMs;
  }

  /** 0 until the zones have run. */
  waitedMs(isRun: boolean): number {
    if (isRun) this.#ranSinceMs ??= performance.now();
    return this.#ranSinceMs === null ? 0 : performance.now() - this.#ranSinceMs;
  }
}

/** Looks at the shadow in the background: a server that answers late does not hold up the guards. */
export class Looks {
  readonly #shadow: ShadowRun | null;
  #isLooking = false;
  #lastMs = -Infinity;
  #error: unknown = null;

  constructor(shadow: ShadowRun | null) {
    this.#shadow = shadow;
  }

  /** Throws what the last look threw. */
  assertWell(): void {
    if (this.#error !== null) throw this.#error;
  }

  begin(): void {
    const nowMs = performance.now();
    if (this.#shadow === null || this.#isLooking || nowMs - this.#lastMs < SHADOW_POLL_MS) return;
    this.#isLooking = true;
    this.#lastMs = nowMs;
    this.#shadow
      .look()
      .catch((error: unknown) => (this.#error = error))
      .finally(() => (this.#isLooking = false));
  }
}

/** The shadow has looked at all ticks that are watched, compared enough of them, and timed enough; or it will look at no more. */
function isSeen({ shadow: run, limits }: Trial, { zoneIds, during, shadow }: JudgeInput): boolean {
  if (run === null || run.isOver) return true;
  const { report } = shadow;
  if (report === null || shadow.blocks.length < timeBlocksLeast(report, limits)) return false;
  return zoneIds.every((id) => {
    const zone = report.shadow.zones.find(({ zone_id: other }) => other === id);
    const ticks = during.ticksOf(id);
    if (zone === undefined || zone.compared < comparedLeast(ticksRun(ticks), limits)) return false;
    return zone.to_tick >= (ticks[0]?.tick ?? 0) + limits.ticks - 1;
  });
}

/** Waits for more lines; if this process stood still meanwhile, until the lines of that time are read. */
export async function listen({ signal }: Pick<Waiting, "signal">): Promise<void> {
  const sinceMs = performance.now();
  await sleep(POLL_MS, signal);
  if (performance.now() - sinceMs > 3 * POLL_MS) await sleep(POLL_MS, signal);
}

/** Waits until the candidate's first ticks are over, unless an incident happens in them. */
async function settle(window: FeedWindow, { candidate, zoneIds }: Trial, waiting: Waiting): Promise<void> {
  const endMs = performance.now() + FEED_SILENT_MS_MAX;
  const isSettled = (samples: SampleWindow, id: number): boolean =>
    samples.ticksOf(id).filter((tick) => tick.kernel === candidate).length >= SETTLE_TICKS;
  while (zoneIds.every((id) => window.samples.incidentCountOf(id) === 0) && performance.now() < endMs) {
    const { samples } = window;
    assertNotTakenBack(window, zoneIds);
    if (zoneIds.every((id) => isSettled(samples, id))) break;
    waiting.assertGoesOn();
    await listen(waiting);
  }
  window.samples.dropTicks();
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

/** Throws WowsimError("taken_back"): somebody else rolled the module back, which is no verdict on it. */
export function assertNotTakenBack({ samples }: FeedWindow, zoneIds: readonly number[]): void {
  const found = samples.takenBack.filter(({ zoneId }) => zoneIds.includes(zoneId));
  const [first] = found;
  if (first === undefined) return;
  const { by, reason } = first;
  const where = zonesText([...new Set(found.map(({ zoneId }) => zoneId))]);
  const who = by === "" ? "somebody who gave no name" : by;
  throw new WowsimError("taken_back", `${who} rolled ${where} back (${reason}); the module was not judged`);
}

export function silence(window: FeedWindow): WowsimError {
  const seconds = (window.silentMs / 1_000).toFixed(1);
  return new WowsimError(
    "feed_silent",
    `The telemetry feed has been silent for ${seconds} s; check --telemetry-port. Nothing is promoted blind.`,
  );
}
