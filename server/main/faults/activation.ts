// One activation of a fault: what was requested, how long it has lasted, what it has affected, and its main half.
//
//   number 7 · latency-spike · zones 1, 2 · probability 1 · since tick 900, for 100 · struck 40 of 40
//
// Its counters are words of the shared block (fault-block.ts) until the fault has left every thread. Then they are
// final and kept here, because the slot may be given to another activation.

import { effectIndex } from "../../shared/fault-block.ts";
import type { FaultBlock } from "../../shared/fault-block.ts";
import type { DiskFaults } from "./disk-faults.ts";
import type { FaultPlayers } from "../../shared/fault-targets.ts";
import type {
  DiskTroubleState,
  FaultDefinition,
  FaultEffect,
  FaultSession,
  MainFaultHooks,
} from "../../protocol/faults/fault.ts";
import type { Lease } from "./lease.ts";
import { seededRandom, seedOf } from "../../protocol/seeded-random.ts";
import type { FaultRequest } from "../../protocol/faults/status.ts";
import { DURATION_TICKS_MAX } from "../../protocol/faults/status.ts";

export interface FaultCounts {
  eligible: number;
  affected: number;
}

/** What an activation did, by the names of its definition's effects, and the ids of the first sessions it closed. */
export type FaultDeeds = Partial<Record<FaultEffect, number>> & { session_ids?: number[] };

/** The most sessions named in one audit line. */
const SESSIONS_NAMED_MAX = 50;

export interface ActivationFields {
  readonly number: number;
  readonly definition: FaultDefinition;
  readonly config: Record<string, unknown>;
  readonly targets: readonly number[];
  readonly request: FaultRequest;
  readonly seed: number;
  readonly startTick: number;
  readonly lease: Lease | null;
}

export class Activation {
  readonly number: number;
  readonly definition: FaultDefinition;
  readonly config: Record<string, unknown>;
  readonly targets: readonly number[];
  readonly requestedZone: number;
  readonly probability: number;
  readonly durationTicks: number;
  readonly seed: number;
  readonly lease: Lease | null;
  readonly #startTick: number;
  readonly #block: FaultBlock;
  #endTick: number | null = null;
  #final: FaultCounts | null = null;
  #finalDeeds: FaultDeeds | null = null;
  /** Ids of the sessions it closed, and how many of them were reported. */
  readonly #closed: number[] = [];
  #closedTold = 0;
  #hooks: MainFaultHooks = {};
  #holdsConnections = false;

  constructor(fields: ActivationFields, block: FaultBlock) {
    const { probability = 1, target_zone_id = 0, duration_ticks = 0 } = fields.request;
    this.number = fields.number;
    this.definition = fields.definition;
    this.config = fields.config;
    this.targets = fields.targets;
    this.requestedZone = target_zone_id;
    this.probability = probability;
    this.durationTicks = duration_ticks === 0 ? DURATION_TICKS_MAX : duration_ticks;
    this.seed = fields.seed;
    this.lease = fields.lease;
    this.#startTick = fields.startTick;
    this.#block = block;
  }

  get isActive(): boolean {
    return this.#endTick === null;
  }

  get #effects(): readonly FaultEffect[] {
    return this.definition.effects ?? [];
  }

  get hooks(): MainFaultHooks {
    return this.#hooks;
  }

  /** What it has done so far, by the names of its effects. */
  get deeds(): FaultDeeds {
    if (this.#finalDeeds !== null) return { ...this.#finalDeeds };
    const deeds: FaultDeeds = {};
    for (const [index, effect] of this.#effects.entries()) deeds[effect] = this.#block.total(this.number, index);
    if (this.#effects.includes("sessions_closed")) deeds.session_ids = this.#closed.slice(0, SESSIONS_NAMED_MAX);
    return deeds;
  }

  /** Ids of the sessions it closed since the last call. */
  takeClosed(): number[] {
    const closed = this.#closed.slice(this.#closedTold);
    this.#closedTold = this.#closed.length;
    return closed.slice(0, SESSIONS_NAMED_MAX);
  }

  get counts(): FaultCounts {
    if (this.#final !== null) return { ...this.#final };
    return {
      eligible: this.#block.total(this.number, "eligible"),
      affected: this.#block.total(this.number, "affected"),
    };
  }

  /** Ticks since its start at server tick `now`; after its end, its whole duration in ticks. */
  elapsed(now: number): number {
    return Math.min((this.#endTick ?? now) - this.#startTick, this.durationTicks);
  }

  ticksLeft(now: number): number {
    return this.isActive ? this.durationTicks - this.elapsed(now) : 0;
  }

  /** Creates the main half. Throws what the fault throws. */
  start(players: FaultPlayers, disk: DiskFaults): void {
    const random = seededRandom(seedOf(this.seed, "main"));
    const did = (effect: FaultEffect, amount = 1): void =>
      this.#block.count(this.number, 0, effectIndex(this.#effects, effect), amount);
    const context = {
      targets: this.targets,
      random,
      strikes: (count = 1) => {
        this.#block.count(this.number, 0, "eligible", count);
        return this.probability >= 1 || random() < this.probability;
      },
      affected: (count = 1) => this.#block.count(this.number, 0, "affected", count),
      did,
      sessions: () => players.faultSessions(this.targets),
      crash: (session: FaultSession) => {
        session.crash();
        this.#closed.push(session.id);
        did("sessions_closed");
      },
      holdConnections: (ticks: number) => {
        this.#holdsConnections = true;
        did("door_held_ticks", ticks);
        players.holdConnections(ticks);
      },
      disk: (trouble: DiskTroubleState) => disk.set(this.number, trouble),
    };
    this.#hooks = this.definition.main?.(context, this.config as never) ?? {};
  }

  /** Ends it at server tick `now`, in all threads at once, and frees what the main half holds. */
  end(now: number, players: FaultPlayers, disk: DiskFaults): void {
    this.#endTick = now;
    this.#block.close(this.number);
    if (this.#holdsConnections) players.holdConnections(0);
    disk.set(this.number, null);
    const { dispose } = this.#hooks;
    this.#hooks = {};
    dispose?.();
  }

  /** Whether every worker has removed it. From then on its counts are final, and its slot of the block is free. */
  settle(): boolean {
    if (this.#final !== null) return true;
    if (this.isActive || (this.definition.zone !== undefined && !this.#block.isRetired(this.number))) return false;
    this.#final = this.counts;
    this.#finalDeeds = this.deeds;
    return true;
  }
}
