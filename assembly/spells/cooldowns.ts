// Cooldowns of a player's spells: a short list a player, with spent entries thrown out whenever it is added to.
//
//   row 3:  COUNT 2   SPELL [201, 300]   END [620, 700]
//
// None that runs is ever forgotten. A class with more spells with a cooldown than the list has places is refused with the
// content (write-tables.ts); in a zone that has one all the same, a spell that finds no place is as one on cooldown.

import { Clock } from "../state/clock";
import { U32 } from "../memory/columns";
import { COOLDOWN_END, COOLDOWN_SPELL, COOLDOWNS_MAX, PLAYER_COOLDOWN_COUNT } from "../memory/memory";

/** The tick at which a spell is ready again; in the past, or 0, when it is. */
export function readyTick(player: u32, spellId: u32): u32 {
  const first = player * COOLDOWNS_MAX;
  const count = U32.get(PLAYER_COOLDOWN_COUNT, player);
  for (let slot: u32 = 0; slot < count; slot++) {
    if (U32.get(COOLDOWN_SPELL, first + slot) == spellId) return U32.get(COOLDOWN_END, first + slot);
  }
  return 0;
}

/** True when the list has no place for one more spell: then that spell may not be cast, since its cooldown would be forgotten. */
export function hasNoRoom(player: u32, spellId: u32): bool {
  return U32.get(PLAYER_COOLDOWN_COUNT, player) == COOLDOWNS_MAX && dropReady(player, spellId) == COOLDOWNS_MAX;
}

/** The spell is ready again at `end`. There must be room for it: hasNoRoom. */
export function startCooldown(player: u32, spellId: u32, end: u32): void {
  const first = player * COOLDOWNS_MAX;
  const slot = min<u32>(dropReady(player, spellId), COOLDOWNS_MAX - 1);
  U32.set(COOLDOWN_SPELL, first + slot, spellId);
  U32.set(COOLDOWN_END, first + slot, end);
  U32.set(PLAYER_COOLDOWN_COUNT, player, slot + 1);
}

/** Throws out what is ready, and the spell itself; returns how many stay. */
function dropReady(player: u32, spellId: u32): u32 {
  const first = player * COOLDOWNS_MAX;
  const count = U32.get(PLAYER_COOLDOWN_COUNT, player);
  let kept: u32 = 0;
  for (let slot: u32 = 0; slot < count; slot++) {
    const spell = U32.get(COOLDOWN_SPELL, first + slot);
    const end = U32.get(COOLDOWN_END, first + slot);
    if (spell == spellId || end <= Clock.now()) continue;
    U32.set(COOLDOWN_SPELL, first + kept, spell);
    U32.set(COOLDOWN_END, first + kept, end);
    kept++;
  }
  U32.set(PLAYER_COOLDOWN_COUNT, player, kept);
  return kept;
}
