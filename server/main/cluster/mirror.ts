// A copy in memory of everything in a bucket, which follows each change. What others wrote comes a moment later; whoever must know all
// that was written until now waits for `caughtUp`.
//
//   const mirror = await Mirror.open(bucket, parse, "gateway-2")
//   mirror.get("17")               // the newest value that was heard
//   await mirror.caughtUp()        // everything that was acknowledged before this call has been heard
//   mirror.wrote("17", bytes, 91)  // an own write was acknowledged

import type { Entry } from "../../bus/bucket.ts";

/** What is needed of a bucket (server/bus/bucket.ts). */
export interface KeyBucket {
  get(key: string): Promise<Entry | null>;
  put(key: string, value: Uint8Array): Promise<number>;
  create(key: string, value: Uint8Array): Promise<number>;
  update(key: string, value: Uint8Array, revision: number): Promise<number>;
  delete(key: string): Promise<void>;
  watch(visit: (entry: Entry) => void): Promise<() => void>;
}

export type MirrorListener<Value> = (key: string, value: Value | null, former: Value | null) => void;

interface Known<Value> {
  value: Value;
  revision: number;
}

/** Keys that begin with this have no values for anybody. */
const BARRIER = "_barrier_";

export class Mirror<Value> {
  readonly #bucket: KeyBucket;
  readonly #parse: (key: string, bytes: Uint8Array) => Value | null;
  readonly #barrierKey: string;
  readonly #known = new Map<string, Known<Value>>();
  readonly #listeners: MirrorListener<Value>[] = [];
  /** The newest revision that was heard, of any key. */
  #heard = 0;
  #waiting: { revision: number; resolve: () => void }[] = [];
  /** The round of `caughtUp` under way, and the one that begins after it. */
  #round: Promise<void> | null = null;
  #nextRound: Promise<void> | null = null;
  #stop: () => void = () => {};

  /** `parse` returns null for what is no value; `name` is that of this process, among all that mirror the bucket. */
  static async open<Value>(
    bucket: KeyBucket,
    parse: (key: string, bytes: Uint8Array) => Value | null,
    name: string,
    listener: MirrorListener<Value> = () => {},
  ): Promise<Mirror<Value>> {
    const mirror = new Mirror(bucket, parse, name);
    mirror.listen(listener);
    mirror.#stop = await bucket.watch((entry) => mirror.#hears(entry));
    await mirror.caughtUp();
    return mirror;
  }

  private constructor(bucket: KeyBucket, parse: (key: string, bytes: Uint8Array) => Value | null, name: string) {
    this.#bucket = bucket;
    this.#parse = parse;
    this.#barrierKey = BARRIER + name;
  }

  get size(): number {
    return this.#known.size;
  }

  get(key: string): Value | undefined {
    return this.#known.get(key)?.value;
  }

  /** 0 when there is no value. */
  revisionOf(key: string): number {
    return this.#known.get(key)?.revision ?? 0;
  }

  *values(): IterableIterator<Value> {
    for (const { value } of this.#known.values()) yield value;
  }

  listen(listener: MirrorListener<Value>): void {
    this.#listeners.push(listener);
  }

  /** An own write was acknowledged. */
  wrote(key: string, bytes: Uint8Array, revision: number): void {
    this.#put(key, bytes, revision);
  }

  /** Resolves when everything that was acknowledged before this call has been heard. Rejects when the bus does not answer. */
  caughtUp(): Promise<void> {
    if (this.#round === null) return this.#beginRound();
    // The round under way may have begun before the write that somebody asks for now.
    this.#nextRound ??= this.#round.then(
      () => this.#beginRound(),
      () => this.#beginRound(),
    );
    return this.#nextRound;
  }

  close(): void {
    this.#stop();
  }

  #beginRound(): Promise<void> {
    this.#nextRound = null;
    const round = this.#barrier().finally(() => {
      if (this.#round === round) this.#round = null;
    });
    this.#round = round;
    return round;
  }

  async #barrier(): Promise<void> {
    const revision = await this.#bucket.put(this.#barrierKey, new Uint8Array(0));
    if (revision > this.#heard) await new Promise<void>((resolve) => this.#waiting.push({ revision, resolve }));
  }

  #hears({ key, value, revision }: Entry): void {
    if (!key.startsWith(BARRIER)) this.#put(key, value, revision);
    if (revision > this.#heard) this.#heard = revision;
    const ready = this.#waiting.filter((one) => one.revision <= this.#heard);
    if (ready.length === 0) return;
    this.#waiting = this.#waiting.filter((one) => one.revision > this.#heard);
    for (const { resolve } of ready) resolve();
  }

  #put(key: string, bytes: Uint8Array | null, revision: number): void {
    const former = this.#known.get(key);
    if (former !== undefined && former.revision >= revision) return;
    const value = bytes === null ? null : this.#parse(key, bytes);
    if (value === null) this.#known.delete(key);
    else this.#known.set(key, { value, revision });
    for (const listener of this.#listeners) listener(key, value, former?.value ?? null);
  }
}
