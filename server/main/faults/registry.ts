// The active faults: this is the one place that starts and ends them. It runs on the main thread and never waits for a
// zone. An activation opens a slot of shared memory (fault-block.ts) and sends a message. A removal closes the slot,
// which takes effect at once, and sends a message for zones that do not tick at the moment.
//
//   registry.activate({ fault_id: "latency-spike", params: { delay_ms: 200 }, target_zone_id: 0, duration_ticks: 0 })
//   registry.advance(4711)      // once per nominal server tick: ambient hooks, time to live, leases
//   registry.halt()             // kill switch: removes all faults; no new ones before resume()
//
// After its removal, an activation is "leaving" until every worker has removed its zone half.

import { messageOf, WowsimError } from "../../protocol/errors.ts";
import type { Emitter } from "../../protocol/telemetry-line.ts";
import type { FaultDisk, FaultPlayers, FaultZones } from "../../shared/fault-targets.ts";
import type { MessageTarget, ZoneListener } from "../../shared/zone-link.ts";
import type { ToZoneWorker } from "../../shared/zone-messages.ts";
import { Activation } from "./activation.ts";
import type { FaultRequest } from "../../protocol/faults/status.ts";
import { DiskFaults } from "./disk-faults.ts";
import { byteHook, hasByteHooks } from "./byte-hooks.ts";
import { FAULTS } from "../../protocol/faults/catalogue.ts";
import { ACTIVATIONS_MAX, FaultBlock } from "../../shared/fault-block.ts";
import type { FaultDefinition } from "../../protocol/faults/fault.ts";
import { Lease } from "./lease.ts";
import { didYouMean } from "../../protocol/did-you-mean.ts";
import { parseParams } from "../../protocol/faults/params.ts";
import { seedOf } from "../../protocol/seeded-random.ts";
import type { FaultStatus } from "../../protocol/faults/status.ts";

export type RemovalReason = "request" | "expired" | "lease_ended" | "replaced" | "halt" | "failed" | "shutdown";

export interface FaultRegistryOptions {
  /** From FaultBlock.allocate(); the zone workers have the same block. */
  block: SharedArrayBuffer;
  emitter: Emitter;
  seed: number;
  zones: FaultZones;
  players: FaultPlayers;
  /** The journal's disk; default: there is none. */
  disk?: FaultDisk;
  definitions?: readonly FaultDefinition[];
  /** An earlier server was halted, and nobody has resumed it; default false. */
  isHalted?: boolean;
  /** Called whenever fault injection is halted or resumed. */
  onHalt?: (isHalted: boolean) => void;
  /** Monotonic milliseconds, for leases. */
  now?: () => number;
}

interface Entry {
  readonly definition: FaultDefinition;
  activations: number;
  /** The active activation, else the last one. */
  last: Activation | null;
}

export class FaultRegistry implements ZoneListener {
  readonly #options: FaultRegistryOptions;
  readonly #block: FaultBlock;
  readonly #entries = new Map<string, Entry>();
  readonly #leaving = new Set<Activation>();
  readonly #now: () => number;
  readonly #disk: DiskFaults;
  #tick = 0;
  #lastNumber = 0;
  #halted = false;

  constructor(options: FaultRegistryOptions) {
    this.#options = options;
    this.#block = new FaultBlock(options.block);
    this.#disk = new DiskFaults(options.disk ?? { set: () => {} });
    this.#now = options.now ?? (() => performance.now());
    this.#halted = options.isHalted ?? false;
    for (const definition of options.definitions ?? FAULTS) {
      this.#entries.set(definition.id, { definition, activations: 0, last: null });
    }
  }

