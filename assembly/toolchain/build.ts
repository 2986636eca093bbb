// Builds the kernel: AssemblyScript -> checked -> metered. It runs as a script, and is imported where a kernel is needed that
// is never older than its source.
//
//   bun assembly/toolchain/build.ts     assembly/build/kernel.wasm, kernel.metered.wasm

import { createHash, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, readdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { WowsimError, messageOf } from "../../server/protocol/errors.ts";
import { checkModule } from "./checks.ts";
import { CompileCache } from "./compile-cache.ts";
import { hashOf, meter } from "./meter.ts";

/** In a one-file build all files lie in one folder, and assembly/ with its build is among them. */
const ROOT = Bun.isStandaloneExecutable ? import.meta.dir : join(import.meta.dir, "..", "..");
export const ASSEMBLY = join(ROOT, "assembly");
/** Paths of a build's files, in the folder `build` beside the sources. `stamp` holds the hash of those sources. */
const filesOf = (assembly: string): { folder: string; wasm: string; metered: string; stamp: string } => {
  const folder = join(assembly, "build");
  const [wasm, metered, stamp] = ["kernel.wasm", "kernel.metered.wasm", "kernel.sources"];
  return { folder, wasm: join(folder, wasm), metered: join(folder, metered), stamp: join(folder, stamp) };
};
/** Folders of assembly/ that contain no sources of the kernel. */
const NO_SOURCES = ["build", "candidates", "toolchain"];
/** More than any kernel has. */
const ENTRIES_MAX = 2_000;
/** Cache of compiled modules. */
const COMPILED = join(filesOf(ASSEMBLY).folder, "compiled");
/** Packages that compile and meter. Another version of one makes another module from the same sources. */
const COMPILERS = ["assemblyscript", "binaryen"];
/** Files of the toolchain whose change makes a compiled module stale, and those that check and meter it. */
const COMPILING = ["build.ts"];
const PREPARING = ["binary.ts", "call-charges.ts", "checks.ts", "fuel.ts", "layout-areas.ts", "meter.ts", "walk.ts"];

export interface BuiltKernel {
  /** The module as compiled. Its hash identifies the kernel. */
  wasm: Uint8Array;
  metered: Uint8Array;
  hash: string;
}

/**
 * Returns the path of an up-to-date metered kernel. Builds the kernel when it is missing or its sources (in `assembly`) have
 * changed. A one-file build contains a kernel that was up to date when the build was made.
 */
export async function ensureKernel(assembly = ASSEMBLY): Promise<string> {
  if (Bun.isStandaloneExecutable) return filesOf(assembly).metered;
  const texts = await readFolder(assembly);
  const sources = await hashSources(texts);
  if ((await builtFrom(assembly)) !== sources) await writeKernel(assembly, await buildFrom(texts), sources);
  return filesOf(assembly).metered;
}

/** Compares the built kernel with the present sources (in `assembly`). */
export async function kernelState(assembly = ASSEMBLY): Promise<"fresh" | "stale" | "missing"> {
  const built = await builtFrom(assembly);
  if (built === "") return "missing";
  if (Bun.isStandaloneExecutable) return "fresh";
  return built === (await hashSources(await readFolder(assembly))) ? "fresh" : "stale";
}

/** Hash of the sources from which the kernel was built; "" when there is no kernel. */
async function builtFrom(assembly: string): Promise<string> {
  const { metered, stamp } = filesOf(assembly);
  return existsSync(metered) && existsSync(stamp) ? await readFile(stamp, "utf8") : "";
}

/** Compiles, checks and meters the kernel. Throws WowsimError("kernel_source" | "kernel_compile" | "kernel_check"). */
export async function buildKernel(): Promise<BuiltKernel> {
  return await buildFrom(await readSources());
}

/** The same for other source texts. */
export async function buildFrom(sources: Map<string, string>): Promise<BuiltKernel> {
  const wasm = await compileCached(sources);
  const metered = await preparedCached(wasm, checkAndMeter);
  return { wasm, metered, hash: hashOf(wasm) };
}

/** The metered module. `make` checks and meters it; if the cache has it, it was checked before. */
export async function preparedCached(
  wasm: Uint8Array,
  make: (wasm: Uint8Array) => Promise<Uint8Array>,
): Promise<Uint8Array> {
  return await cached(
    () => hashOfBuild([hashOf(wasm)], PREPARING),
    () => make(wasm),
  );
}

async function checkAndMeter(wasm: Uint8Array): Promise<Uint8Array> {
  const problems = await checkModule(wasm);
  if (problems.length > 0) throw new WowsimError("kernel_check", `The kernel may not run:\n- ${problems.join("\n- ")}`);
  return await meter(wasm);
}

/** The module of the sources, unchecked and unmetered. It is compiled if the cache does not have it. Throws like `compile`. */
export async function compileCached(sources: Map<string, string>): Promise<Uint8Array> {
  return await cached(
    () => hashOfBuild(partsOf(sources), COMPILING),
    () => compile(sources),
  );
}

/** What the cache has under a hash, or else what `make` makes. A damaged module in the cache is not used. */
async function cached(hashOfIt: () => Promise<string>, make: () => Promise<Uint8Array>): Promise<Uint8Array> {
  // A one-file build does not know its compilers' versions, and has no folder for a cache.
  if (Bun.isStandaloneExecutable) return await make();
  const cache = new CompileCache(COMPILED);
  const hash = await hashOfIt();
  const kept = await cache.get(hash);
  if (kept !== null && WebAssembly.validate(kept)) return kept;
  const made = await make();
  await cache.put(hash, made);
  return made;
}

/** Builds the kernel into the files that ensureKernel uses. */
async function buildOwn(): Promise<BuiltKernel> {
  const sources = await readSources();
  const kernel = await buildFrom(sources);
  await writeKernel(ASSEMBLY, kernel, await hashSources(sources));
  return kernel;
}

async function writeKernel(assembly: string, kernel: BuiltKernel, sources: string): Promise<void> {
  const files = filesOf(assembly);
  await mkdir(files.folder, { recursive: true });
  await replaceFile(files.wasm, kernel.wasm);
  await replaceFile(files.metered, kernel.metered);
  await replaceFile(files.stamp, sources);
}

/** Readers see the whole old file or the whole new one, even when two processes build at the same time. */
export async function replaceFile(path: string, contents: Uint8Array | string): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  await writeFile(temporary, contents);
  await rename(temporary, path);
}

