// Times two freshly compiled modules on the same ticks, from the same states, next to each other.
//
//   const pair = new TimedPair(incumbent, candidate, memories, clock)
//   pair.begin(stretch)
//   for (const batch of warmUp) pair.step(batch)
//   if (pair.isEven) pair.count()                  // from here on ticks count
//   for (const batch of batches) pair.step(batch)  // { incumbentMs: 0.041, candidateMs: 0.045 }
//   pair.cycles                                    // [0.093, 0.101, ...], the mean log ratio of four ticks each
//
// Who runs second finds warm caches, and no two memories are equally fast. So four ticks are one cycle: {the incumbent first, the
// candidate first} × {the incumbent in memory 1, in memory 2}; in the mean of a cycle both cancel out. Modules with another layout
// change memories only every 40 ticks, because the state has to be carried over.

import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import { assert } from "../protocol/assert.ts";
import { SharedColumns } from "../lockstep/columns.ts";
import { Lane } from "../lockstep/lane.ts";
import type { FreeStretch } from "./free-samples.ts";

/** Ticks between two changes of memories. */
const SWAP_TICKS = 2;
const SWAP_TICKS_OTHER_LAYOUT = 40;
const CYCLE_TICKS = 4;

export interface TickTimes {
  incumbentMs: number;
  candidateMs: number;
}

/** Both modules, each in one of the memories. */
interface Places {
  incumbent: Lane;
  candidate: Lane;
  columns: SharedColumns;
}

export class TimedPair {
  readonly #places: readonly [Places, Places];
  readonly #swapTicks: number;
  readonly #hasSameLayout: boolean;
  /** By cycle, the sum of its log ratios and their number. */
  readonly #sums: number[] = [];
  readonly #counts: number[] = [];
  #ticks = 0;
  /** The first tick that counts. */
  #firstCounted = Number.POSITIVE_INFINITY;

  /** `clock`: in milliseconds, as fine as there is. Throws WowsimError("layout_mismatch"). */
  constructor(
    incumbent: Kernel,
    candidate: Kernel,
    memories: readonly [WebAssembly.Memory, WebAssembly.Memory],
    clock: () => number,
  ) {
    const laneOf = (kernel: Kernel, memory: WebAssembly.Memory): Lane =>
      new Lane(kernel, memory, false, undefined, clock);
    const placed = (own: WebAssembly.Memory, other: WebAssembly.Memory): Places => {
      const lanes = [laneOf(incumbent, own), laneOf(candidate, other)] as const;
      return { incumbent: lanes[0], candidate: lanes[1], columns: new SharedColumns(...lanes) };
    };
    const [one, two] = memories;
    this.#places = [placed(one, two), placed(two, one)];
    this.#hasSameLayout = incumbent.layout.stateHash === candidate.layout.stateHash;
    this.#swapTicks = this.#hasSameLayout ? SWAP_TICKS : SWAP_TICKS_OTHER_LAYOUT;
  }

  /** Each module has been in each memory equally long. */
  get isEven(): boolean {
    return this.#ticks % (2 * this.#swapTicks) === 0;
  }

  /** The warm-up is over: ticks count from the next one on. Only while `isEven`. */
  count(): void {
    assert(this.isEven, "a cycle begins with the first tick in memory 1");
    this.#firstCounted = this.#ticks;
  }

  /** Mean log ratios of the candidate's time over the incumbent's, of whole cycles. */
  get cycles(): number[] {
    return this.#sums.flatMap((sum, cycle) => (this.#counts[cycle] === CYCLE_TICKS ? [sum / CYCLE_TICKS] : []));
  }

  /** Goes on from a state of the incumbent; what was timed stays. Throws WowsimError("snapshot_damaged"). */
  begin({ state, tick }: Pick<FreeStretch, "state" | "tick">): void {
    const { incumbent, columns } = this.#now;
    incumbent.adopt(state, tick);
    columns.copy(true);
  }

  /** Runs the next tick with both modules, and brings the candidate back to the incumbent's state. Throws ZoneTrap. */
  step(batch: Uint8Array): TickTimes {
    const { incumbent, candidate, columns } = this.#now;
    const isCandidateFirst = this.#ticks % 2 === 1;
    (isCandidateFirst ? candidate : incumbent).step(batch);
    (isCandidateFirst ? incumbent : candidate).step(batch);
    const { tickMs: incumbentMs } = incumbent;
    const { tickMs: candidateMs } = candidate;
    if (this.#ticks >= this.#firstCounted) this.#note(Math.log(candidateMs / incumbentMs));
    if (!columns.areEqual(false)) columns.copy();
    this.#ticks++;
    if (this.#ticks % this.#swapTicks === 0) this.#swap(incumbent);
    return { incumbentMs, candidateMs };
  }

  get #now(): Places {
    return this.#places[Math.floor(this.#ticks / this.#swapTicks) % 2 === 0 ? 0 : 1];
  }

  /** Both ticks of one order are next to each other; those of the other memories come `swapTicks` later. */
  #note(logRatio: number): void {
    const tick = this.#ticks - this.#firstCounted;
    const round = Math.floor(tick / (2 * this.#swapTicks));
    const cycle = (round * this.#swapTicks) / 2 + Math.floor((tick % this.#swapTicks) / 2);
    // A tick too short for the clock makes its cycle count as missing.
    this.#sums[cycle] = (this.#sums[cycle] ?? 0) + logRatio;
    this.#counts[cycle] = (this.#counts[cycle] ?? 0) + (Number.isFinite(logRatio) ? 1 : 0);
  }

  /** From now on each module runs in the other memory. */
  #swap(before: Lane): void {
    const { incumbent, candidate, columns } = this.#now;
    if (this.#hasSameLayout) candidate.resumes(before.tick);
    else incumbent.state.set(before.state);
    incumbent.resumes(before.tick);
    if (!this.#hasSameLayout) columns.copy(true);
  }
}