  get ids(): string[] {
    return [...this.#entries.keys()];
  }

  get halted(): boolean {
    return this.#halted;
  }

  /**
   * Starts a fault; if it is active already, the new activation replaces the old one. Throws WowsimError when it can
   * not start.
   */
  activate(request: FaultRequest): FaultStatus {
    if (this.#halted) {
      const message = 'Fault injection is halted. Send {"command":"resume"} to allow it again.';
      throw new WowsimError("halted", message);
    }
    const entry = this.#entry(request.fault_id);
    const { definition } = entry;
    const config = parseParams(definition, request.params ?? {});
    const targets = this.#targets(definition, config, request.target_zone_id ?? 0);
    const number = this.#freeNumber();
    if (entry.last?.isActive === true) this.#remove(entry.last, "replaced");
    const seed = seedOf(this.#options.seed, definition.id, ++entry.activations);
    const lease = request.lease_ms === undefined ? null : new Lease(request.lease_ms, this.#now());
    const fields = { number, definition, config, targets, request, seed, startTick: this.#tick, lease };
    entry.last = new Activation(fields, this.#block);
    this.#start(entry.last);
    return this.status(definition.id);
  }

  /** Renews the lease of activation number `activations` of a fault; throws WowsimError when that activation has ended. */
  renew(faultId: string, activations: number): FaultStatus {
    const { last, activations: newest } = this.#entry(faultId);
    if (last?.isActive !== true || newest !== activations) {
      const message = `Activation ${activations} of ${faultId} is over; activate it again to go on.`;
      throw new WowsimError("lease_ended", message);
    }
    if (last.lease === null) {
      const message = `${faultId} was activated without "lease_ms", so there is nothing to renew.`;
      throw new WowsimError("no_lease", message);
    }
    last.lease.renew(this.#now());
    return this.status(faultId);
  }

  /** Ends a fault; false when it was not active. Throws WowsimError for an unknown id. */
  deactivate(faultId: string, reason: RemovalReason = "request"): boolean {
    const { last } = this.#entry(faultId);
    if (last?.isActive !== true) return false;
    this.#remove(last, reason);
    return true;
  }

  /** Ends all faults; returns the ids of those that were active. */
  deactivateAll(reason: RemovalReason = "request"): string[] {
    const active = this.#active;
    for (const { number } of active) this.#block.close(number); // wakes every pause before anything else is done
    for (const activation of active) this.#remove(activation, reason);
    return active.map(({ definition }) => definition.id);
  }

  /** Kill switch: ends all faults; no fault starts until `resume`. */
  halt(): string[] {
    const wasHalted = this.#halted;
    this.#halted = true;
    if (!wasHalted) this.#options.onHalt?.(true);
    const removed = this.deactivateAll("halt");
    if (!wasHalted) this.#options.emitter.emit("event", "fault", "Fault injection halted", { removed });
    return removed;
  }

  resume(): void {
    if (this.#halted) this.#options.emitter.emit("event", "fault", "Fault injection resumed", {});
    if (this.#halted) this.#options.onHalt?.(false);
    this.#halted = false;
  }

  /**
   * Called once per nominal server tick of 50 ms, with its number: runs the ambient hooks and ends activations whose
   * time is over. Ticks may be skipped; skipped ticks count as elapsed.
   */
  advance(tick: number): void {
    this.#tick = Math.max(this.#tick, tick);
    for (const activation of this.#active) {
      this.#guard(activation, () => activation.hooks.ambient?.(this.#tick));
      this.#tellClosed(activation);
      if (!activation.isActive) continue;
      if (activation.ticksLeft(this.#tick) === 0) this.#remove(activation, "expired");
      else if (activation.lease?.hasEnded(this.#now()) === true) this.#remove(activation, "lease_ended");
    }
    this.#settle();
  }

  status(faultId: string): FaultStatus {
    const { definition, activations, last } = this.#entry(faultId);
    const { id, mode, title, family } = definition;
    return {
      id,
      mode,
      active: last?.isActive === true,
      activations,
      ticks_elapsed: last?.elapsed(this.#tick) ?? 0,
      config: last?.config ?? parseParams(definition, {}),
      title,
      family,
      targets: [...(last?.targets ?? [])],
      ticks_left: last?.ticksLeft(this.#tick) ?? 0,
      lease_ms_left: last?.isActive === true ? (last.lease?.msLeft(this.#now()) ?? null) : null,
      ...(last?.counts ?? { eligible: 0, affected: 0 }),
      probability: last?.probability ?? 1,
      leaving: [...this.#leaving].some((leaving) => leaving.definition === definition),
    };
  }

  list(): FaultStatus[] {
    return this.ids.map((id) => this.status(id));
  }

  /** Ends all faults for good when the server stops. */
  stop(): void {
    this.deactivateAll("shutdown");
    this.#halted = true;
  }

  get #active(): Activation[] {
    return [...this.#entries.values()].flatMap(({ last }) => (last?.isActive === true ? [last] : []));
  }

  #entry(faultId: string): Entry {
    const entry = this.#entries.get(faultId);
    if (entry !== undefined) return entry;
    const given = JSON.stringify(faultId.slice(0, 64));
    const known = `Known: ${this.ids.join(", ")}.`;
    throw new WowsimError("unknown_fault", `There is no fault ${given}.${didYouMean(faultId, this.ids)} ${known}`);
  }

  #targets(definition: FaultDefinition, config: Record<string, unknown>, requested: number): number[] {
    const known = [...this.#options.zones.zones.values()];
    const zones = known.map(({ id }) => id);
    if (requested !== 0 && !zones.includes(requested)) {
      const names = known.map(({ id, name }) => `${id} (${name})`).join(", ");
      throw new WowsimError("no_such_zone", `There is no zone ${requested}; choose from ${names}, or 0 for all.`);
    }
    if (definition.targets !== undefined) return definition.targets(config as never, { zones, requested });
    return requested === 0 ? zones : [requested];
  }

  /** The next activation number whose slot in the shared block is free. */
  #freeNumber(): number {
    this.#settle();
    const used = new Set([...this.#active, ...this.#leaving].map(({ number }) => number % ACTIVATIONS_MAX));
    for (let step = 1; step <= ACTIVATIONS_MAX; step++) {
      const number = this.#lastNumber + step;
      if (used.has(number % ACTIVATIONS_MAX)) continue;
      this.#lastNumber = number;
      return number;
    }
    const message = `${this.#leaving.size} removed faults still wait for zones that are down to take out what they put in; try again when those are back.`;
    throw new WowsimError("faults_leaving", message);
  }

  /** For a replacement worker: sends the zone halves of the active faults, and the end of those that are leaving. */
  workerBegun(worker: MessageTarget): void {
    for (const activation of this.#active) {
      if (activation.definition.zone !== undefined) worker.post(activateMessage(activation));
    }
    for (const { definition, number } of this.#leaving) {
      if (definition.zone !== undefined) worker.post({ type: "fault_deactivate", activation: number });
    }
  }

  #start(activation: Activation): void {
    const { number, definition, config, targets, probability } = activation;
    this.#block.open(number);
    this.#options.emitter.emit("event", "fault", "Fault activated", {
      ...auditOf(activation),
      targets,
      params: config,
      probability,
    });
    this.#guard(activation, () => activation.start(this.#options.players, this.#disk));
    if (hasByteHooks(activation)) this.#updateByteHooks();
    if (definition.zone === undefined || !activation.isActive) return;
    this.#options.zones.broadcast(activateMessage(activation));
  }

  #remove(activation: Activation, reason: RemovalReason): void {
    const hadByteHooks = hasByteHooks(activation);
    this.#leaving.add(activation);
    this.#guard(activation, () => activation.end(this.#tick, this.#options.players, this.#disk));
    if (hadByteHooks) this.#updateByteHooks();
    if (activation.definition.zone !== undefined) {
      this.#options.zones.broadcast({ type: "fault_deactivate", activation: activation.number });
    }
    this.#options.emitter.emit("event", "fault", "Fault deactivated", {
      ...auditOf(activation),
      reason,
      ticks_elapsed: activation.elapsed(this.#tick),
      ...activation.counts,
      ...activation.deeds,
    });
    this.#settle();
  }

  /** Forgets removed activations that have left every zone. */
  #settle(): void {
    for (const activation of this.#leaving) {
      if (!activation.settle()) continue;
      this.#leaving.delete(activation);
      this.#options.emitter.emit("event", "fault", "Fault cleaned up", {
        ...auditOf(activation),
        ...activation.counts,
        ...activation.deeds,
      });
    }
  }

  /** Reports the sessions that a fault closed at once: the fault may stay active for minutes. */
  #tellClosed(activation: Activation): void {
    const closed = activation.takeClosed();
    if (closed.length === 0) return;
    const data = { ...auditOf(activation), ...activation.counts, ...activation.deeds };
    this.#options.emitter.emit("event", "fault", "Fault struck", data);
  }

  #updateByteHooks(): void {
    this.#options.players.setIngress(byteHook("ingress", this.#active));
    this.#options.players.setEgress(byteHook("egress", this.#active));
  }

  /** Removes and reports a fault whose own code throws; it must not harm the server in ways it did not announce. */
  #guard(activation: Activation, action: () => void): void {
    try {
      action();
    } catch (error) {
      const data = { fault_id: activation.definition.id, error: messageOf(error) };
      this.#options.emitter.emit("error", "fault", "Fault hook failed", data);
      if (activation.isActive) this.#remove(activation, "failed");
    }
  }
}

/** The message that creates the zone halves of an activation. */
function activateMessage({ number, definition, config, targets, seed, probability }: Activation): ToZoneWorker {
  const zones = [...targets];
  return {
    type: "fault_activate",
    activation: number,
    faultId: definition.id,
    params: config,
    zones,
    seed,
    probability,
  };
}

function auditOf({ definition, requestedZone, durationTicks, number }: Activation): Record<string, unknown> {
  return {
    fault_id: definition.id,
    target_zone_id: requestedZone,
    duration_ticks: durationTicks,
    activation: number,
  };
}
