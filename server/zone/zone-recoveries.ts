// Recovers a zone's ticks that trap, and tells what came of it. A module on trial whose output or state can not be true is rolled back
// by that; then what it did before is undone too.
//
//   const recoveries = new ZoneRecoveries({ zone, log, health, modules, ... })
//   recoveries.recover(trap, batch)      // throws when the tick can not be completed

import { messageOf, WowsimError } from "../protocol/errors.ts";
import type { Breadcrumb } from "../shared/breadcrumb.ts";
import type { Crossing } from "../shared/transfer.ts";
import type { ZoneState } from "../shared/zone-messages.ts";
import type { Intake } from "./intake.ts";
import type { Membership, Rewritten } from "./membership.ts";
import { recover } from "./recovery.ts";
import type { Recovery } from "./recovery.ts";
import type { RunningModules } from "./running-modules.ts";
import type { ZoneTrap } from "./trap.ts";
import type { Zone } from "./zone.ts";
import { RECOVERIES_MAX, RECOVERY_WINDOW_TICKS } from "./zone-health.ts";
import type { ZoneHealth } from "./zone-health.ts";
import type { ZoneLog } from "./zone-log.ts";
import type { ZoneRunnerOptions } from "./zone-runner-options.ts";
import { emitRecovery, emitTrap, named } from "./zone-telemetry.ts";
import type { ZoneUndo } from "./zone-undo.ts";

export interface ZoneRecoveriesParts {
  zone: Zone;
  options: Pick<ZoneRunnerOptions, "emitter" | "now" | "say">;
  crumb: Breadcrumb;
  log: ZoneLog;
  health: ZoneHealth;
  modules: RunningModules;
  membership: Membership;
  intake: Intake;
  undo: ZoneUndo;
  setState: (to: ZoneState, reason: string) => void;
}

/** Codes of traps that say: what this module left behind can not be trusted. */
const UNTRUE: ReadonlySet<string> = new Set(["invalid_output", "rule_broken"]);

export class ZoneRecoveries {
  /** Ticks recovered, and commands removed from them. */
  count = 0;
  quarantined = 0;
  readonly #parts: ZoneRecoveriesParts;

  constructor(parts: ZoneRecoveriesParts) {
    this.#parts = parts;
  }

  /**
   * Completes the tick that trapped with this batch. True when earlier ticks, which were told, have another result now. Throws
   * UnrecoverableZone, or WowsimError("recoveries").
   */
  recover(trap: ZoneTrap, batch: Uint8Array): boolean {
    const { zone, log, health, modules, membership, setState } = this.#parts;
    const { emitter, now, say } = this.#parts.options;
    const tick = zone.tick + 1;
    this.#parts.crumb.enter("recovery");
    setState("CRASHED", trap.message);
    emitTrap(emitter, zone, tick, trap);
    log.trapped(tick, trap, batch);
    const tooMany = `${RECOVERIES_MAX} recoveries in ${RECOVERY_WINDOW_TICKS} ticks`;
    if (!health.trapped(tick)) throw new WowsimError("recoveries", tooMany, { cause: trap });
    const { canary } = modules;
    const isSuspect = modules.isSuspect();
    let isRewritten = false;
    try {
      const departedIn = (applied: Uint8Array): Crossing[] => membership.departedIn(applied);
      const options = { fallback: canary?.fallback ?? null, preferFallback: isSuspect, now, departedIn };
      const recovery = recover(zone, trap, options);
      isRewritten = recovery.rewritten !== null;
      this.#recovered(tick, recovery);
    } catch (error) {
      const message = messageOf(error);
      const nothing = { recoveryMs: 0, replayedTicks: 0, step: "down" } as const;
      say({ type: "recovered", zoneId: zone.id, tick, ...nothing, note: trap.note, error: message });
      throw error;
    }
    if (UNTRUE.has(trap.code) && modules.canary === null && canary !== null) this.#undo(trap, canary.hash);
    return isRewritten;
  }

  #recovered(tick: number, recovery: Recovery): void {
    const { zone, log, modules, membership, setState } = this.#parts;
    const { emitter, say } = this.#parts.options;
    const { step, recoveryMs, replayedTicks, note, error, rewritten, applied } = recovery;
    this.count++;
    membership.quarantine(recovery.quarantined);
    this.quarantined += recovery.quarantined.length;
    emitRecovery(emitter, zone, tick, recovery);
    say({ type: "recovered", zoneId: zone.id, tick, recoveryMs, replayedTicks, step, note, error });
    if (step === "rollback") {
      log.begins(applied);
      modules.rolledBack(error);
    }
    if (rewritten !== null)
      this.tellRewritten(tick, rewritten.fromTick, membership.rewrite(rewritten.fromTick, rewritten.departures));
    setState("DEGRADED", `recovered by ${step}`);
  }

  /** Reported ticks have another result now. Reports each difference and corrects it. */
  tellRewritten(tick: number, fromTick: number, { stillHere, missing, departed }: Rewritten): void {
    const { zone, intake, options } = this.#parts;
    for (const session of stillHere) intake.evict(session);
    const differs = { from_tick: fromTick, still_here: stillHere, missing, departed };
    options.emitter.emit("event", "zone", "Told ticks rewritten", { ...named(zone, tick), ...differs });
  }

  /** The module was rolled back because of this trap. */
  #undo(trap: ZoneTrap, module: string): void {
    const { undo, zone, options } = this.#parts;
    const { id: zoneId, tick } = zone;
    const { open, isInJournal } = undo.look();
    if (open === null && isInJournal)
      return options.say({ type: "undo_wanted", zoneId, tick, module, reason: trap.message });
    try {
      undo.start({ isDry: false, reason: trap.message });
    } catch (error) {
      options.say({ type: "undo_failed", zoneId, tick, isDry: false, error: messageOf(error) });
    }
  }
}
