// Deploys: which kernel each zone runs, and the moves between them. A swap is a canary on a lease: when the lease ends
// and nobody has promoted it, the zone goes back to what it ran before, so a tool that dies in the middle breaks nothing.
//
//   deployer.swap("9f3c…", 2, 30_000)   // zone 2: steady → swapping → canary
//   deployer.promote("9f3c…")           // every zone: promoting → steady, or all of them back when one refuses
//   deployer.rollback(2)                // zone 2: canary → rolling_back → steady
//
// Every move is begun here and finished in the background; status() tells how far it is and what went wrong last.

import { messageOf, WowsimError } from "../errors.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { Emitter } from "../telemetry/schema.ts";
import type { FromZoneWorker } from "../zone/messages.ts";
import type { WorkerFactory } from "../workers.ts";
import { ModuleStore } from "./deploy-modules.ts";

export type DeployPhase = "steady" | "swapping" | "canary" | "promoting" | "rolling_back";

/** What deploys need of the zone supervisor. */
export interface DeployZones {
  readonly zones: ReadonlyMap<
    number,
    { readonly kernelHash: string; readonly kernelLabel: string; readonly tick: number }
  >;
  request(zoneId: number, message: ZoneMove): Promise<unknown>;
  onMessage(listener: (message: FromZoneWorker) => void): void;
}

export type ZoneMove =
  | { type: "swap"; module: WebAssembly.Module; hash: string; label: string }
  | { type: "rollback" }
  | { type: "promote" };

export interface DeployerOptions {
  zones: DeployZones;
  /** What every zone runs at the start. */
  kernel: Kernel;
  emitter: Emitter;
  /** Makes the worker that checks one module: workers.deploy. */
  newWorker: WorkerFactory;
  /** Milliseconds; only differences count. */
  now: () => number;
}

export interface ZoneDeployStatus {
  zone_id: number;
  hash: string;
  label: string;
  phase: DeployPhase;
  canary: boolean;
  previous_hash: string | null;
  lease_ms_left: number | null;
  last_error: string | null;
}

interface ZoneDeploy {
  phase: DeployPhase;
  previous: Kernel | null;
  lease: { timer: Timer; endsAtMs: number } | null;
  lastError: string | null;
}

const ANSWER_MS_MAX = 10_000;

export class Deployer {
  readonly modules: ModuleStore;
  readonly #options: DeployerOptions;
  readonly #zones = new Map<number, ZoneDeploy>();

