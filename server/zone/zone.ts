// A zone is a value: its memory, its module, its journal, and five verbs. Everything else is made of these.
//
//   zone.step(batch)       journal the batch, tick, journal the hash; throws ZoneTrap
//   zone.snapshot()        a new journal segment begins with a copy of the memory
//   zone.restore(segment)  a fresh instance over that copy
//   zone.replay(segment)   run its journalled ticks again; every hash must match
//   zone.swap(kernel)      the same state under another module, carried over where that lays it out differently
//
// The tick is a pure function of memory and batch, so a zone that was restored and replayed equals one that never fell.

import { COMMAND_BYTES } from "../../assembly/abi.ts";
import type { ZoneContent, Content } from "../protocol/content/content.ts";
import { writeContent } from "./content-tables.ts";
import { WowsimError } from "../protocol/errors.ts";
import { createMemory, instantiate } from "../../assembly/toolchain/instance.ts";
import type { Kernel, KernelExports, KernelLayout } from "../../assembly/toolchain/kernel.ts";
import { differences, inWords, planMigration } from "../../assembly/toolchain/migration.ts";
import { FuelTank } from "../../assembly/toolchain/fuel.ts";
import { addressesOf } from "./addresses.ts";
import type { Breadcrumb } from "../shared/breadcrumb.ts";
import type { Addresses } from "./addresses.ts";
import { EntityReader } from "./entity-reader.ts";
import { OutputCheck } from "./output-check.ts";
import { Segment } from "./segment.ts";
import { InvalidOutput, readNote, ZoneTrap } from "./trap.ts";

/** Replay costs of a snapshot that is this old make it time for a new one, in milliseconds of kernel time. */
const REPLAY_MS_MAX = 15;
/** The longest between two snapshots, in ticks. */
const SNAPSHOT_TICKS_MAX = 200;
/** Fuel of a whole replay, in ticks' fuel. An honest one takes less than one: it is short (REPLAY_MS_MAX). */
const REPLAY_FUEL_TICKS = 4n;
/** Little fuel, for a tick that is run once more after its trap: a multiple of the most that a tick lately used. */
const RERUN_FUEL_FACTOR = 8n;
/** At least that fraction of a tick's fuel. */
export const RERUN_FUEL_FLOOR = 32n;

export interface ZoneOptions {
  zone: ZoneContent;
  content: Content;
  kernel: Kernel;
  tickRateHz: number;
  seed: number;
  /** Fuel of one tick: about one interval of wall time. */
  fuelPerTick: bigint;
  /** Milliseconds of a monotonic clock. */
  now: () => number;
  /** Processor time that a tick may take in the kernel, and so a recovery on each of its rungs, in milliseconds. Default: any. */
  timeLimitMs?: number;
  /** Processor time that this thread has used, in milliseconds. */
  cpuMs?: () => number;
  /** Told before each run of the kernel, also in a replay, and in the middle of long ones: what the worker is at. */
  crumb?: Breadcrumb;
  /** The last tick of the zone in whose place this one begins; 0 when there is none. */
  afterTick?: number;
}

/** A copy of a zone's state, and how it is laid out. */
type Snapshot = Pick<Segment, "state" | "layout">;

export class Zone {
  readonly id: number;
  readonly name: string;
  readonly memory: WebAssembly.Memory;
  readonly view: DataView;
  readonly bytes: Uint8Array;
  readonly entities: EntityReader;
  /** Ticks completed. */
  tick = 0;
  /** Kernel time of the last step, in milliseconds, and the fuel it used. */
  kernelMs = 0;
  fuelUsed = 0n;
  #kernel: Kernel;
  /** How the memory is laid out: by the running module, but for the moment between a revert and its restore. */
  #layout: KernelLayout;
  #at: Addresses;
  #exports: KernelExports;
  #current: Segment;
  #previous: Segment;
  /** The newest journalled tick has not come to its end. */
  #isUnfinished = false;
  #kernelMsSinceSnapshot = 0;
  /** Of the current segment's ticks, and of the one's before. */
  #fuelMax = 0n;
  #fuelMaxBefore = 0n;
  readonly #options: ZoneOptions;
  #output: OutputCheck;
  readonly #tank: FuelTank;

