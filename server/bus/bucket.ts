// A bucket of values under keys, which outlive every process. A value has a revision; whoever updates names the one that it saw, so that
// of two only one succeeds.
//
//   const revision = await bucket.create("17", bytes)
//   await bucket.update("17", newer, revision)          // WowsimError("revision") when it is not the newest
//   const stop = await bucket.watch((entry) => ...)     // everything that is there, then each change

import type { KV } from "@nats-io/kv";
import { messageOf, WowsimError } from "../protocol/errors.ts";

export interface Entry {
  key: string;
  /** Null: it was deleted. */
  value: Uint8Array | null;
  revision: number;
}

/** JetStream's code for a wrong sequence number. */
const WRONG_SEQUENCE = 10_071;

export class Bucket {
  readonly #kv: KV;

  constructor(kv: KV) {
    this.#kv = kv;
  }

  /** Null when there is none. */
  async get(key: string): Promise<Entry | null> {
    const entry = await this.#kv.get(key);
    return entry === null
      ? null
      : { key, value: entry.operation === "PUT" ? copied(entry.value) : null, revision: entry.revision };
  }

  async put(key: string, value: Uint8Array): Promise<number> {
    return await this.#kv.put(key, value);
  }

  /** Throws WowsimError("revision") when the key has a value. */
  async create(key: string, value: Uint8Array): Promise<number> {
    return await told(this.#kv.create(key, value));
  }

  /** Throws WowsimError("revision") when `revision` is not the newest. */
  async update(key: string, value: Uint8Array, revision: number): Promise<number> {
    return await told(this.#kv.update(key, value, revision));
  }

  async delete(key: string): Promise<void> {
    await this.#kv.delete(key);
  }

  async keys(): Promise<string[]> {
    const found: string[] = [];
    for await (const key of await this.#kv.keys()) found.push(key);
    return found;
  }

  /** Hands out all entries, then each change, in the order of their revisions. Returns what ends that. */
  async watch(visit: (entry: Entry) => void): Promise<() => void> {
    const entries = await this.#kv.watch();
    void (async () => {
      for await (const { key, value, operation, revision } of entries)
        visit({ key, value: operation === "PUT" ? copied(value) : null, revision });
    })();
    return () => entries.stop();
  }
}

function copied(bytes: Uint8Array): Uint8Array {
  return Uint8Array.prototype.slice.call(bytes);
}

async function told(written: Promise<number>): Promise<number> {
  try {
    return await written;
  } catch (cause) {
    const { code } = Object(cause) as { code?: unknown };
    throw new WowsimError(code === WRONG_SEQUENCE ? "revision" : "not_written", messageOf(cause), { cause });
  }
}