  constructor(options: DeployerOptions) {
    this.#options = options;
    this.modules = new ModuleStore(options.newWorker, (hash) => this.#isNeeded(hash));
    this.modules.addRunning(options.kernel);
    for (const id of options.zones.zones.keys())
      this.#zones.set(id, { phase: "steady", previous: null, lease: null, lastError: null });
    options.zones.onMessage((message) => {
      if (message.type === "rolled_back") this.#rolledBackByZone(message.zoneId, message.reason);
    });
  }

  /** Begins a canary in one zone. Throws WowsimError when the module may not run or the zone is in another move. */
  swap(hash: string, zoneId: number, leaseMs: number): void {
    const kernel = this.modules.ready(hash);
    const zone = this.#steady(zoneId);
    if (this.#runs(zoneId) === hash)
      throw new WowsimError("already_running", `Zone ${zoneId} runs module ${hash} already; there is nothing to swap.`);
    void this.#startCanary(zone, zoneId, kernel, leaseMs);
  }

  /** Begins to give a canaried module to every zone, all or none. Throws WowsimError when no zone runs it as a canary. */
  promote(hash: string): void {
    const kernel = this.modules.ready(hash);
    const entries = [...this.#zones];
    if (!entries.some(([id, zone]) => zone.phase === "canary" && this.#runs(id) === hash)) {
      throw new WowsimError("no_canary", `No zone runs module ${hash} as a canary; start one with deploy_swap.`);
    }
    const other = entries.find(([id, zone]) => zone.phase !== "steady" && this.#runs(id) !== hash);
    if (other)
      throw new WowsimError("deploy_busy", `Zone ${other[0]} is ${other[1].phase}; wait, or roll it back first.`);
    for (const [, zone] of entries) {
      this.#endLease(zone);
      zone.phase = "promoting";
      zone.lastError = null;
    }
    void this.#finishPromotion(kernel);
  }

  /** Begins to put a zone (0: all) back on what it ran before. Throws WowsimError when there is nothing to go back to. */
  rollback(zoneId: number): number[] {
    const ids = zoneId === 0 ? [...this.#zones.keys()] : [zoneId];
    const able = ids.filter((id) => {
      const zone = this.#zone(id);
      return zone.previous !== null && (zone.phase === "steady" || zone.phase === "canary");
    });
    if (able.length === 0) {
      const which = zoneId === 0 ? "No zone" : `Zone ${zoneId} is ${this.#zone(zoneId).phase} and`;
      throw new WowsimError("nothing_to_roll_back", `${which} has no earlier module to go back to; see deploy_status.`);
    }
    for (const id of able) void this.#goBack(id, "asked for");
    return able;
  }

  status(): ZoneDeployStatus[] {
    return [...this.#zones].map(([id, zone]) => ({
      zone_id: id,
      hash: this.#runs(id),
      label: this.modules.get(this.#runs(id))?.label ?? this.#options.zones.zones.get(id)?.kernelLabel ?? "",
      phase: zone.phase,
      canary: zone.phase === "canary",
      previous_hash: zone.previous?.hash ?? null,
      lease_ms_left: zone.lease === null ? null : Math.max(0, Math.round(zone.lease.endsAtMs - this.#options.now())),
      last_error: zone.lastError,
    }));
  }

  /** Ends checks and leases; zones keep what they run. */
  stop(): void {
    this.modules.stop();
    for (const zone of this.#zones.values()) this.#endLease(zone);
  }

  async #startCanary(zone: ZoneDeploy, zoneId: number, kernel: Kernel, leaseMs: number): Promise<void> {
    zone.phase = "swapping";
    zone.lastError = null;
    try {
      await this.#give(zoneId, kernel, "canary");
    } catch (error) {
      zone.phase = "steady";
      zone.lastError = messageOf(error);
      return;
    }
    // A zone that rolled back by itself while we waited has said so already, and is steady again.
    if (this.#runs(zoneId) !== kernel.hash) return;
    zone.phase = "canary";
    const timer = setTimeout(() => void this.#goBack(zoneId, "lease ended without promotion"), leaseMs);
    zone.lease = { timer, endsAtMs: this.#options.now() + leaseMs };
  }

  async #finishPromotion(kernel: Kernel): Promise<void> {
    try {
      for (const id of this.#zones.keys()) {
        if (this.#runs(id) !== kernel.hash) await this.#give(id, kernel, "promotion");
      }
    } catch (error) {
      const reason = `promotion stopped: ${messageOf(error)}`;
      for (const [id, zone] of this.#zones) {
        if (this.#runs(id) === kernel.hash) await this.#goBack(id, reason);
        zone.phase = "steady";
        zone.lastError = zone.lastError ?? reason;
      }
      return;
    }
    for (const [id, zone] of this.#zones) {
      try {
        await this.#ask(id, { type: "promote" });
        if (this.#runs(id) === kernel.hash)
          this.#say("Module promoted", id, zone.previous?.hash ?? kernel.hash, kernel.hash, "canary passed");
      } catch (error) {
        zone.lastError = `not confirmed: ${messageOf(error)}`;
      }
      zone.phase = "steady";
    }
  }

  /** Swaps a zone to `kernel` and remembers what it ran. Rejects when the zone refuses; it then runs what it ran. */
  async #give(zoneId: number, kernel: Kernel, reason: string): Promise<void> {
    const before = this.modules.ready(this.#runs(zoneId));
    await this.#ask(zoneId, { type: "swap", module: kernel.module, hash: kernel.hash, label: kernel.label });
    this.#zone(zoneId).previous = before;
    this.#say("Module swapped", zoneId, before.hash, kernel.hash, reason);
  }

  /** Puts a zone back on its previous module: the zone's own way while it still holds it, a swap otherwise. */
  async #goBack(zoneId: number, reason: string): Promise<void> {
    const zone = this.#zone(zoneId);
    const { previous } = zone;
    if (previous === null || zone.phase === "rolling_back") return;
    const wasCanary = zone.phase !== "steady";
    const from = this.#runs(zoneId);
    this.#endLease(zone);
    zone.phase = "rolling_back";
    try {
      if (wasCanary) await this.#ask(zoneId, { type: "rollback" });
      else {
        const { module, hash, label } = previous;
        await this.#ask(zoneId, { type: "swap", module, hash, label });
        await this.#ask(zoneId, { type: "promote" });
      }
      zone.previous = null;
      this.#say("Module rolled back", zoneId, from, previous.hash, reason);
    } catch (error) {
      zone.lastError = `could not be rolled back: ${messageOf(error)}`;
    }
    zone.phase = "steady";
  }

  /** The zone's recovery ladder gave up on a module by itself. */
  #rolledBackByZone(zoneId: number, reason: string): void {
    const zone = this.#zones.get(zoneId);
    if (!zone || zone.phase === "rolling_back") return;
    this.#endLease(zone);
    zone.previous = null;
    zone.lastError = `rolled back by the zone: ${reason}`;
    if (zone.phase === "canary") zone.phase = "steady";
  }

  async #ask(zoneId: number, message: ZoneMove): Promise<unknown> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      late.reject(new WowsimError("zone_silent", `Zone ${zoneId} did not answer within ${ANSWER_MS_MAX / 1_000} s.`));
    }, ANSWER_MS_MAX);
    try {
      return await Promise.race([this.#options.zones.request(zoneId, message), late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  #say(message: string, zoneId: number, from: string, to: string, reason: string): void {
    const tick = this.#options.zones.zones.get(zoneId)?.tick ?? 0;
    this.#options.emitter.emit("event", "deploy", message, {
      zone_id: zoneId,
      from_hash: from,
      to_hash: to,
      reason,
      tick,
    });
  }

  #endLease(zone: ZoneDeploy): void {
    if (zone.lease !== null) clearTimeout(zone.lease.timer);
    zone.lease = null;
  }

  #zone(zoneId: number): ZoneDeploy {
    const zone = this.#zones.get(zoneId);
    if (zone) return zone;
    const known = [...this.#zones.keys()].join(", ");
    throw new WowsimError("zone_unknown", `There is no zone ${zoneId}; choose from ${known}.`);
  }

  #steady(zoneId: number): ZoneDeploy {
    const zone = this.#zone(zoneId);
    if (zone.phase === "steady") return zone;
    throw new WowsimError("deploy_busy", `Zone ${zoneId} is in phase ${zone.phase}; promote or roll back first.`);
  }

  #runs(zoneId: number): string {
    return this.#options.zones.zones.get(zoneId)?.kernelHash ?? "";
  }

  #isNeeded(hash: string): boolean {
    return [...this.#zones].some(([id, zone]) => this.#runs(id) === hash || zone.previous?.hash === hash);
  }
}
