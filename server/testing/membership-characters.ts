// The characters of the membership bench: a store that watches what is saved, and clients that log characters in and make progress.
//
//   const characters = new BenchCharacters(world.characters)
//   characters.login(world, "Ann")      // in the world, or taken over, or waiting for the logout
//   characters.advance(world, session)  // its progress rises by a command to its zone
//   characters.faultsOf(zones)          // ["character ann: 8 was saved after 9"]
//
// Progress is the bound of the last attack, because a command can raise it and every departure takes it along, as it does with
// experience. A record with less progress than the one before means that a state was used twice, or that an old one won.

import { OP_ATTACK } from "../../assembly/abi.ts";
import { wordAt } from "../protocol/assert.ts";
import { Command } from "../protocol/game/command.ts";
import { characterKey } from "../shared/character-store.ts";
import type { Character } from "../shared/character-store.ts";
import type { Characters } from "../main/gateway/characters.ts";
import { MemoryCharacters } from "../main/gateway/memory-characters.ts";
import type { Session } from "../main/gateway/session.ts";
import type { BenchZone } from "./membership-zone.ts";

/** Index of the word of a record with the bound of the last attack. */
const PROGRESS = 7;
const NAMES = ["Ann", "Bob", "Cleo", "Dora", "Eve"];
const command = new Command();

/** What characters need of the bench's world. */
export interface CharacterWorld {
  readonly characters: Characters;
  count(what: string): void;
  resume(session: Session): void;
  /** A new player, in the wanted zone when it can take one; null when no zone can. */
  enter(isGuest: boolean, wanted: number, prepare: (session: Session) => void): Session | null;
  send(zoneId: number, records: Uint8Array): boolean;
}

export class WatchedCharacters extends MemoryCharacters {
  /** What must never happen, as texts. */
  readonly broken: string[] = [];
  /** Saves with more progress than before. */
  progressed = 0;

  override save(character: Character): Promise<void> {
    const before = this.find(character.key);
    const [was, is] = [progressOf(before), progressOf(character)];
    if (is > was) this.progressed++;
    if (is < was) this.broken.push(`character ${character.key}: progress ${is} was saved after ${was}`);
    // The same state is saved again when only the session that had it is over.
    if (character !== before && character.saves !== (before?.saves ?? 0) + 1)
      this.broken.push(`character ${character.key}: save ${character.saves} came after ${before?.saves}`);
    return super.save(character);
  }
}

export class BenchCharacters {
  readonly store: WatchedCharacters;
  /** Which character each entity was, of all sessions so far. */
  readonly #keys = new Map<number, string>();
  #progress = 0;

  constructor(store: WatchedCharacters) {
    this.store = store;
  }

  /** A client logs one of the characters in; `dice`: 0 to 1, which one. */
  login(world: CharacterWorld, dice: number): void {
    this.#login(world, NAMES[Math.floor(dice * NAMES.length)] ?? "Ann");
  }

  #login(world: CharacterWorld, name: string): void {
    const { characters } = world;
    const key = characterKey(name);
    const live = characters.sessionOf(key);
    if (live !== undefined) return world.resume(live);
    if (characters.isUnsettled(key)) {
      world.count("login during the logout");
      characters.whenSettled(key, { enter: () => this.#login(world, name), dismiss: () => undefined });
      return;
    }
    const character = this.store.find(name) ?? this.#create(key, name);
    const zoneId = character.record?.zoneId ?? 0;
    const session = world.enter(false, zoneId, (entering) => characters.enter(entering, character));
    if (session !== null) this.#keys.set(session.id, key);
    if (session !== null && character.record !== null) world.count("login with a record");
  }

  /** Makes progress that the zone may or may not come to know of. */
  advance(world: CharacterWorld, session: Session): void {
    const { id, zoneId } = session;
    if (zoneId === 0 || session.character === null) return;
    const attack = { session: id, seq: session.lastSeq + 1, a: 1_000_000 + zoneId, b: ++this.#progress };
    if (world.send(zoneId, command.set(OP_ATTACK, attack).bytes)) session.lastSeq++;
  }

  /** Characters that are more than once in the zones, and records that contradict each other. */
  faultsOf(zones: Iterable<BenchZone>): string[] {
    const places = new Map<string, number>();
    for (const zone of zones) {
      zone.eachPlayer((id) => {
        const key = this.#keys.get(id);
        if (key !== undefined) places.set(key, (places.get(key) ?? 0) + 1);
      });
    }
    const twice = [...places].filter(([, count]) => count > 1).map(([key]) => `character ${key} is there twice`);
    return [...twice, ...this.store.broken];
  }

  #create(key: string, name: string): Character {
    const character = { key, name, secretHash: "", classIndex: 0, record: null, saves: 1 };
    void this.store.save(character);
    return character;
  }
}

function progressOf(character: Character | undefined): number {
  const words = character?.record?.words;
  return words === undefined ? 0 : wordAt(words, PROGRESS);
}
