// What numbers of the kernel (assembly/abi.ts) are called on the wire and in telemetry: one word for one thing.
//
//   EVENT_NAMES[EVENT_DAMAGE]                    // "damage"
//   REFUSED_NAMES[REFUSED_OUT_OF_RANGE]          // "out_of_range"
//   entityFlagNames(ENTITY_DEAD | ENTITY_PLAYER) // ["dead"]

import {
  AURA_ENDED_BY_DEATH,
  AURA_ENDED_IN_TIME,
  AURA_ENDED_REMOVED,
  AURA_ENDED_USED_UP,
  AVOIDED_DODGE,
  AVOIDED_EVADE,
  AVOIDED_IMMUNE,
  AVOIDED_MISS,
  AVOIDED_PARRY,
  AVOIDED_RESIST,
  DAMAGE_BLOCKED,
  DAMAGE_CRITICAL,
  DAMAGE_CRUSHING,
  DAMAGE_GLANCING,
  DAMAGE_MAGICAL,
  DAMAGE_PHYSICAL,
  ENTITY_DEAD,
  ENTITY_EVADING,
  ENTITY_GHOST,
  ENTITY_IN_COMBAT,
  ENTITY_PHANTOM,
  EVENT_AGGRO,
  EVENT_AURA_APPLIED,
  EVENT_AURA_ENDED,
  EVENT_AVOIDED,
  EVENT_CAST_BLOCKED_GCD,
  EVENT_CAST_COMPLETED,
  EVENT_CAST_INTERRUPTED,
  EVENT_CAST_STARTED,
  EVENT_CORRECTED,
  EVENT_DAMAGE,
  EVENT_EVADED,
  EVENT_EXPERIENCE,
  EVENT_HEALED,
  EVENT_KILLED,
  EVENT_LEVEL,
  EVENT_REFUSED,
  EVENT_REVIVED,
  INTERRUPT_BY_DEATH,
  INTERRUPT_BY_MOVEMENT,
  INTERRUPT_BY_REQUEST,
  INTERRUPT_BY_SPELL,
  INTERRUPT_TARGET_LOST,
  OP_ATTACK,
  OP_CANCEL_CAST,
  OP_CAST,
  OP_JOIN,
  OP_LEAVE,
  OP_MOVE,
  OP_RECLAIM,
  OP_RELEASE,
  OP_STOP_ATTACK,
  OP_UNWATCH,
  OP_WATCH,
  REFUSED_BAD_COMMAND,
  REFUSED_CASTING,
  REFUSED_DEAD,
  REFUSED_GCD,
  REFUSED_INVALID_TARGET,
  REFUSED_LOCKED_OUT,
  REFUSED_MOVED,
  REFUSED_NOT_FACING,
  REFUSED_NO_POWER,
  REFUSED_NO_SUCH_ENTITY,
  REFUSED_ON_COOLDOWN,
  REFUSED_OUT_OF_RANGE,
  REFUSED_REPLAYED,
  REFUSED_ROOTED,
  REFUSED_SILENCED,
  REFUSED_STUNNED,
  REFUSED_TARGET_DEAD,
  REFUSED_UNKNOWN_SPELL,
  REFUSED_ZONE_FULL,
} from "../../../assembly/abi.ts";
import { AURA_KINDS } from "../content/content.ts";

type Names = Readonly<Record<number, string>>;

export const EVENT_NAMES: Names = {
  [EVENT_CAST_STARTED]: "cast_started",
  [EVENT_CAST_COMPLETED]: "cast_completed",
  [EVENT_CAST_INTERRUPTED]: "cast_interrupted",
  [EVENT_CAST_BLOCKED_GCD]: "cast_blocked_gcd",
  [EVENT_DAMAGE]: "damage",
  [EVENT_KILLED]: "killed",
  [EVENT_REFUSED]: "refused",
  [EVENT_REVIVED]: "revived",
  [EVENT_HEALED]: "healed",
  [EVENT_EVADED]: "evaded",
  [EVENT_AGGRO]: "aggro",
  [EVENT_CORRECTED]: "corrected",
  [EVENT_AURA_APPLIED]: "aura_applied",
  [EVENT_AURA_ENDED]: "aura_ended",
  [EVENT_AVOIDED]: "avoided",
  [EVENT_EXPERIENCE]: "experience",
  [EVENT_LEVEL]: "level",
};

