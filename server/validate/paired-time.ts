// What a candidate costs in time, without the noise of the machine: it and the running module run the same ticks next to each other.
//
//   const result = await pairedTime({ incumbent: { wasm, label }, candidate: { wasm, label }, stretch, ratioMax: 1.03, ... })
//   result.text      // "Time ×1.101, 99 % sure above ×1.094 (limit ×1.03; 300 cycles of 4 ticks, 3 compiles)."
//
// Each compile of a module is some 1.5 % faster or slower than the last one, however long it is measured, and one of them may be
// much slower while the engine is not done with it. So the median of three fresh compiles counts, and it is tested against +3 %,
// never against 0. Fuel is compared elsewhere: it needs no statistics, but sees
// only what it counts. A hitch in single ticks leaves no trace in a median: a tick counts as one when it is slow in each compile.

import { createMemory } from "../../assembly/toolchain/instance.ts";
import { loadKernel } from "../../assembly/toolchain/load.ts";
import { ZoneTrap } from "../zone/trap.ts";
import { intervalOf } from "./bootstrap.ts";
import type { FreeRunOptions, FreeStretch } from "./free-samples.ts";
import { TimedPair } from "./timed-pair.ts";

export interface TimedModule {
  /** Metered. */
  wasm: Uint8Array;
  label: string;
  hash: string;
}

export interface PairedTimeOptions {
  incumbent: TimedModule;
  candidate: TimedModule;
  /** A busy one; it is begun anew when it has fewer batches than ticks are needed. */
  stretch: FreeStretch;
  ratioMax: number;
  /** Milliseconds, as fine as there is. */
  clock: () => number;
  seed: number;
  pause?: FreeRunOptions["pause"];
  memories?: readonly [WebAssembly.Memory, WebAssembly.Memory];
  effort?: Partial<TimeEffort>;
}

export interface TimeEffort {
  /** Fresh compiles of both modules. */
  compiles: number;
  /** Before the first tick that counts both must be over: the engine compiles meanwhile. */
  warmUpTicks: number;
  warmUpMs: number;
  /** Ticks that are timed with each compile. */
  ticks: number;
  /** After this time no further tick is begun. */
  timeMaxMs: number;
}

export interface PairedTime {
  /** `hitches`: single ticks take long. `unclear`: too few cycles, or too different ones. */
  verdict: "within" | "slower" | "hitches" | "trap" | "unclear";
  holds: boolean;
  /** The candidate's time over the incumbent's; NaN without a cycle. */
  ratio: number;
  /** 99 % sure above `lower`, and 99 % sure below `upper`. */
  lower: number;
  upper: number;
  ratioMax: number;
  cycles: number;
  /** By fresh compile. */
  ratios: number[];
  hitches: { ticks: number; ticksMax: number; worstMs: number };
  text: string;
}

export const TIME_EFFORT: TimeEffort = { compiles: 3, warmUpTicks: 200, warmUpMs: 150, ticks: 400, timeMaxMs: 20_000 };
const SURE = 0.99;
const DRAWS = 1_000;
/** Of each compile; fewer say nothing. */
const CYCLES_MIN = 20;
/** An interval that is wider says nothing. */
const WIDTH_MAX = 1.15;
/** A tick is a hitch when it takes this much longer, and several times as long, in each compile. */
const HITCH_MS = 1;
const HITCH_RATIO = 2;
/** Other work of the machine can make one tick slow three times. */
const HITCHES_MAX = 2;

/** Throws WowsimError("layout_mismatch" | "snapshot_damaged" | ...); what a module does is in the result. */
export async function pairedTime(options: PairedTimeOptions): Promise<PairedTime> {
  const { incumbent, candidate, clock } = options;
  const effort = { ...TIME_EFFORT, ...options.effort };
  const untilMs = clock() + effort.timeMaxMs;
  const groups: number[][] = [];
  const hitches = new Hitches();
  let memories = options.memories;
  for (let compile = 0; compile < effort.compiles; compile++) {
    const kernels = [incumbent, candidate].map(({ wasm, label, hash }) => loadKernel(wasm, label, hash));
    const [own, other] = kernels;
    if (own === undefined || other === undefined) throw new RangeError("There are two modules.");
    memories ??= [createMemory(own), createMemory(own)];
    const pair = new TimedPair(own, other, memories, clock);
    try {
      await play(pair, effort, untilMs, hitches, options);
    } catch (error) {
      if (!(error instanceof ZoneTrap)) throw error;
      return trapped(options, error);
    }
    groups.push(pair.cycles);
  }
  return verdictOf(options, groups, hitches);
}

