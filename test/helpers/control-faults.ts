// A server for faults to act on, small enough to look into: zones that are lists of entities, sessions that can be
// crashed, all driven tick by tick. Registry, shared block and zone hosts are the real ones.
//
//   const bench = new FaultBench({ zones: 2 })
//   bench.registry.activate({ fault_id: "split-brain" })
//   bench.tick(3)
//   bench.zone(1).entities.has(2_000_001)

import { OP_DESPAWN, OP_NUDGE, OP_PLACE, OP_SPAWN } from "../../assembly/abi.ts";
import type { Command } from "../../server/protocol/game/command.ts";
import { FaultBlock } from "../../server/shared/fault-block.ts";
import type {
  CommandBatch,
  DiskTroubleState,
  FaultDefinition,
  FaultSession,
} from "../../server/protocol/faults/fault.ts";
import { NOMINAL_TICK_MS } from "../../server/main/faults/nominal-ticks.ts";
import { FaultRegistry } from "../../server/main/faults/registry.ts";
import type { FaultPlayers } from "../../server/shared/fault-targets.ts";
import { ZoneFaultHost } from "../../server/zone/zone-faults.ts";
import type { Emitter } from "../../server/protocol/telemetry-line.ts";

export type Pushed = Pick<Command, "op" | "a" | "x" | "y" | "z" | "flags">;

export interface EmittedLine {
  type: string;
  component: string;
  message: string;
  data: Record<string, unknown>;
}

/** Keeps what is emitted, for tests to look at. */
export class MemoryEmitter implements Emitter {
  readonly lines: EmittedLine[] = [];

  emit(type: string, component: string, message: string, data: Record<string, unknown>): void {
    this.lines.push({ type, component, message, data });
  }

  emitSampled(type: string, component: string, message: string, data: Record<string, unknown>): void {
    this.emit(type, component, message, data);
  }

  messages(message: string): EmittedLine[] {
    return this.lines.filter((line) => line.message === message);
  }
}

/** A zone that does with spawned, placed and despawned entities what the kernel does, and counts all else. */
export class BenchZone {
  readonly entities = new Map<number, { x: number; y: number; z: number }>();
  pushed: Pushed[] = [];
  /** Commands that fit into a batch. */
  room = 1_000;
  isDown = false;
  tick = 0;
  readonly id: number;
  readonly #host: ZoneFaultHost;

  constructor(id: number, host: ZoneFaultHost) {
    this.id = id;
    this.#host = host;
    for (let at = 0; at < 5; at++) this.entities.set(id * 100 + at, { x: at, y: id, z: 0 });
  }

  /** One tick, unless the zone is down. */
  step(): void {
    if (this.isDown) return;
    this.tick++;
    this.pushed = [];
    this.#host.commands(this.#batch());
    this.#host.beforeStep(this.id, this.tick);
    for (const command of this.pushed) this.#apply(command);
    this.#host.afterStep(this.id, this.tick);
  }

  #batch(): CommandBatch {
    const { id: zoneId, tick, pushed, entities, room } = this;
    return {
      zoneId,
      tick,
      get count() {
        return pushed.length;
      },
      get room() {
        return room - pushed.length;
      },
      push({ op, a, x, y, z, flags }) {
        if (pushed.length >= room) return false;
        pushed.push({ op, a, x, y, z, flags });
        return true;
      },
      entityIds: () => Uint32Array.from(entities.keys()),
      positionOf: (entityId) => entities.get(entityId) ?? null,
    };
  }

  #apply({ op, a, x, y, z }: Pushed): void {
    if (op === OP_SPAWN || ((op === OP_PLACE || op === OP_NUDGE) && this.entities.has(a)))
      this.entities.set(a, { x, y, z });
    if (op === OP_DESPAWN) this.entities.delete(a);
  }
}

export class BenchSession implements FaultSession {
  connected = true;
  crashes = 0;
  constructor(
    readonly id: number,
    readonly zoneId: number,
  ) {}

  crash(): void {
    if (!this.connected) throw new Error(`Session ${this.id} has no socket to crash.`);
    this.connected = false;
    this.crashes++;
  }
}

export interface FaultBenchOptions {
  zones?: number;
  sessions?: number;
  seed?: number;
  definitions?: readonly FaultDefinition[];
  setIngress?: FaultPlayers["setIngress"];
}

export class FaultBench {
  readonly emitter = new MemoryEmitter();
  readonly block = FaultBlock.allocate();
  readonly sessions: BenchSession[];
  readonly hosts: ZoneFaultHost[] = [];
  readonly registry: FaultRegistry;
  readonly #zones = new Map<number, BenchZone>();
  heldTicks = 0;
  /** What the journal's disk suffered, change by change. */
  readonly disk: DiskTroubleState[] = [];
  serverTick = 0;
  /** The registry's clock; goes on with the ticks. */
  nowMs = 0;

  constructor({
    zones = 2,
    sessions = 6,
    seed = 1,
    definitions,
    setIngress = () => undefined,
  }: FaultBenchOptions = {}) {
    const { block, emitter } = this;
    for (let id = 1; id <= zones; id++) {
      const host = new ZoneFaultHost({ block, zones: [id], emitter, definitions });
      this.hosts.push(host);
      this.#zones.set(id, new BenchZone(id, host));
    }
    this.sessions = Array.from({ length: sessions }, (_, at) => new BenchSession(at + 1, (at % zones) + 1));
    this.registry = new FaultRegistry({
      block,
      emitter,
      seed,
      definitions,
      now: () => this.nowMs,
      zones: {
        zones: new Map([...this.#zones.keys()].map((id) => [id, { id, name: `Zone ${id}` }])),
        broadcast: (message) => {
          const copy = structuredClone(message);
          for (const host of this.hosts) {
            if (copy.type === "fault_activate") host.activate(copy);
            if (copy.type === "fault_deactivate") host.deactivate(copy.activation);
          }
        },
      },
      players: {
        faultSessions: (wanted) => this.sessions.filter(({ zoneId }) => wanted.length === 0 || wanted.includes(zoneId)),
        holdConnections: (ticks) => {
          this.heldTicks = ticks;
        },
        setIngress,
        setEgress() {},
      },
      disk: { set: (trouble) => void this.disk.push(trouble) },
    });
  }

  zone(id: number): BenchZone {
    const zone = this.#zones.get(id);
    if (zone === undefined) throw new Error(`The bench has no zone ${id}.`);
    return zone;
  }

  get zones(): BenchZone[] {
    return [...this.#zones.values()];
  }

  /** Lets all zones and then the server tick, so many times. */
  tick(count = 1): void {
    for (let done = 0; done < count; done++) {
      for (const zone of this.zones) zone.step();
      this.nowMs += NOMINAL_TICK_MS;
      this.registry.advance(++this.serverTick);
    }
  }

  /** What the zones, sessions and gateway look like; equal before and after a fault that leaves nothing behind. */
  residue(): { entities: number[][]; halves: number; held: number; leaving: string[] } {
    return {
      entities: this.zones.map((zone) => [...zone.entities.keys()]),
      halves: this.hosts.reduce((sum, host) => sum + host.halves, 0),
      held: this.heldTicks,
      leaving: this.registry.list().flatMap(({ id, leaving }) => (leaving ? [id] : [])),
    };
  }
}
