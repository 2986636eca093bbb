// Which faults are active: the one place that starts and ends them. It runs on the main thread and never waits for a
// zone: an activation is shared memory opened (fault-block.ts) and a message sent; a removal is the memory closed, which
// takes hold at once, and a message for zones that do not tick just now.
//
//   registry.activate({ fault_id: "latency-spike", params: { delay_ms: 200 }, target_zone_id: 0, duration_ticks: 0 })
//   registry.advance(4711)      // once a nominal server tick: ambient hooks, time to live
//   registry.halt()             // kill switch: all removed, nothing new before resume()
//
// After its removal an activation is "leaving" until every worker has taken out what its half had put into the zones.

import { messageOf, WowsimError } from "../errors.ts";
import type { Emitter } from "../telemetry/schema.ts";
import type { ToZoneWorker } from "../zone/messages.ts";
import { FAULTS } from "./definitions.ts";
import { ACTIVATIONS_MAX, FaultBlock } from "./fault-block.ts";
import type { FaultDefinition, FaultFamily, FaultMode, FaultSession, MainFaultHooks } from "./fault.ts";
import { didYouMean } from "./nearest.ts";
import { parseParams } from "./params.ts";
import { seededRandom, seedOf } from "./random.ts";

/** The longest an activation lasts: 10 minutes. */
export const DURATION_TICKS_MAX = 12_000;

export interface FaultRequest {
  fault_id: string;
  params?: unknown;
  /** 0 = all. */
  target_zone_id?: number;
  /** 0 = DURATION_TICKS_MAX. */
  duration_ticks?: number;
  /** Share of its chances the fault takes, 0 to 1. */
  probability?: number;
}

/** A fault as `status` and `list` show it. For one that is not active the numbers are those of its last activation. */
export interface FaultStatus {
  id: string;
  mode: FaultMode;
  active: boolean;
  activations: number;
  ticks_elapsed: number;
  config: Record<string, unknown>;
  title: string;
  family: FaultFamily;
  /** Zones it acts on; empty for the server as a whole. */
  targets: number[];
  ticks_left: number;
  eligible: number;
  affected: number;
  probability: number;
  /** Removed, but a zone still has to take out what the fault put in. */
  leaving: boolean;
}

export type RemovalReason = "request" | "expired" | "replaced" | "halt" | "failed" | "shutdown";

export interface FaultRegistryOptions {
  block: SharedArrayBuffer;
  emitter: Emitter;
  seed: number;
  /** Zones of this server, with their names, ascending. */
  zones(): readonly { id: number; name: string }[];
  broadcast(message: ToZoneWorker): void;
  /** Sessions in the given zones, in order of id; of all zones when none is given. */
  sessions(zones: readonly number[]): FaultSession[];
  /** 0 lets everybody in again. */
  holdConnections(ticks: number): void;
  definitions?: readonly FaultDefinition[];
}

interface Activation {
  readonly number: number;
  readonly definition: FaultDefinition;
  readonly config: Record<string, unknown>;
  readonly targets: readonly number[];
  readonly requestedZone: number;
  readonly probability: number;
  readonly startTick: number;
  readonly durationTicks: number;
  hooks: MainFaultHooks;
  holdsConnections: boolean;
  /** Set at the removal. */
  endTick: number | null;
  /** Set when every thread has retired it: from then on its slot may be another's. */
  counts: { eligible: number; affected: number } | null;
}

interface Entry {
  readonly definition: FaultDefinition;
  activations: number;
  /** The active one, else the last one. */
  last: Activation | null;
}

export class FaultRegistry {
  readonly #options: FaultRegistryOptions;
  readonly #block: FaultBlock;
  readonly #entries = new Map<string, Entry>();
  readonly #leaving = new Set<Activation>();
  #tick = 0;
  #lastNumber = 0;
  #halted = false;

  constructor(options: FaultRegistryOptions) {
    this.#options = options;
    this.#block = new FaultBlock(options.block);
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

  /** Starts a fault; one that is active already is replaced. Throws WowsimError when the request can not be met. */
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
    if (isActive(entry.last)) this.#remove(entry.last, "replaced");
    entry.activations++;
    const activation: Activation = {
      number,
      definition,
      config,
      targets,
      requestedZone: request.target_zone_id ?? 0,
      probability: request.probability ?? 1,
      startTick: this.#tick,
      durationTicks: request.duration_ticks || DURATION_TICKS_MAX,
      hooks: {},
      holdsConnections: false,
      endTick: null,
      counts: null,
    };
    entry.last = activation;
    this.#start(activation, seedOf(this.#options.seed, definition.id, entry.activations));
    return this.status(definition.id);
  }

