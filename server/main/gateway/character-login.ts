// A hello with a secret: a player whose character persists. The first one under a name creates the character; later ones need
// the same secret.
//
//   {"type":"hello","v":1,"name":"Ann","secret":"open sesame"}
//     nobody has the name              → hashed, created, safe in the store, then welcome
//     a wrong secret                   → bad_secret
//     Ann is stored                    → welcome in the zone and at the place where she left
//     Ann is in the world              → welcome to her session, and taken_over for the connection that had it
//     Ann is on her way out            → waits until her zone has handed her state out, then as above
//
// Hashing is slow and happens elsewhere (secret-hashes.ts), so a hello is answered later. Everything is looked at anew then.

import { TRANSFER_EXPERIENCE, TRANSFER_LEVEL } from "../../../assembly/abi.ts";
import { characterKey } from "../../shared/character-store.ts";
import type { Character } from "../../shared/character-store.ts";
import type { CharacterInfo, ErrorCode, Hello } from "../../protocol/game/client-messages.ts";
import type { WrongTokens } from "../../shared/wrong-tokens.ts";
import { wordAt } from "../../protocol/assert.ts";
import type { Characters } from "./characters.ts";
import type { ConnectionPool } from "./connection-pool.ts";
import type { OtherGateways } from "../../shared/other-gateways.ts";
import { SecretHashes } from "./secret-hashes.ts";
import type { Connection, Session } from "./session.ts";

export const SECRET_LENGTH_MIN = 8;
export const SECRET_LENGTH_MAX = 128;
const SECRET_BYTES_MAX = 256;
/** The names that players without one get. */
const NUMBERED = /^player \d+$/;

/** What the login needs of the admission. Each that answers false, 0 or -1 has told the client why. */
export interface Entrance {
  isInRate(connection: Connection): boolean;
  /** Index of the class that the hello names, or of the next one in turn. */
  classFor(connection: Connection, hello: Hello): number;
  zoneFor(connection: Connection, wish: number): number;
  /** As zoneFor, for a character that left `zoneId`: that zone when it can take it, else another. */
  zoneOf(connection: Connection, zoneId: number): number;
  admit(connection: Connection, name: string, zoneId: number, classIndex: number, character: Character): void;
  takeOver(connection: Connection, session: Session): void;
  refuse(connection: Connection, code: ErrorCode, message: string): void;
}

export interface CharacterLoginDeps {
  characters: Characters;
  entrance: Entrance;
  pool: ConnectionPool;
  wrongTokens: WrongTokens;
  /** Null: this is the only gateway. */
  others: OtherGateways | null;
  classCount: number;
}

const BUSY = "Too many logins wait just now; try again in a moment.";
const ELSEWHERE = "This character is at another gateway and can not be had just now; try again.";
const UNSAFE = "The character can not be kept just now; try again later.";

export class CharacterLogin {
  readonly #deps: CharacterLoginDeps;
  readonly #hashes = new SecretHashes();

  constructor(deps: CharacterLoginDeps) {
    this.#deps = deps;
  }

  /** Whether a player without a secret may not have the name. */
  isTaken(name: string): boolean {
    return this.#deps.characters.store.find(name) !== undefined;
  }

  /** Handles a hello with a secret, whose name is allowed. */
  hello(connection: Connection, hello: Hello): void {
    const { entrance } = this.#deps;
    const length = [...hello.secret].length;
    const bytes = Buffer.byteLength(hello.secret);
    if (length < SECRET_LENGTH_MIN || length > SECRET_LENGTH_MAX || bytes > SECRET_BYTES_MAX) {
      const message = `A secret has ${SECRET_LENGTH_MIN} to ${SECRET_LENGTH_MAX} characters, and at most ${SECRET_BYTES_MAX} bytes.`;
      return entrance.refuse(connection, "malformed", message);
    }
    if (!entrance.isInRate(connection)) return;
    const known = this.#deps.characters.store.find(hello.name);
    if (known === undefined) this.#makeNew(connection, hello);
    else this.#compare(connection, hello, known);
  }

