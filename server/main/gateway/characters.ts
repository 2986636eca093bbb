// Where each character is: with a session in the world, on its way out of it, or in the store alone. A session that ends hands
// its character over at once, but the zone answers later; until it has, a new login of that character waits.
//
//   characters.enter(session, ann)         // in the world with session 12
//   characters.leave(session)              // on its way out
//   characters.whenSettled("ann", login)   // login.enter() when the store has what the zone handed out
//
// Nothing else changes a character, so it is never in two places.

import { TRANSFER_LEVEL } from "../../../assembly/abi.ts";
import type { Character, CharacterStore } from "../../shared/character-store.ts";
import type { Crossing } from "../../shared/transfer.ts";
import type { Emitter } from "../../protocol/telemetry-line.ts";
import { messageOf } from "../../protocol/errors.ts";
import type { Session } from "./session.ts";

/** Characters that entered the world, by how; and records that were stored, that could not be kept safe, that never came. */
export interface CharacterCounts {
  created: number;
  returned: number;
  takenOver: number;
  saved: number;
  saveFailed: number;
  unrecorded: number;
}

export interface WaitingLogin {
  enter(): void;
  /** A later login takes its place. */
  dismiss(): void;
}

export class Characters {
  readonly counts: CharacterCounts = {
    created: 0,
    returned: 0,
    takenOver: 0,
    saved: 0,
    saveFailed: 0,
    unrecorded: 0,
  };
  readonly store: CharacterStore;
  readonly #emitter: Emitter;
  readonly #inWorld = new Map<string, Session>();
  /** Characters that wait for a zone or for the store, each with the login that waits for them. */
  readonly #unsettled = new Map<string, WaitingLogin | null>();
  /** Saves that are not safe yet. */
  readonly #saving = new Set<Promise<void>>();

  constructor(store: CharacterStore, emitter: Emitter) {
    this.store = store;
    this.#emitter = emitter;
  }

  /** The session that has the character; undefined when none has. */
  sessionOf(key: string): Session | undefined {
    return this.#inWorld.get(key);
  }

  isUnsettled(key: string): boolean {
    return this.#unsettled.has(key);
  }

  /** Lets the login enter when the character is settled. It replaces an earlier one, which is returned to be dismissed. */
  whenSettled(key: string, login: WaitingLogin): WaitingLogin | null {
    const former = this.#unsettled.get(key) ?? null;
    this.#unsettled.set(key, login);
    return former;
  }

  /** Saves a new character, which is unsettled until it is safe. Rejects when the store can not keep it. */
  async create(character: Character): Promise<void> {
    this.#unsettled.set(character.key, null);
    try {
      await this.store.save(character, 0);
      this.counts.created++;
    } finally {
      this.settle(character.key);
    }
  }

  /** The session has the character from now on. */
  enter(session: Session, character: Character): void {
    session.character = character;
    this.#inWorld.set(character.key, session);
    this.store.enters(character, session.id);
  }

  /** The session goes on elsewhere, with its character. */
  release(session: Session): void {
    if (session.character !== null) this.#inWorld.delete(session.character.key);
  }

  /** The session gives its character up, which is unsettled until `settle`. */
  leave(session: Session): Character | null {
    const { character } = session;
    if (character === null) return null;
    session.character = null;
    this.#inWorld.delete(character.key);
    this.#unsettled.set(character.key, null);
    return character;
  }

  /** Nothing more comes of the character: whoever waits for it may have it. */
  settle(key: string): void {
    const login = this.#unsettled.get(key);
    this.#unsettled.delete(key);
    login?.enter();
  }

  /**
   * A zone handed out the character's state: stores it. `sessionId`: the session that takes it to another zone; 0: it leaves
   * the world. Returns the character as it is now.
   */
  record(character: Character, { from, to, at, words }: Crossing, sessionId: number): Character {
    const record = { zoneId: to === 0 ? from : to, at: { ...at }, words: words.slice() };
    const next = { ...character, record, saves: character.saves + 1 };
    this.#save(next, sessionId);
    return next;
  }

  /** It leaves the world between two zones: its record of its last departure holds. */
  ends(character: Character): void {
    this.#save(character, 0);
    this.settle(character.key);
  }

  /** No zone handed the character's state out: it is what it was at its last departure. */
  unrecorded({ name, record }: Character, why: string): void {
    this.counts.unrecorded++;
    const level = record?.words[TRANSFER_LEVEL] ?? 0;
    this.#emitter.emit("error", "session", "Character not recorded", { character: name, why, level });
  }

  /** Resolves when all saves so far have ended. */
  async saved(): Promise<void> {
    await Promise.all(this.#saving);
  }

  #save(character: Character, sessionId: number): void {
    const saving = this.store.save(character, sessionId).then(
      () => void this.counts.saved++,
      (error: unknown) => this.#failed(character, error),
    );
    this.#saving.add(saving);
    void saving.finally(() => this.#saving.delete(saving));
  }

  #failed({ name }: Character, error: unknown): void {
    this.counts.saveFailed++;
    this.#emitter.emitSampled("error", "session", "Character not safe", { character: name, error: messageOf(error) });
  }
}
