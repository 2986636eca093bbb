// The main thread's hold on the zone workers: starts them, sends commands, hands out what comes back, keeps each zone's
// status, ends them. It computes no game state.
//
//   const supervisor = await ZoneSupervisor.start({ world, kernel, ... })
//   supervisor.command(1, OP_MOVE, session, seq, 0, 0, x, y, z, 0)      // false: the ring is full
//   supervisor.onFrame((zoneId, bytes, offset, length) => ...)
//   await supervisor.request(2, { type: "swap", module, hash, label })
//
// A worker that dies takes its zones DOWN, which moves their players; it is not started again in this process's life.

import { FRAME_LENGTH } from "../../assembly/abi.ts";
import type { World } from "../content/content.ts";
import { messageOf, WowsimError } from "../errors.ts";
import { FaultBlock } from "../fault/fault-block.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { FrameListener } from "../net/zone-link.ts";
import type { Emitter } from "../telemetry/schema.ts";
import type { WorkerFactory } from "../workers.ts";
import { fuelFor } from "./calibrate.ts";
import { Census } from "./census.ts";
import { writeCommand, writeCommandInts } from "./command-writer.ts";
import { GameLoop } from "./game-loop.ts";
import type { FromZoneWorker, Swap, TickReport, ToZoneWorker, ZoneState } from "./messages.ts";
import { readDeparted } from "./transfer.ts";
import type { Crossing } from "./transfer.ts";
import { ARRIVED, CENSUS, DEPARTED, emptyReport, END, FRAMES, readReport, REPORT } from "./wire.ts";
import { ZoneWorkerLink } from "./worker-link.ts";
import type { ZoneWorkerStart } from "./worker-messages.ts";

const now = (): number => performance.now();

/** First tick this long after the start, so that every worker is there by then. */
const LEAD_MS = 20;

export interface SupervisorOptions {
  world: World;
  workers: number;
  newWorker: WorkerFactory;
  tickRateHz: number;
  seed: number;
  kernel: Kernel;
  /** One a worker. */
  telemetryRings: SharedArrayBuffer[];
  faultBlock: SharedArrayBuffer;
  emitter: Emitter;
}

/** A zone as the main thread knows it, live. */
export interface ZoneStatus {
  readonly id: number;
  readonly name: string;
  /** Which worker it runs in. */
  readonly worker: number;
  /** As its worker said it last. */
  state: ZoneState;
  /** Of its newest report. */
  tick: number;
  /** How much it leaves out, 0 to 5; at LEVEL_CLOSED it takes nobody new. */
  overloadLevel: number;
  kernelHash: string;
  kernelLabel: string;
  /** What it ran last that was not on trial: what it goes back to. */
  promotedHash: string;
}

/** A question to a zone, without the fields that the supervisor adds. */
export type ZoneRequest =
  | ({ type: "swap" } & Swap)
  | { type: "rollback"; hash?: string }
  | { type: "promote"; hash?: string }
  | { type: "inspect" }
  | { type: "view"; turn: number };

export class ZoneSupervisor {
  readonly #zones = new Map<number, ZoneStatus>();
  readonly #links: ZoneWorkerLink[];
  readonly #linkOf = new Map<number, ZoneWorkerLink>();
  readonly #labels = new Map<string, string>();
  readonly #gameLoop: GameLoop;
  readonly #census: Census;
  readonly #report = emptyReport(0);
  readonly #tickListeners: ((report: TickReport) => void)[] = [];
  readonly #frameListeners: FrameListener[] = [];
  readonly #tickEndListeners: ((zoneId: number) => void)[] = [];
  readonly #departureListeners: ((crossing: Crossing) => void)[] = [];
  readonly #arrivalListeners: ((zoneId: number, session: number, isThere: boolean) => void)[] = [];
  readonly #messageListeners: ((message: FromZoneWorker) => void)[] = [];

