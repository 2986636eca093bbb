// Sessions of one gateway, kept in the cluster's bucket, so that they outlive it. A session has one owner; whoever else takes it over
// does so in the bucket, and this gateway is told that it has lost it.
//
//   const store = new BusSessions({ bucket, directory, gateway: 2, onLost: (id) => ... })
//   store.changed(17, kept)              // written soon; store.safe() resolves when it is
//   await store.handOver(17, kept, 1)    // gateway 1 owns it
//   await store.takeUp(record)           // true: this gateway owns what another one had

import type { KeptSession, SessionStore } from "../../shared/session-store.ts";
import { KeyWriter } from "./key-writer.ts";
import type { Written } from "./key-writer.ts";
import type { KeyBucket } from "./mirror.ts";
import { sessionBytes } from "./session-directory.ts";
import type { SessionDirectory, SessionRecord } from "./session-directory.ts";

/** A character that leaves the world is asked for its state for some time yet: so long its session stays known. */
const LEAVING_MS = 10_000;

export interface BusSessionsDeps {
  bucket: Pick<KeyBucket, "get" | "create" | "update" | "delete">;
  directory: SessionDirectory;
  /** Number of this gateway. */
  gateway: number;
  /** Another gateway took the session. */
  onLost(id: number): void;
  /** The player of a crossing has arrived, or nothing of it is needed any more. Default: nobody is told. */
  onArrived?(id: number, fromZoneId: number): void;
  /** Milliseconds, monotonic. */
  now(): number;
}

export class BusSessions implements SessionStore {
  readonly #deps: BusSessionsDeps;
  readonly #writer: KeyWriter;
  /** What was last given to the writer, by session. */
  readonly #last = new Map<number, KeptSession>();
  /** Sessions of characters on their way out, and when they are deleted. */
  readonly #leaving = new Map<number, { kept: KeptSession; atMs: number }>();
  #isClosed = false;

  constructor(deps: BusSessionsDeps) {
    const { bucket, directory, gateway } = deps;
    this.#deps = deps;
    this.#writer = new KeyWriter({
      bucket,
      revisionOf: (key) => {
        const owner = directory.get(Number(key))?.owner ?? gateway;
        return owner === gateway ? directory.revisionOf(Number(key)) : null;
      },
      wrote: (key, bytes, revision) => directory.wrote(key, bytes, revision),
      refused: (key) => {
        this.#last.delete(Number(key));
        if (!this.#isClosed) deps.onLost(Number(key));
      },
    });
  }

  /** Values that are not written yet. */
  get waiting(): number {
    return this.#writer.waiting;
  }

  /** Something of the session is still being written. */
  isWriting(id: number): boolean {
    return this.#writer.isWriting(String(id)) || this.#leaving.has(id);
  }

  changed(id: number, kept: KeptSession): void {
    if (this.#isClosed || isSame(this.#last.get(id), kept)) return;
    this.#leaving.delete(id);
    void this.#write(id, kept, this.#deps.gateway);
  }

  gone(id: number): void {
    const kept = this.#last.get(id) ?? this.#deps.directory.get(id)?.kept;
    if (this.#isClosed || kept === undefined) return;
    this.#last.delete(id);
    const ended = { ...kept, token: "", former: "" };
    if (kept.character === "") return this.#remove(id, ended);
    this.#leaving.set(id, { kept: ended, atMs: this.#deps.now() + LEAVING_MS });
    void this.#writer.write(String(id), this.#bytesOf(ended, true));
  }

  arrived(id: number, fromZoneId: number): void {
    if (!this.#isClosed) this.#deps.onArrived?.(id, fromZoneId);
  }

  safe(): Promise<unknown> | null {
    return this.#writer.safe();
  }

  /** Called once a second: forgets sessions whose characters had the time to leave. */
  sweep(): void {
    for (const [id, { kept, atMs }] of this.#leaving) {
      if (this.#deps.now() < atMs) continue;
      this.#leaving.delete(id);
      this.#remove(id, kept);
    }
  }

  /** The session is another gateway's from now on. False: it was not this one's to give. */
  async handOver(id: number, kept: KeptSession, to: number): Promise<boolean> {
    if (this.#isClosed) return false;
    const written = await this.#write(id, kept, to);
    this.#last.delete(id);
    return written === "written";
  }

  /** Takes a session that a gateway had which is gone. One of those who try it at once succeeds. */
  async takeUp({ id, kept, ended }: SessionRecord): Promise<boolean> {
    const { directory, gateway } = this.#deps;
    if (this.#isClosed) return false;
    const bytes = sessionBytes({ owner: gateway, ended, kept });
    return (await this.#writer.claim(String(id), bytes, directory.revisionOf(id))) === "written";
  }

  /** From now on nothing is written: the sessions stay as they are, for the other gateways. */
  close(): void {
    this.#isClosed = true;
    this.#writer.close();
  }

  #write(id: number, kept: KeptSession, owner: number): Promise<Written> {
    this.#last.set(id, kept);
    return this.#writer.write(String(id), sessionBytes({ owner, ended: false, kept }));
  }

  #remove(id: number, ended: KeptSession): void {
    void this.#writer.remove(String(id), this.#bytesOf(ended, true));
  }

  #bytesOf(kept: KeptSession, ended: boolean): Uint8Array {
    return sessionBytes({ owner: this.#deps.gateway, ended, kept });
  }
}

function isSame(a: KeptSession | undefined, b: KeptSession): boolean {
  return a !== undefined && (Object.keys(b) as (keyof KeptSession)[]).every((key) => a[key] === b[key]);
}
