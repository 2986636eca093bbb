// What asc made of sources that were compiled before: compiling takes ten seconds of a processor, and a drill, a demo and a
// canary compile the same variants again and again. Kept are unchecked, unmetered modules, each under the hash of all that it
// was made of; who takes one checks and meters it as if it had just been compiled.
//
//   const cache = new CompileCache("assembly/build/compiled")
//   await cache.get("9f3c2a…")       // null, or the bytes
//
// A cache that can not be read or written is none: it costs time, and nothing else.

import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { randomUUID } from "node:crypto";

/** The least lately used ones beyond this go. */
const MODULES_MAX = 32;

export class CompileCache {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The module of these sources; null when it is not there. */
  async get(hash: string): Promise<Uint8Array | null> {
    const file = this.#fileOf(hash);
    try {
      const bytes = await readFile(file);
      const now = new Date();
      // How lately it was used. Where that can not be written, it counts as used when it was made.
      await utimes(file, now, now).catch(() => {});
      return bytes;
    } catch {
      // Not there, or not to be read: the caller compiles.
      return null;
    }
  }

  /** Keeps a module, whole or not at all. */
  async put(hash: string, wasm: Uint8Array): Promise<void> {
    const file = this.#fileOf(hash);
    const temporary = `${file}.${randomUUID()}.tmp`;
    try {
      await mkdir(this.#folder, { recursive: true });
      await writeFile(temporary, wasm);
      await rename(temporary, file);
      await this.#prune();
    } catch {
      // A full or read-only disk: then it is compiled again the next time.
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
