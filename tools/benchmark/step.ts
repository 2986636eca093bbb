// One load step: a number of players join, settle, and are measured for a while.
//
//   await runStep({ target, clients: 200, seconds: 10, rate: 2, seed: 1, signal })   // StepResult

import { WowsimError } from "../../server/protocol/errors.ts";
import type { TelemetryLine } from "../../server/protocol/telemetry-line.ts";
import type { Measured } from "../analysis/measured.ts";
import { measuredOf } from "../analysis/telemetry-text.ts";
import type { Protocol } from "../client/wire.ts";
import type { FeedClient } from "../client/feed-client.ts";
import { sleep } from "../ui/sleep.ts";
import { startPlayers } from "./players.ts";
import type { Players, PlayersReport } from "./players.ts";
import type { StepResult, TickFigures } from "./result.ts";
import { TickWindow } from "./tick-window.ts";

export interface Target {
  host: string;
  port: number;
  feed: FeedClient;
  token?: string;
}

export interface StepOptions {
  target: Target;
  clients: number;
  seconds: number;
  rate: number;
  protocol: Protocol;
  seed: number;
  signal: AbortSignal;
}

/** Time for queues and just-in-time compilers to settle before the measurement. */
const SETTLE_S = 2;
/** Players stay this much longer than the measurement: time to detect that all are in, and to leave. */
const SPARE_S = 3;
/** The time limit for connecting: a base, and an addition for each player. */
const ENTER_MS_MAX = 20_000;
const ENTER_MS_EACH = 20;
const LOOK_MS = 50;

/** Throws WowsimError when the step could not be measured, or the signal's reason when it was aborted. */
export async function runStep(options: StepOptions): Promise<StepResult> {
  const { target, clients, seconds, signal } = options;
  if (clients === 0) return resultOf(0, seconds, await watch(target.feed, seconds, signal), null);
  const before = await inWorld(target.feed, signal);
  const players = startPlayers({ ...target, ...options, count: clients, seconds: SETTLE_S + seconds + SPARE_S });
  try {
    await allIn(target.feed, before + clients, players, ENTER_MS_MAX + clients * ENTER_MS_EACH, signal);
    await sleep(SETTLE_S * 1_000, signal);
    const figures = await watch(target.feed, seconds, signal);
    return resultOf(clients, seconds, figures, await players.report);
  } finally {
    players.stop();
    await players.report.catch(() => undefined);
  }
}

async function watch(feed: FeedClient, seconds: number, signal: AbortSignal): Promise<TickFigures> {
  const window = new TickWindow();
  const startedMs = performance.now();
  const stop = feed.onLine((line) => window.take(line));
  try {
    await sleep(seconds * 1_000, signal);
  } finally {
    stop();
  }
  return window.figures((performance.now() - startedMs) / 1_000);
}

/** How many players are in the world, by the gateway's next report. */
async function inWorld(feed: FeedClient, signal: AbortSignal): Promise<number> {
  let seen: number | null = null;
  const stop = onInWorld(feed, (count) => (seen = count ?? seen));
  try {
    await until(
      () => seen !== null,
      ENTER_MS_MAX,
      signal,
      () => "The server's telemetry says nothing of its players.",
    );
  } finally {
    stop();
  }
  return seen ?? 0;
}

/** Waits until this many are in the world. If the players end earlier, their report has the reason. */
async function allIn(
  feed: FeedClient,
  count: number,
  players: Players,
  msMax: number,
  signal: AbortSignal,
): Promise<void> {
  let seen = 0;
  const stop = onInWorld(feed, (now) => (seen = now ?? seen));
  try {
    await until(
      () => seen >= count || players.hasEnded,
      msMax,
      signal,
      () => `Only ${seen} of ${count} players got in.`,
    );
    if (seen < count) throw await players.report.then(tooFew, (error: unknown) => error);
  } finally {
    stop();
  }
}

function tooFew({ connects }: PlayersReport): WowsimError {
  return new WowsimError("players_failed", `The players left early; ${connects} had got in.`);
}

function onInWorld(feed: FeedClient, tell: (count: Measured) => void): () => void {
  return feed.onLine(({ component, message, data }: TelemetryLine) => {
    if (component === "gateway" && message === "Traffic") tell(measuredOf(data, "in_world"));
  });
}

async function until(
  condition: () => boolean,
  msMax: number,
  signal: AbortSignal,
  complaint: () => string,
): Promise<void> {
  const deadline = performance.now() + msMax;
  while (!condition()) {
    if (performance.now() > deadline) throw new WowsimError("benchmark_stuck", complaint());
    await sleep(LOOK_MS, signal);
  }
}

/** For players without a report. */
const NO_TRIP: StepResult["round_trip_ms"] = { p50: null, p90: null, p99: null, max: null };

/** `report`: null when there were no players, so no actions either. */
function resultOf(clients: number, seconds: number, figures: TickFigures, report: PlayersReport | null): StepResult {
  const perSecond = (total: number): number => total / Math.max(0.001, report?.elapsed_s ?? 1);
  return {
    clients,
    seconds,
    ...figures,
    actions: perSecond(report?.actions ?? 0),
    round_trip_ms: report?.round_trip_ms ?? NO_TRIP,
    bytes_to_clients: perSecond(report?.bytes_in ?? 0),
    bytes_from_clients: perSecond(report?.bytes_out ?? 0),
    players: report?.process ?? null,
    connects: report?.connects ?? 0,
    drops: report?.drops ?? 0,
    protocol_errors: report?.protocol_errors ?? 0,
  };
}
