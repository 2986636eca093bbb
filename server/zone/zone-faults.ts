// The worker side of faults. It holds the zone halves of the active faults and calls their hooks around each tick. Nothing here
// decides when a fault ends: the shared block says so at once (fault-block.ts). The message repeats it for zones that do not
// tick at the moment.
//
//   host.activate({ activation: 7, faultId: "split-brain", zones: [1, 2], ... })   // one half for each zone of this worker
//   host.commands(batch)          // removed halves undo their changes, then active halves add to the batch
//   host.beforeStep(1, 4711); kernel.tick(4711); host.afterStep(1, 4711)
//   host.deactivate(7)
//
// A half that throws is removed and reported. The zone continues.

import { messageOf } from "../protocol/errors.ts";
import type { Emitter } from "../protocol/telemetry-line.ts";
import type { ToZoneWorker } from "../shared/zone-messages.ts";
import { FAULTS } from "../protocol/faults/catalogue.ts";
import { effectIndex, FaultBlock } from "../shared/fault-block.ts";
import type {
  CommandBatch,
  FaultDefinition,
  FaultEffect,
  ZoneFaultContext,
  ZoneFaultHooks,
} from "../protocol/faults/fault.ts";
import { seededRandom, seedOf } from "../protocol/seeded-random.ts";
import { entryOf } from "../protocol/assert.ts";

export type ActivateMessage = Extract<ToZoneWorker, { type: "fault_activate" }>;

interface ZoneHalf {
  readonly activation: number;
  readonly faultId: string;
  readonly zoneId: number;
  readonly hooks: ZoneFaultHooks;
  /** It has received a batch, so it may have changes to undo. */
  touched: boolean;
  /** Removed, but its changes are not undone yet. */
  cleaning: boolean;
}

export interface ZoneFaultHostOptions {
  block: SharedArrayBuffer;
  /** Zones of this worker. */
  zones: readonly number[];
  emitter: Emitter;
  definitions?: readonly FaultDefinition[];
  /** Called before a fault delays a zone's tick, with the milliseconds. */
  onPause?: (zoneId: number, ms: number) => void;
}

export class ZoneFaultHost {
  /** This worker's number in the shared block. */
  readonly thread: number;
  readonly #block: FaultBlock;
  readonly #emitter: Emitter;
  readonly #definitions: ReadonlyMap<string, FaultDefinition>;
  readonly #onPause: (zoneId: number, ms: number) => void;
  /**
   * Halves by zone, in order of activation. A list is replaced, never changed, so that a failing hook can remove a half during
   * a loop.
   */
  readonly #halves = new Map<number, readonly ZoneHalf[]>();

  constructor({ block, zones, emitter, definitions = FAULTS, onPause = () => {} }: ZoneFaultHostOptions) {
    this.#block = new FaultBlock(block);
    this.thread = this.#block.claimThread();
    this.#emitter = emitter;
    this.#onPause = onPause;
    this.#definitions = new Map(definitions.map((definition) => [definition.id, definition]));
    for (const zone of zones) this.#halves.set(zone, []);
  }

