// The lines a zone writes most, with data as in play: what the telemetry bench emits.
//
//   for (const kind of EVENT_KINDS) emitter.emitSampled("event", kind.component, kind.message, kind.data(7))

import * as abi from "../../assembly/abi.ts";

export interface EventKind {
  /** EVENT_* of the kernel that becomes this line. */
  event: number;
  component: string;
  message: string;
  data(index: number): Record<string, unknown>;
}

export const EVENT_KINDS: readonly EventKind[] = [
  {
    event: abi.EVENT_CAST_STARTED,
    component: "spellcast",
    message: "Cast started",
    data: (index) => ({ session_id: index, zone_id: 1, spell_id: 133, cast_time_ticks: 30, tick: index }),
  },
  {
    event: abi.EVENT_CAST_COMPLETED,
    component: "spellcast",
    message: "Cast completed",
    data: (index) => ({ session_id: index, zone_id: 1, spell_id: 133, cast_time_ticks: 30, tick: index }),
  },
  {
    event: abi.EVENT_CAST_INTERRUPTED,
    component: "spellcast",
    message: "Cast interrupted",
    data: (index) => ({ session_id: index, zone_id: 1, spell_id: 133, reason: "movement", tick: index }),
  },
  {
    event: abi.EVENT_CAST_BLOCKED_GCD,
    component: "spellcast",
    message: "Cast blocked by GCD",
    data: (index) => ({ session_id: index, spell_id: 133, gcd_expires_tick: index + 9, current_tick: index }),
  },
  {
    event: abi.EVENT_DAMAGE,
    component: "combat",
    message: "Damage dealt",
    data: (index) => ({
      zone_id: 1,
      tick: index,
      attacker_id: index,
      target_id: 1_000_001,
      base_damage: 23,
      actual_damage: 19,
      damage_type: "PHYSICAL",
      mitigation: 4,
      target_health: 311,
      spell_id: 0,
    }),
  },
  {
    event: abi.EVENT_KILLED,
    component: "combat",
    message: "Entity killed",
    data: (index) => ({ zone_id: 1, tick: index, target_id: 1_000_001, killer_id: index }),
  },
  {
    event: abi.EVENT_MOVED,
    component: "movement",
    message: "Position updated",
    data: (index) => ({
      session_id: index,
      old_x: index + 0.25,
      old_y: -12.5,
      old_z: 0,
      new_x: index + 0.60000002384,
      new_y: -12.25,
      new_z: 0,
    }),
  },
];

/** The data of a zone's tick line. */
export function zoneTickData(zoneId: number, tick: number, kernelMs: number): Record<string, unknown> {
  return {
    zone_id: zoneId,
    zone_name: "Elwynn Forest",
    tick,
    events_processed: 50,
    entities_moved: 312,
    duration_ms: kernelMs + 0.11,
    casts_started: 6,
    casts_completed: 5,
    casts_interrupted: 1,
    gcd_blocked: 2,
    attacks_processed: 88,
    total_damage_dealt: 1701,
    kills: 1,
    kernel_ms: kernelMs,
    fuel_used: 1_234_567,
    commands: 50,
    queue_depth: 50,
    commands_dropped: 0,
    missed_ticks: 0,
    players: 500,
    creatures: 500,
    watchers: 500,
    state: "ACTIVE",
    recoveries: 0,
    overload_level: 0,
    game_time_rate: 1,
    load: 0.1,
    corrected: 0,
    overrun: false,
    kernel: "0123456789abcdef",
    entities: 1000,
  };
}