async function play(
  pair: TimedPair,
  { warmUpTicks, warmUpMs, ticks }: TimeEffort,
  untilMs: number,
  hitches: Hitches,
  { clock, pause, stretch }: PairedTimeOptions,
): Promise<void> {
  const { batches } = stretch;
  const warmMs = clock() + warmUpMs;
  let counted = -1;
  for (let tick = 0; counted < ticks && batches.length > 0; tick++) {
    const now = clock();
    if (now >= untilMs || pause?.isAborted === true) return;
    if (counted < 0 && tick >= warmUpTicks && now >= warmMs && pair.isEven) {
      pair.count();
      counted = 0;
    }
    const place = tick % batches.length;
    if (place === 0) pair.begin(stretch);
    const { incumbentMs, candidateMs } = pair.step(batches[place] ?? new Uint8Array());
    if (counted >= 0) {
      counted++;
      hitches.note(place, incumbentMs, candidateMs);
    }
    if (pause?.isDue === true) await pause.take();
  }
}

/** The shortest time of each tick over all its runs: what is long in each of them is the module's. */
class Hitches {
  readonly #incumbent = new Map<number, number>();
  readonly #candidate = new Map<number, number>();
  readonly #times = new Map<number, number>();

  /** `tick`: its place in the stretch. */
  note(tick: number, incumbentMs: number, candidateMs: number): void {
    this.#times.set(tick, (this.#times.get(tick) ?? 0) + 1);
    this.#incumbent.set(tick, Math.min(this.#incumbent.get(tick) ?? Number.POSITIVE_INFINITY, incumbentMs));
    this.#candidate.set(tick, Math.min(this.#candidate.get(tick) ?? Number.POSITIVE_INFINITY, candidateMs));
  }

  /** Ticks that were run at least twice. */
  get found(): PairedTime["hitches"] {
    let [ticks, worstMs] = [0, 0];
    for (const [tick, times] of this.#times) {
      const [incumbentMs, candidateMs] = [this.#incumbent.get(tick) ?? 0, this.#candidate.get(tick) ?? 0];
      const isSlow = candidateMs - incumbentMs >= HITCH_MS && candidateMs >= incumbentMs * HITCH_RATIO;
      if (times < 2 || !isSlow) continue;
      ticks++;
      worstMs = Math.max(worstMs, candidateMs - incumbentMs);
    }
    return { ticks, ticksMax: HITCHES_MAX, worstMs };
  }
}

function verdictOf(options: PairedTimeOptions, groups: readonly number[][], hitches: Hitches): PairedTime {
  const { ratioMax, seed } = options;
  const cycles = groups.reduce((sum, each) => sum + each.length, 0);
  const logs = intervalOf(groups, { sure: SURE, draws: DRAWS, seed });
  const [ratio, lower, upper] = [Math.exp(logs.middle), Math.exp(logs.lower), Math.exp(logs.upper)];
  const ratios = groups.map((each) => Math.exp(intervalOf([each], { sure: SURE, draws: 1, seed }).middle));
  const found = hitches.found;
  const isEnough = groups.every((each) => each.length >= CYCLES_MIN) && upper / lower <= WIDTH_MAX;
  const result = { ratio, lower, upper, ratioMax, cycles, ratios, hitches: found };
  const figures = `limit ×${ratioMax}; ${cycles} cycles of 4 ticks, ${groups.length} compiles`;
  const sure = `Time ×${ratio.toFixed(3)}, ${SURE * 100} % sure from ×${lower.toFixed(3)} to ×${upper.toFixed(3)} (${figures})`;
  // Slower beyond doubt is slower, also when it is not known by how much.
  if (groups.every((each) => each.length >= CYCLES_MIN) && lower > ratioMax)
    return { ...result, verdict: "slower", holds: false, text: `${sure}.` };
  if (found.ticks > HITCHES_MAX) {
    const text = `${found.ticks} ticks take up to ${found.worstMs.toFixed(1)} ms longer in each compile, and ${HITCHES_MAX} may. ${sure}.`;
    return { ...result, verdict: "hitches", holds: false, text };
  }
  if (!isEnough)
    return { ...result, verdict: "unclear", holds: false, text: `Time says nothing: ${figures}. ${sure}.` };
  return { ...result, verdict: "within", holds: true, text: `${sure}.` };
}

function trapped({ ratioMax }: PairedTimeOptions, { message, note }: ZoneTrap): PairedTime {
  const hitches = { ticks: 0, ticksMax: HITCHES_MAX, worstMs: 0 };
  const nothing = { ratio: Number.NaN, lower: Number.NaN, upper: Number.NaN, ratioMax, cycles: 0, ratios: [], hitches };
  return {
    ...nothing,
    verdict: "trap",
    holds: false,
    text: `A module traps while it is timed: ${message} (${note.phase}).`,
  };
}
