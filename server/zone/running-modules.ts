// Keeps which module a zone runs, which modules ran before, and whether the present one is still on trial. Reports each change.
//
//   steady ── tries ──► on trial ── promote ──► steady; the previous module is kept as an earlier one
//                          └── isBack, rolledBack, wentDown ──► steady, on the previous module
//   steady ── fallBack ──► steady, on the newest earlier module, because the promoted one can not run the zone

import { WowsimError } from "../protocol/errors.ts";
import type { Emitter } from "../protocol/telemetry-line.ts";
import { planMigration } from "../../assembly/toolchain/migration.ts";
import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import type { FromZoneWorker } from "../shared/zone-messages.ts";
import { withEarlier } from "../shared/zone-start.ts";
import type { Zone } from "./zone.ts";

/** After this many recoveries on trial the module counts as the cause, even if replay or quarantine would help. */
const CANARY_RECOVERIES_MAX = 3;

/** A module that was swapped in and is not promoted yet. */
interface Canary {
  readonly hash: string;
  readonly kernel: Kernel;
  /** The module that ran before. */
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
  /** Earlier promoted modules, newest first. */
  #earlier: Kernel[];

  constructor(zone: Zone, earlier: Kernel[], options: RunningModulesOptions) {
    this.#zone = zone;
    this.#earlier = earlier;
    this.#options = options;
  }

  get canary(): Readonly<Canary> | null {
    return this.#canary;
  }

  /** The zone has just swapped to `kernel`. */
  tries(kernel: Kernel, before: Kernel): { tick: number } {
    const { hash } = kernel;
    this.#canary = { hash, kernel, fallback: this.#canary?.fallback ?? before, recoveries: 0 };
    this.#tellMigration(before, kernel);
    return this.#say();
  }

  /**
   * The module to go back to; null when `hash` is given and is not the module on trial. Throws
   * WowsimError("no_previous_module").
   */
  fallbackOf(hash?: string): Kernel | null {
    if (hash !== undefined && this.#canary?.hash !== hash) return null;
    if (this.#canary !== null) return this.#canary.fallback;
    throw new WowsimError("no_previous_module", `Zone ${this.#zone.id} has no module to go back to.`);
  }

  /** The zone was asked to go back. `didGoBack` says whether it did. */
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

  /** Counts one more recovery. True when the module on trial has reached CANARY_RECOVERIES_MAX. */
  isSuspect(): boolean {
    return this.#canary !== null && ++this.#canary.recoveries >= CANARY_RECOVERIES_MAX;
  }

  /** The zone went DOWN. A module on trial is replaced by the previous one. */
  wentDown(reason: string): void {
    if (this.#canary === null) return;
    this.#zone.revert(this.#canary.fallback);
    this.rolledBack(reason);
  }

  /** The module can not run the zone even from its initial content. The next try uses the previous module, if there is one. */
  fallBack(reason: string): void {
    const { hash } = this.#zone.kernel;
    const before = this.#canary?.fallback ?? this.#earlier.shift();
    if (before === undefined) return;
    this.#zone.revert(before);
    this.#canary = null;
    this.fellBack(hash, reason);
  }

  /** The zone now runs an earlier module, because the module `fromHash` can not run it. */
  fellBack(fromHash: string, reason: string): void {
    this.rolledBack(`the zone does not go on with it: ${reason}`, fromHash);
    this.#say();
  }

  /** The module was removed. The zone runs the previous one. */
  rolledBack(reason: string, fromHash = this.#canary?.hash ?? ""): void {
    const { id: zoneId, kernel, tick } = this.#zone;
    if (this.#canary !== null) this.#tellMigration(this.#canary.kernel, kernel);
    this.#canary = null;
    const data = { zone_id: zoneId, from_hash: fromHash, to_hash: kernel.hash, reason, tick };
    this.#options.emitter.emit("event", "deploy", "Module rolled back", data);
    this.#options.say({ type: "rolled_back", zoneId, tick, fromHash, toHash: kernel.hash, reason });
  }

  /** If the two modules have different layouts, reports which parts of the state were added and which were dropped. */
  #tellMigration(from: Kernel, to: Kernel): void {
    if (from.layout.stateHash === to.layout.stateHash) return;
    const { added, dropped } = planMigration(from.layout, to.layout);
    const { id: zone_id, tick } = this.#zone;
    const data = { zone_id, from_hash: from.hash, to_hash: to.hash, added: [...added], dropped: [...dropped], tick };
    this.#options.emitter.emit("event", "deploy", "State carried over", data);
  }

  /** Reports which module the zone runs. The report goes out before the answer to the request that changed it. */
  #say(): { tick: number } {
    const { id: zoneId, tick, kernel } = this.#zone;
    this.#options.say({ type: "module", zoneId, tick, hash: kernel.hash, isTrial: this.#canary !== null });
    return { tick };
  }
}
