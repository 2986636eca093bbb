// Zones as deploys see them, with everything between main thread and worker in the test's hands: when a worker turns to a
// request, when its words arrive, when the link gives up, when a module traps, when a worker dies, when a timer runs out.
//
//   const bench = new DeployBench(await testKernel(), ["aaaa…", "bbbb…"], 2)
//   bench.deployer.swap("aaaa…", 1, 30_000)
//   bench.zone(1).work()                  // the worker swaps, and answers
//   bench.zone(1).trap()                  // and its first live tick traps, before anybody has read the answer
//   await bench.settle()

import { Deployer } from "../../server/main/control/deploy.ts";
import type { DeployEvent, ZoneDeployStatus, ZoneMove, DeployerOptions } from "../../server/main/control/deploy.ts";
import { WowsimError } from "../../server/protocol/errors.ts";
import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import type { FromZoneWorker } from "../../server/shared/zone-messages.ts";
import { takeTicket } from "../../server/shared/swap-ticket.ts";
import { MemoryEmitter } from "./control-faults.ts";

interface Asked {
  move: ZoneMove;
  resolve(): void;
  reject(error: Error): void;
  /** The link has given up on it: an answer finds nobody. */
  isOver: boolean;
}

/** A zone as its worker has it, and as the supervisor believes it to be. */
export class ModelZone {
  kernelHash: string;
  kernelLabel = "";
  tick = 0;
  promotedHash: string;
  /** In the worker. */
  promoted: string;
  trial: string | null = null;
  isDown = false;
  readonly inbox: Asked[] = [];
  /** What the worker has posted and nobody has read. */
  outbox: (() => void)[] = [];
  asked: Asked[] = [];
  readonly #id: number;
  readonly #hear: (message: FromZoneWorker) => void;

  constructor(id: number, hash: string, hear: (message: FromZoneWorker) => void) {
    this.#id = id;
    this.#hear = hear;
    this.kernelHash = hash;
    this.promotedHash = hash;
    this.promoted = hash;
  }

  get runs(): string {
    return this.trial ?? this.promoted;
  }

  get isQuiet(): boolean {
    return this.inbox.length + this.outbox.length + this.asked.length === 0;
  }

  request(move: ZoneMove): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const asked: Asked = { move, resolve, reject, isOver: false };
    this.inbox.push(asked);
    this.asked.push(asked);
    return promise;
  }

  /** The worker turns to its oldest request. */
  work(refuses = false): void {
    const asked = this.inbox.shift();
    if (asked === undefined) return;
    const error = refuses ? "out of memory" : this.#carryOut(asked.move);
    if (error === null) {
      const message = { type: "module", hash: this.runs, isTrial: this.trial !== null } as const;
      this.#post({ ...message, zoneId: this.#id, tick: this.tick });
    }
    this.outbox.push(() => this.#answer(asked, error));
  }

  /** The main thread reads the worker's oldest word. */
  hear(): void {
    this.outbox.shift()?.();
  }

  /** A tick traps: what is on trial goes out. */
  trap(reason = "unreachable"): void {
    if (this.trial === null) return;
    const message = { type: "rolled_back", fromHash: this.trial, toHash: this.promoted, reason } as const;
    this.trial = null;
    this.#post({ ...message, zoneId: this.#id, tick: this.tick });
  }

  down(): void {
    if (this.isDown) return;
    this.trap("no step succeeded");
    this.isDown = true;
    this.#post(this.#state("ACTIVE", "DOWN"));
  }

  up(): void {
    if (!this.isDown) return;
    this.isDown = false;
    this.#post(this.#state("DOWN", "ACTIVE"));
  }

  /** The link waits no longer for the oldest answer. */
  giveUp(): void {
    const asked = this.asked.shift();
    if (asked === undefined) return;
    asked.isOver = true;
    asked.reject(new WowsimError("zone_silent", `Zone ${this.#id} did not answer within 10 s.`));
  }

  /** The worker is gone with everything it has not been heard of; the supervisor begins the zone in a new one. */
  die(): void {
    this.inbox.length = 0;
    this.outbox = [];
    const error = new WowsimError("zone_worker", "The zone worker died.");
    for (const asked of this.asked.splice(0)) asked.reject(error);
    this.trial = null;
    this.promoted = this.promotedHash;
    if (this.kernelHash !== this.promotedHash) {
      const hashes = { fromHash: this.kernelHash, toHash: this.promotedHash };
      this.#believe({ type: "rolled_back", zoneId: this.#id, tick: 0, reason: "its worker died", ...hashes });
    }
    if (!this.isDown) this.#believe(this.#state("ACTIVE", "DOWN"));
    this.isDown = true;
  }

  #carryOut(move: ZoneMove): string | null {
    if (move.type === "swap") {
      if (this.isDown) return "the zone is DOWN";
      if (!takeTicket(move.ticket)) return "too late";
      this.trial = move.hash;
    } else if (this.trial === move.hash) {
      if (move.type === "promote") this.promoted = move.hash;
      this.trial = null;
    }
    return null;
  }

  #answer(asked: Asked, error: string | null): void {
    if (asked.isOver) return;
    this.asked = this.asked.filter((other) => other !== asked);
    if (error === null) asked.resolve();
    else asked.reject(new WowsimError("zone_refused", error));
  }

  #post(message: FromZoneWorker): void {
    this.outbox.push(() => this.#believe(message));
  }

  /** As the supervisor does: its own belief first, then its listeners'. */
  #believe(message: FromZoneWorker): void {
    if (message.type === "rolled_back") this.kernelHash = message.toHash;
    if (message.type === "module") {
      this.kernelHash = message.hash;
      if (!message.isTrial) this.promotedHash = message.hash;
    }
    this.#hear(message);
  }

  #state(from: "ACTIVE" | "DOWN", to: "ACTIVE" | "DOWN"): FromZoneWorker {
    return { type: "zone_state", zoneId: this.#id, from, to, reason: "test", tick: this.tick };
  }
}

