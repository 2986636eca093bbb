// What a canary's judge reads, made up: the telemetry of zones, noisy as a busy laptop is and garbled as the world may do it, and the
// report of a shadow.
//
//   const input = inputOf(linesOf(2, 400, candidate({ kernelMs: 0.8 })), 400, shadowOf({ ticks: 400, slower: 1.3 }))
//   judge(input, LIMITS).conclusion
//   taken(garble(lines, { dropped: 0.3, ... }).lines, 400)

import { DEFAULT_POLICY } from "../../server/protocol/deploy-policy.ts";
import { TIME_BLOCK_TICKS } from "../../server/protocol/shadow.ts";
import type { ShadowReport, TimeBlock } from "../../server/protocol/shadow.ts";
import type { TelemetryLine } from "../../server/protocol/telemetry-line.ts";
import { SampleWindow } from "../../tools/deploy/samples.ts";
import { limitsOf } from "../../tools/deploy/verdict.ts";
import type { JudgeInput, ShadowEvidence } from "../../tools/deploy/verdict.ts";

export const CANARY = 2;
export const OLD = "aaaaaaaaaaaaaaaa";
export const NEW = "bbbbbbbbbbbbbbbb";
/** Twenty seconds. */
export const TICKS = 400;
export const LIMITS = limitsOf(DEFAULT_POLICY, TICKS, false);

const TICK_MS = 50;
const FIRST_TICK = 1_000;
const BEGIN_MS = Date.parse("2026-01-01T00:00:00.000Z");

