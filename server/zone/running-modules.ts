// Which module a zone runs, what ran before it, and whether that is still on trial. Whatever changes here the zone says itself.
//
//   steady ── tries ──► on trial ── promote ──► steady, the one before kept as an earlier one
//                          └── isBack, rolledBack, wentDown ──► steady, on the one before
//   steady ── fallBack ──► steady, on the newest earlier one: the promoted one can not hold the zone

import { WowsimError } from "../protocol/errors.ts";
import type { Emitter } from "../protocol/telemetry-line.ts";
import { planMigration } from "../../assembly/toolchain/migration.ts";
import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import type { FromZoneWorker } from "../shared/zone-messages.ts";
import { withEarlier } from "../shared/zone-start.ts";
import type { Zone } from "./zone.ts";

/** Recoveries of a swapped zone after which the module is taken for the cause, whatever else would help. */
const CANARY_RECOVERIES_MAX = 3;

/** A module that was swapped in and is not promoted yet. */
interface Canary {
  readonly hash: string;
  readonly kernel: Kernel;
  /** What ran before. */
  readonly fallback: Kernel;
  recoveries: number;
}

export interface RunningModulesOptions {
  emitter: Emitter;
  say: (message: FromZoneWorker) => void;
}

export class RunningModules {
  readonly #zone: Zone;
  readonly #options: RunningModulesOptions;
  #canary: Canary | null = null;
  /** What stood before, newest first. */
  #earlier: Kernel[];

  constructor(zone: Zone, earlier: Kernel[], options: RunningModulesOptions) {
    this.#zone = zone;
    this.#earlier = earlier;
    this.#options = options;
  }

  get canary(): Readonly<Canary> | null {
    return this.#canary;
  }

  /** The zone has just been given the module. */
  tries(kernel: Kernel, before: Kernel): { tick: number } {
    const { hash } = kernel;
    this.#canary = { hash, kernel, fallback: this.#canary?.fallback ?? before, recoveries: 0 };
    this.#tellMigration(before, kernel);
    return this.#say();
  }

  /** What to go back to; null when another module than that is on trial. Throws WowsimError("no_previous_module"). */
  fallbackOf(hash?: string): Kernel | null {
    if (hash !== undefined && this.#canary?.hash !== hash) return null;
    if (this.#canary !== null) return this.#canary.fallback;
    throw new WowsimError("no_previous_module", `Zone ${this.#zone.id} has no module to go back to.`);
  }

  /** The zone has been asked to go back, and did or did not. */
  isBack(didGoBack: boolean): { tick: number } {
    if (didGoBack && this.#canary !== null) {
      this.#tellMigration(this.#canary.kernel, this.#canary.fallback);
      this.#canary = null;
    }
    return this.#say();
  }

  promote(hash?: string): { tick: number } {
    if (this.#canary !== null && (hash === undefined || this.#canary.hash === hash)) {
      this.#earlier = withEarlier(this.#earlier, this.#canary.fallback);
      this.#canary = null;
    }
    return this.#say();
  }

  /** One more recovery: whether it is once too often for a module on trial. */
  isSuspect(): boolean {
    return this.#canary !== null && ++this.#canary.recoveries >= CANARY_RECOVERIES_MAX;
  }

  /** A module that is not promoted goes with its zone. */
  wentDown(reason: string): void {
    if (this.#canary === null) return;
    this.#zone.revert(this.#canary.fallback);
    this.rolledBack(reason);
  }

  /** Not even a zone that is begun anew goes on with the module: the next try is with the one before it, if there is one. */
  fallBack(reason: string): void {
    const { hash } = this.#zone.kernel;
    const before = this.#canary?.fallback ?? this.#earlier.shift();
    if (before === undefined) return;
    this.#zone.revert(before);
    this.#canary = null;
    this.fellBack(hash, reason);
  }

  /** The zone runs an earlier module, since it did not go on with that one. */
  fellBack(fromHash: string, reason: string): void {
    this.rolledBack(`the zone does not go on with it: ${reason}`, fromHash);
    this.#say();
  }

  /** The module is out; the zone runs what ran before it. */
  rolledBack(reason: string, fromHash = this.#canary?.hash ?? ""): void {
    const { id: zoneId, kernel, tick } = this.#zone;
    if (this.#canary !== null) this.#tellMigration(this.#canary.kernel, kernel);
    this.#canary = null;
    const data = { zone_id: zoneId, from_hash: fromHash, to_hash: kernel.hash, reason, tick };
    this.#options.emitter.emit("event", "deploy", "Module rolled back", data);
    this.#options.say({ type: "rolled_back", zoneId, tick, fromHash, toHash: kernel.hash, reason });
  }

  /** What the state has now that it had not, and what it has lost, where the one module lays it out differently from the other. */
  #tellMigration(from: Kernel, to: Kernel): void {
    if (from.layout.stateHash === to.layout.stateHash) return;
    const { added, dropped } = planMigration(from.layout, to.layout);
    const { id: zone_id, tick } = this.#zone;
    const data = { zone_id, from_hash: from.hash, to_hash: to.hash, added: [...added], dropped: [...dropped], tick };
    this.#options.emitter.emit("event", "deploy", "State carried over", data);
  }

  /** The zone's word on what it runs. It goes out before the answer to whoever asked for a change. */
  #say(): { tick: number } {
    const { id: zoneId, tick, kernel } = this.#zone;
    this.#options.say({ type: "module", zoneId, tick, hash: kernel.hash, isTrial: this.#canary !== null });
    return { tick };
  }
}
