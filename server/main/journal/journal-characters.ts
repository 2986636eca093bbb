// Characters that outlive the process: kept in memory, and in the journal as facts. A save is safe when the journal has it.
//
//   const store = new JournalCharacters(journal, found)
//   store.find("ann")
//   await store.save(ann)

import { characterFact } from "../../shared/kept-character.ts";
import type { KeptCharacter } from "../../shared/kept-character.ts";
import { characterKey } from "../../shared/character-store.ts";
import type { Character, CharacterStore } from "../../shared/character-store.ts";
import { WowsimError } from "../../protocol/errors.ts";
import type { JournalHost } from "./journal-host.ts";

const CHARACTERS_MAX = 100_000;

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

  #put(character: Character, session: number): void {
    this.#journal.put("character", character.key, characterFact(character, session));
  }
}
