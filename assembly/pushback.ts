// Pushback: a direct hit delays the cast in progress, each further hit by less, and takes as much off a channel.
//
//   1st hit 1.0 s, 2nd 0.8, 3rd 0.6, 4th 0.4, from then on 0.2; never beyond the full cast time from now

import { isGuest } from "./casts";
import { setCastEnd } from "./changes";
import { Clock } from "./clock";
import { U32 } from "./columns";
import { ENTITY_CAST_END, ENTITY_CAST_TICKS, ENTITY_CHANNEL_NEXT, ENTITY_PUSHED } from "./memory";

const FIRST_MS: u32 = 1000;
const LESS_MS: u32 = 200;
const LEAST_MS: u32 = 200;

/** A direct hit arrived that was not fully absorbed. The earlier simulator knew no pushback, nor do its guests. */
export function pushBack(row: u32): void {
  const end = U32.get(ENTITY_CAST_END, row);
  const now = Clock.now();
  if (end <= now || isGuest(row)) return;
  const pushed = U32.get(ENTITY_PUSHED, row);
  U32.set(ENTITY_PUSHED, row, pushed + 1);
  const less = min<u32>(pushed * LESS_MS, FIRST_MS - LEAST_MS);
  const ticks = Clock.milliseconds(FIRST_MS - less);
  if (U32.get(ENTITY_CHANNEL_NEXT, row) == 0)
    setCastEnd(row, min<u32>(end + ticks, now + U32.get(ENTITY_CAST_TICKS, row)));
  else setCastEnd(row, max<u32>(end - min<u32>(ticks, end), now + 1));
}