  /** Ends a fault; false when it was not active. Throws WowsimError for an unknown id. */
  deactivate(faultId: string, reason: RemovalReason = "request"): boolean {
    const { last } = this.#entry(faultId);
    if (!isActive(last)) return false;
    this.#remove(last, reason);
    return true;
  }

  /** Ends all faults; returns the ids of those that were active. */
  deactivateAll(reason: RemovalReason = "request"): string[] {
    const active = [...this.#entries.values()].map((entry) => entry.last).filter(isActive);
    for (const { number } of active) this.#block.close(number); // wakes every pause before anything else is done
    for (const activation of active) this.#remove(activation, reason);
    return active.map(({ definition }) => definition.id);
  }

  /** Kill switch: ends all faults, and no other starts until `resume`. */
  halt(): string[] {
    const wasHalted = this.#halted;
    this.#halted = true;
    const removed = this.deactivateAll("halt");
    if (!wasHalted) this.#options.emitter.emit("event", "fault", "Fault injection halted", { removed });
    return removed;
  }

  resume(): void {
    if (this.#halted) this.#options.emitter.emit("event", "fault", "Fault injection resumed", {});
    this.#halted = false;
  }

  /**
   * Once a nominal server tick of 50 ms, with its number: runs the ambient hooks and ends what has lived its time. Ticks
   * may be left out; they count as gone by.
   */
  advance(tick: number): void {
    this.#tick = Math.max(this.#tick, tick);
    for (const { last } of this.#entries.values()) {
      if (!isActive(last)) continue;
      this.#guard(last, () => last.hooks.ambient?.(this.#tick));
      if (isActive(last) && this.#elapsed(last) >= last.durationTicks) this.#remove(last, "expired");
    }
    this.#settle();
  }

  status(faultId: string): FaultStatus {
    const { definition, activations, last } = this.#entry(faultId);
    const { id, mode, title, family } = definition;
    const elapsed = last === null ? 0 : this.#elapsed(last);
    return {
      id,
      mode,
      active: isActive(last),
      activations,
      ticks_elapsed: elapsed,
      config: last?.config ?? parseParams(definition, {}),
      title,
      family,
      targets: [...(last?.targets ?? [])],
      ticks_left: isActive(last) ? last.durationTicks - elapsed : 0,
      ...this.#counts(last),
      probability: last?.probability ?? 1,
      leaving: [...this.#leaving].some((leaving) => leaving.definition === definition),
    };
  }

  list(): FaultStatus[] {
    return this.ids.map((id) => this.status(id));
  }

  /** Ends all faults for good, as the server stops. */
  stop(): void {
    this.deactivateAll("shutdown");
    this.#halted = true;
  }

  #entry(faultId: string): Entry {
    const entry = this.#entries.get(faultId);
    if (entry !== undefined) return entry;
    const given = JSON.stringify(faultId.slice(0, 64));
    const known = this.ids.join(", ");
    throw new WowsimError(
      "unknown_fault",
      `There is no fault ${given}.${didYouMean(faultId, this.ids)} Known: ${known}.`,
    );
  }

  #targets(definition: FaultDefinition, config: Record<string, unknown>, requested: number): number[] {
    const known = this.#options.zones();
    const zones = known.map(({ id }) => id);
    if (requested !== 0 && !zones.includes(requested)) {
      const names = known.map(({ id, name }) => `${id} (${name})`).join(", ");
      throw new WowsimError("unknown_zone", `There is no zone ${requested}; choose from ${names}, or 0 for all.`);
    }
    if (definition.targets !== undefined) return definition.targets(config as never, { zones, requested });
    return requested === 0 ? zones : [requested];
  }

  /** The next activation number whose slot in the shared block nobody uses. */
  #freeNumber(): number {
    this.#settle();
    const active = [...this.#entries.values()].map((entry) => entry.last).filter(isActive);
    const used = new Set([...active, ...this.#leaving].map(({ number }) => number % ACTIVATIONS_MAX));
    for (let step = 1; step <= ACTIVATIONS_MAX; step++) {
      const number = this.#lastNumber + step;
      if (used.has(number % ACTIVATIONS_MAX)) continue;
      this.#lastNumber = number;
      return number;
    }
    throw new WowsimError(
      "faults_leaving",
      `${ACTIVATIONS_MAX} removed faults still wait for a zone to take out what they put in. Wait until the zones that are down are back.`,
    );
  }

  #start(activation: Activation, seed: number): void {
    const { number, definition, config, targets, probability } = activation;
    const { emitter, broadcast } = this.#options;
    this.#block.open(number);
    emitter.emit("event", "fault", "Fault activated", {
      fault_id: definition.id,
      target_zone_id: activation.requestedZone,
      duration_ticks: activation.durationTicks,
      activation: number,
      targets,
      params: config,
      probability,
    });
    this.#guard(activation, () => {
      activation.hooks = this.#mainHooks(activation, seed);
    });
    if (definition.zone === undefined || !isActive(activation)) return;
    const zones = [...targets];
    const faultId = definition.id;
    broadcast({ type: "fault_activate", activation: number, faultId, params: config, zones, seed, probability });
  }

  #mainHooks(activation: Activation, seed: number): MainFaultHooks {
    const { number, definition, config, targets, probability } = activation;
    const random = seededRandom(seedOf(seed, "main"));
    const hooks = definition.main?.(
      {
        targets,
        random,
        strikes: (count = 1) => {
          this.#block.count(number, 0, "eligible", count);
          return probability >= 1 || random() < probability;
        },
        affected: (count = 1) => this.#block.count(number, 0, "affected", count),
        sessions: () => this.#options.sessions(targets),
        holdConnections: (ticks) => {
          activation.holdsConnections = true;
          this.#options.holdConnections(ticks);
        },
      },
      config as never,
    );
    return hooks ?? {};
  }