  #compare(connection: Connection, hello: Hello, { secretHash }: Character): void {
    this.#wait(connection, (done) =>
      this.#hashes.compare(connection.remoteAddress, hello.secret, secretHash, (isRight) =>
        done(() => {
          if (isRight) this.#enter(connection, hello);
          else this.#wrongSecret(connection);
        }),
      ),
    );
  }

  #makeNew(connection: Connection, hello: Hello): void {
    const { entrance, characters } = this.#deps;
    if (NUMBERED.test(characterKey(hello.name)))
      return entrance.refuse(connection, "name_taken", "That is a name for players who give none; take another.");
    if (!characters.store.hasRoom)
      return entrance.refuse(connection, "busy", "This server has room for no more characters.");
    const classIndex = entrance.classFor(connection, hello);
    if (classIndex < 0 || entrance.zoneFor(connection, hello.zone) === 0) return;
    this.#wait(connection, (done) =>
      this.#hashes.make(connection.remoteAddress, hello.secret, (hash) =>
        done(() => this.#create(connection, hello, classIndex, hash)),
      ),
    );
  }

  #create(connection: Connection, hello: Hello, classIndex: number, secretHash: string | null): void {
    const { entrance, characters } = this.#deps;
    // Somebody else took the name while this secret was hashed: it must be the right one for that character.
    const known = characters.store.find(hello.name);
    if (known !== undefined) return this.#compare(connection, hello, known);
    if (secretHash === null || !characters.store.hasRoom) return entrance.refuse(connection, "busy", UNSAFE);
    const { name } = hello;
    const character = { key: characterKey(name), name, secretHash, classIndex, record: null, saves: 1 };
    connection.isLoggingIn = true;
    const answer = (isSafe: boolean): void => {
      connection.isLoggingIn = false;
      if (!isWaiting(connection)) return;
      if (isSafe) this.#enter(connection, hello);
      else entrance.refuse(connection, "busy", UNSAFE);
    };
    characters.create(character).then(
      () => answer(true),
      () => answer(false),
    );
  }

  /** The secret was right. */
  #enter(connection: Connection, hello: Hello): void {
    const { entrance, characters } = this.#deps;
    const character = characters.store.find(hello.name);
    if (character === undefined) return entrance.refuse(connection, "busy", UNSAFE);
    const session = characters.sessionOf(character.key);
    if (session !== undefined) {
      characters.counts.takenOver++;
      return entrance.takeOver(connection, session);
    }
    if (characters.isUnsettled(character.key)) return this.#enterLater(connection, hello, character.key);
    const { others } = this.#deps;
    if (others === null) return this.#enterAnew(connection, hello, character);
    waitWith(connection, others.takeCharacter(character.key, connection.session.id), (taken) => {
      const known = characters.store.find(hello.name);
      const moved = characters.sessionOf(character.key);
      if (moved !== undefined) entrance.takeOver(connection, moved);
      else if (taken === "gone" && known !== undefined) this.#enterAnew(connection, hello, known);
      else entrance.refuse(connection, "busy", ELSEWHERE);
    });
  }

  /** The character is not in the world. */
  #enterAnew(connection: Connection, hello: Hello, character: Character): void {
    const { entrance, characters, classCount } = this.#deps;
    const { record, name } = character;
    const classIndex = record === null ? character.classIndex : wordAt(record.words, 0);
    if (classIndex >= classCount)
      return entrance.refuse(connection, "no_such_class", "The class of this character is not in this world.");
    const zoneId =
      record === null ? entrance.zoneFor(connection, hello.zone) : entrance.zoneOf(connection, record.zoneId);
    if (zoneId === 0) return;
    if (record !== null) characters.counts.returned++;
    entrance.admit(connection, name, zoneId, classIndex, character);
  }

  /** The character's zone has not handed its state out yet. The newest of several logins gets it. */
  #enterLater(connection: Connection, hello: Hello, key: string): void {
    const { characters, pool } = this.#deps;
    connection.isLoggingIn = true;
    const enter = (): void => {
      connection.isLoggingIn = false;
      if (isWaiting(connection)) this.#enter(connection, hello);
    };
    const dismiss = (): void => {
      const message = "This character was taken up on another connection.";
      pool.close(connection, "superseded", { code: "taken_over", message });
    };
    characters.whenSettled(key, { enter, dismiss })?.dismiss();
  }

  #wrongSecret(connection: Connection): void {
    const { entrance, wrongTokens, pool } = this.#deps;
    if (wrongTokens.wrong(connection.remoteAddress) > 0)
      pool.pastLimit(connection, "wrong_tokens", "A wrong secret, after too many wrong ones from your address.");
    else entrance.refuse(connection, "bad_secret", "That is not the secret of this character.");
  }

  /** Starts a job; what it decides happens only when the connection still waits for it. */
  #wait(connection: Connection, start: (done: (act: () => void) => void) => boolean): void {
    connection.isLoggingIn = true;
    const isStarted = start((act) => {
      connection.isLoggingIn = false;
      if (isWaiting(connection)) act();
    });
    if (isStarted) return;
    connection.isLoggingIn = false;
    this.#deps.entrance.refuse(connection, "busy", BUSY);
  }
}

/** Does something with the answer, when the connection still waits for it. */
export function waitWith<Answer>(connection: Connection, answer: Promise<Answer>, act: (answer: Answer) => void): void {
  connection.isLoggingIn = true;
  void answer.then((value) => {
    connection.isLoggingIn = false;
    if (isWaiting(connection)) act(value);
  });
}

/** The client is still there, and has neither left nor entered in another way. */
function isWaiting({ closing, isClosed, session }: Connection): boolean {
  return closing === null && !isClosed && session.state === "AUTHENTICATING";
}

/** The character in a welcome. `isLive`: it is in the world already, so only its zone knows its level now. */
export function characterInfo({ name, record }: Character, isLive: boolean, newLevel: number): CharacterInfo {
  if (isLive) return { name };
  if (record === null) return { name, level: newLevel, experience: 0 };
  const { words } = record;
  return { name, level: wordAt(words, TRANSFER_LEVEL), experience: wordAt(words, TRANSFER_EXPERIENCE) };
}