/** Source texts of the kernel, by path in assembly/. */
export async function readSources(): Promise<Map<string, string>> {
  return await readFolder(ASSEMBLY);
}

/**
 * Source texts of a folder and its subfolders, by path relative to the folder, sorted. Throws WowsimError("kernel_source") for
 * a folder with too much in it, such as the root of a disk.
 */
export async function readFolder(folder: string): Promise<Map<string, string>> {
  const names = (await namesIn(folder)).toSorted();
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), "utf8")));
  return new Map(names.map((name, index) => [name, texts[index] ?? ""]));
}

async function namesIn(root: string): Promise<string[]> {
  const names: string[] = [];
  const folders = [""];
  let seen = 0;
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
      if (++seen > ENTRIES_MAX) {
        const message = `${root} has more than ${ENTRIES_MAX} files and folders; give the folder with the kernel's sources.`;
        throw new WowsimError("kernel_source", message);
      }
      const name = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (!entry.isDirectory()) names.push(...(name.endsWith(".ts") ? [name] : []));
      else if (!NO_SOURCES.includes(name)) folders.push(name);
    }
  }
  return names;
}

/** Path of the only source file of that name in any folder, for example `grid.ts`. Throws WowsimError("kernel_source"). */
export function sourceNamed(sources: ReadonlyMap<string, string>, name: string): string {
  const [path, another] = [...sources.keys()].filter((known) => known === name || known.endsWith(`/${name}`));
  if (path !== undefined && another === undefined) return path;
  throw new WowsimError("kernel_source", `assembly/ must have exactly one ${name}.`);
}

/** Names and versions of the installed compilers: ["assemblyscript 0.28.20", ...]. */
export async function compilerVersions(): Promise<string[]> {
  return await Promise.all(
    COMPILERS.map(async (name) => {
      const path = Bun.resolveSync(`${name}/package.json`, import.meta.dir);
      const { version } = JSON.parse(await readFile(path, "utf8")) as { version: string };
      return `${name} ${version}`;
    }),
  );
}

/** Hash that identifies a build: of its sources, the compilers' versions and the toolchain's files. Hexadecimal SHA-256. */
export async function hashSources(texts: Map<string, string>, compilers?: readonly string[]): Promise<string> {
  return await hashOfBuild(partsOf(texts), [...COMPILING, ...PREPARING], compilers);
}

const partsOf = (texts: ReadonlyMap<string, string>): string[] => [...texts].map(([name, text]) => `${name}\n${text}`);

async function hashOfBuild(
  parts: readonly string[],
  toolchain: readonly string[],
  compilers?: readonly string[],
): Promise<string> {
  const hash = createHash("sha256");
  for (const part of [...parts, ...(compilers ?? (await compilerVersions()))]) hash.update(`${part}\n`);
  for (const name of toolchain) hash.update(await readFile(join(import.meta.dir, name)));
  return hash.digest("hex");
}

/**
 * Compiles source texts (path -> text, `index.ts` is the entry) to an unchecked, unmetered module. Throws
 * WowsimError("kernel_source" | "kernel_compile").
 */
export async function compile(sources: Map<string, string>): Promise<Uint8Array> {
  const { default: asc } = await import("assemblyscript/asc");
  const pages = /MEMORY_PAGES: u32 = (\d+);/.exec(sources.get(sourceNamed(sources, "memory.ts")) ?? "")?.[1];
  if (!pages) throw new WowsimError("kernel_source", "memory.ts must say `MEMORY_PAGES: u32 = <number>;`.");
  const memory = ["--importMemory", "--initialMemory", pages, "--maximumMemory", pages, "--memoryBase", "1024"];
  let wasm: Uint8Array | null = null;
  const { error, stderr } = await asc.main(
    ["index.ts", "--runtime", "stub", ...memory, "-O3", "--outFile", "kernel.wasm"],
    {
      readFile: (name) => sources.get(name) ?? null,
      writeFile: (name, contents) => {
        if (name === "kernel.wasm" && typeof contents !== "string") wasm = contents;
      },
      listFiles: () => [],
    },
  );
  if (error || !wasm) {
    throw new WowsimError("kernel_compile", `The kernel does not compile:\n${stderr.toString() || messageOf(error)}`);
  }
  return wasm;
}

if (import.meta.main) {
  try {
    const kernel = await buildOwn();
    process.stdout.write(`${kernel.hash} ${kernel.wasm.length} bytes, metered ${kernel.metered.length} bytes\n`);
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    process.exitCode = 1;
  }
}
