// Characters: players who persist under a name with a secret, and the interface of what keeps them. A character that is not in
// the world is nowhere but in the store. While it is in the world the store has what it was at its last departure.
//
//   store.find("ANN")                      // { key: "ann", name: "Ann", secretHash: "$argon2id$...", record: { zoneId: 2, ... } }
//   await store.save({ ...ann, record })   // found by find at once; resolves when it is safe
//
// The index is in memory and synchronous, because a hello without a secret must not wait for a disk either.

import type { Point } from "./record.ts";

/** What a character was when it last left a zone. */
export interface CharacterRecord {
  /** The zone that it left, or that it was on its way to. */
  readonly zoneId: number;
  /** Where it stood, in yards. */
  readonly at: Point;
  /** TRANSFER_WORDS words (assembly/abi.ts). Never changed: copy them before you do. */
  readonly words: Uint32Array;
}

export interface Character {
  /** Unique: characterKey(name). */
  readonly key: string;
  /** As it was written at its creation. */
  readonly name: string;
  readonly secretHash: string;
  readonly classIndex: number;
  /** Null until it has left a zone for the first time. */
  readonly record: CharacterRecord | null;
  /** Number of the save, rising from 1; of two states of a character the one with the higher number is newer. */
  readonly saves: number;
}

export interface CharacterStore {
  /** Number of characters. */
  readonly size: number;
  /** Whether it has room for one more character. */
  readonly hasRoom: boolean;
  /** The newest state of the character of this name, in any case and width. */
  find(name: string): Character | undefined;
  /**
   * Puts the state in place of the former one at once; resolves when it is as safe as the store can make it. When it
   * rejects, the state stays in memory, except that of a new character, which is gone. `sessionId`: the session in whose
   * name it goes on, from one zone to another; 0 when it is not in the world any more.
   */
  save(character: Character, sessionId: number): Promise<void>;
  /** The character is in the world as this session's entity: until the next save, its newest state is in a zone. */
  enters(character: Character, sessionId: number): void;
}

/** What is equal of two names that people may take for the same: case, width of letters and blanks do not count. */
export function characterKey(name: string): string {
  // Twice down, since the capital sharp s has no other capital, and the small one has two letters.
  const folded = name.normalize("NFKC").toLowerCase().toUpperCase().toLowerCase().normalize("NFKC");
  return folded.trim().replaceAll(/\s+/gu, " ");
}
