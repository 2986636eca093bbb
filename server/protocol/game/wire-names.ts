// Names for the numbers of the kernel (assembly/abi.ts), on the wire and in telemetry.
//
//   EVENT_NAMES[EVENT_DAMAGE]                    // "damage"
//   REFUSED_NAMES[REFUSED_OUT_OF_RANGE]          // "out_of_range"
//   entityFlagNames(ENTITY_DEAD | ENTITY_PLAYER) // ["dead"]

import * as abi from "../../../assembly/abi.ts";
import { AURA_KINDS } from "../content/content.ts";

type Names = Readonly<Record<number, string>>;

export const EVENT_NAMES: Names = {
  [abi.EVENT_CAST_STARTED]: "cast_started",
  [abi.EVENT_CAST_COMPLETED]: "cast_completed",
  [abi.EVENT_CAST_INTERRUPTED]: "cast_interrupted",
  [abi.EVENT_CAST_BLOCKED_GCD]: "cast_blocked_gcd",
  [abi.EVENT_DAMAGE]: "damage",
  [abi.EVENT_KILLED]: "killed",
  [abi.EVENT_REFUSED]: "refused",
  [abi.EVENT_REVIVED]: "revived",
  [abi.EVENT_HEALED]: "healed",
  [abi.EVENT_EVADED]: "evaded",
  [abi.EVENT_AGGRO]: "aggro",
  [abi.EVENT_CORRECTED]: "corrected",
  [abi.EVENT_AURA_APPLIED]: "aura_applied",
  [abi.EVENT_AURA_ENDED]: "aura_ended",
  [abi.EVENT_AVOIDED]: "avoided",
  [abi.EVENT_EXPERIENCE]: "experience",
  [abi.EVENT_LEVEL]: "level",
  [abi.EVENT_LOOT]: "loot",
  [abi.EVENT_TRADE]: "trade",
};

export const INTERRUPT_NAMES: Names = {
  [abi.INTERRUPT_BY_MOVEMENT]: "movement",
  [abi.INTERRUPT_BY_REQUEST]: "request",
  [abi.INTERRUPT_BY_DEATH]: "death",
  [abi.INTERRUPT_BY_SPELL]: "spell",
  [abi.INTERRUPT_TARGET_LOST]: "target_lost",
};

export const REFUSED_NAMES: Names = {
  [abi.REFUSED_NO_SUCH_ENTITY]: "no_such_entity",
  [abi.REFUSED_DEAD]: "dead",
  [abi.REFUSED_TARGET_DEAD]: "target_dead",
  [abi.REFUSED_OUT_OF_RANGE]: "out_of_range",
  [abi.REFUSED_ON_COOLDOWN]: "on_cooldown",
  [abi.REFUSED_NO_POWER]: "no_power",
  [abi.REFUSED_CASTING]: "casting",
  [abi.REFUSED_GCD]: "gcd",
  [abi.REFUSED_ZONE_FULL]: "zone_full",
  [abi.REFUSED_BAD_COMMAND]: "bad_command",
  [abi.REFUSED_INVALID_TARGET]: "invalid_target",
  [abi.REFUSED_NOT_FACING]: "not_facing",
  [abi.REFUSED_LOCKED_OUT]: "locked_out",
  [abi.REFUSED_STUNNED]: "stunned",
  [abi.REFUSED_MOVED]: "moved",
  [abi.REFUSED_SILENCED]: "silenced",
  [abi.REFUSED_ROOTED]: "rooted",
  [abi.REFUSED_UNKNOWN_SPELL]: "unknown_spell",
  [abi.REFUSED_REPLAYED]: "replayed",
  [abi.REFUSED_NO_SUCH_OFFER]: "no_such_offer",
  [abi.REFUSED_NOT_HELD]: "not_held",
  [abi.REFUSED_PARTNER_NOT_HELD]: "partner_not_held",
  [abi.REFUSED_NO_ROOM]: "no_room",
  [abi.REFUSED_PARTNER_NO_ROOM]: "partner_no_room",
};

/** How a trade stands, or has ended. */
export const TRADE_NAMES: Names = {
  [abi.TRADE_OFFERED]: "offered",
  [abi.TRADE_DONE]: "done",
  [abi.TRADE_DECLINED]: "declined",
  [abi.TRADE_CANCELLED]: "cancelled",
  [abi.TRADE_ENDED_BY_DEATH]: "death",
  [abi.TRADE_ENDED_BY_LEAVING]: "left",
  [abi.TRADE_EXPIRED]: "expired",
};

export const AURA_NAMES: Names = Object.fromEntries(AURA_KINDS.entries());

export const AURA_ENDED_NAMES: Names = {
  [abi.AURA_ENDED_IN_TIME]: "in_time",
  [abi.AURA_ENDED_USED_UP]: "used_up",
  [abi.AURA_ENDED_BY_DEATH]: "death",
  [abi.AURA_ENDED_REMOVED]: "removed",
};

export const AVOIDED_NAMES: Names = {
  [abi.AVOIDED_MISS]: "miss",
  [abi.AVOIDED_DODGE]: "dodge",
  [abi.AVOIDED_PARRY]: "parry",
  [abi.AVOIDED_RESIST]: "resist",
  [abi.AVOIDED_IMMUNE]: "immune",
  [abi.AVOIDED_EVADE]: "evade",
};

/** Outcome of a hit, unless it is a plain hit. */
export const OUTCOME_NAMES: Names = {
  [abi.DAMAGE_CRITICAL]: "critical",
  [abi.DAMAGE_GLANCING]: "glancing",
  [abi.DAMAGE_CRUSHING]: "crushing",
  [abi.DAMAGE_BLOCKED]: "blocked",
};

export const DAMAGE_NAMES: Names = { [abi.DAMAGE_PHYSICAL]: "PHYSICAL", [abi.DAMAGE_MAGICAL]: "MAGICAL" };

/** Names of opcodes in refusals. */
export const OP_NAMES: Names = {
  [abi.OP_JOIN]: "join",
  [abi.OP_LEAVE]: "leave",
  [abi.OP_MOVE]: "move",
  [abi.OP_CAST]: "cast",
  [abi.OP_CANCEL_CAST]: "cancel_cast",
  [abi.OP_ATTACK]: "attack",
  [abi.OP_STOP_ATTACK]: "stop_attack",
  [abi.OP_RELEASE]: "release",
  [abi.OP_RECLAIM]: "reclaim",
  [abi.OP_TRADE_OFFER]: "trade_offer",
  [abi.OP_TRADE_ACCEPT]: "trade_accept",
  [abi.OP_TRADE_CANCEL]: "trade_cancel",
  [abi.OP_WATCH]: "watch",
  [abi.OP_UNWATCH]: "unwatch",
};

const FLAG_NAMES: readonly [flag: number, name: string][] = [
  [abi.ENTITY_DEAD, "dead"],
  [abi.ENTITY_IN_COMBAT, "in_combat"],
  [abi.ENTITY_EVADING, "evading"],
  [abi.ENTITY_PHANTOM, "phantom"],
  [abi.ENTITY_GHOST, "ghost"],
];

/** Names of the set flags, except "is a player", which is the `kind` on the wire. */
export function entityFlagNames(flags: number): string[] {
  return FLAG_NAMES.filter(([flag]) => (flags & flag) !== 0).map(([, name]) => name);
}

/** The name of `number`, or "unknown_<number>". */
export function nameOf(names: Names, number: number): string {
  return names[number] ?? `unknown_${number}`;
}