  #remove(activation: Activation, reason: RemovalReason): void {
    const { number, definition } = activation;
    activation.endTick = this.#tick;
    this.#block.close(number);
    this.#guard(activation, () => activation.hooks.dispose?.());
    activation.hooks = {};
    if (activation.holdsConnections) this.#options.holdConnections(0);
    if (definition.zone !== undefined) {
      this.#leaving.add(activation);
      this.#options.broadcast({ type: "fault_deactivate", activation: number });
    } else {
      activation.counts = this.#counts(activation);
    }
    this.#options.emitter.emit("event", "fault", "Fault deactivated", {
      fault_id: definition.id,
      target_zone_id: activation.requestedZone,
      duration_ticks: activation.durationTicks,
      activation: number,
      reason,
      ticks_elapsed: this.#elapsed(activation),
      ...this.#counts(activation),
    });
  }

  /** Notes the final counts of removed activations that every zone is rid of, which frees their slots. */
  #settle(): void {
    for (const activation of this.#leaving) {
      if (!this.#block.isRetired(activation.number)) continue;
      activation.counts = this.#counts(activation);
      this.#leaving.delete(activation);
      const data = { fault_id: activation.definition.id, activation: activation.number, ...activation.counts };
      this.#options.emitter.emit("event", "fault", "Fault cleaned up", data);
    }
  }

  #counts(activation: Activation | null): { eligible: number; affected: number } {
    if (activation === null) return { eligible: 0, affected: 0 };
    if (activation.counts !== null) return { ...activation.counts };
    const { number } = activation;
    return { eligible: this.#block.total(number, "eligible"), affected: this.#block.total(number, "affected") };
  }

  #elapsed(activation: Activation): number {
    return Math.min((activation.endTick ?? this.#tick) - activation.startTick, activation.durationTicks);
  }

  /** A fault whose own code throws is removed and reported; it must not hurt the server in ways it did not announce. */
  #guard(activation: Activation, action: () => void): void {
    try {
      action();
    } catch (error) {
      const data = { fault_id: activation.definition.id, error: messageOf(error) };
      this.#options.emitter.emit("error", "fault", "Fault hook failed", data);
      if (isActive(activation)) this.#remove(activation, "failed");
    }
  }
}

function isActive(activation: Activation | null): activation is Activation {
  return activation !== null && activation.endTick === null;
}
