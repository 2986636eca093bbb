// Reports and counts the zone workers that were lost and restarted.
//
//   losses.lost(0, end, [zone], 0)     // error "Zone worker lost": how, and the content of its breadcrumb
//   losses.back(0, [zone], 210)        // event "Zone worker begun again"
//   losses.restarts                    // Map { "died" → 0, "hung" → 1 }

import type { Emitter } from "../../protocol/telemetry-line.ts";
import { crumbInWords } from "../../shared/breadcrumb.ts";
import { noteFields } from "../../shared/kernel-note.ts";
import type { RevivedReport } from "../../shared/zone-messages.ts";
import type { WorkerEnd } from "./worker-link.ts";

interface NamedZone {
  readonly id: number;
  readonly name: string;
  readonly tick: number;
}

export class WorkerLosses {
  /** Number of workers that were lost and replaced, by how they ended. */
  readonly restarts = new Map<WorkerEnd["how"], number>([
    ["died", 0],
    ["hung", 0],
  ]);
  /** Number of times the main thread paused for longer than half the watchdog's limit. */
  standstills = 0;
  readonly #emitter: Emitter;

  constructor(emitter: Emitter) {
    this.#emitter = emitter;
  }

  /** Reports the loss for the worker and for each of its zones; returns the reason why the zones are DOWN. */
  lost(worker: number, { how, why, crumb }: WorkerEnd, zones: readonly NamedZone[], nextTryMs: number): string {
    this.restarts.set(how, (this.restarts.get(how) ?? 0) + 1);
    this.#emitter.emit("error", "zone", "Zone worker lost", {
      worker: worker + 1,
      zones: zones.map(({ id }) => id),
      how,
      zone_id: crumb.zoneId,
      tick: crumb.tick,
      stage: crumb.stage,
      ...(crumb.note === null ? {} : noteFields(crumb.note)),
      error: why,
      next_try_ms: nextTryMs,
    });
    for (const { id, name, tick } of zones) {
      const data = { zone_id: id, zone_name: name, tick, error: `zone worker ${how}: ${why}` };
      this.#emitter.emit("error", "zone", "Zone tick exception", data);
    }
    return `its worker ${how} ${crumbInWords(crumb)}`;
  }

  /** The replacement worker ticks. */
  back(worker: number, zones: readonly NamedZone[], afterMs: number): void {
    const data = { worker: worker + 1, zones: zones.map(({ id }) => id), after_ms: Math.round(afterMs) };
    this.#emitter.emit("event", "zone", "Zone worker begun again", data);
  }

  notBegun(worker: number, zones: readonly NamedZone[], error: string, nextTryMs: number): void {
    const data = { worker: worker + 1, zones: zones.map(({ id }) => id), error, next_try_ms: nextTryMs };
    this.#emitter.emit("error", "zone", "Zone worker not begun", data);
  }

  /** The main thread was paused for `ms`: durations measured meanwhile say little about the zones. */
  stoodStill(ms: number): void {
    this.standstills++;
    this.#emitter.emit("event", "server", "Server stood still", { stood_ms: Math.round(ms) });
  }

  /** A zone goes on from its journal. */
  revived(zone: NamedZone, { tick, fromTick, lostTicks, problem }: RevivedReport): void {
    const data = { zone_id: zone.id, zone_name: zone.name, tick, from_tick: fromTick, lost_ticks: lostTicks };
    this.#emitter.emit("event", "zone", "Zone revived", { ...data, ...(problem === null ? {} : { problem }) });
    if (lostTicks > 0 || problem !== null)
      this.#emitter.emit("error", "zone", "Zone ticks lost", { ...data, beginning: "journal", error: problem ?? "" });
  }

  /** Reports the end of a zone as the zone itself would have done. */
  fell(zone: NamedZone, from: string, to: string, reason: string): void {
    this.#emitter.emit("event", "zone", "Zone state changed", {
      zone_id: zone.id,
      zone_name: zone.name,
      tick: zone.tick,
      from_state: from,
      to_state: to,
      reason,
    });
  }

  rolledBack(zone: NamedZone, fromHash: string, toHash: string, reason: string): void {
    const data = { zone_id: zone.id, from_hash: fromHash, to_hash: toHash, reason, tick: zone.tick };
    this.#emitter.emit("event", "deploy", "Module rolled back", data);
  }
}
