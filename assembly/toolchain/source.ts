// What a deploy is given: a .wasm file, a folder with kernel sources, or the name of a candidate. All become the same thing.
//
//   await buildSource("hotfix")            // { wasm, hash: "25682d010a24c6d8", label: "hotfix", expectations: null }
//   await buildSource("fix.wasm")          // its bytes; expectations: "fix.expect.toml" if that is there
//   await buildSource("./my-kernel")       // compiled; expectations: "./my-kernel/expect.toml" if that is there
//
// A folder is a whole kernel, or the changed files of one: these replace the files of the same path in this tree's assembly/.
// A word without a dot and a slash is a candidate's name if there is one; write ./hotfix for a folder of that name.

import { existsSync } from "node:fs";
import { mkdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, join, normalize, resolve } from "node:path";
import { didYouMean } from "../../server/protocol/did-you-mean.ts";
import { WowsimError, messageOf } from "../../server/protocol/errors.ts";
import { expectationsFileOf } from "../../server/protocol/expectations.ts";
import { MODULE_LIMITS } from "../../server/protocol/limits.ts";
import { buildFrom, readFolder, readSources, replaceFile } from "./build.ts";
import { candidateNames, candidateSources, readCandidate } from "./candidates.ts";
import { hashOf } from "./meter.ts";

export interface BuiltSource {
  /** The module as compiled, not metered. */
  wasm: Uint8Array;
  /** It identifies the module: the same source has the same hash on every machine. */
  hash: string;
  /** For people: "hotfix", "fix.wasm", "my-kernel". */
  label: string;
  /** Path of the file with its expectations; null when there is none. */
  expectations: string | null;
}

/** The entry of a kernel's sources. */
const ENTRY = "index.ts";
const WASM_MAGIC = [0, 0x61, 0x73, 0x6d];

/**
 * Reads or builds it; a path is relative to `folder`. Throws WowsimError: "no_such_file", "file_unreadable", "module_refused", "candidate_invalid",
 * "kernel_source", "kernel_compile", "kernel_check". A file's bytes are not checked beyond that they are a module.
 */
export async function buildSource(source: string, folder = "."): Promise<BuiltSource> {
  const names = candidateNames();
  if (names.includes(source)) return await fromCandidate(source);
  const path = resolve(folder, source);
  const found = await stat(path).catch(() => null);
  if (found === null) throw noSuchSource(source, names);
  return found.isDirectory() ? await fromFolder(path) : await fromFile(path, found.size);
}

/** The candidate with that name; null: the kernel as it is in this tree. Throws like buildSource. */
export async function buildModule(candidate: string | null): Promise<BuiltSource> {
  if (candidate !== null) return await fromCandidate(candidate);
  const { wasm, hash } = await buildFrom(await readSources());
  return { wasm, hash, label: "kernel", expectations: null };
}

/** Writes the module, and its expectations beside it. Returns the path of these; null when it has none. */
export async function writeModule({ wasm, expectations }: BuiltSource, file: string): Promise<string | null> {
  await mkdir(dirname(file), { recursive: true });
  await replaceFile(file, wasm);
  if (expectations === null) return null;
  const beside = expectationsFileOf(file);
  await replaceFile(beside, await readFile(expectations));
  return beside;
}

async function fromCandidate(name: string): Promise<BuiltSource> {
  const candidate = await readCandidate(name);
  const { wasm, hash } = await buildFrom(await candidateSources(candidate));
  return { wasm, hash, label: name, expectations: candidate.expectations };
}

async function fromFolder(folder: string): Promise<BuiltSource> {
  const own = await readFolder(folder);
  if (own.size === 0) {
    throw new WowsimError("kernel_source", `${folder} has no .ts files; give a folder with sources of a kernel.`);
  }
  const { wasm, hash } = await buildFrom(isWhole(own) ? own : await overKernel(own, folder));
  const expectations = ifThere(expectationsFileOf(folder));
  return { wasm, hash, label: basename(folder), expectations };
}

async function fromFile(path: string, bytes: number): Promise<BuiltSource> {
  if (bytes > MODULE_LIMITS.moduleBytesMax) {
    const message = `${path} has ${bytes} bytes, and a kernel has ${MODULE_LIMITS.moduleBytesMax} at most.`;
    throw new WowsimError("module_refused", message);
  }
  const wasm = await readFile(path).catch((cause: unknown) => {
    throw new WowsimError("file_unreadable", `${path} can not be read (${messageOf(cause)}).`, { cause });
  });
  if (WASM_MAGIC.some((byte, at) => wasm[at] !== byte)) {
    const message = `${path} is no WebAssembly module; build one: wowsim build-kernel --out kernel.wasm`;
    throw new WowsimError("module_refused", message);
  }
  const expectations = ifThere(expectationsFileOf(path));
  return { wasm: new Uint8Array(wasm), hash: hashOf(wasm), label: basename(path), expectations };
}

/** The kernel's sources with those of a folder in their places. A new file must be imported by another one. */
async function overKernel(own: ReadonlyMap<string, string>, folder: string): Promise<Map<string, string>> {
  const sources = await readSources();
  const added = [...own.keys()].filter((name) => !sources.has(name));
  for (const [name, text] of own) sources.set(name, text);
  const imported = new Set([...sources].flatMap(([name, text]) => importsOf(name, text)));
  const stray = added.find((name) => !imported.has(name));
  if (stray === undefined) return sources;
  const named = [...sources.keys()].filter((name) => name !== stray && basename(name) === basename(stray));
  const meant = named.length === 0 ? "" : ` Is it ${named.join(" or ")}?`;
  throw new WowsimError(
    "kernel_source",
    `${join(folder, stray)} replaces no file of assembly/, and no file imports it; give it the path of the file that it replaces.${meant}`,
  );
}

/** True when the folder has an entry, and all that its files import. */
function isWhole(sources: ReadonlyMap<string, string>): boolean {
  if (!sources.has(ENTRY)) return false;
  return [...sources].every(([name, text]) => importsOf(name, text).every((other) => sources.has(other)));
}

/** Paths of the files that a source imports. */
function importsOf(name: string, text: string): string[] {
  return [...text.matchAll(/\bfrom "(\.[^"]+)"/g)].map(([, path]) =>
    normalize(`${join(dirname(name), path ?? "")}.ts`),
  );
}

function ifThere(path: string): string | null {
  return existsSync(path) ? path : null;
}

function noSuchSource(source: string, names: readonly string[]): WowsimError {
  const build = source.endsWith(".wasm") ? " Build one: wowsim build-kernel --out kernel.wasm" : "";
  const advice = "give a .wasm file, a folder with kernel sources, or a name from `wowsim candidates`";
  return new WowsimError("no_such_file", `There is no ${source}; ${advice}.${didYouMean(source, names)}${build}`);
}
