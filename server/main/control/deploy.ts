// Deploys: which kernel each zone runs, and the moves between kernels. A swap is a canary with a lease: when the lease
// ends without a promotion, the zone returns to its previous module, so a tool that dies in the middle does no damage.
//
//   deployer.swap("9f3c…", 2, 30_000)   // zone 2: steady → swapping → canary
//   deployer.promote("9f3c…")           // every zone: promoting → steady, or all of them back when one drops out
//   deployer.rollback(2)                // zone 2: canary → rolling_back → steady
//
// Every move starts here and finishes in the background; status() reports the progress and the last error.
// deploy-machine.ts and deploy-promotion.ts decide what happens; this file carries out their effects.

import type { ValidationNote } from "../../protocol/deploy-validation.ts";
import { messageOf, WowsimError } from "../../protocol/errors.ts";
import type { Kernel } from "../../../assembly/toolchain/kernel.ts";
import { layoutEntries } from "../../../assembly/toolchain/load.ts";
import type { Emitter } from "../../protocol/telemetry-line.ts";
import type { WorkerFactory } from "../../shared/worker-factory.ts";
import type { FromZoneWorker, Swap } from "../../shared/zone-messages.ts";
import type { ZoneListener } from "../../shared/zone-link.ts";
import { newTicket, withdrawTicket } from "../../shared/swap-ticket.ts";
import type { SwapTicket } from "../../shared/swap-ticket.ts";
import { ASKED_FOR, freshZone, PASSED, step } from "./deploy-machine.ts";
import type { Effect, Message, Outcome, ZoneDeploy } from "./deploy-machine.ts";
import { ModuleStore } from "./deploy-modules.ts";
import type { ModuleUsers } from "./deploy-modules.ts";
import { phaseOf, previousOf } from "./deploy-phase.ts";
import type { DeployPhase } from "./deploy-phase.ts";
import { next } from "./deploy-promotion.ts";
import type { Promotion } from "./deploy-promotion.ts";
import { sharedNow, tookOf } from "./took.ts";
import type { TookMs } from "./took.ts";
import { entryOf } from "../../protocol/assert.ts";

/** What deploys need of the zone supervisor. Every request settles: the zone answers, or its link reports a timeout. */
export interface DeployZones {
  readonly zones: ReadonlyMap<
    number,
    { readonly kernelHash: string; readonly kernelLabel: string; readonly tick: number }
  >;
  request(zoneId: number, message: ZoneMove): Promise<unknown>;
}

export type ZoneMove =
  | ({ type: "swap"; ticket: SwapTicket } & Swap)
  | { type: "rollback"; hash: string }
  | { type: "promote"; hash: string };

/** What happened to a module in a zone, for the deploy history. */
export interface DeployEvent {
  what: "swapped" | "promoted" | "rolled_back" | "refused" | "undone" | "not_undone" | "validated";
  /** 0: the whole server. */
  zoneId: number;
  from: string;
  to: string;
  /** The label of the module that was tried, promoted or rolled back. */
  label: string;
  reason: string;
  /** The name given by the operator who asked for it; "" when no operator did. */
  by: string;
  /** What an undo changed, and for whom: sentences. */
  changes?: string[];
  /** What a validation found. */
  validation?: ValidationNote;
}

/** Records what happens to modules. */
export interface DeployNotes {
  note(event: DeployEvent): void;
}

export interface DeployerOptions {
  zones: DeployZones;
  /** The kernel that every zone runs at the start. */
  kernel: Kernel;
  emitter: Emitter;
  /** Makes the worker that checks one module: workers.check. */
  newWorker: WorkerFactory;
  /** Milliseconds; only differences count. */
  now: () => number;
  /** Gets an entry for everything that happens to a module. */
  log?: DeployNotes;
  /** Modules that an earlier server promoted, by zone, with their metered binaries. */
  standing?: ReadonlyMap<number, Kernel & { wasm: Uint8Array }>;
  /** Keeps the metered binary of a module that may run. */
  keepModule?: (module: { hash: string; label: string; wasm: Uint8Array }) => void;
  /** Calls `action` once after `ms` milliseconds; returns a function that cancels the call. Default: setTimeout. */
  after?: (ms: number, action: () => void) => () => void;
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

/** What belongs to the stage of a zone but is outside the state machine. */
interface Holding {
  stopTimer: (() => void) | null;
  endsAtMs: number;
  /** The ticket of the last requested swap. */
  ticket: { move: number; ticket: SwapTicket } | null;
  /** What the newest move took, for telemetry; null: the zone did not say. */
  took: TookMs | null;
  by: string;
  /** The last order was to go back. */
  isOrderedBack: boolean;
}

export class Deployer implements ZoneListener, ModuleUsers {
  readonly modules: ModuleStore;
  readonly #options: DeployerOptions;
  readonly #zones = new Map<number, ZoneDeploy>();
  readonly #holdings = new Map<number, Holding>();
  #promotion: Promotion | null = null;
  #lastMove = 0;
  #isStopped = false;

