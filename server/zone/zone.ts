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
import { contentProblems } from "./content-tables.ts";
import { carryState, writeHostPart } from "./host-written.ts";
import type { LaidOut } from "./host-written.ts";
import { WowsimError } from "../protocol/errors.ts";
import { createMemory, instantiate } from "../../assembly/toolchain/instance.ts";
import type { Kernel, KernelExports, KernelLayout } from "../../assembly/toolchain/kernel.ts";
import { differences, inWords } from "../../assembly/toolchain/migration.ts";
import { FuelTank } from "../../assembly/toolchain/fuel.ts";
import { addressesOf, hashIn } from "./addresses.ts";
import type { Addresses } from "./addresses.ts";
import { EntityReader } from "./entity-reader.ts";
import { OutputCheck } from "./output-check.ts";
import { copyOf, Segment } from "./segment.ts";
import type { ZoneOptions } from "./zone-options.ts";
import { RerunFuel } from "./rerun-fuel.ts";
import { BrokenRule, InvalidOutput, readNote, ZoneTrap } from "./trap.ts";
import type { StateRules } from "./state-rules.ts";

/** Fuel of a whole replay, in multiples of one tick's fuel. A normal replay is short (REPLAY_MS_MAX) and uses less than one. */
const REPLAY_FUEL_TICKS = 4n;

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
  readonly #rerunFuel: RerunFuel;
  readonly #options: ZoneOptions;
  #output: OutputCheck;
  readonly #tank: FuelTank;
  /** Rules for one module only. */
  #rules: { rules: StateRules; kernel: Kernel } | null = null;

  /** A fresh zone before its first tick: content written, first snapshot taken. With `awaitsState`: an empty one, which can only adopt(). */
  constructor(options: ZoneOptions) {
    const { zone, kernel } = options;
    this.id = zone.id;
    this.name = zone.name;
    this.#kernel = kernel;
    this.#options = options;
    this.#rerunFuel = new RerunFuel(options.fuelPerTick);
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
    // In the middle of a long run that may not return, it is recorded what the kernel is doing.
    this.#tank = new FuelTank({ ...options, onSlice: () => options.crumb?.noteKernel(this.view, this.at) });
    this.#exports = options.awaitsState === true ? this.#instance() : this.#begin();
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
    return hashIn(this.view, this.at);
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
    if (this.#current.isLongFor(batch.length / COMMAND_BYTES, this.#kernelMsSinceSnapshot)) {
      this.#forgetOutside();
      this.snapshot();
    }
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
    this.#rerunFuel.nextSegment();
  }

  /** Begins both segments with the present state, so that older states can not be used any more. */
  snapshotTwice(): void {
    this.snapshot();
    this.snapshot();
  }

  /** Begins a new segment with the newest batch, which is not completed. `trustsBefore`: the segment before stays available. */
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

  /**
   * Puts a state from a journal under a fresh instance of the running module, which must have the same layout. Computes its
   * hash. The segment before this one is not to be used. Throws WowsimError("snapshot_damaged") or ZoneTrap.
   */
  adopt(state: Uint8Array, tick: number): void {
    if (state.length !== this.#state.length) {
      const message = `The snapshot of tick ${tick} has ${state.length} bytes, and the module's state ${this.#state.length}.`;
      throw new WowsimError("snapshot_damaged", message);
    }
    this.#exports = this.#instance();
    this.#forgetOutside();
    this.bytes.set(state, this.at.stateBase);
    this.startClock();
    this.#call(this.#exports, () => this.#exports.hash());
    this.#output.noteHostWritten();
    this.entities.forget();
    this.tick = tick;
    this.#isUnfinished = false;
    this.snapshot();
  }

  /** Writes what only the host writes, after an adopted state may have had it from another world file. */
  writeHostPart(): void {
    writeHostPart(this.memory, this.#layout, this.#options);
    this.#output.noteHostWritten();
    this.snapshotTwice();
  }

  /** Puts a segment's snapshot into a fresh instance of the running module. */
  restore(segment: Segment): void {
    this.#exports = this.#instance();
    this.#take(segment);
    this.#forgetOutside();
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
    const amount = fuel === "full" ? this.#options.fuelPerTick : this.#rerunFuel.little;
    this.#run(this.tick + 1, this.#current.batch(ticks - 1), amount);
    this.#complete();
  }

  /**
   * Puts the state under another module. The memory stays as it is when the layouts are equal; otherwise the state is migrated.
   * Throws WowsimError("layout_mismatch", ...); the zone is then unchanged. Returns the state before, which lasts when the zone gets
   * `spare` memory of its size for it.
   */
  swap(kernel: Kernel, spare: Uint8Array | null = null): Uint8Array {
    this.assertCanTake(kernel);
    const before = { kernel: this.#kernel, layout: this.#layout };
    const isSame = this.#layout.stateHash === kernel.layout.stateHash;
    const state = isSame ? this.#state : copyOf(this.#state, spare ?? this.#options.aside?.() ?? null);
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
    return isSame && spare !== null ? this.#current.lend(spare) : state;
  }

  /** Writes a state into a memory of the zone's size, in the layout `to`. Throws WowsimError("layout_mismatch", ...). */
  carry(snapshot: LaidOut, to: KernelLayout, memory: WebAssembly.Memory): void {
    carryState(snapshot, to, memory, this.#options);
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

  /** Gives the zone a module and a state in its layout, as if it had come to this tick with them. Older states are dropped. */
  replace(kernel: Kernel, state: Uint8Array): void {
    this.#exports = instantiate(kernel, this.memory, this.#tank.refuel);
    this.#kernel = kernel;
    this.#take({ state, layout: kernel.layout });
    this.#output.noteHostWritten();
    this.snapshotTwice();
  }

  /** From now on each tick of the running module must also keep these rules; null: none. */
  keepsRules(rules: StateRules | null): void {
    this.#rules = rules === null ? null : { rules, kernel: this.#kernel };
  }

  /** Changes the module to `kernel` without a new snapshot. A restore and a replay through it follow. */
  revert(kernel: Kernel): void {
    this.#kernel = kernel;
    this.#current.kernel = kernel;
  }

  /** Writes the snapshot into the memory, in the running module's layout. */
  #take(snapshot: LaidOut): void {
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

  /** Clears all memory behind the state: what a module kept there would be gone after a restore, and nobody would see it. */
  #forgetOutside(): void {
    this.bytes.fill(0, this.at.stateEnd);
  }

  get #state(): Uint8Array {
    return this.bytes.subarray(this.at.stateBase, this.at.stateEnd);
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
      const rules = this.#rules?.kernel === this.#kernel ? this.#rules.rules : null;
      const broken = rules?.problem(tick) ?? null;
      if (broken !== null) throw new BrokenRule(broken);
    } catch (cause) {
      end = now();
      throw new ZoneTrap(this.#tank.causeOf(cause, exports.fuel), readNote(this.view, this.at, count), end);
    } finally {
      this.kernelMs = end - start;
      this.fuelUsed = this.#tank.used(exports.fuel);
    }
  }

  /** A fresh instance of the running module over the memory as it is. */
  #instance(): KernelExports {
    return instantiate(this.#kernel, this.memory, this.#tank.refuel);
  }

  /** Creates a fresh instance. The memory contains only the zone's initial content, and both segments begin there. */
  #begin(): KernelExports {
    const { zone, seed, tickRateHz } = this.#options;
    const exports = this.#instance();
    this.#bind(this.#kernel.layout);
    this.startClock();
    this.#call(exports, () => exports.init(seed, zone.id, tickRateHz));
    writeHostPart(this.memory, this.#kernel.layout, this.#options);
    this.#output.noteHostWritten();
    this.#call(exports, () => exports.hash());
    this.entities.forget();
    this.#forgetOutside();
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

  #complete(): void {
    this.tick++;
    this.#isUnfinished = false;
    this.#current.setHash(this.hash);
    this.#kernelMsSinceSnapshot += this.kernelMs;
    this.#rerunFuel.used(this.fuelUsed);
  }
}