  /** Starts all workers and their zones. Throws WowsimError("zone_worker") when one can not. */
  static async start(options: SupervisorOptions): Promise<ZoneSupervisor> {
    const supervisor = new ZoneSupervisor(options);
    try {
      await Promise.all(supervisor.#links.map((link) => link.ready));
    } catch (error) {
      await supervisor.stop();
      throw error;
    }
    return supervisor;
  }

  private constructor(options: SupervisorOptions) {
    const { world, kernel, emitter, tickRateHz } = options;
    this.#labels.set(kernel.hash, kernel.label);
    for (const [index, zone] of world.zones.entries()) {
      this.#zones.set(zone.id, {
        id: zone.id,
        name: zone.name,
        worker: index % options.workers,
        state: "ACTIVE",
        tick: 0,
        overloadLevel: 0,
        kernelHash: kernel.hash,
        kernelLabel: kernel.label,
        promotedHash: kernel.hash,
      });
    }
    this.#gameLoop = new GameLoop({ emitter, tickRateHz, zones: this.#zones.keys(), now });
    this.#census = new Census(emitter, now);
    this.#links = startOf(options).map(
      (start) =>
        new ZoneWorkerLink(options.newWorker, start, {
          onRecord: (view, bytes, offset, length) => this.#onRecord(view, bytes, offset, length),
          onMessage: (message) => this.#onMessage(message),
          onDeath: (zones, why, faultThread) => {
            if (faultThread > 0) new FaultBlock(options.faultBlock).forgetThread(faultThread);
            this.#onDeath(zones, why, emitter);
          },
          onError: (error) =>
            emitter.emitSampled("error", "zone", "Zone output not handled", { error: messageOf(error) }),
        }),
    );
    for (const status of this.#zones.values()) {
      const link = this.#links[status.worker];
      if (link !== undefined) this.#linkOf.set(status.id, link);
    }
  }

  get zones(): ReadonlyMap<number, ZoneStatus> {
    return this.#zones;
  }

  /** Ticks of the server as a whole. */
  get tick(): number {
    return this.#gameLoop.tick;
  }

  /** Entities that the census found in more than one zone. */
  get duplicates(): number {
    return this.#census.duplicates;
  }

  /** Queues a command with f32 fields; false when the worker's ring is full or there is no such zone. */
  command(
    zoneId: number,
    op: number,
    session: number,
    seq: number,
    flags: number,
    a: number,
    x: number,
    y: number,
    z: number,
    e: number,
  ): boolean {
    const ring = this.#linkOf.get(zoneId)?.commands;
    return ring !== undefined && writeCommand(ring, zoneId, op, session, seq, flags, a, x, y, z, e);
  }

  /** Queues a command with u32 fields; false when the worker's ring is full or there is no such zone. */
  commandInts(
    zoneId: number,
    op: number,
    session: number,
    seq: number,
    flags: number,
    a: number,
    b: number,
    c: number,
    d: number,
    e: number,
  ): boolean {
    const ring = this.#linkOf.get(zoneId)?.commands;
    return ring !== undefined && writeCommandInts(ring, zoneId, op, session, seq, flags, a, b, c, d, e);
  }

  /** Queues a player's arrival from another zone; false when the worker's ring is full or there is no such zone. */
  arrive(zoneId: number, records: Uint8Array): boolean {
    const ring = this.#linkOf.get(zoneId)?.commands;
    const at = ring?.reserve(4 + records.length) ?? -1;
    if (ring === undefined || at < 0) return false;
    ring.view.setUint32(at, zoneId, true);
    ring.bytes.set(records, at + 4);
    ring.commit();
    return true;
  }

  /** Somebody left a zone through a portal; everything of theirs is in the listener's hands now. */
  onDeparture(listener: (crossing: Crossing) => void): void {
    this.#departureListeners.push(listener);
  }

  /** Somebody whose arrival was queued is in the zone, or was not let in. */
  onArrival(listener: (zoneId: number, session: number, isThere: boolean) => void): void {
    this.#arrivalListeners.push(listener);
  }

  /** Every tick of every zone. The report is reused: copy what is to be kept. */
  onTick(listener: (report: TickReport) => void): void {
    this.#tickListeners.push(listener);
  }

  /** Every kernel frame; its bytes are valid during the call only. */
  onFrame(listener: FrameListener): void {
    this.#frameListeners.push(listener);
  }

  /** After the last frame of a zone's tick. */
  onTickEnd(listener: (zoneId: number) => void): void {
    this.#tickEndListeners.push(listener);
  }

  onMessage(listener: (message: FromZoneWorker) => void): void {
    this.#messageListeners.push(listener);
  }

  /** Asks a zone, between two of its ticks. Rejects with WowsimError("zone_refused") and the zone's reason. */
  async request(zoneId: number, message: ZoneRequest): Promise<unknown> {
    const link = this.#linkOf.get(zoneId);
    const status = this.#zones.get(zoneId);
    if (link === undefined || status === undefined) {
      throw new WowsimError(
        "no_such_zone",
        `There is no zone ${zoneId}; there are ${[...this.#zones.keys()].join(", ")}.`,
      );
    }
    if (message.type === "swap") this.#labels.set(message.hash, message.label);
    return await link.request(zoneId, message);
  }

  /** To every worker. */
  broadcast(message: ToZoneWorker): void {
    for (const link of this.#links) link.post(message);
  }

  /** Lets every zone finish its tick and ends the workers. */
  async stop(): Promise<void> {
    await Promise.all(this.#links.map((link) => link.stop()));
    this.#gameLoop.stop();
  }

  #runs(status: ZoneStatus, hash: string): void {
    status.kernelHash = hash;
    status.kernelLabel = this.#labels.get(hash) ?? hash;
  }

  #onRecord(view: DataView, bytes: Uint8Array, offset: number, length: number): void {
    const kind = view.getUint32(offset, true);
    const zoneId = view.getUint32(offset + 4, true);
    if (kind === REPORT) this.#onReport(view, offset);
    else if (kind === FRAMES) this.#onFrames(view, bytes, zoneId, offset + 8, offset + length);
    else if (kind === END) for (const listener of this.#tickEndListeners) listener(zoneId);
    else if (kind === DEPARTED) {
      const crossing = readDeparted(view, offset);
      for (const listener of this.#departureListeners) listener(crossing);
    } else if (kind === ARRIVED) {
      const session = view.getUint32(offset + 8, true);
      const isThere = view.getUint32(offset + 12, true) === 1;
      for (const listener of this.#arrivalListeners) listener(zoneId, session, isThere);
    } else if (kind === CENSUS) this.#onCensus(view, zoneId, offset + 8, offset + length);
  }

  #onReport(view: DataView, offset: number): void {
    const report = this.#report;
    readReport(view, offset, report);
    const status = this.#zones.get(report.zoneId);
    if (status === undefined) return;
    // Messages and rings are not read in the order in which the zone wrote to them; its state is what it said last.
    report.state = status.state;
    status.tick = report.tick;
    status.overloadLevel = report.overloadLevel;
    for (const listener of this.#tickListeners) listener(report);
    this.#gameLoop.observeTick(report);
  }

  #onFrames(view: DataView, bytes: Uint8Array, zoneId: number, from: number, to: number): void {
    for (let at = from; at < to;) {
      const length = view.getUint32(at + FRAME_LENGTH, true);
      for (const listener of this.#frameListeners) listener(zoneId, bytes, at, length);
      at += length;
    }
  }

  #onCensus(view: DataView, zoneId: number, from: number, to: number): void {
    const ids = new Set<number>();
    for (let at = from; at < to; at += 4) ids.add(view.getUint32(at, true));
    this.#census.observe(zoneId, ids);
  }

  #onMessage(message: FromZoneWorker): void {
    if (message.type === "zone_state") {
      const status = this.#zones.get(message.zoneId);
      if (status !== undefined) status.state = message.to;
      if (message.to === "DOWN") this.#onDown(message.zoneId);
    } else if (message.type === "rolled_back") {
      const status = this.#zones.get(message.zoneId);
      if (status !== undefined) this.#runs(status, message.toHash);
    } else if (message.type === "module") {
      const status = this.#zones.get(message.zoneId);
      if (status !== undefined) this.#runs(status, message.hash);
      if (status !== undefined && !message.isTrial) status.promotedHash = message.hash;
    }
    this.#gameLoop.observeMessage(message);
    for (const listener of this.#messageListeners) listener(message);
  }

  #onDown(zoneId: number): void {
    this.#census.forget(zoneId);
    const status = this.#zones.get(zoneId);
    if (status !== undefined) status.overloadLevel = 0;
  }

  #onDeath(zones: number[], why: string, emitter: Emitter): void {
    for (const zoneId of zones) {
      const status = this.#zones.get(zoneId);
      if (status === undefined) continue;
      const data = { zone_id: zoneId, zone_name: status.name, tick: status.tick, error: `zone worker died: ${why}` };
      emitter.emit("error", "zone", "Zone tick exception", data);
      const from = status.state;
      this.#onMessage({ type: "zone_state", zoneId, from, to: "DOWN", reason: "its worker died", tick: status.tick });
    }
  }
}

