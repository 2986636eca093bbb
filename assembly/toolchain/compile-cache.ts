// A cache of built modules. Compiling takes some seconds of processor time, and drills, deploys and tests build the same
// candidates again and again. The cache holds modules as compiled, and modules that were checked and metered, each under the
// hash of everything it was made from.
//
//   const cache = new CompileCache("assembly/build/compiled")
//   await cache.get("9f3c2a…")       // null, or the bytes
//
// A cache that can not be read or written only costs time: the modules are compiled again.

import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { randomUUID } from "node:crypto";

/** Modules that the cache keeps. The least recently used ones beyond this number are deleted. */
const MODULES_MAX = 256;

export class CompileCache {
  readonly #folder: string;
  readonly #modulesMax: number;

  constructor(folder: string, modulesMax = MODULES_MAX) {
    this.#folder = folder;
    this.#modulesMax = modulesMax;
  }

  /** The module under this hash; null when it is not in the cache. */
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
    if (files.length <= this.#modulesMax) return;
    const used = await Promise.all(
      files.map(async (name) => ({ name, atMs: (await stat(join(this.#folder, name))).mtimeMs })),
    );
    const old = used.toSorted((a, b) => b.atMs - a.atMs).slice(this.#modulesMax);
    for (const { name } of old) await rm(join(this.#folder, name), { force: true });
  }

  #fileOf(hash: string): string {
    return join(this.#folder, `${hash}.wasm`);
  }
}