export const INTERRUPT_NAMES: Names = {
  [INTERRUPT_BY_MOVEMENT]: "movement",
  [INTERRUPT_BY_REQUEST]: "request",
  [INTERRUPT_BY_DEATH]: "death",
  [INTERRUPT_BY_SPELL]: "spell",
  [INTERRUPT_TARGET_LOST]: "target_lost",
};

export const REFUSED_NAMES: Names = {
  [REFUSED_NO_SUCH_ENTITY]: "no_such_entity",
  [REFUSED_DEAD]: "dead",
  [REFUSED_TARGET_DEAD]: "target_dead",
  [REFUSED_OUT_OF_RANGE]: "out_of_range",
  [REFUSED_ON_COOLDOWN]: "on_cooldown",
  [REFUSED_NO_POWER]: "no_power",
  [REFUSED_CASTING]: "casting",
  [REFUSED_GCD]: "gcd",
  [REFUSED_ZONE_FULL]: "zone_full",
  [REFUSED_BAD_COMMAND]: "bad_command",
  [REFUSED_INVALID_TARGET]: "invalid_target",
  [REFUSED_NOT_FACING]: "not_facing",
  [REFUSED_LOCKED_OUT]: "locked_out",
  [REFUSED_STUNNED]: "stunned",
  [REFUSED_MOVED]: "moved",
  [REFUSED_SILENCED]: "silenced",
  [REFUSED_ROOTED]: "rooted",
  [REFUSED_UNKNOWN_SPELL]: "unknown_spell",
  [REFUSED_REPLAYED]: "replayed",
};

export const AURA_NAMES: Names = Object.fromEntries(AURA_KINDS.entries());

export const AURA_ENDED_NAMES: Names = {
  [AURA_ENDED_IN_TIME]: "in_time",
  [AURA_ENDED_USED_UP]: "used_up",
  [AURA_ENDED_BY_DEATH]: "death",
  [AURA_ENDED_REMOVED]: "removed",
};

export const AVOIDED_NAMES: Names = {
  [AVOIDED_MISS]: "miss",
  [AVOIDED_DODGE]: "dodge",
  [AVOIDED_PARRY]: "parry",
  [AVOIDED_RESIST]: "resist",
  [AVOIDED_IMMUNE]: "immune",
  [AVOIDED_EVADE]: "evade",
};

/** How a blow landed, when not plainly. */
export const OUTCOME_NAMES: Names = {
  [DAMAGE_CRITICAL]: "critical",
  [DAMAGE_GLANCING]: "glancing",
  [DAMAGE_CRUSHING]: "crushing",
  [DAMAGE_BLOCKED]: "blocked",
};

export const DAMAGE_NAMES: Names = { [DAMAGE_PHYSICAL]: "PHYSICAL", [DAMAGE_MAGICAL]: "MAGICAL" };

/** What a refused command asked for. */
export const OP_NAMES: Names = {
  [OP_JOIN]: "join",
  [OP_LEAVE]: "leave",
  [OP_MOVE]: "move",
  [OP_CAST]: "cast",
  [OP_CANCEL_CAST]: "cancel_cast",
  [OP_ATTACK]: "attack",
  [OP_STOP_ATTACK]: "stop_attack",
  [OP_RELEASE]: "release",
  [OP_RECLAIM]: "reclaim",
  [OP_WATCH]: "watch",
  [OP_UNWATCH]: "unwatch",
};

const FLAG_NAMES: readonly [flag: number, name: string][] = [
  [ENTITY_DEAD, "dead"],
  [ENTITY_IN_COMBAT, "in_combat"],
  [ENTITY_EVADING, "evading"],
  [ENTITY_PHANTOM, "phantom"],
  [ENTITY_GHOST, "ghost"],
];

/** Names of the set flags, except "is a player", which the wire tells as `kind`. */
export function entityFlagNames(flags: number): string[] {
  return FLAG_NAMES.filter(([flag]) => (flags & flag) !== 0).map(([, name]) => name);
}

/** The name of `number`, or "unknown_<number>" for one this build does not know. */
export function nameOf(names: Names, number: number): string {
  return names[number] ?? `unknown_${number}`;
}
