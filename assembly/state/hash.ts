// The state hash: 64 bits over the rows in use of every state column, the same in any host. Two zones that ran
// the same commands have the same hash after every tick; a state that differs in one bit has another hash.
//
// Four lanes, each `lane = (rotl(lane ^ word, 29) + next word) * prime` (a bijection of the lane for any two words, so no
// single difference can cancel out), folded at the end. The hash does not cover the map and free bits (they follow from the
// ids), the ids of known lists (they follow from the rows), the content tables (written once, before the first tick), the
// counters and the note.

import { U32 } from "../memory/columns";
import {
  AURAS_MAX,
  AURA_BASE,
  AURA_BYTES,
  COOLDOWN_END,
  COOLDOWN_SPELL,
  COOLDOWNS_MAX,
  CREATURE_COLUMNS_END,
  CREATURE_STATE,
  CREATURE_THREAT_COUNT,
  CREATURES_MAX,
  ENTITY_AURA_COUNT,
  ENTITY_COLUMNS_END,
  ENTITY_ID,
  ENTITY_LOCKED,
  ENTITY_LOCKED_STRIDE,
  ENTITY_LOCKED_UNTIL,
  HEADER_CREATURES_HIGH,
  HEADER_HASH_LO,
  HEADER_OFFERS,
  HEADER_PLAYERS_HIGH,
  HEADER_RANDOM,
  HEADER_TICK,
  KNOWN_MAX,
  KNOWN_ROW,
  LEDGER_CREATED,
  LEDGER_END,
  PLAYER_COLUMNS_END,
  PLAYER_COOLDOWN_COUNT,
  PLAYER_FLAGS,
  PLAYER_KNOWN_COUNT,
  PLAYERS_MAX,
  OVERLOAD_BASE,
  OVERLOAD_BYTES,
  ROWS_MAX,
  STACK_BASE,
  STACKS_MAX,
  THREAT_MAX,
  THREAT_ROW,
  THREAT_VALUE,
} from "../memory/memory";

const PRIME: u64 = 0x9e3779b97f4a7c15;

/** Writes the hash of the current state to HEADER_HASH_LO and _HI. */
export function hashState(): void {
  const players = load<u32>(HEADER_PLAYERS_HIGH);
  const creatures = load<u32>(HEADER_CREATURES_HIGH);
  let hash = mix(PRIME, ((<u64>players) << 32) | creatures);
  hash = mix(hash, ((<u64>load<u32>(HEADER_OFFERS)) << 32) | load<u32>(HEADER_TICK));
  hash = mix(hash, load<u64>(HEADER_RANDOM));
  hash = hashSpan(hash, OVERLOAD_BASE, OVERLOAD_BYTES);
  for (let column = ENTITY_ID; column < ENTITY_COLUMNS_END; column += ROWS_MAX * 4) {
    hash = hashSpan(hash, column, players * 4);
    hash = hashSpan(hash, column + PLAYERS_MAX * 4, creatures * 4);
  }
  for (let column = PLAYER_FLAGS; column < PLAYER_COLUMNS_END; column += PLAYERS_MAX * 4) {
    hash = hashSpan(hash, column, players * 4);
  }
  for (let column = CREATURE_STATE; column < CREATURE_COLUMNS_END; column += CREATURES_MAX * 4) {
    hash = hashSpan(hash, column, creatures * 4);
  }
  hash = hashEntityLists(hash, 0, players);
  hash = hashEntityLists(hash, PLAYERS_MAX, PLAYERS_MAX + creatures);
  hash = hashPlayerLists(hash, players);
  hash = hashSpan(hash, STACK_BASE, players * STACKS_MAX * 4);
  hash = hashSpan(hash, LEDGER_CREATED, <u32>(LEDGER_END - LEDGER_CREATED));
  hash = hashThreat(hash, creatures);
  store<u64>(HEADER_HASH_LO, mix(hash, hash >> 32));
}

/** The lists that only some entities have: auras, locked schools. */
function hashEntityLists(seed: u64, from: u32, to: u32): u64 {
  let hash = seed;
  for (let row = from; row < to; row++) {
    if (U32.get(ENTITY_LOCKED_UNTIL, row) != 0) {
      hash = hashSpan(hash, ENTITY_LOCKED + row * ENTITY_LOCKED_STRIDE, ENTITY_LOCKED_STRIDE);
    }
    const count = U32.get(ENTITY_AURA_COUNT, row);
    if (count > 0) hash = hashSpan(hash, AURA_BASE + row * AURAS_MAX * AURA_BYTES, count * AURA_BYTES);
  }
  return hash;
}

function hashPlayerLists(seed: u64, players: u32): u64 {
  let hash = seed;
  for (let row: u32 = 0; row < players; row++) {
    const known = U32.get(PLAYER_KNOWN_COUNT, row);
    if (known > 0) hash = hashSpan(hash, KNOWN_ROW + row * KNOWN_MAX * 2, known * 2);
    const cooldowns = U32.get(PLAYER_COOLDOWN_COUNT, row);
    if (cooldowns > 0) {
      hash = hashSpan(hash, COOLDOWN_SPELL + row * COOLDOWNS_MAX * 4, cooldowns * 4);
      hash = hashSpan(hash, COOLDOWN_END + row * COOLDOWNS_MAX * 4, cooldowns * 4);
    }
  }
  return hash;
}

function hashThreat(seed: u64, creatures: u32): u64 {
  let hash = seed;
  for (let index: u32 = 0; index < creatures; index++) {
    const count = U32.get(CREATURE_THREAT_COUNT, index);
    if (count == 0) continue;
    hash = hashSpan(hash, THREAT_VALUE + index * THREAT_MAX * 4, count * 4);
    hash = hashSpan(hash, THREAT_ROW + index * THREAT_MAX * 2, count * 2);
  }
  return hash;
}

function mix(lane: u64, word: u64): u64 {
  return rotl<u64>(lane ^ word, 29) * PRIME;
}

/** Folds `bytes` (even) bytes from `start` into the hash. */
function hashSpan(seed: u64, start: usize, bytes: u32): u64 {
  let a = seed;
  let b = seed ^ 0x6a09e667f3bcc908;
  let c = seed ^ 0xbb67ae8584caa73b;
  let d = seed ^ 0x3c6ef372fe94f82b;
  let at = start;
  const end = start + bytes;
  for (; at + 64 <= end; at += 64) {
    a = (rotl<u64>(a ^ load<u64>(at), 29) + load<u64>(at, 32)) * PRIME;
    b = (rotl<u64>(b ^ load<u64>(at, 8), 29) + load<u64>(at, 40)) * PRIME;
    c = (rotl<u64>(c ^ load<u64>(at, 16), 29) + load<u64>(at, 48)) * PRIME;
    d = (rotl<u64>(d ^ load<u64>(at, 24), 29) + load<u64>(at, 56)) * PRIME;
  }
  for (; at + 8 <= end; at += 8) a = rotl<u64>(a ^ load<u64>(at), 29) * PRIME;
  for (; at + 2 <= end; at += 2) b = rotl<u64>(b ^ load<u16>(at), 29) * PRIME;
  return mix(mix(mix(a, b), c), d);
}
