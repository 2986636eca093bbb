// Characters that outlive the process: kept in memory, and in the journal as facts. A save is safe when the journal has it.
//
//   const store = new JournalCharacters(journal, found)
//   store.find("ann")
//   await store.save(ann)

import { z } from "zod";
import { characterKey } from "../../shared/character-store.ts";
import type { Character, CharacterStore } from "../../shared/character-store.ts";
import { WowsimError } from "../../protocol/errors.ts";
import type { JournalHost } from "./journal-host.ts";

const CHARACTERS_MAX = 100_000;

const Kept = z.object({
  name: z.string(),
  secret_hash: z.string(),
  class: z.number().int().min(0),
  record: z
    .object({
      zone: z.number().int().min(0),
      at: z.object({ x: z.number(), y: z.number(), z: z.number() }),
      words: z.array(z.number().int().min(0).max(0xffff_ffff)),
    })
    .nullable(),
  saves: z.number().int().min(0),
  /** The session whose entity it is; 0 when it is not in the world. */
  session: z.number().int().min(0),
});

/** A character that an earlier server kept, and the session that had it; 0 when none had. */
export interface KeptCharacter {
  character: Character;
  session: number;
}

/** Null when the fact is not such a value. */
export function parseCharacter(key: string, json: string): KeptCharacter | null {
  try {
    const { name, secret_hash: secretHash, class: classIndex, record, saves, session } = Kept.parse(JSON.parse(json));
    const kept = record === null ? null : { zoneId: record.zone, at: record.at, words: Uint32Array.from(record.words) };
    return { character: { key, name, secretHash, classIndex, record: kept, saves }, session };
  } catch {
    // The journal checks its rows, so this is a value of another version.
    return null;
  }
}

export class JournalCharacters implements CharacterStore {
  readonly #journal: Pick<JournalHost, "put" | "safe">;
  readonly #byKey = new Map<string, Character>();

  constructor(journal: Pick<JournalHost, "put" | "safe">, found: readonly KeptCharacter[]) {
    this.#journal = journal;
    for (const { character } of found) this.#byKey.set(character.key, character);
  }

  get size(): number {
    return this.#byKey.size;
  }

  get hasRoom(): boolean {
    return this.#byKey.size < CHARACTERS_MAX;
  }

  find(name: string): Character | undefined {
    return this.#byKey.get(characterKey(name));
  }

  async save(character: Character, sessionId: number): Promise<void> {
    const isNew = !this.#byKey.has(character.key);
    this.#byKey.set(character.key, character);
    this.#put(character, sessionId);
    if (await this.#journal.safe()) return;
    const message = `The journal does not take the character ${character.name} now; try again later.`;
    if (isNew) {
      this.#byKey.delete(character.key);
      this.#journal.put("character", character.key, null);
    }
    throw new WowsimError("journal_lost", message);
  }

  /** Writes what became of a character of an earlier server: it is not in the world. */
  settles(character: Character): void {
    this.#put(character, 0);
  }

  enters(character: Character, sessionId: number): void {
    this.#put(character, sessionId);
  }

  #put({ key, name, secretHash, classIndex, record, saves }: Character, session: number): void {
    this.#journal.put("character", key, {
      name,
      secret_hash: secretHash,
      class: classIndex,
      record: record === null ? null : { zone: record.zoneId, at: record.at, words: [...record.words] },
      saves,
      session,
    });
  }
}
