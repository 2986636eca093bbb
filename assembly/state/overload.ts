// What an overloaded zone leaves out, step by step, so that it does the rest in time. The host measures and decides
// (server/shared/overload.ts); its decision comes as a command, so a replay of the journal leaves out the same.
//
//   step 6, level 3: states of far entities every 4 ticks, 24 entities in 40 yd, decisions every 4 ticks, rate 1

import { Cell } from "../memory/columns";
import {
  HEADER_TICK,
  KNOWN_MAX,
  OVERLOAD_CHANGED,
  OVERLOAD_LEVEL,
  OVERLOAD_RATE,
  OVERLOAD_SEEN_MAX,
  OVERLOAD_SIGHT,
  OVERLOAD_STEP,
  OVERLOAD_TELL_EVERY,
  OVERLOAD_THINK_EVERY,
} from "../memory/memory";

/** Yards of sight without overload. */
export const SIGHT: f32 = 100;
const LEVEL_MAX: u32 = 5;
/** Most ticks between two states or decisions; with more, a short change could be missed completely. */
const EVERY_MAX: u32 = 8;

export class Overload {
  @inline static tellEvery(): u32 {
    return Cell.get(OVERLOAD_TELL_EVERY);
  }
  @inline static thinkEvery(): u32 {
    return Cell.get(OVERLOAD_THINK_EVERY);
  }
  @inline static seenMax(): u32 {
    return Cell.get(OVERLOAD_SEEN_MAX);
  }
  @inline static sight(): f32 {
    return load<f32>(OVERLOAD_SIGHT);
  }
  @inline static rate(): f32 {
    return load<f32>(OVERLOAD_RATE);
  }
}

/** A fresh zone leaves out nothing. */
export function initOverload(): void {
  Cell.set(OVERLOAD_TELL_EVERY, 1);
  Cell.set(OVERLOAD_THINK_EVERY, 1);
  Cell.set(OVERLOAD_SEEN_MAX, KNOWN_MAX);
  store<f32>(OVERLOAD_SIGHT, SIGHT);
  store<f32>(OVERLOAD_RATE, 1);
}

/** Applies the values of an OP_SET_OVERLOAD; false, with nothing changed, when they are out of range. */
export function setOverload(flags: u32, packed: u32, sight: f32, rate: f32): bool {
  const level = flags >> 8;
  const tellEvery = packed & 0xff;
  const thinkEvery = (packed >> 8) & 0xff;
  const seenMax = packed >> 16;
  if (level > LEVEL_MAX || !isPeriod(tellEvery) || !isPeriod(thinkEvery)) return false;
  if (seenMax == 0 || seenMax > KNOWN_MAX || !(sight > 0 && sight <= SIGHT) || !(rate > 0 && rate <= 1)) return false;
  Cell.set(OVERLOAD_STEP, flags & 0xff);
  Cell.set(OVERLOAD_LEVEL, level);
  Cell.set(OVERLOAD_CHANGED, Cell.get(HEADER_TICK));
  Cell.set(OVERLOAD_TELL_EVERY, tellEvery);
  Cell.set(OVERLOAD_THINK_EVERY, thinkEvery);
  Cell.set(OVERLOAD_SEEN_MAX, seenMax);
  store<f32>(OVERLOAD_SIGHT, sight);
  store<f32>(OVERLOAD_RATE, rate);
  return true;
}

function isPeriod(ticks: u32): bool {
  return ticks > 0 && ticks <= EVERY_MAX;
}
