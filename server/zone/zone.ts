// A zone is a value: its memory, its module and its journal. It has five operations, and everything else is made of these.
//
//   zone.step(batch)       journal the batch, tick, journal the hash; throws ZoneTrap
//   zone.snapshot()        begin a new journal segment with a copy of the memory
//   zone.restore(segment)  put that copy under a fresh instance
//   zone.replay(segment)   run its journalled ticks again; every hash must match
//   zone.swap(kernel)      put the same state under another module, migrated when the module has another layout
//
// A tick is a pure function of memory and batch. So a zone that was restored and replayed equals a zone that never failed.

import { COMMAND_BYTES } from "../../assembly/abi.ts";
import type { ZoneContent, Content } from "../protocol/content/content.ts";
import { contentProblems } from "./content-tables.ts";
import { writeHostPart } from "./host-written.ts";
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

/**
 * A new snapshot is due when the ticks since the last one took this many milliseconds in the kernel: a replay would take as
 * long.
 */
const REPLAY_MS_MAX = 15;
/** Most ticks between two snapshots. */
const SNAPSHOT_TICKS_MAX = 200;
/** Fuel of a whole replay, in multiples of one tick's fuel. A normal replay is short (REPLAY_MS_MAX) and uses less than one. */
const REPLAY_FUEL_TICKS = 4n;
/** Little fuel, for a tick that runs again after its trap: this multiple of the most fuel that a recent tick used. */
const RERUN_FUEL_FACTOR = 8n;
/** Little fuel is at least the fuel of a tick divided by this. */
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
  /**
   * Processor time in milliseconds that a tick may take in the kernel. Each attempt of a recovery has a share of it. Default:
   * no limit.
   */
  timeLimitMs?: number;
  /** Processor time that this thread has used, in milliseconds. */
  cpuMs?: () => number;
  /** Records what the worker is doing: before each run of the kernel, also in a replay, and in the middle of long runs. */
  crumb?: Breadcrumb;
  /** The last tick of the zone that this one replaces; 0 when it replaces none. */
  afterTick?: number;
}

