// Hashes secrets and compares them with hashes, off the main thread. A hash is slow on purpose (about 30 ms of a core), so an
// attacker could burn the server's cores with it: only one runs at a time, and addresses take turns. Many hellos of one address
// delay that address only.
//
//   const hashes = new SecretHashes()
//   hashes.make("203.0.113.7", "open sesame", (hash) => ...)           // false: too many wait
//   hashes.compare("203.0.113.7", "open sesame", hash, (isRight) => ...)

import { addressKey, isLoopback } from "../../shared/address.ts";

/** Argon2id with 8 MiB and two passes. */
const COST = { algorithm: "argon2id", memoryCost: 8_192, timeCost: 2 } as const;
/** Jobs that may wait, of one address that is not loopback and of all. */
const WAITING_PER_ADDRESS_MAX = 16;
const WAITING_MAX = 8_192;

type Job = () => Promise<void>;

export class SecretHashes {
  /** Waiting jobs by address; the address whose turn is next comes first. */
  readonly #waiting = new Map<string, Job[]>();
  #count = 0;
  #isRunning = false;

  /** Number of jobs that wait or run. */
  get pending(): number {
    return this.#count;
  }

  /** Hashes a secret; null is a failure of the system. Returns false when too many jobs wait. */
  make(address: string, secret: string, done: (hash: string | null) => void): boolean {
    return this.#add(address, async () => done(await Bun.password.hash(secret, COST).catch(() => null)));
  }

  /** Compares a secret with a hash; false also for a hash that can not be read. Returns false when too many jobs wait. */
  compare(address: string, secret: string, hash: string, done: (isRight: boolean) => void): boolean {
    return this.#add(address, async () => done(await Bun.password.verify(secret, hash).catch(() => false)));
  }

  #add(address: string, job: Job): boolean {
    const key = addressKey(address);
    const own = this.#waiting.get(key) ?? [];
    const ownMax = isLoopback(address) ? WAITING_MAX : WAITING_PER_ADDRESS_MAX;
    if (own.length >= ownMax || this.#count >= WAITING_MAX) return false;
    own.push(job);
    this.#waiting.set(key, own);
    this.#count++;
    if (!this.#isRunning) void this.#run();
    return true;
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    for (let job = this.#next(); job !== undefined; job = this.#next()) {
      await job();
      this.#count--;
    }
    this.#isRunning = false;
  }

  /** The oldest job of the address whose turn it is; that address then comes last. */
  #next(): Job | undefined {
    const [first] = this.#waiting;
    if (first === undefined) return undefined;
    const [key, jobs] = first;
    const job = jobs.shift();
    this.#waiting.delete(key);
    if (jobs.length > 0) this.#waiting.set(key, jobs);
    return job;
  }
}
