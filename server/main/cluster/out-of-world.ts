// The end of a session that a gateway did not see through before it was gone: its character was on its way out of the world, and is out
// of it now, with what its zone handed out, if it did.

import type { SessionStore } from "../../shared/session-store.ts";
import type { Crossing } from "../../shared/transfer.ts";
import type { BusCharacters } from "./bus-characters.ts";
import type { SessionRecord } from "./session-directory.ts";

export interface OutOfWorldDeps {
  characters: BusCharacters;
  sessions: Pick<SessionStore, "gone" | "arrived">;
}

export function outOfWorld(
  { id, kept }: SessionRecord,
  crossing: Crossing | null,
  { characters, sessions }: OutOfWorldDeps,
): void {
  const character = characters.find(kept.character);
  if (character !== undefined && characters.sessionOf(character.key) === id) {
    const left =
      crossing === null
        ? character
        : {
            ...character,
            record: { zoneId: crossing.to === 0 ? crossing.from : crossing.to, at: crossing.at, words: crossing.words },
            saves: character.saves + 1,
          };
    // When another gateway has written the character since, that is newer.
    void characters.save(left, 0).catch(() => {});
  }
  if (crossing !== null) sessions.arrived(id, crossing.from);
  sessions.gone(id);
}
