// A cache of what asc compiled. Compiling takes ten seconds of processor time, and a drill, a demo and a canary compile the
// same variants repeatedly. The cache holds unchecked, unmetered modules, each under the hash of everything it was made from. A
// user of the cache checks and meters the module as if it had just been compiled.
//
//   const cache = new CompileCache("assembly/build/compiled")
//   await cache.get("9f3c2a…")       // null, or the bytes
//
// A cache that can not be read or written only costs time: the modules are compiled again.

import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { randomUUID } from "node:crypto";

/** Modules that the cache keeps. The least recently used ones beyond this number are deleted. */
const MODULES_MAX = 32;

export class CompileCache {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The module with this hash; null when it is not in the cache. */
  async get(hash: string): Promise<Uint8Array | null> {
    const file = this.#fileOf(hash);
    try {
      const bytes = await readFile(file);
      const now = new Date();
      // Records when the module was last used. If that fails, the time of its creation counts.
      await utimes(file, now, now).catch(() => {});
      return bytes;
    } catch {
      // The file is missing or not readable: the caller compiles.
      return null;
    }
  }

  /** Adds a module. A file in the cache is always complete. */
  async put(hash: string, wasm: Uint8Array): Promise<void> {
    const file = this.#fileOf(hash);
    const temporary = `${file}.${randomUUID()}.tmp`;
    try {
      await mkdir(this.#folder, { recursive: true });
      await writeFile(temporary, wasm);
      await rename(temporary, file);
      await this.#prune();
    } catch {
      // The disk is full or read-only: the module is compiled again the next time.
      await rm(temporary, { force: true }).catch(() => {});
    }
  }

  async #prune(): Promise<void> {
    const files = (await readdir(this.#folder)).filter((name) => name.endsWith(".wasm"));
    if (files.length <= MODULES_MAX) return;
    const used = await Promise.all(
      files.map(async (name) => ({ name, atMs: (await stat(join(this.#folder, name))).mtimeMs })),
    );
    const old = used.toSorted((a, b) => b.atMs - a.atMs).slice(MODULES_MAX);
    for (const { name } of old) await rm(join(this.#folder, name), { force: true });
  }

  #fileOf(hash: string): string {
    return join(this.#folder, `${hash}.wasm`);
  }
}