/** A copy of a zone's state, and its layout. */
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
  /** Milliseconds in the kernel and fuel used, of the last run of a tick. */
  kernelMs = 0;
  fuelUsed = 0n;
  #kernel: Kernel;
  /** Layout of the memory. It is the running module's, except between a revert and the restore that follows. */
  #layout: KernelLayout;
  #at: Addresses;
  #exports: KernelExports;
  #current: Segment;
  #previous: Segment;
  /** The newest journalled tick is not completed. */
  #isUnfinished = false;
  #kernelMsSinceSnapshot = 0;
  /** Most fuel that one tick used, in the current segment and in the previous one. */
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
    this.#output = new OutputCheck(this.memory, kernel.layout);
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

  /** Addresses in the memory, by its present layout. */
  get at(): Addresses {
    return this.#at;
  }

  /** The state hash, as of the last tick. */
  get hash(): bigint {
    const low = BigInt(this.view.getUint32(this.at.hashLo, true));
    return (BigInt(this.view.getUint32(this.at.hashHi, true)) << 32n) | low;
  }

  /** The newest completed tick. `tick` is less during a replay. */
  get completedTick(): number {
    return this.#current.tick + this.#current.ticks - (this.#isUnfinished ? 1 : 0);
  }

  get segment(): Segment {
    return this.#current;
  }

  get previousSegment(): Segment {
    return this.#previous;
  }

  /** Runs the next tick with the batch. Throws ZoneTrap; the batch is then journalled, and the memory is not usable. */
  step(batch: Uint8Array): void {
    if (this.#isSnapshotDue(batch.length / COMMAND_BYTES)) this.snapshot();
    this.#current.append(batch);
    this.#isUnfinished = true;
    this.startClock();
    this.#run(this.tick + 1, batch, this.#options.fuelPerTick);
    this.#complete();
  }

  /** All runs until the next call of startClock() share one time limit: that of a tick, times `share`. */
  startClock(share = 1): void {
    const { crumb, now, tickRateHz } = this.#options;
    crumb?.promises(now() + 1_000 / tickRateHz);
    this.#tank.startClock(share);
  }

  /** Begins a new segment with the present state as its snapshot. */
  snapshot(): void {
    const segment = this.#previous;
    segment.begin(this.#state, this.tick, this.#kernel);
    this.#previous = this.#current;
    this.#current = segment;
    this.#kernelMsSinceSnapshot = 0;
    this.#fuelMaxBefore = this.#fuelMax;
    this.#fuelMax = 0n;
  }

  /** Begins both segments with the present state, so that older states can not be used any more. */
  snapshotTwice(): void {
    this.snapshot();
    this.snapshot();
  }

  /**
   * Begins a new segment with the present state as its snapshot and the newest batch, which is not completed, as its first
   * tick. `trustsBefore`: the segment used until now stays available.
   */
  isolateLast(trustsBefore: boolean): void {
    const batch = this.#current.batch(this.#current.ticks - 1).slice();
    this.#current.dropLast();
    if (!trustsBefore) this.snapshot();
    this.snapshot();
    this.#current.append(batch);
  }

  /** Removes the newest journalled tick if it is not completed. */
  dropUnfinished(): void {
    if (this.#isUnfinished) this.#current.dropLast();
    this.#isUnfinished = false;
  }

  /** Removes all ticks of the current segment. For a restore of its snapshot alone. */
  forgetJournal(): void {
    this.#current.forget();
    this.#isUnfinished = false;
  }

  /** Restarts the zone from its initial content. Tick numbers continue after the last completed tick. */
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

  /** True when the segment's hashes can be compared: they are of a state in the running module's layout. */
  canVerify(segment: Segment): boolean {
    return segment.layout.stateHash === this.#kernel.layout.stateHash;
  }

  /**
   * Runs the first `upTo` ticks of the segment again and returns their number. `verify`: each hash must equal the journalled
   * one. `onTick` is called after each tick. Throws ZoneTrap, or WowsimError("replay_diverged").
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

  /** Runs the current segment's newest batch, which trapped before. Throws ZoneTrap when it traps again. */
  rerunLast(fuel: "little" | "full"): void {
    const { ticks } = this.#current;
    const amount = fuel === "full" ? this.#options.fuelPerTick : this.#littleFuel;
    this.#run(this.tick + 1, this.#current.batch(ticks - 1), amount);
    this.#complete();
  }

  /**
   * Puts the state under another module. The memory stays as it is when the layouts are equal; otherwise the state is migrated.
   * Throws WowsimError("layout_mismatch", ...); the zone is then unchanged.
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

  /** Writes a state into a memory of the zone's size, in the layout `to`. Throws WowsimError("layout_mismatch", ...). */
  carry({ state, layout }: Snapshot, to: KernelLayout, memory: WebAssembly.Memory): void {
    const [base, end] = [to.value("STATE_BASE"), to.value("STATE_END")];
    const into = new Uint8Array(memory.buffer, base, end - base);
    if (layout.stateHash === to.stateHash) return into.set(state);
    planMigration(layout, to).carry(state, into);
    writeHostPart(memory, to, this.#options);
  }

  /** Throws WowsimError("layout_mismatch", the differences) when the module can not take over the state of a layout. */
  assertCanTake(kernel: Kernel, ...alsoFrom: KernelLayout[]): void {
    const layouts = new Set([this.#layout, this.#kernel.layout, ...alsoFrom]);
    const found = [...layouts].flatMap((layout) => differences(layout, kernel.layout));
    const problems = [...new Set([...found, ...contentProblems(kernel.layout, this.#options.content)])];
    if (problems.length === 0) return;
    throw new WowsimError(
      "layout_mismatch",
      `Module ${kernel.hash} can not take over the state of zone ${this.id}: ${inWords(problems)}. Nothing was changed.`,
    );
  }

  /** Changes the module to `kernel` without a new snapshot. A restore and a replay through it follow. */
  revert(kernel: Kernel): void {
    this.#kernel = kernel;
    this.#current.kernel = kernel;
  }

  /** A multiple of the fuel that ticks used lately. It is enough for most ticks, and an endless loop is found early. */
  get #littleFuel(): bigint {
    const { fuelPerTick } = this.#options;
    const most = this.#fuelMax > this.#fuelMaxBefore ? this.#fuelMax : this.#fuelMaxBefore;
    const wanted = most * RERUN_FUEL_FACTOR;
    const floor = fuelPerTick / RERUN_FUEL_FLOOR;
    const fuel = wanted > floor ? wanted : floor;
    return fuel < fuelPerTick ? fuel : fuelPerTick;
  }

  /** Writes the snapshot into the memory, in the running module's layout. */
  #take(snapshot: Snapshot): void {
    const { layout } = this.#kernel;
    this.carry(snapshot, layout, this.memory);
    this.#bind(layout);
    this.entities.forget();
  }

  /** From now on the host reads the memory in this layout. */
  #bind(layout: KernelLayout): void {
    if (layout === this.#layout) return;
    this.#layout = layout;
    this.#at = addressesOf(layout);
    this.entities.bind(this.#at);
    this.#output = new OutputCheck(this.memory, layout);
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

  /** Creates a fresh instance. The memory contains only the zone's initial content, and both segments begin there. */
  #begin(): KernelExports {
    const { zone, seed, tickRateHz } = this.#options;
    const exports = instantiate(this.#kernel, this.memory, this.#tank.refuel);
    this.#bind(this.#kernel.layout);
    this.startClock();
    this.#call(exports, () => exports.init(seed, zone.id, tickRateHz));
    writeHostPart(this.memory, this.#kernel.layout, this.#options);
    this.#output.noteHostWritten();
    this.#call(exports, () => exports.hash());
    this.entities.forget();
    this.snapshotTwice();
    return exports;
  }

  /** Calls a function of the kernel other than `tick`, with the fuel of one tick. Throws ZoneTrap. */
  #call(exports: KernelExports, action: () => void): void {
    this.#tank.fill(exports.fuel, this.#options.fuelPerTick);
    try {
      action();
    } catch (cause) {
      throw new ZoneTrap(this.#tank.causeOf(cause, exports.fuel), readNote(this.view, this.at, 0), this.#options.now());
    }
  }

  /** Records what the kernel is doing, in the middle of a long run that may not return. */
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
