// A zone's telemetry about a tick: one exact line for the tick, and sampled lines for the events in it.
//
//   {"type":"metric","component":"zone","message":"Zone tick completed","data":{"zone_id":1,"tick":4711,"duration_ms":0.42,...}}
//   {"type":"event","component":"combat","message":"Damage dealt","data":{"attacker_id":3,"target_id":1000001,...}}

import * as abi from "../../assembly/abi.ts";
import type { Emitter } from "../protocol/telemetry-line.ts";
import { noteFields } from "../shared/kernel-note.ts";
import type { TickReport } from "../shared/tick-report.ts";
import { LOAD_HIGH, LOAD_LOW } from "../shared/overload.ts";
import type { Overload, LoadShedding } from "../shared/overload.ts";
import type { Recovery } from "./recovery.ts";
import type { ZoneTrap } from "./trap.ts";
import type { Zone } from "./zone.ts";
import { lineOf } from "../shared/tick-report.ts";
import { at } from "../protocol/assert.ts";

const DAMAGE_TYPES: Record<number, string> = { [abi.DAMAGE_PHYSICAL]: "PHYSICAL", [abi.DAMAGE_MAGICAL]: "MAGICAL" };
const INTERRUPT_REASONS: Record<number, string> = {
  [abi.INTERRUPT_BY_MOVEMENT]: "movement",
  [abi.INTERRUPT_BY_REQUEST]: "request",
  [abi.INTERRUPT_BY_DEATH]: "death",
  [abi.INTERRUPT_BY_SPELL]: "interrupted",
  [abi.INTERRUPT_TARGET_LOST]: "target_lost",
};

/** Players in the list of a tick's refusals. */
const REFUSED_BY_MAX = 8;

/** A tick trapped: reports the error and the kernel's note. */
export function emitTrap(emitter: Emitter, zone: Zone, tick: number, { message, note }: ZoneTrap): void {
  emitter.emit("error", "zone", "Zone tick exception", {
    ...named(zone, tick),
    error: message,
    ...noteFields(note),
  });
}

/** The trapped tick was completed: reports the step of the recovery ladder and the quarantined commands. */
export function emitRecovery(emitter: Emitter, zone: Zone, tick: number, recovery: Recovery): void {
  const { step, recoveryMs, replayedTicks, note, error } = recovery;
  for (const { session, op, seq } of recovery.quarantined) {
    emitter.emit("event", "zone", "Command quarantined", { ...named(zone, tick), session_id: session, op, seq });
  }
  emitter.emit("event", "zone", "Zone recovered", {
    ...named(zone, tick),
    recovery_ms: round(recoveryMs),
    replayed_ticks: replayedTicks,
    rung: step,
    ...noteFields(note),
    error,
    hash: zone.hash.toString(16).padStart(16, "0"),
  });
}

export function named(zone: Zone, tick: number): { zone_id: number; zone_name: string; tick: number } {
  return { zone_id: zone.id, zone_name: zone.name, tick };
}

/** How the journal keeps up with a zone. */
export interface Durability {
  /** What the zone tells is in the journal before. */
  isDurable: boolean;
  /** Milliseconds for which the oldest tick waits for it, and for which the newest tick that has left did. */
  lagMs: number;
  heldMs: number;
}

/** Fills in how the journal keeps up with the zone. */
export function fillJournal(report: TickReport, { isDurable, lagMs, heldMs }: Durability): void {
  report.durable = isDurable;
  report.journalLagMs = lagMs;
  report.journalHeldMs = heldMs;
}

/** Fills in the report's values that come from the zone itself, for the tick that has just ended. */
export function fillReport(report: TickReport, zone: Zone): void {
  report.tick = zone.tick;
  report.kernelMs = zone.kernelMs;
  report.fuelUsed = Number(zone.fuelUsed);
  report.hash = zone.hash;
  for (let index = 0; index < report.counters.length; index++) {
    report.counters[index] = zone.view.getUint32(zone.at.counters + index * 4, true);
  }
}

/** The exact line of a tick. */
export function emitTick(emitter: Emitter, zone: Zone, report: TickReport): void {
  const { counters } = report;
  const line = lineOf(report);
  line["zone_name"] = zone.name;
  line["entities"] = at(counters, abi.COUNTER_PLAYERS) + at(counters, abi.COUNTER_CREATURES);
  const refused = refusedOf(counters);
  line["refused"] = refused;
  if (refused > 0) line["refused_by"] = refusedBy(zone);
  line["kernel"] = zone.kernel.hash;
  emitter.emit("metric", "zone", "Zone tick completed", line);
}

