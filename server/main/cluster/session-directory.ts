// The sessions of all gateways of a cluster, by number and by resume token: what the bucket has, and which gateway owns each.
//
//   const directory = await SessionDirectory.open(bucket, "gateway-2")
//   directory.get(17)                  // { id: 17, owner: 1, ended: false, kept: { name: "Ann", ... }, nameJson: "\"Ann\"" }
//   directory.byDigest(digest)         // the same, by the hash of its token
//
// The owner alone changes a session. Another gateway takes one over by naming the revision that it saw: one of several succeeds.

import { z } from "zod";
import { asciiJson } from "../../protocol/game/byte-writer.ts";
import { Kept } from "../../shared/session-store.ts";
import type { KeptSession } from "../../shared/session-store.ts";
import { Mirror } from "./mirror.ts";
import type { KeyBucket } from "./mirror.ts";

const Value = z.object({ owner: z.number().int().min(1), ended: z.boolean(), kept: Kept });

export interface SessionRecord {
  id: number;
  /** Number of the gateway that has it. */
  owner: number;
  /** It can not be resumed: its player is on its way out of the world, or out of it. */
  ended: boolean;
  kept: KeptSession;
  /** Its name as JSON text in ASCII, for frames. */
  nameJson: string;
}

export type SessionState = Pick<SessionRecord, "owner" | "ended" | "kept">;

export class SessionDirectory {
  readonly #byDigest = new Map<string, number>();
  #mirror!: Mirror<SessionRecord>;

  /** `name`: of this process, among those that read the bucket. */
  static async open(bucket: KeyBucket, name: string): Promise<SessionDirectory> {
    const directory = new SessionDirectory();
    directory.#mirror = await Mirror.open(bucket, parse, name, (_key, value, former) =>
      directory.#changed(value, former),
    );
    return directory;
  }

  private constructor() {}

  get size(): number {
    return this.#mirror.size;
  }

  get(id: number): SessionRecord | undefined {
    return this.#mirror.get(String(id));
  }

  byDigest(digest: string): SessionRecord | undefined {
    const id = this.#byDigest.get(digest);
    return id === undefined ? undefined : this.get(id);
  }

  values(): IterableIterator<SessionRecord> {
    return this.#mirror.values();
  }

  /** 0 when there is none. */
  revisionOf(id: number): number {
    return this.#mirror.revisionOf(String(id));
  }

  wrote(key: string, bytes: Uint8Array, revision: number): void {
    this.#mirror.wrote(key, bytes, revision);
  }

  /** Resolves when all that was acknowledged before this call is known here. Rejects when the bus does not answer. */
  async caughtUp(): Promise<void> {
    await this.#mirror.caughtUp();
  }

  close(): void {
    this.#mirror.close();
  }

  #changed(value: SessionRecord | null, former: SessionRecord | null): void {
    for (const digest of digestsOf(former))
      if (this.#byDigest.get(digest) === former?.id) this.#byDigest.delete(digest);
    if (value !== null) for (const digest of digestsOf(value)) this.#byDigest.set(digest, value.id);
  }
}

export function sessionBytes({ owner, ended, kept }: SessionState): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ owner, ended, kept }));
}

function digestsOf(record: SessionRecord | null): string[] {
  return record === null ? [] : [record.kept.token, record.kept.former].filter((digest) => digest !== "");
}

function parse(key: string, bytes: Uint8Array): SessionRecord | null {
  try {
    const value = Value.parse(JSON.parse(new TextDecoder().decode(bytes)));
    return { id: Number(key), ...value, nameJson: asciiJson(value.kept.name) };
  } catch {
    // A value of another version: nobody can resume it.
    return null;
  }
}