  /** A fresh zone before its first tick, with its content written and its first snapshot taken. */
  constructor(options: ZoneOptions) {
    const { zone, kernel } = options;
    this.id = zone.id;
    this.name = zone.name;
    this.#kernel = kernel;
    this.#options = options;
    this.memory = createMemory(kernel);
    this.bytes = new Uint8Array(this.memory.buffer);
    this.view = new DataView(this.memory.buffer);
    this.#layout = kernel.layout;
    this.#at = addressesOf(kernel.layout);
    this.entities = new EntityReader(this.memory, this.#at);
    this.#output = new OutputCheck(this.memory, this.#at);
    this.tick = options.afterTick ?? 0;
    const stateBytes = this.at.stateEnd - this.at.stateBase;
    this.#current = new Segment(stateBytes, kernel);
    this.#previous = new Segment(stateBytes, kernel);
    this.#tank = new FuelTank({ ...options, onSlice: () => this.#noteSlice() });
    this.#exports = this.#begin();
  }

  get kernel(): Kernel {
    return this.#kernel;
  }

  /** Where things are in the memory as it is. */
  get at(): Addresses {
    return this.#at;
  }

  /** The state hash, as of the last tick. */
  get hash(): bigint {
    const low = BigInt(this.view.getUint32(this.at.hashLo, true));
    return (BigInt(this.view.getUint32(this.at.hashHi, true)) << 32n) | low;
  }

  /** The newest tick that came to its end; `tick` is less while a replay is on its way there. */
  get completedTick(): number {
    return this.#current.tick + this.#current.ticks - (this.#isUnfinished ? 1 : 0);
  }

  get segment(): Segment {
    return this.#current;
  }

  get previousSegment(): Segment {
    return this.#previous;
  }

  /** Runs the next tick over the batch. Throws ZoneTrap, with the batch journalled and the memory in no usable state. */
  step(batch: Uint8Array): void {
    if (this.#isSnapshotDue(batch.length / COMMAND_BYTES)) this.snapshot();
    this.#current.append(batch);
    this.#isUnfinished = true;
    this.startClock();
    this.#run(this.tick + 1, batch, this.#options.fuelPerTick);
    this.#complete();
  }

  /** What runs from now on, until the next call of this, shares one time limit: a tick's, or that share of it. */
  startClock(share = 1): void {
    const { crumb, now, tickRateHz } = this.#options;
    crumb?.promises(now() + 1_000 / tickRateHz);
    this.#tank.startClock(share);
  }

  /** Begins a new segment with the state as it is. */
  snapshot(): void {
    const segment = this.#previous;
    segment.begin(this.#state, this.tick, this.#kernel);
    this.#previous = this.#current;
    this.#current = segment;
    this.#kernelMsSinceSnapshot = 0;
    this.#fuelMaxBefore = this.#fuelMax;
    this.#fuelMax = 0n;
  }

  /** Both segments begin with the state as it is: what was before must not be used any more. */
  snapshotTwice(): void {
    this.snapshot();
    this.snapshot();
  }

  /**
   * Begins a new segment with the state as it is and, as its first tick, the newest batch, which is not completed.
   * `trustsBefore`: the segment until now stays at hand.
   */
  isolateLast(trustsBefore: boolean): void {
    const batch = this.#current.batch(this.#current.ticks - 1).slice();
    this.#current.dropLast();
    if (!trustsBefore) this.snapshot();
    this.snapshot();
    this.#current.append(batch);
  }

  /** Forgets a journalled tick that was never completed. */
  dropUnfinished(): void {
    if (this.#isUnfinished) this.#current.dropLast();
    this.#isUnfinished = false;
  }

  /** Forgets the current segment's journal; to go with a restore of its bare snapshot. */
  forgetJournal(): void {
    this.#current.forget();
    this.#isUnfinished = false;
  }

  /** Begins the zone anew after its last completed tick: empty but for its content. */
  reset(): void {
    this.tick = this.completedTick;
    this.#isUnfinished = false;
    this.#exports = this.#begin();
  }

  /** Puts a segment's snapshot into a fresh instance of the running module. */
  restore(segment: Segment): void {
    this.#exports = instantiate(this.#kernel, this.memory, this.#tank.refuel);
    this.#take(segment);
    this.tick = segment.tick;
  }

  /** Whether the segment's hashes can be those of the running module: they are of a state in its layout. */
  canVerify(segment: Segment): boolean {
    return segment.layout.stateHash === this.#kernel.layout.stateHash;
  }

  /**
   * Runs the segment's ticks again up to (not with) the `upTo`-th; how many. `verify`: every hash must be the journal's.
   * `onTick` sees each tick's end. Throws ZoneTrap, or WowsimError("replay_diverged").
   */
  replay(segment: Segment, upTo = segment.ticks, verify = true, onTick?: (batch: Uint8Array) => void): number {
    const { fuelPerTick } = this.#options;
    let fuel = fuelPerTick * REPLAY_FUEL_TICKS;
    for (let index = 0; index < upTo; index++) {
      this.#run(this.tick + 1, segment.batch(index), fuel < fuelPerTick ? fuel : fuelPerTick);
      fuel -= this.fuelUsed;
      this.tick++;
      onTick?.(segment.batch(index));
      if (!verify || this.hash === segment.hash(index)) continue;
      throw new WowsimError("replay_diverged", `Zone ${this.id}: the replay of tick ${this.tick} gave another state.`);
    }
    return upTo;
  }

  /** Runs the current segment's newest batch, which trapped before. Throws ZoneTrap when it does so again. */
  rerunLast(fuel: "little" | "full"): void {
    const { ticks } = this.#current;
    const amount = fuel === "full" ? this.#options.fuelPerTick : this.#littleFuel;
    this.#run(this.tick + 1, this.#current.batch(ticks - 1), amount);
    this.#complete();
  }

  /**
   * Gives the state to another module: the memory as it is, or carried over to the module's layout.
   * Throws WowsimError("layout_mismatch", ...) and stays as it was.
   */
  swap(kernel: Kernel): void {
    this.assertCanTake(kernel);
    const before = { kernel: this.#kernel, layout: this.#layout };
    const isSame = this.#layout.stateHash === kernel.layout.stateHash;
    const state = isSame ? this.#state : this.#state.slice();
    try {
      this.#exports = instantiate(kernel, this.memory, this.#tank.refuel);
      this.#kernel = kernel;
      if (isSame) this.#bind(kernel.layout);
      else this.#take({ state, layout: before.layout });
    } catch (error) {
      this.#kernel = before.kernel;
      this.#exports = instantiate(before.kernel, this.memory, this.#tank.refuel);
      if (!isSame) this.#take({ state, layout: before.layout });
      throw error;
    }
    this.snapshot();
  }

  /** Writes a state to a memory of the zone's size as another layout has it. Throws WowsimError("layout_mismatch", ...). */
  carry({ state, layout }: Snapshot, to: KernelLayout, memory: WebAssembly.Memory): void {
    const [base, end] = [to.value("STATE_BASE"), to.value("STATE_END")];
    const into = new Uint8Array(memory.buffer, base, end - base);
    if (layout.stateHash === to.stateHash) return into.set(state);
    planMigration(layout, to).carry(state, into);
    const { content, tickRateHz } = this.#options;
    writeContent(memory, to, content, tickRateHz);
  }

  /** Throws WowsimError("layout_mismatch") with the differences when the module can not take over the state. */
  assertCanTake(kernel: Kernel, ...alsoFrom: KernelLayout[]): void {
    const layouts = new Set([this.#layout, this.#kernel.layout, ...alsoFrom]);
    const problems = [...new Set([...layouts].flatMap((layout) => differences(layout, kernel.layout)))];
    if (problems.length === 0) return;
    throw new WowsimError(
      "layout_mismatch",
      `Module ${kernel.hash} can not take over the state of zone ${this.id}: ${inWords(problems)}. Nothing was changed.`,
    );
  }

  /** Takes the module back to `kernel` without a new snapshot: for a restore and replay through it. */
  revert(kernel: Kernel): void {
    this.#kernel = kernel;
    this.#current.kernel = kernel;
  }

  /** Some times what ticks used lately: enough for most, and a loop without end is found out early. */
  get #littleFuel(): bigint {
    const { fuelPerTick } = this.#options;
    const most = this.#fuelMax > this.#fuelMaxBefore ? this.#fuelMax : this.#fuelMaxBefore;
    const wanted = most * RERUN_FUEL_FACTOR;
    const floor = fuelPerTick / RERUN_FUEL_FLOOR;
    const fuel = wanted > floor ? wanted : floor;
    return fuel < fuelPerTick ? fuel : fuelPerTick;
  }

  /** The memory gets that state, as the running module lays it out. */
  #take(snapshot: Snapshot): void {
    const { layout } = this.#kernel;
    this.carry(snapshot, layout, this.memory);
    this.#bind(layout);
    this.entities.forget();
  }

  /** The host reads the memory by that layout from now on. */
  #bind(layout: KernelLayout): void {
    if (layout === this.#layout) return;
    this.#layout = layout;
    this.#at = addressesOf(layout);
    this.entities.bind(this.#at);
    this.#output = new OutputCheck(this.memory, this.#at);
  }

  get #state(): Uint8Array {
    return this.bytes.subarray(this.at.stateBase, this.at.stateEnd);
  }

  #isSnapshotDue(commands: number): boolean {
    const { ticks } = this.#current;
    if (!this.#current.hasRoom(commands)) return true;
    return ticks > 0 && (ticks >= SNAPSHOT_TICKS_MAX || this.#kernelMsSinceSnapshot > REPLAY_MS_MAX);
  }

  #run(tick: number, batch: Uint8Array, fuel: bigint): void {
    const count = batch.length / COMMAND_BYTES;
    const exports = this.#exports;
    this.entities.forget();
    this.bytes.set(batch, this.at.commands);
    this.view.setUint32(this.at.commandCount, count, true);
    this.#tank.fill(exports.fuel, fuel);
    const { now, crumb } = this.#options;
    crumb?.runsKernel(tick);
    const start = now();
    let end = start;
    try {
      exports.tick(tick);
      end = now();
      const problem = this.#output.problem(tick);
      if (problem !== null) throw new InvalidOutput(problem);
    } catch (cause) {
      end = now();
      throw new ZoneTrap(this.#tank.causeOf(cause, exports.fuel), readNote(this.view, this.at, count), end);
    } finally {
      this.kernelMs = end - start;
      this.fuelUsed = this.#tank.used(exports.fuel);
    }
  }

  /** A fresh instance over a memory that has nothing but the zone's content, and both segments from there. */
  #begin(): KernelExports {
    const { zone, content, seed, tickRateHz } = this.#options;
    const exports = instantiate(this.#kernel, this.memory, this.#tank.refuel);
    this.#bind(this.#kernel.layout);
    this.startClock();
    this.#call(exports, () => exports.init(seed, zone.id, tickRateHz));
    writeContent(this.memory, this.#kernel.layout, content, tickRateHz);
    this.#output.noteHostWritten();
    this.#call(exports, () => exports.hash());
    this.entities.forget();
    this.snapshotTwice();
    return exports;
  }

  /** What is no tick runs on a tick's fuel as well. Throws ZoneTrap. */
  #call(exports: KernelExports, action: () => void): void {
    this.#tank.fill(exports.fuel, this.#options.fuelPerTick);
    try {
      action();
    } catch (cause) {
      throw new ZoneTrap(this.#tank.causeOf(cause, exports.fuel), readNote(this.view, this.at, 0), this.#options.now());
    }
  }

  /** In the middle of a long run: word of what the kernel is at, should it not come back. */
  #noteSlice(): void {
    this.#options.crumb?.noteKernel(this.view, this.at);
  }

  #complete(): void {
    this.tick++;
    this.#isUnfinished = false;
    this.#current.setHash(this.hash);
    this.#kernelMsSinceSnapshot += this.kernelMs;
    if (this.fuelUsed > this.#fuelMax) this.#fuelMax = this.fuelUsed;
  }
}
