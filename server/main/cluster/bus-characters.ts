// Characters of a cluster, in a bucket that every gateway has a copy of. A character that is in the world belongs to one session; before
// a session enters with one it reserves it, and of several gateways that do so at once one succeeds.
//
//   const store = await BusCharacters.open(bucket, "gateway-2")
//   store.find("ANN")
//   await store.save(ann, 0)                // resolves when the bucket has it
//   await store.reserve("ann", 17)          // true: session 17 may enter with it
//   store.sessionOf("ann")                  // 17

import { WowsimError } from "../../protocol/errors.ts";
import { characterKey } from "../../shared/character-store.ts";
import type { Character, CharacterStore } from "../../shared/character-store.ts";
import { characterFact, parseCharacter } from "../../shared/kept-character.ts";
import type { KeptCharacter } from "../../shared/kept-character.ts";
import { KeyWriter } from "./key-writer.ts";
import { Mirror } from "./mirror.ts";
import type { KeyBucket } from "./mirror.ts";

const CHARACTERS_MAX = 100_000;

export class BusCharacters implements CharacterStore {
  readonly #mirror: Mirror<KeptCharacter>;
  readonly #writer: KeyWriter;
  /** States that the bucket does not have yet. */
  readonly #unwritten = new Map<string, KeptCharacter>();

  /** `name`: of this process, among those that read the bucket. */
  static async open(bucket: KeyBucket, name: string): Promise<BusCharacters> {
    return new BusCharacters(bucket, await Mirror.open(bucket, parse, name));
  }

  private constructor(bucket: KeyBucket, mirror: Mirror<KeptCharacter>) {
    this.#mirror = mirror;
    this.#writer = new KeyWriter({
      bucket,
      // A gateway that another one took the place of must not write what the character was before.
      revisionOf: (key) => {
        const [known, own] = [mirror.get(key)?.character, this.#unwritten.get(keyOf(key))?.character];
        return known !== undefined && own !== undefined && known.saves > own.saves ? null : mirror.revisionOf(key);
      },
      wrote: (key, bytes, revision) => mirror.wrote(key, bytes, revision),
      refused: () => {},
    });
  }

  get size(): number {
    return this.#mirror.size;
  }

  get hasRoom(): boolean {
    return this.size < CHARACTERS_MAX;
  }

  find(name: string): Character | undefined {
    return this.#newest(characterKey(name))?.character;
  }

  /** The session that has the character, here or at another gateway; 0 when none has. */
  sessionOf(key: string): number {
    return this.#newest(key)?.session ?? 0;
  }

  async save(character: Character, sessionId: number): Promise<void> {
    if (await this.#write({ character, session: sessionId })) return;
    throw new WowsimError(
      "character_taken",
      `Another gateway has written the character ${character.name}; say hello again.`,
    );
  }

  enters(character: Character, sessionId: number): void {
    if (this.sessionOf(character.key) !== sessionId) void this.#write({ character, session: sessionId });
  }

  /** The session may enter with the character; `former` is the one that had it, 0 when none. False: somebody else was first. */
  async reserve(key: string, sessionId: number, former = 0): Promise<boolean> {
    const known = this.#newest(key);
    if (known === undefined || known.session !== former) return false;
    const bytes = bytesOf({ ...known, session: sessionId });
    return (await this.#writer.claim(bucketKey(key), bytes, this.#mirror.revisionOf(bucketKey(key)))) === "written";
  }

  /** Resolves when all that was acknowledged before this call is known here. Rejects when the bus does not answer. */
  async caughtUp(): Promise<void> {
    await this.#mirror.caughtUp();
  }

  close(): void {
    this.#writer.close();
    this.#mirror.close();
  }

  #newest(key: string): KeptCharacter | undefined {
    return this.#unwritten.get(key) ?? this.#mirror.get(bucketKey(key));
  }

  /** False when another gateway has written it. */
  async #write(kept: KeptCharacter): Promise<boolean> {
    const { key } = kept.character;
    this.#unwritten.set(key, kept);
    const written = await this.#writer.write(bucketKey(key), bytesOf(kept));
    if (this.#unwritten.get(key) === kept) this.#unwritten.delete(key);
    return written !== "refused";
  }
}

/** A name can have any letter, a key of a bucket only some. */
function bucketKey(key: string): string {
  return `c${Buffer.from(key).toString("base64url")}`;
}

function keyOf(key: string): string {
  return Buffer.from(key.slice(1), "base64url").toString();
}

function bytesOf({ character, session }: KeptCharacter): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(characterFact(character, session)));
}

function parse(key: string, bytes: Uint8Array): KeptCharacter | null {
  return parseCharacter(keyOf(key), new TextDecoder().decode(bytes));
}
