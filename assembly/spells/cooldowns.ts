// Cooldowns of a player's spells: a short list for each player; expired entries are removed whenever one is added.
//
//   row 3:  COUNT 2   SPELL [201, 300]   END [620, 700]
//
// A running cooldown is never dropped. Content with a class that has more cooldowns than the list has places is refused
// (write-tables.ts). If a zone has such a class anyway, a spell without a free place counts as on cooldown.

import { Clock } from "../state/clock";
import { U32 } from "../memory/columns";
import { COOLDOWN_END, COOLDOWN_SPELL, COOLDOWNS_MAX, PLAYER_COOLDOWN_COUNT } from "../memory/memory";

/** The tick at which a spell is ready again; a past tick or 0 when it is ready. */
export function readyTick(player: u32, spellId: u32): u32 {
  const first = player * COOLDOWNS_MAX;
  const count = U32.get(PLAYER_COOLDOWN_COUNT, player);
  for (let slot: u32 = 0; slot < count; slot++) {
    if (U32.get(COOLDOWN_SPELL, first + slot) == spellId) return U32.get(COOLDOWN_END, first + slot);
  }
  return 0;
}

/** True when the list has no place for this spell: then it may not be cast, because its cooldown could not be stored. */
export function hasNoRoom(player: u32, spellId: u32): bool {
  return U32.get(PLAYER_COOLDOWN_COUNT, player) == COOLDOWNS_MAX && dropReady(player, spellId) == COOLDOWNS_MAX;
}

/** The spell is ready again at tick `end`. The list must have a place for it: see hasNoRoom. */
export function startCooldown(player: u32, spellId: u32, end: u32): void {
  const first = player * COOLDOWNS_MAX;
  const slot = min<u32>(dropReady(player, spellId), COOLDOWNS_MAX - 1);
  U32.set(COOLDOWN_SPELL, first + slot, spellId);
  U32.set(COOLDOWN_END, first + slot, end);
  U32.set(PLAYER_COOLDOWN_COUNT, player, slot + 1);
}

/** Removes expired entries, and the spell's own; returns the number of entries left. */
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