export class DeployBench {
  readonly deployer: Deployer;
  readonly emitter = new MemoryEmitter();
  readonly events: DeployEvent[] = [];
  readonly zones = new Map<number, ModelZone>();
  /** Timers that run, oldest first. */
  timers: { action: () => void }[] = [];

  constructor(
    kernel: Kernel,
    candidates: readonly string[],
    zoneCount: number,
    more: Pick<DeployerOptions, "standing" | "keepModule"> = {},
  ) {
    for (let id = 1; id <= zoneCount; id++) {
      const hear = (message: FromZoneWorker): void => this.deployer.said(message);
      this.zones.set(id, new ModelZone(id, (more.standing?.get(id) ?? kernel).hash, hear));
    }
    this.deployer = new Deployer({
      zones: { zones: this.zones, request: (zoneId, move) => this.zone(zoneId).request(move) },
      ...more,
      kernel,
      emitter: this.emitter,
      newWorker: () => {
        throw new Error("No module is checked here.");
      },
      now: () => 0,
      log: { note: (event) => void this.events.push(event) },
      after: (_ms, action) => {
        const timer = { action };
        this.timers.push(timer);
        return () => void (this.timers = this.timers.filter((other) => other !== timer));
      },
    });
    for (const hash of candidates) this.deployer.modules.addRunning({ ...kernel, hash, label: hash });
  }

  zone(id: number): ModelZone {
    const zone = this.zones.get(id);
    if (zone === undefined) throw new Error(`There is no zone ${id}.`);
    return zone;
  }

  status(id: number): ZoneDeployStatus {
    return this.deployer.status()[id - 1]!;
  }

  fire(index = 0): void {
    const [timer] = this.timers.splice(index, 1);
    timer?.action();
  }

  /** Everything that waits for a turn of the main thread gets it. */
  async turn(): Promise<void> {
    for (let turns = 0; turns < 8; turns++) await Promise.resolve();
  }

  /** Lets all workers answer and all words arrive, and asks again what waits for that; leases go on. */
  async settle(): Promise<void> {
    for (let round = 0; round < 100; round++) {
      await this.turn();
      for (const zone of this.zones.values()) {
        zone.up();
        while (zone.inbox.length > 0) zone.work();
        while (zone.outbox.length > 0) {
          zone.hear();
          await this.turn();
        }
      }
      const leases = this.deployer.status().filter(({ phase }) => phase === "canary").length;
      if ([...this.zones.values()].every(({ isQuiet }) => isQuiet)) {
        if (this.timers.length <= leases) return;
        // Which of them are leases is not to be seen from here: those that are not belong to zones that are on their way.
        for (let at = this.timers.length - 1; at >= 0; at--) if (this.timers.length > leases) this.fire(at);
      }
    }
    throw new Error(`Never at rest: ${JSON.stringify(this.deployer.status())}`);
  }
}