/** What each worker is told at its start: its zones, and their places in the tick interval. */
function startOf(options: SupervisorOptions): ZoneWorkerStart[] {
  const { world, kernel, tickRateHz, seed } = options;
  const intervalMs = 1_000 / tickRateHz;
  const startMs = performance.timeOrigin + performance.now() + LEAD_MS;
  const fuelPerTick = fuelFor(intervalMs, kernel, () => performance.now());
  const layout = kernel.layout.names().map((name): [string, number] => [name, kernel.layout.value(name)]);
  return Array.from({ length: options.workers }, (_, worker): ZoneWorkerStart => {
    const telemetryRing = options.telemetryRings[worker];
    if (telemetryRing === undefined) throw new RangeError("Every zone worker needs a telemetry ring.");
    const mine = world.zones
      .map((zone, index) => ({ zone, index }))
      .filter(({ index }) => index % options.workers === worker);
    return {
      type: "start",
      name: `zone-worker-${worker + 1}`,
      zones: mine.map(({ zone, index }) => ({
        zone,
        seed: (seed + index) >>> 0,
        startMs: startMs + (intervalMs * index) / world.zones.length,
      })),
      content: world.content,
      tickRateHz,
      module: kernel.module,
      hash: kernel.hash,
      label: kernel.label,
      layout,
      fuelPerTick,
      telemetryRing,
      faultBlock: options.faultBlock,
      ...ZoneWorkerLink.allocate(),
    };
  });
}
