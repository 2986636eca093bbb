// A store that keeps characters in memory, for as long as the server lives.
//
//   const store = new MemoryCharacters()
//   await store.save(ann)
//   store.find("ann")

import { characterKey } from "../../shared/character-store.ts";
import type { Character, CharacterStore } from "../../shared/character-store.ts";

/** About 1 KB each. */
const CHARACTERS_MAX = 100_000;

export class MemoryCharacters implements CharacterStore {
  readonly #byKey = new Map<string, Character>();
  readonly #charactersMax: number;

  constructor(charactersMax = CHARACTERS_MAX) {
    this.#charactersMax = charactersMax;
  }

  get size(): number {
    return this.#byKey.size;
  }

  get hasRoom(): boolean {
    return this.#byKey.size < this.#charactersMax;
  }

  find(name: string): Character | undefined {
    return this.#byKey.get(characterKey(name));
  }

  save(character: Character): Promise<void> {
    this.#byKey.set(character.key, character);
    return Promise.resolve();
  }

  enters(): void {
    // What dies with the server needs no note of where it is.
  }
}
