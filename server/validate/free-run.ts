// Runs two modules freely over the same batches, each from its own states, with other luck each time: what builds up in minutes can
// not be seen one tick at a time. A leak, a drift, a creature that never goes home, heals that are weaker after half a minute.
//
//   const result = await freeRun({ incumbent, candidate, stretches: [{ zone: 1, tick: 4000, state, batches }], runs: 12, ... })
//   result.text
//   // "threat_entries builds up: 125 ± 12 → 410 ± 33 in 12 runs of 2,400 ticks each (z 21.3, limit 4.5)."
//
// Each run starts from a stretch's state with another random generator, the same for both modules. A module that draws its numbers
// in another order plays another game of the same kind, and its sums are within chance: this acquits it. When something is within
// chance and nearly beyond it, twice and four times as many runs are made.

import { createMemory } from "../../assembly/toolchain/instance.ts";
import { WowsimError } from "../protocol/errors.ts";
import { seededRandom, seedOf } from "../protocol/seeded-random.ts";
import { SharedColumns } from "../lockstep/columns.ts";
import { Lane } from "../lockstep/lane.ts";
import { FreeMeter } from "./free-meter.ts";
import type { FreePair, FreeRunOptions, FreeStretch, FreeTrap, Sample } from "./free-samples.ts";
import { freeVerdict } from "./free-verdict.ts";
import type { FreeRunResult } from "./free-verdict.ts";

const RUNS_PER_STRETCH_MIN = 2;
/** As many times as many runs are made when the first ones leave a doubt. */
const ROUNDS_MAX = 4;
/** A z from this share of its limit on is a doubt: of all measures of a harmless module, in one case of ten. */
const DOUBT_SHARE = 2 / 3;

/** Throws WowsimError("usage" | "layout_mismatch" | ...); what a module does is in the result. */
export async function freeRun(options: FreeRunOptions): Promise<FreeRunResult> {
  const { incumbent, candidate, stretches, runs } = options;
  if (stretches.length === 0) throw new WowsimError("usage", "A free run needs a stretch of history.");
  const [memory, otherMemory] = options.memories ?? [createMemory(incumbent), createMemory(candidate)];
  const pair = new FreeLanes(new Lane(incumbent, memory, true), new Lane(candidate, otherMemory, true));
  const perStretch = Math.max(RUNS_PER_STRETCH_MIN, Math.ceil(runs / stretches.length));
  const samples: Samples = { pairs: [], traps: [], isAborted: false };
  let result = freeVerdict(options, [], [], false);
  for (let times = 1, done = 0; times <= ROUNDS_MAX; times *= 2) {
    for (; done < perStretch * times && !isOver(samples); done++) await pair.round(options, done, samples);
    result = freeVerdict(options, samples.pairs, samples.traps, samples.isAborted);
    if (isOver(samples) || !isInDoubt(result, options)) break;
  }
  return result;
}

/** What was found so far. */
interface Samples {
  pairs: FreePair[];
  traps: FreeTrap[];
  isAborted: boolean;
}

/** One trap of the candidate decides, and each may take a second. */
const isOver = ({ traps, isAborted }: Samples): boolean => isAborted || traps.some(({ ofCandidate }) => ofCandidate);

/** Something is within chance, and nearly beyond it: more runs say which. */
function isInDoubt({ verdict, measures }: FreeRunResult, { zMax }: FreeRunOptions): boolean {
  if (verdict !== "within") return false;
  return measures.some(({ differs, kind, z }) => !differs && kind !== "cost" && Math.abs(z) >= zMax * DOUBT_SHARE);
}

class FreeLanes {
  readonly #incumbent: Lane;
  readonly #candidate: Lane;
  readonly #columns: SharedColumns;
  readonly #hasSameLayout: boolean;

  /** Throws WowsimError("layout_mismatch"). */
  constructor(incumbent: Lane, candidate: Lane) {
    this.#incumbent = incumbent;
    this.#candidate = candidate;
    this.#columns = new SharedColumns(incumbent, candidate);
    this.#hasSameLayout = incumbent.kernel.layout.stateHash === candidate.kernel.layout.stateHash;
  }

  /** One run in each stretch, with other luck than in all rounds before. */
  async round({ stretches, seed, pause }: FreeRunOptions, round: number, samples: Samples): Promise<void> {
    for (const [index, stretch] of stretches.entries()) {
      const outcome = await this.#play(stretch, index, seedOf(seed, stretch.zone, round), pause);
      if (outcome === null) samples.isAborted = true;
      else if ("message" in outcome) samples.traps.push(outcome);
      else samples.pairs.push(outcome);
      if (isOver(samples)) return;
    }
  }

  /** Null: it was interrupted. */
  async #play(
    { zone, tick, state, batches }: FreeStretch,
    stretch: number,
    seed: number,
    pause: FreeRunOptions["pause"],
  ): Promise<FreePair | FreeTrap | null> {
    const [incumbent, candidate] = [this.#incumbent, this.#candidate];
    incumbent.adopt(withOtherLuck(incumbent, state, seed), tick);
    this.#columns.copy(true);
    const meters = [incumbent, candidate].map((lane) => new FreeMeter(lane, batches.length));
    for (const meter of meters) meter.begin();
    let firstDifference: number | null = null;
    for (const batch of batches) {
      for (const [index, lane] of [incumbent, candidate].entries()) {
        const trap = lane.tryStep(batch)?.message ?? null;
        if (trap !== null) return { zone, tick: lane.tick + 1, message: trap, ofCandidate: lane === candidate };
        meters[index]?.take();
      }
      const isEqual = !this.#hasSameLayout || incumbent.hash === candidate.hash;
      if (!isEqual) firstDifference ??= incumbent.tick;
      if (pause?.isDue === true) await pause.take();
      if (pause?.isAborted === true) return null;
    }
    const [one, other] = meters.map((meter): Sample => ({ whole: meter.values("whole"), late: meter.values("late") }));
    if (one === undefined || other === undefined) throw new RangeError("There are two lanes.");
    return { stretch, incumbent: one, candidate: other, firstDifference };
  }
}

/** The state with another random generator, whose state is never 0. */
function withOtherLuck({ kernel, at }: Lane, state: Uint8Array, seed: number): Uint8Array {
  const random = seededRandom(seed);
  const copy = state.slice();
  const view = new DataView(copy.buffer);
  const generator = kernel.layout.value("HEADER_RANDOM") - at.stateBase;
  view.setUint32(generator, Math.floor(random() * 2 ** 32) | 1, true);
  view.setUint32(generator + 4, Math.floor(random() * 2 ** 32), true);
  return copy;
}
