// Telemetry of zones as a canary's judge reads it, made up: noisy as a busy laptop is, and garbled as the world may do it.
//
//   const before = window(1, 160, { 1: {}, 2: {} })                         // 160 ticks of two ordinary zones
//   const lines = linesOf(2, 400, { 1: {}, 2: { kernel: NEW, kernelMs: 0.8 } })
//   taken(garble(lines, { dropped: 0.3, ... }).lines, 400)

import type { TelemetryLine } from "../../server/protocol/telemetry-line.ts";
import { judge } from "../../tools/deploy/judge.ts";
import { DEFAULT_THRESHOLDS } from "../../tools/deploy/verdict.ts";
import type { JudgeInput, Verdict } from "../../tools/deploy/verdict.ts";
import { SampleWindow } from "../../tools/deploy/samples.ts";

export const CANARY = 2;
export const OLD = "aaaaaaaaaaaaaaaa";
export const NEW = "bbbbbbbbbbbbbbbb";

const TICK_MS = 50;
const FIRST_TICK = 1_000;

export interface Shape {
  kernelMs?: number;
  fuel?: number;
  /** Rare slow ticks, as a share. */
  spikes?: number;
  completed?: number;
  started?: number;
  /** Casts in the first tick only. */
  once?: number;
  refused?: number;
  players?: number;
  overrun?: boolean;
  kernel?: string;
  /** Share of datagrams that get lost. */
  lost?: number;
  /** The tick in which the zone traps, and recovers. */
  trapsAt?: number;
}

/** A line, and when it came. */
export interface Told {
  line: TelemetryLine;
  atMs: number;
}

export interface Garbling {
  /** Shares of lines. */
  dropped: number;
  doubled: number;
  /** Share of lines with a number that is null. */
  nulled: number;
  silence: { zoneId: number; from: number; ticks: number } | null;
  reorders: boolean;
  seed: number;
}

/** A generator of ours, so that a failure can be repeated. */
export function lcg(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** What `ticks` ticks of each zone tell, noisy as a busy laptop is: bursts that slow some thirty ticks in a row. */
export function linesOf(seed: number, ticks: number, zones: Record<number, Shape>): Told[] {
  const random = lcg(seed);
  const result: Told[] = [];
  for (const [id, shape] of Object.entries(zones)) {
    const { kernelMs = 0.4, spikes = 0.01, completed = 2, started = 2, players = 50, refused = 1 } = shape;
    for (let tick = 0; tick < ticks; tick++) {
      const burst = Math.floor(tick / 30) % 4 === 3 ? 1.2 : 1;
      const spike = random() < spikes ? 8 : 1;
      const ms = kernelMs * burst * spike * (0.85 + 0.3 * random());
      if (random() < (shape.lost ?? 0)) continue;
      const number = FIRST_TICK + tick;
      const data = {
        zone_id: Number(id),
        zone_name: `zone ${id}`,
        tick: number,
        kernel: shape.kernel ?? OLD,
        kernel_ms: ms,
        duration_ms: ms + 0.1,
        fuel_used: shape.fuel ?? 500_000 * (kernelMs / 0.4),
        overrun: shape.overrun ?? false,
        players,
        events_processed: 20,
        casts_started: started + (tick === 0 ? (shape.once ?? 0) : 0),
        casts_completed: completed + (tick === 0 ? (shape.once ?? 0) : 0),
        refused,
        recoveries: shape.trapsAt !== undefined && number >= shape.trapsAt ? 1 : 0,
      };
      const atMs = (tick + 1) * TICK_MS;
      if (number === shape.trapsAt) {
        const trap = { zone_id: Number(id), tick: number, error: "unreachable" };
        result.push({ line: line("error", "Zone tick exception", trap), atMs });
      }
      result.push({ line: line("metric", "Zone tick completed", data), atMs });
    }
  }
  return result.toSorted((a, b) => a.atMs - b.atMs);
}

/** A window of so many ticks of time, with what was told in it. */
export function taken(lines: readonly Told[], ticks: number): SampleWindow {
  const result = new SampleWindow(0);
  for (const told of lines) result.take(told.line, told.atMs);
  result.observedUntil(ticks * TICK_MS);
  return result;
}

export const window = (seed: number, ticks: number, zones: Record<number, Shape>): SampleWindow =>
  taken(linesOf(seed, ticks, zones), ticks);

export function line(type: TelemetryLine["type"], message: string, data: Record<string, unknown>): TelemetryLine {
  return { v: 1, timestamp: "2026-01-01T00:00:00.000Z", type, component: "zone", message, data };
}

export const steady: Record<number, Shape> = { 1: {}, 2: {}, 3: {} };
/** The canary zone runs the candidate, which does this. */
export const candidate = (shape: Shape): Record<number, Shape> => ({ ...steady, [CANARY]: { kernel: NEW, ...shape } });

export const inputOf = (baseline: SampleWindow, during: SampleWindow): JudgeInput => ({
  zoneId: CANARY,
  candidate: NEW,
  zones: baseline.zoneIds(),
  baseline,
  during,
});

export const verdictOf = (before: SampleWindow, after: SampleWindow, thresholds = DEFAULT_THRESHOLDS): Verdict =>
  judge(inputOf(before, after), thresholds);

/** The lines as they arrive after that, and whether nearly all of each zone's came, with all of their numbers. */
export function garble(lines: readonly Told[], how: Garbling): { lines: Told[]; isComplete: boolean } {
  const random = lcg(how.seed);
  const sent = new Map<unknown, number>();
  const came = new Map<unknown, number>();
  let isWhole = true;
  const result: Told[] = [];
  for (const told of lines) {
    const { data, message } = told.line;
    const isTick = message === "Zone tick completed";
    if (isTick) sent.set(data["zone_id"], (sent.get(data["zone_id"]) ?? 0) + 1);
    if (random() < how.dropped || isSilent(data, how)) continue;
    if (isTick) came.set(data["zone_id"], (came.get(data["zone_id"]) ?? 0) + 1);
    const isNulled = isTick && random() < how.nulled;
    if (isNulled) isWhole = false;
    const garbled = isNulled ? { ...told, line: { ...told.line, data: withNull(data, random()) } } : told;
    result.push(garbled, ...(random() < how.doubled ? [garbled] : []));
  }
  if (how.reorders) swapNeighbours(result, random);
  const isComplete = isWhole && [...sent].every(([zone, ticks]) => (came.get(zone) ?? 0) >= 0.85 * ticks);
  return { lines: result, isComplete };
}

function isSilent(data: Record<string, unknown>, { silence }: Garbling): boolean {
  if (silence === null || data["zone_id"] !== silence.zoneId) return false;
  const at = Number(data["tick"]) - FIRST_TICK - silence.from;
  return at >= 0 && at < silence.ticks;
}

function withNull(data: Record<string, unknown>, choice: number): Record<string, unknown> {
  const fields = [
    "kernel",
    "kernel_ms",
    "fuel_used",
    "overrun",
    "players",
    "casts_started",
    "casts_completed",
    "refused",
  ];
  return { ...data, [fields[Math.floor(choice * fields.length)] ?? "kernel"]: null };
}

/** What they tell changes places; when they came does not. */
function swapNeighbours(lines: Told[], random: () => number): void {
  for (let at = 1; at < lines.length; at++) {
    const [one, other] = [lines[at - 1], lines[at]];
    if (one === undefined || other === undefined || random() < 0.5) continue;
    lines[at - 1] = { line: other.line, atMs: one.atMs };
    lines[at] = { line: one.line, atMs: other.atMs };
  }
}