  constructor(options: DeployerOptions) {
    const { zones, kernel, newWorker, standing = new Map<number, Kernel & { wasm: Uint8Array }>() } = options;
    this.#options = options;
    this.modules = new ModuleStore(newWorker, this);
    this.modules.addRunning(kernel);
    for (const promoted of standing.values()) this.modules.addRunning(promoted, promoted.wasm);
    for (const id of zones.zones.keys()) {
      this.#zones.set(id, freshZone((standing.get(id) ?? kernel).hash));
      this.#holdings.set(id, { stopTimer: null, endsAtMs: 0, ticket: null, took: null, by: "", isOrderedBack: false });
    }
  }

  /** Starts a canary in one zone. Throws WowsimError when the module may not run or the zone is in another move. */
  swap(hash: string, zoneId: number, leaseMs: number, by = ""): void {
    this.modules.ready(hash);
    const zone = this.#zone(zoneId);
    this.#refuseWhilePromoting();
    if (zone.stage.name === "steady" && this.#runs(zoneId) === hash)
      throw new WowsimError("already_running", `Zone ${zoneId} runs module ${hash} already; there is nothing to swap.`);
    this.#order(zoneId, { type: "swap", hash, leaseMs }, by);
  }

  /** Starts to give a canaried module to every zone, all or none. Throws WowsimError when no zone runs it as a canary. */
  promote(hash: string, by = "", reason = PASSED): void {
    this.modules.ready(hash);
    this.#refuseWhilePromoting();
    const entries = [...this.#zones];
    const isItsCanary = ({ stage }: ZoneDeploy): boolean => stage.name === "canary" && stage.hash === hash;
    if (!entries.some(([, zone]) => isItsCanary(zone))) {
      throw new WowsimError("no_canary", `No zone runs module ${hash} as a canary; start one with deploy_swap.`);
    }
    const other = entries.find(([, zone]) => zone.stage.name !== "steady" && !isItsCanary(zone));
    if (other) throw this.#busy(other[0]);
    for (const [id] of entries) this.#order(id, { type: "join", hash }, by);
    this.#promotion = { hash, reason, isDecided: false };
    this.#goOn();
  }

  /**
   * Starts to roll a zone back to its previous module. Zone 0 means every zone in which a module is on trial or on its
   * way; when there is none, every zone that got its module by a promotion. With `hash`, only zones that run or try
   * that module are meant. `reason` is for the history. Returns the ids of these zones; throws WowsimError when there
   * is nothing to roll back, or another module is being promoted.
   */
  rollback(zoneId: number, by = "", hash?: string, reason = ASKED_FOR): number[] {
    const ids = this.#meant(zoneId, hash);
    const promoted = this.#promotion;
    if (promoted?.isDecided === true || (hash ?? promoted?.hash) !== promoted?.hash) this.#refuseWhilePromoting();
    if (promoted !== null) return this.#abandonPromotion(by, reason);
    const able = ids.filter((id) => this.#take(id, { type: "back", reason }, by).refusal === undefined);
    if (able.length > 0) return able;
    const moving = ids.find((id) => this.#zone(id).stage.name !== "steady");
    if (moving !== undefined) throw this.#busy(moving);
    const which = zoneId === 0 ? "No zone has an" : `Zone ${zoneId} is steady and has no`;
    throw new WowsimError("nothing_to_roll_back", `${which} earlier module to go back to; see deploy_status.`);
  }

  /** Where a roll-back of a promoted module goes, when an earlier server has promoted it. */
  remembers(zoneId: number, before: Kernel): void {
    const zone = this.#zone(zoneId);
    if (zone.stage.name !== "steady" || zone.previous !== null) return;
    if (this.modules.get(before.hash)?.state !== "ready") this.modules.addRunning(before);
    this.#zones.set(zoneId, { ...zone, previous: before.hash });
  }

  #meant(zoneId: number, hash: string | undefined): number[] {
    const named = zoneId === 0 ? [...this.#zones.keys()] : this.#zone(zoneId) && [zoneId];
    const ids = hash === undefined ? named : named.filter((id) => this.#concerns(id, hash));
    const moving = ids.filter((id) => this.#zone(id).stage.name !== "steady");
    return moving.length > 0 ? moving : ids;
  }

  #concerns(zoneId: number, hash: string): boolean {
    const { stage } = this.#zone(zoneId);
    return this.#runs(zoneId) === hash || (stage.name !== "steady" && stage.hash === hash);
  }

  status(): ZoneDeployStatus[] {
    return [...this.#zones].map(([id, zone]) => {
      const hash = this.#runs(id);
      const isCanary = zone.stage.name === "canary";
      const left = entryOf(this.#holdings, id).endsAtMs - this.#options.now();
      return {
        zone_id: id,
        hash,
        label: this.labelOf(hash),
        phase: phaseOf(zone.stage),
        canary: isCanary,
        previous_hash: previousOf(zone),
        lease_ms_left: isCanary ? Math.max(0, Math.round(left)) : null,
        last_error: zone.lastError,
      };
    });
  }

  /** Stops checks and leases; zones keep the modules they run. */
  stop(): void {
    this.#isStopped = true;
    this.modules.stop();
    for (const holding of this.#holdings.values()) holding.stopTimer?.();
  }

  /** Whether a zone runs the module, or would roll back to it. */
  isNeeded(hash: string): boolean {
    return [...this.#zones].some(([id, { runs, promoted, previous, stage }]) => {
      const ofStage = stage.name === "steady" ? null : stage.hash;
      return [this.#runs(id), runs, promoted, previous, ofStage].includes(hash);
    });
  }

  mayRun(module: { hash: string; label: string; wasm: Uint8Array }): void {
    this.#options.keepModule?.(module);
  }

  said(message: FromZoneWorker): void {
    if (message.type === "module") {
      const { zoneId, hash, isTrial } = message;
      this.#tell(zoneId, { type: "module", hash, isTrial });
    } else if (message.type === "rolled_back") {
      const { zoneId, fromHash: from, toHash: to, reason } = message;
      this.#tell(zoneId, { type: "rolled_back", from, to, reason });
    } else if (message.type === "zone_state") {
      const { zoneId, to, from, reason } = message;
      if (to === "DOWN") this.#tell(zoneId, { type: "down", reason });
      else if (from === "DOWN") this.#tell(zoneId, { type: "up" });
    }
  }

  /** Gives an order to a zone; an order that does not fit the stage is refused. */
  #order(zoneId: number, message: Message, by: string): void {
    if (this.#take(zoneId, message, by).refusal !== undefined) throw this.#busy(zoneId);
  }

  #abandonPromotion(by: string, reason: string): number[] {
    const ids = [...this.#zones.keys()];
    this.#promotion = null;
    for (const id of ids) this.#take(id, { type: "abandon", reason }, by);
    return ids;
  }

  /** Passes an event to the machine; a promotion may continue because of it. */
  #tell(zoneId: number, message: Message): void {
    if (this.#isStopped || !this.#zones.has(zoneId)) return;
    this.#take(zoneId, message);
    this.#goOn();
  }

  #goOn(): void {
    while (this.#promotion !== null) {
      const { promotion, orders } = next(this.#promotion, this.#zones);
      this.#promotion = promotion;
      if (orders.length === 0) return;
      for (const [id, order] of orders) this.#take(id, order);
    }
  }

  #take(zoneId: number, message: Message, by?: string): Outcome {
    const outcome = step(this.#zone(zoneId), message, ++this.#lastMove);
    if (outcome.refusal !== undefined) return outcome;
    this.#zones.set(zoneId, outcome.zone);
    const holding = entryOf(this.#holdings, zoneId);
    const isOrderedBack = message.type === "back" || message.type === "abandon";
    if (by !== undefined) Object.assign(holding, { by, isOrderedBack });
    for (const effect of outcome.effects) this.#carryOut(zoneId, holding, effect);
    return outcome;
  }

  #carryOut(zoneId: number, holding: Holding, effect: Effect): void {
    const { after = afterTimeout, now } = this.#options;
    if (effect.do === "tell") return this.#say(zoneId, holding, effect);
    if (effect.do === "ask") return void this.#ask(zoneId, holding, effect);
    if (effect.do === "withdraw") {
      if (holding.ticket?.move === effect.move) withdrawTicket(holding.ticket.ticket);
      return;
    }
    holding.stopTimer?.();
    holding.stopTimer = null;
    if (effect.do === "stop_timer") return;
    const { move, ms } = effect;
    holding.endsAtMs = now() + ms;
    holding.stopTimer = after(ms, () => this.#tell(zoneId, { type: "time", move }));
  }

  /** Sends a request to a zone, and passes the result to the machine. */
  async #ask(zoneId: number, holding: Holding, effect: Extract<Effect, { do: "ask" }>): Promise<void> {
    const { move } = effect;
    const askedMs = sharedNow();
    holding.took = null;
    try {
      const answer = await this.#options.zones.request(zoneId, this.#moveOf(holding, effect));
      holding.took = tookOf(answer, askedMs);
      this.#tell(zoneId, { type: "done", move });
    } catch (thrown) {
      const code = thrown instanceof WowsimError ? thrown.code : "";
      const error = messageOf(thrown);
      if (code === "zone_worker") this.#tell(zoneId, { type: "died", move, error });
      else if (code !== "zone_silent") this.#tell(zoneId, { type: "refused", move, error });
      else {
        const { ticket } = holding;
        const isWithdrawn = ticket?.move === move && withdrawTicket(ticket.ticket);
        this.#tell(zoneId, { type: "silent", move, error, isWithdrawn });
      }
    }
  }

  #moveOf(holding: Holding, { verb, move, hash }: Extract<Effect, { do: "ask" }>): ZoneMove {
    if (verb === "undo") return { type: "rollback", hash };
    if (verb === "keep") return { type: "promote", hash };
    const { module, label, layout } = this.modules.ready(hash);
    const wasm = this.modules.get(hash)?.metered ?? null;
    // It may have been kept long ago, when no zone ran it, and be gone from the journal.
    if (wasm !== null) this.mayRun({ hash, label, wasm });
    const ticket = newTicket();
    holding.ticket = { move, ticket };
    const isReturn = verb === "return";
    return { type: "swap", module, hash, label, layout: layoutEntries(layout), ticket, isReturn };
  }

  #say(
    zoneId: number,
    { by, took, isOrderedBack }: Holding,
    { what, from, to, reason, isTold }: Extract<Effect, { do: "tell" }>,
  ): void {
    const tried = what === "rolled_back" ? from : to;
    this.#options.log?.note({ what, zoneId, from, to, label: this.labelOf(tried), reason, by });
    if (isTold) return;
    const { tick } = entryOf(this.#options.zones.zones, zoneId);
    const isMoved = what === "swapped" || what === "rolled_back";
    const asked = what === "rolled_back" && isOrderedBack ? { by } : {};
    const data = { zone_id: zoneId, from_hash: from, to_hash: to, reason, tick, ...asked, ...(isMoved ? took : {}) };
    this.#options.emitter.emit("event", "deploy", TOLD_AS[what], data);
  }

  #refuseWhilePromoting(): void {
    if (this.#promotion === null) return;
    const message = `Module ${this.#promotion.hash} is being promoted; wait until every zone is steady (deploy_status).`;
    throw new WowsimError("deploy_busy", message);
  }

  #busy(zoneId: number): WowsimError {
    const { stage, lastError } = this.#zone(zoneId);
    const why = lastError === null ? "" : ` (${lastError})`;
    const message = `Zone ${zoneId} is in phase ${phaseOf(stage)}${why}; wait, or promote or roll back first.`;
    return new WowsimError("deploy_busy", message);
  }

  #zone(zoneId: number): ZoneDeploy {
    const zone = this.#zones.get(zoneId);
    if (zone) return zone;
    const known = [...this.#zones.keys()].join(", ");
    throw new WowsimError("no_such_zone", `There is no zone ${zoneId}; choose from ${known}.`);
  }

  #runs(zoneId: number): string {
    return entryOf(this.#options.zones.zones, zoneId).kernelHash;
  }

  /** The label of a module that is known here; "" of another one. */
  labelOf(hash: string): string {
    const running = [...this.#options.zones.zones.values()].find(({ kernelHash }) => kernelHash === hash);
    return this.modules.get(hash)?.label ?? running?.kernelLabel ?? "";
  }
}

const TOLD_AS = {
  swapped: "Module swapped",
  promoted: "Module promoted",
  rolled_back: "Module rolled back",
  refused: "Module refused",
} as const;

function afterTimeout(ms: number, action: () => void): () => void {
  const timer = setTimeout(action, ms);
  return () => clearTimeout(timer);
}
