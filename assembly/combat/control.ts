// Crowd control: what auras prevent an entity from doing, as bits and a percentage that are recomputed whenever its auras change;
// and diminishing returns, which weaken repeated control of the same kind on a player.
//
//   stunned, slowed by 40 %:  CONTROL = STUNNED, SLOWED = 40
//   diminishing returns:      100 %, 50 %, 25 % of the duration, then immune, until 15 s after the last one ended

import { Clock } from "../state/clock";
import { F32, U32 } from "../memory/columns";
import { ENTITY_CONTROL, ENTITY_SLOWED, ENTITY_SPEED, PLAYERS_MAX, PLAYER_DIMINISHED } from "../memory/memory";
import { Row } from "../state/entity-rows";
import { AURA_ROOT, AURA_SILENCE, AURA_STUN } from "../state/content-tables";

export const CONTROL_STUNNED: u32 = 1;
export const CONTROL_SILENCED: u32 = 2;
export const CONTROL_ROOTED: u32 = 4;

/** Seconds after the end of the last control of a kind during which the next one is diminished. */
export const DIMINISHED_RESET_SECONDS: u32 = 15;
/** Number of consecutive applications that have an effect. */
const APPLICATIONS_MAX: u32 = 3;
const NO_CATEGORY: u32 = 0xffffffff;

export class Control {
  @inline static has(row: u32, bits: u32): bool {
    return (U32.get(ENTITY_CONTROL, row) & bits) != 0;
  }
  /** The row's current speed, yards a second. */
  @inline static speed(row: u32): f32 {
    const slowed = U32.get(ENTITY_SLOWED, row);
    const speed = F32.get(ENTITY_SPEED, row);
    return slowed == 0 ? speed : speed * ((<f32>100 - <f32>slowed) / <f32>100);
  }
}

/** CONTROL_* bit of an aura of that kind, 0 for a kind without control. */
export function controlOf(kind: u32): u32 {
  if (kind == AURA_STUN) return CONTROL_STUNNED;
  if (kind == AURA_SILENCE) return CONTROL_SILENCED;
  return kind == AURA_ROOT ? CONTROL_ROOTED : 0;
}

/** Ticks that a control of that kind, with a full duration of `ticks`, lasts on the target; 0 = the target is immune. */
export function diminishedTicks(target: u32, kind: u32, ticks: u32): u32 {
  const category = categoryOf(kind);
  if (Row.isCreature(target) || category == NO_CATEGORY) return ticks;
  const applications = applicationsOf(target, category);
  return applications >= APPLICATIONS_MAX ? 0 : max<u32>(ticks >> applications, 1);
}

/** Records a control of that kind on the target until tick `end`: the next one is shorter. */
export function countApplication(target: u32, kind: u32, end: u32): void {
  const category = categoryOf(kind);
  if (Row.isCreature(target) || category == NO_CATEGORY) return;
  write(target, category, end, applicationsOf(target, category) + 1);
}

/** The control ended, perhaps early: the 15 s until the next full effect begin now. */
export function controlEnded(target: u32, kind: u32): void {
  const category = categoryOf(kind);
  if (Row.isCreature(target) || category == NO_CATEGORY) return;
  write(target, category, Clock.now(), applicationsOf(target, category));
}

function applicationsOf(target: u32, category: u32): u32 {
  const packed = U32.get(PLAYER_DIMINISHED + category * PLAYERS_MAX * 4, target);
  return packed >> 2 > Clock.now() ? packed & 3 : 0;
}

function write(target: u32, category: u32, end: u32, applications: u32): void {
  const packed = ((end + Clock.seconds(DIMINISHED_RESET_SECONDS)) << 2) | min<u32>(applications, APPLICATIONS_MAX);
  U32.set(PLAYER_DIMINISHED + category * PLAYERS_MAX * 4, target, packed);
}

function categoryOf(kind: u32): u32 {
  if (kind == AURA_STUN) return 0;
  if (kind == AURA_SILENCE) return 1;
  return kind == AURA_ROOT ? 2 : NO_CATEGORY;
}