  /** Creates a half for each target zone of this worker, unless the fault was removed while the message was on its way. */
  activate(message: ActivateMessage): void {
    const { activation, faultId } = message;
    const build = entryOf(this.#definitions, faultId).zone;
    if (build === undefined || !this.#block.isOpen(activation)) return;
    for (const zoneId of message.zones) {
      const halves = this.#halves.get(zoneId);
      if (halves === undefined) continue;
      this.#guard(faultId, zoneId, () => {
        const hooks = build(this.#context(message, zoneId), message.params as never);
        const half = { activation, faultId, zoneId, hooks, touched: false, cleaning: false };
        this.#halves.set(zoneId, [...halves, half]);
      });
    }
  }

  /** The fault was removed. Halves with changes to undo wait for their zone's next batch; the others end now. */
  deactivate(activation: number): void {
    for (const halves of this.#halves.values()) {
      for (const half of halves) if (half.activation === activation) this.#remove(half);
    }
    this.#retireIfGone(activation);
  }

  /** Call it before the batch is journalled, and not for a replay. */
  commands(batch: CommandBatch): void {
    const { zoneId } = batch;
    for (const half of this.#of(zoneId)) {
      if (!this.#isOpen(half)) this.#remove(half);
      if (half.cleaning) this.#cleanUp(half, batch);
    }
    for (const half of this.#of(zoneId)) {
      if (!this.#isOpen(half) || this.#mustWait(half)) continue;
      half.touched = true;
      this.#call(half, () => half.hooks.commands?.(batch));
    }
  }

  beforeStep(zoneId: number, tick: number): void {
    for (const half of this.#of(zoneId)) {
      if (this.#isOpen(half)) this.#call(half, () => half.hooks.beforeStep?.(tick));
    }
  }

  afterStep(zoneId: number, tick: number): void {
    for (const half of this.#of(zoneId)) {
      if (this.#isOpen(half)) this.#call(half, () => half.hooks.afterStep?.(tick));
    }
  }

  /** Zone halves that are active or not yet cleaned up. */
  get halves(): number {
    let count = 0;
    for (const halves of this.#halves.values()) count += halves.length;
    return count;
  }

  #of(zoneId: number): readonly ZoneHalf[] {
    return entryOf(this.#halves, zoneId);
  }

  #isOpen(half: ZoneHalf): boolean {
    return this.#block.isOpen(half.activation);
  }

  /** A fault that is activated again waits until the changes of its previous activation are undone. */
  #mustWait(half: ZoneHalf): boolean {
    return this.#of(half.zoneId).some((other) => other.cleaning && other.faultId === half.faultId);
  }

  #remove(half: ZoneHalf): void {
    half.cleaning = half.touched && half.hooks.cleanUp !== undefined;
    if (!half.cleaning) this.#drop(half);
  }

  #cleanUp(half: ZoneHalf, batch: CommandBatch): void {
    this.#call(half, () => {
      if (half.hooks.cleanUp?.(batch) === true) this.#drop(half);
    });
  }

  #drop(half: ZoneHalf): void {
    this.#halves.set(
      half.zoneId,
      this.#of(half.zoneId).filter((other) => other !== half),
    );
    this.#guard(half.faultId, half.zoneId, () => half.hooks.dispose?.());
    this.#retireIfGone(half.activation);
  }

  #retireIfGone(activation: number): void {
    for (const halves of this.#halves.values()) if (halves.some((half) => half.activation === activation)) return;
    if (!this.#block.isOpen(activation)) this.#block.retire(activation, this.thread);
  }

  /** A half that throws is removed, because its state is unknown. */
  #call(half: ZoneHalf, hook: () => void): void {
    if (!this.#guard(half.faultId, half.zoneId, hook)) this.#drop(half);
  }

  #guard(faultId: string, zoneId: number, action: () => void): boolean {
    try {
      action();
      return true;
    } catch (error) {
      this.#emitter.emit("error", "fault", "Fault hook failed", {
        fault_id: faultId,
        zone_id: zoneId,
        error: messageOf(error),
      });
      return false;
    }
  }

  #context({ activation, faultId, zones, seed, probability }: ActivateMessage, zoneId: number): ZoneFaultContext {
    const block = this.#block;
    const thread = this.thread;
    const random = seededRandom(seedOf(seed, "zone", zoneId));
    const { effects = [] } = entryOf(this.#definitions, faultId);
    const did = (effect: FaultEffect, amount = 1): void =>
      block.count(activation, thread, effectIndex(effects, effect), amount);
    return {
      zoneId,
      targets: zones,
      random,
      strikes(count = 1) {
        block.count(activation, thread, "eligible", count);
        return probability >= 1 || random() < probability;
      },
      affected: (count = 1) => block.count(activation, thread, "affected", count),
      did,
      pause: (ms) => {
        this.#onPause(zoneId, ms);
        const from = performance.now();
        block.pause(activation, ms);
        if (effects.includes("paused_ms")) did("paused_ms", Math.round(performance.now() - from));
      },
    };
  }
}