/** Reports that the overload step changes from the next tick on. */
export function emitOverload(
  emitter: Emitter,
  zone: Zone,
  from: LoadShedding,
  { shedding: to, load, step }: Overload,
): void {
  const isNewLevel = from.level !== to.level;
  const why = load > LOAD_HIGH ? `load above ${LOAD_HIGH}` : `load below ${LOAD_LOW}`;
  emitter.emit("event", "zone", isNewLevel ? "Zone overload level changed" : "Zone overload step changed", {
    zone_id: zone.id,
    zone_name: zone.name,
    tick: zone.tick,
    from: from.level,
    to: to.level,
    load: round(load),
    reason: why,
    step,
    tell_every: to.tellEvery,
    sight_yd: to.sightYd,
    seen_max: to.seenMax,
    think_every: to.thinkEvery,
    game_time_rate: round(to.rate),
  });
}

/** Commands refused in the tick, for any reason. */
function refusedOf(counters: Uint32Array): number {
  let refused = 0;
  for (let reason = 0; reason < abi.REFUSED_COUNT; reason++) refused += at(counters, abi.COUNTER_REFUSED + reason);
  return refused;
}

/** Players told of refusals in the tick, and of how many: those with the most, as pairs. One who asks for the same again and again is seen by that. */
function refusedBy({ view, at: { eventCount, events } }: Zone): [session: number, refused: number][] {
  const counts = new Map<number, number>();
  const count = view.getUint32(eventCount, true);
  for (let event = events; event < events + count * abi.EVENT_BYTES; event += abi.EVENT_BYTES) {
    const kind = view.getUint16(event + abi.EVENT_KIND, true);
    if (kind !== abi.EVENT_REFUSED && kind !== abi.EVENT_CAST_BLOCKED_GCD) continue;
    const source = view.getUint32(event + abi.EVENT_SOURCE, true);
    counts.set(source, (counts.get(source) ?? 0) + 1);
  }
  return [...counts].toSorted(([, one], [, other]) => other - one).slice(0, REFUSED_BY_MAX);
}

/** Emits one line for each event of the last tick, within the emitter's budget. */
export function emitEvents(emitter: Emitter, zone: Zone): void {
  const count = zone.view.getUint32(zone.at.eventCount, true);
  for (let index = 0; index < count; index++) emitEvent(emitter, zone, zone.at.events + index * abi.EVENT_BYTES);
}

function emitEvent(emitter: Emitter, zone: Zone, offset: number): void {
  const { view } = zone;
  const u32 = (word: number): number => view.getUint32(offset + abi.EVENT_A + word * 4, true);
  const f32 = (word: number): number => round(view.getFloat32(offset + abi.EVENT_A + word * 4, true));
  const info = view.getUint16(offset + abi.EVENT_INFO, true);
  const source = view.getUint32(offset + abi.EVENT_SOURCE, true);
  const target = view.getUint32(offset + abi.EVENT_TARGET, true);
  const event = (component: string, message: string, data: Record<string, unknown>): void =>
    emitter.emitSampled("event", component, message, data);
  switch (view.getUint16(offset + abi.EVENT_KIND, true)) {
    case abi.EVENT_CAST_STARTED:
      return event("spellcast", "Cast started", { session_id: source, spell_id: u32(0), cast_time_ticks: u32(1) });
    case abi.EVENT_CAST_COMPLETED:
      return event("spellcast", "Cast completed", { session_id: source, spell_id: u32(0), cast_time_ticks: u32(1) });
    case abi.EVENT_CAST_INTERRUPTED: {
      const reason = INTERRUPT_REASONS[info] ?? `reason ${info}`;
      const data = { session_id: source, spell_id: u32(0), cast_time_ticks: u32(1), reason };
      return event("spellcast", "Cast interrupted", data);
    }
    case abi.EVENT_CAST_BLOCKED_GCD: {
      const data = { session_id: source, spell_id: u32(0), gcd_expires_tick: u32(1), current_tick: u32(2) };
      return event("spellcast", "Cast blocked by GCD", data);
    }
    case abi.EVENT_DAMAGE:
      return event("combat", "Damage dealt", {
        zone_id: zone.id,
        attacker_id: source,
        target_id: target,
        base_damage: u32(0),
        actual_damage: u32(1),
        damage_type: DAMAGE_TYPES[info & 1] ?? `type ${info}`,
        mitigation: u32(2),
        target_health: u32(3),
        spell_id: u32(4),
        absorbed: u32(5),
      });
    case abi.EVENT_KILLED:
      return event("combat", "Entity killed", { zone_id: zone.id, target_id: target, killer_id: source });
    case abi.EVENT_MOVED:
      return event("movement", "Position updated", {
        session_id: source,
        old_x: f32(0),
        old_y: f32(1),
        old_z: f32(2),
        new_x: f32(3),
        new_y: f32(4),
        new_z: f32(5),
      });
    case abi.EVENT_TRADE: {
      if (info !== abi.TRADE_DONE) return;
      const data = { zone_id: zone.id, maker_id: source, partner_id: target, offer_id: u32(0) };
      return event("items", "Trade completed", data);
    }
    case abi.EVENT_EVADED:
      return event("combat", "Creature evaded", { zone_id: zone.id, entity_id: source });
  }
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
