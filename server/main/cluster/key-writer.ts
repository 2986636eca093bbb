// Writes values into a bucket, each key for itself: one write of a key is under way, and what comes meanwhile is written after it, the
// newest only. Each write expects the revision that this process knows; when another process wrote the key, the write is refused.
//
//   await writer.write("17", bytes)      // "written", "refused", or "replaced" by a newer value, which is written then
//   writer.safe()                        // resolves when all until now is written; null when it is
//
// A write whose answer does not come may have happened or not: the key is read to know.

import { assert } from "../../protocol/assert.ts";
import type { KeyBucket } from "./mirror.ts";

export type Written = "written" | "refused" | "replaced";

export interface KeyWriterDeps {
  bucket: Pick<KeyBucket, "get" | "create" | "update" | "delete">;
  /** The revision to expect, 0 when there is no value; null when the key is not this process's to write. */
  revisionOf(key: string): number | null;
  /** A write was acknowledged. */
  wrote(key: string, bytes: Uint8Array, revision: number): void;
  /** Another process has the key. */
  refused(key: string): void;
}

/** A pause before the next try when the bus does not answer. */
const RETRY_MS = 100;

interface Job {
  bytes: Uint8Array;
  /** Expected instead of what `revisionOf` says. */
  revision: number | null;
  /** The value marks an end: delete it then. */
  isLast: boolean;
  done: (written: Written) => void;
}

/** Jobs of a key: the one under way, and the one after it. */
interface Line {
  order: number;
  next: Job | null;
}

export class KeyWriter {
  readonly #deps: KeyWriterDeps;
  /** Keys with unwritten values, the one that has waited longest first. */
  readonly #lines = new Map<string, Line>();
  #order = 0;
  #waiters: { before: number; resolve: () => void }[] = [];
  #isClosed = false;

  constructor(deps: KeyWriterDeps) {
    this.#deps = deps;
  }

  isWriting(key: string): boolean {
    return this.#lines.has(key);
  }

  /** Number of keys with values that are not written. */
  get waiting(): number {
    return this.#lines.size;
  }

  write(key: string, bytes: Uint8Array): Promise<Written> {
    return this.#add(key, { bytes, revision: null, isLast: false });
  }

  /** Writes a value that belongs to another process, if it is still the one of this revision. */
  claim(key: string, bytes: Uint8Array, revision: number): Promise<Written> {
    return this.#add(key, { bytes, revision, isLast: false });
  }

  /** Writes `mark`, which says that this is the end, and deletes it then. */
  remove(key: string, mark: Uint8Array): Promise<Written> {
    return this.#add(key, { bytes: mark, revision: null, isLast: true });
  }

  /** Null when nothing waits. */
  safe(): Promise<void> | null {
    if (this.#lines.size === 0) return null;
    return new Promise((resolve) => this.#waiters.push({ before: this.#order, resolve }));
  }

  /** Nothing is written from now on; nobody is told of what waits. */
  close(): void {
    this.#isClosed = true;
  }

  #add(key: string, job: Omit<Job, "done">): Promise<Written> {
    if (this.#isClosed) return Promise.resolve("refused");
    return new Promise((done) => {
      const line = this.#lines.get(key);
      if (line !== undefined) {
        line.next?.done("replaced");
        line.next = { ...job, done };
        return;
      }
      this.#lines.set(key, { order: ++this.#order, next: { ...job, done } });
      void this.#run(key);
    });
  }

  async #run(key: string): Promise<void> {
    for (let line = this.#lines.get(key); line !== undefined && line.next !== null; line = this.#lines.get(key)) {
      const job = line.next;
      line.next = null;
      const written = await this.#try(key, job);
      if (this.#isClosed) return;
      // A newer value waits from now on, as one that came after all others.
      this.#lines.delete(key);
      if (line.next !== null) this.#lines.set(key, { order: ++this.#order, next: line.next });
      job.done(written);
      this.#tellWaiters();
    }
  }

  async #try(key: string, { bytes, revision, isLast }: Job): Promise<Written> {
    while (!this.#isClosed) {
      const expected = revision ?? this.#deps.revisionOf(key);
      const outcome = expected === null ? "refused" : await this.#put(key, bytes, expected);
      if (outcome === "unknown") {
        await Bun.sleep(RETRY_MS);
        continue;
      }
      if (outcome === "refused") {
        if (revision === null) this.#deps.refused(key);
        return "refused";
      }
      this.#deps.wrote(key, bytes, outcome);
      if (isLast) await this.#deps.bucket.delete(key).catch(() => {});
      return "written";
    }
    return "refused";
  }

  /** The revision of the written value. "unknown": it is not there, and may be tried again. */
  async #put(key: string, bytes: Uint8Array, expected: number): Promise<number | "refused" | "unknown"> {
    const { bucket } = this.#deps;
    try {
      return expected === 0 ? await bucket.create(key, bytes) : await bucket.update(key, bytes, expected);
    } catch {
      // Why it failed is not told apart: what the bucket has now says what came of it.
    }
    const found = await bucket.get(key).catch(() => undefined);
    if (found === undefined) return "unknown";
    const value = found?.value ?? null;
    if (found !== null && value !== null && Buffer.compare(value, bytes) === 0) return found.revision;
    const isAsExpected = expected === 0 ? value === null : value !== null && found?.revision === expected;
    return isAsExpected ? "unknown" : "refused";
  }

  #tellWaiters(): void {
    const [oldest] = this.#lines.values();
    const first = oldest?.order ?? Infinity;
    while (this.#waiters[0] !== undefined && this.#waiters[0].before < first) this.#waiters.shift()?.resolve();
    assert(this.#lines.size > 0 || this.#waiters.length === 0, "nobody waits for nothing");
  }
}