export interface Shape {
  kernelMs?: number;
  /** Ticks that take `spikeMs`, one in so many; 0: none. */
  spikeEvery?: number;
  spikeMs?: number;
  started?: number;
  players?: number;
  overrun?: boolean;
  kernel?: string;
  /** The tick in which the zone traps, and recovers. */
  trapsAt?: number;
  /** Sessions that are lost, by second. */
  lostBySecond?: number[];
  /** Commands refused in each tick; each player gives one. */
  refused?: number;
  /** Whose, in each tick; default: unknown. */
  refusedBy?: (tick: number) => [session: number, refused: number][];
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

/** What `ticks` ticks of each zone tell, with bursts that slow some thirty ticks in a row. */
export function linesOf(seed: number, ticks: number, zones: Record<number, Shape>): Told[] {
  const random = lcg(seed);
  const result: Told[] = [];
  for (const [id, shape] of Object.entries(zones)) {
    const { kernelMs = 0.4, spikeEvery = 0, spikeMs = 30, started = 2, players = 50 } = shape;
    for (let tick = 0; tick < ticks; tick++) {
      const burst = Math.floor(tick / 30) % 4 === 3 ? 1.2 : 1;
      const isSpike = spikeEvery > 0 && tick % spikeEvery === spikeEvery - 1;
      const ms = isSpike ? spikeMs : kernelMs * burst * (0.85 + 0.3 * random());
      const number = FIRST_TICK + tick;
      const data = {
        zone_id: Number(id),
        zone_name: `zone ${id}`,
        tick: number,
        kernel: shape.kernel ?? OLD,
        kernel_ms: ms,
        duration_ms: ms + 0.1,
        overrun: shape.overrun ?? false,
        players,
        casts_started: started,
        commands: players,
        refused: shape.refused ?? 0,
        ...(shape.refusedBy === undefined ? {} : { refused_by: shape.refusedBy(tick) }),
        recoveries: shape.trapsAt !== undefined && number >= shape.trapsAt ? 1 : 0,
      };
      const atMs = (tick + 1) * TICK_MS;
      if (number === shape.trapsAt) {
        const trap = { zone_id: Number(id), tick: number, error: "unreachable" };
        result.push({ line: line("error", "Zone tick exception", trap, atMs), atMs });
      }
      const lost = tick % 20 === 0 ? (shape.lostBySecond?.[tick / 20] ?? 0) : 0;
      for (let at = 0; at < lost; at++) {
        const left = { session_id: `s${tick}-${at}`, zone_id: Number(id), reason: "link_lost" };
        result.push({
          line: { ...line("event", "Client disconnected", left, atMs), component: "game_server" },
          atMs,
        });
      }
      result.push({ line: line("metric", "Zone tick completed", data, atMs), atMs });
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

export function line(
  type: TelemetryLine["type"],
  message: string,
  data: Record<string, unknown>,
  atMs = 0,
): TelemetryLine {
  return { v: 1, timestamp: new Date(BEGIN_MS + atMs).toISOString(), type, component: "zone", message, data };
}

export const steady: Record<number, Shape> = { 1: {}, 2: { kernel: NEW }, 3: {} };
/** The canary zone runs the candidate, which does this. */
export const candidate = (shape: Shape): Record<number, Shape> => ({ ...steady, [CANARY]: { kernel: NEW, ...shape } });

export interface Shadow {
  ticks?: number;
  compared?: number;
  mismatched?: number;
  verdict?: ShadowReport["verdict"];
  reason?: string;
  checks?: ShadowReport["checks"];
  fuel?: number | null;
  /** The candidate's time over its shadow's. */
  slower?: number;
  /** Blocks whose slowest tick takes the candidate 10 ms longer: one in so many; 0: none. */
  hitchEvery?: number;
  /** A made-up server's shadow looks at no more ticks. */
  isDone?: boolean;
  /** Nothing interrupts either module. */
  isCalm?: boolean;
  seed?: number;
}

/** A thread that shares its processors with others: each block is up to a tenth off, and either module is interrupted now and then. */
export function shadowOf(shape: Shadow = {}): ShadowEvidence {
  const { ticks = TICKS, compared = ticks, mismatched = 0, verdict = "pass", fuel = 1, slower = 1 } = shape;
  const { hitchEvery = 0, isCalm = false, seed = 1 } = shape;
  const random = lcg(seed);
  const blocks = Array.from({ length: Math.floor(compared / TIME_BLOCK_TICKS) }, (_, n): TimeBlock => {
    const noise = 0.9 + 0.2 * random();
    const interrupted = isCalm ? 0.5 : random();
    const isHitch = hitchEvery > 0 && n % hitchEvery === 0;
    return {
      n,
      log_ratio: Math.log(slower * noise),
      incumbent_us: 100,
      candidate_us: 100 * slower * noise,
      incumbent_max_us: 150 + (interrupted < 0.05 ? 4_000 : 0),
      candidate_max_us: 150 * slower + (interrupted > 0.95 ? 4_000 : 0) + (isHitch ? 10_000 : 0),
    };
  });
  const zone = { zone_id: CANARY, from_tick: FIRST_TICK, to_tick: FIRST_TICK + ticks - 1, compared, equal: compared };
  const report: ShadowReport = {
    verdict,
    reason: shape.reason ?? `${verdict}: everything equal in ${compared} ticks`,
    class: "identical",
    checks: shape.checks ?? [{ name: "traps", holds: verdict === "pass", shown: "0" }],
    incumbents: [OLD],
    zones: 1,
    ticks: compared,
    equal: compared,
    fuel_ratio: fuel,
    seconds: 20,
    shadow: {
      zones: [{ ...zone, skipped: ticks - compared, behind: 0, mismatched, own: 0 }],
      yielded: { times: 0, ticks: 0 },
      terms: [],
      time_ratio: slower,
      time_blocks: blocks.slice(-10),
      core_share: 0.02,
      problems: [],
    },
  };
  return { report, problem: null, blocks, blocksMissed: 0 };
}

export const inputOf = (lines: readonly Told[], ticks = TICKS, shadow = shadowOf({ ticks })): JudgeInput => ({
  zoneIds: [CANARY],
  candidate: NEW,
  during: taken(lines, ticks),
  shadow,
});

/** The lines as they arrive after that, and whether nearly all of the canary zone's came, with all of their numbers. */
export function garble(lines: readonly Told[], how: Garbling): { lines: Told[]; isComplete: boolean } {
  const random = lcg(how.seed);
  let [sent, came, isWhole] = [0, 0, true];
  const result: Told[] = [];
  for (const told of lines) {
    const { data, message } = told.line;
    const isTick = message === "Zone tick completed";
    const isCanarys = isTick && data["zone_id"] === CANARY;
    if (isCanarys) sent++;
    if (random() < how.dropped || isSilent(data, how)) continue;
    if (isCanarys) came++;
    const isNulled = isTick && random() < how.nulled;
    if (isNulled && isCanarys) isWhole = false;
    const garbled = isNulled ? { ...told, line: { ...told.line, data: withNull(data, random()) } } : told;
    result.push(garbled, ...(random() < how.doubled ? [garbled] : []));
  }
  if (how.reorders) swapNeighbours(result, random);
  return { lines: result, isComplete: isWhole && came >= 0.85 * sent };
}

function isSilent(data: Record<string, unknown>, { silence }: Garbling): boolean {
  if (silence === null || data["zone_id"] !== silence.zoneId) return false;
  const at = Number(data["tick"]) - FIRST_TICK - silence.from;
  return at >= 0 && at < silence.ticks;
}

/** Values that a verdict needs of each tick, as telemetry names them. */
export const NULLED = [
  "kernel",
  "kernel_ms",
  "duration_ms",
  "overrun",
  "players",
  "casts_started",
  "commands",
  "refused",
  "recoveries",
];
const withNull = (data: Record<string, unknown>, choice: number): Record<string, unknown> => ({
  ...data,
  [NULLED[Math.floor(choice * NULLED.length)] ?? "kernel"]: null,
});

/** What they tell changes places; when they came does not. */
function swapNeighbours(lines: Told[], random: () => number): void {
  for (let at = 1; at < lines.length; at++) {
    const [one, other] = [lines[at - 1], lines[at]];
    if (one === undefined || other === undefined || random() < 0.5) continue;
    lines[at - 1] = { line: other.line, atMs: one.atMs };
    lines[at] = { line: one.line, atMs: other.atMs };
  }
}
