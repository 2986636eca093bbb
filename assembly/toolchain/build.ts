// Builds the kernel: AssemblyScript -> checked -> metered. It runs as a script, and is imported where a kernel is needed that
// is never older than its source.
//
//   bun assembly/toolchain/build.ts                                        assembly/build/kernel.wasm, kernel.metered.wasm
//   bun assembly/toolchain/build.ts --variant regression --out bad.wasm    a candidate with a known defect, for drills
//   bun assembly/toolchain/build.ts --variant hotfix --out -               the same as bytes on stdout
//
// A variant is a folder under assembly/variants/. Its files replace the files of the same path in assembly/.

import { createHash, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, readdir, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { WowsimError, messageOf } from "../../server/protocol/errors.ts";
import { checkModule } from "./checks.ts";
import { CompileCache } from "./compile-cache.ts";
import { hashOf, meter } from "./meter.ts";

/** In a one-file build all files lie in one folder, and assembly/ with its build is among them. */
const ROOT = Bun.isStandaloneExecutable ? import.meta.dir : join(import.meta.dir, "..", "..");
export const ASSEMBLY = join(ROOT, "assembly");
export const VARIANTS = join(ASSEMBLY, "variants");
/** Paths of a build's files, in the folder `build` beside the sources. `stamp` holds the hash of those sources. */
const filesOf = (assembly: string): { folder: string; wasm: string; metered: string; stamp: string } => {
  const folder = join(assembly, "build");
  const [wasm, metered, stamp] = ["kernel.wasm", "kernel.metered.wasm", "kernel.sources"];
  return { folder, wasm: join(folder, wasm), metered: join(folder, metered), stamp: join(folder, stamp) };
};
/** Folders of assembly/ that contain no sources of the kernel. */
const NO_SOURCES = ["build", "toolchain", "variants"];
/** Cache of compiled modules. */
const COMPILED = join(filesOf(ASSEMBLY).folder, "compiled");
/** Packages that compile and meter. Another version of one makes another module from the same sources. */
const COMPILERS = ["assemblyscript", "binaryen"];
/** Files of the toolchain whose change makes a build stale, like a change of the sources. */
const TOOLCHAIN = ["build.ts", "fuel.ts", "meter.ts", "walk.ts"].map((name) => join(import.meta.dir, name));

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

/**
 * Compiles, checks and meters the kernel, or a variant of it (`variantNames`).
 * Throws WowsimError("kernel_source" | "kernel_compile" | "kernel_check").
 */
export async function buildKernel(options: { variant?: string } = {}): Promise<BuiltKernel> {
  return buildFrom(await readSources(options.variant));
}

async function buildFrom(sources: Map<string, string>): Promise<BuiltKernel> {
  const wasm = await compileCached(sources);
  const problems = await checkModule(wasm);
  if (problems.length > 0) throw new WowsimError("kernel_check", `The kernel may not run:\n- ${problems.join("\n- ")}`);
  return { wasm, metered: await meter(wasm), hash: hashOf(wasm) };
}

/**
 * Returns the cached module of the sources; compiles them when there is none. A damaged cached module is not used. Throws like
 * `compile`.
 */
export async function compileCached(sources: Map<string, string>): Promise<Uint8Array> {
  // A one-file build does not know its compilers' versions, and has no folder for a cache.
  if (Bun.isStandaloneExecutable) return await compile(sources);
  const cache = new CompileCache(COMPILED);
  const hash = await hashSources(sources);
  const kept = await cache.get(hash);
  if (kept !== null && WebAssembly.validate(kept)) return kept;
  const wasm = await compile(sources);
  await cache.put(hash, wasm);
  return wasm;
}

/** Builds the kernel, or a variant of it, into the file `out`: unmetered, as a deploy needs it. Throws like buildKernel. */
export async function buildToFile(out: string, options: { variant?: string } = {}): Promise<BuiltKernel> {
  const kernel = await buildKernel(options);
  await mkdir(dirname(out), { recursive: true });
  await replaceFile(out, kernel.wasm);
  return kernel;
}

/** Builds the kernel into the files that ensureKernel uses. */
async function buildOwn(): Promise<BuiltKernel> {
  const sources = await readSources();
  const kernel = await buildFrom(sources);
  await writeKernel(ASSEMBLY, kernel, await hashSources(sources));
  return kernel;
}

/** Names that buildKernel accepts as a variant. */
export async function variantNames(): Promise<string[]> {
  if (!existsSync(VARIANTS)) return [];
  const entries = await readdir(VARIANTS, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .toSorted();
}

async function writeKernel(assembly: string, kernel: BuiltKernel, sources: string): Promise<void> {
  const files = filesOf(assembly);
  await mkdir(files.folder, { recursive: true });
  await replaceFile(files.wasm, kernel.wasm);
  await replaceFile(files.metered, kernel.metered);
  await replaceFile(files.stamp, sources);
}

/** Readers see the whole old file or the whole new one, even when two processes build at the same time. */
async function replaceFile(path: string, contents: Uint8Array | string): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  await writeFile(temporary, contents);
  await rename(temporary, path);
}

/** Source text by path in assembly/. The files of a variant replace those of the same path. Throws WowsimError("kernel_source"). */
export async function readSources(variant?: string): Promise<Map<string, string>> {
  const sources = await readFolder(ASSEMBLY);
  if (variant === undefined) return sources;
  const folder = join(VARIANTS, variant);
  if (!/^[a-z0-9-]+$/.test(variant) || !existsSync(folder)) {
    throw new WowsimError(
      "kernel_source",
      `There is no variant ${variant}; choose one of ${(await variantNames()).join(", ")}.`,
    );
  }
  for (const [name, text] of await readFolder(folder)) {
    if (!sources.has(name)) {
      throw new WowsimError(
        "kernel_source",
        `${variant}/${name} stands in for nothing; give it the path of a file in assembly/.`,
      );
    }
    sources.set(name, text);
  }
  return sources;
}

/** Source texts of a folder and its subfolders, by path relative to the folder, sorted. */
async function readFolder(folder: string): Promise<Map<string, string>> {
  const names = (await namesIn(folder, "")).toSorted();
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), "utf8")));
  return new Map(names.map((name, index) => [name, texts[index] ?? ""]));
}

async function namesIn(root: string, folder: string): Promise<string[]> {
  const entries = await readdir(join(root, folder), { withFileTypes: true });
  const names = entries.map(async (entry) => {
    const name = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return NO_SOURCES.includes(name) ? [] : await namesIn(root, name);
    return name.endsWith(".ts") ? [name] : [];
  });
  return (await Promise.all(names)).flat();
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
  const hash = createHash("sha256");
  for (const [name, text] of texts) hash.update(`${name}\n${text}\n`);
  for (const name of compilers ?? (await compilerVersions())) hash.update(`${name}\n`);
  for (const path of TOOLCHAIN) hash.update(await readFile(path));
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

async function main(args: string[]): Promise<void> {
  const option = (name: string) => (args.includes(name) ? args[args.indexOf(name) + 1] : undefined);
  const variant = option("--variant");
  const out = option("--out");
  if (args.length > 0 && out === undefined) {
    throw new WowsimError(
      "usage",
      "bun assembly/toolchain/build.ts [--variant NAME] [--out FILE|-]: say --out with --variant.",
    );
  }
  if (out === "-") {
    await Bun.write(Bun.stdout, (await buildKernel(variant === undefined ? {} : { variant })).wasm);
    return;
  }
  const kernel =
    out === undefined ? await buildOwn() : await buildToFile(out, variant === undefined ? {} : { variant });
  process.stdout.write(`${kernel.hash} ${kernel.wasm.length} bytes, metered ${kernel.metered.length} bytes\n`);
}

if (import.meta.main) {
  try {
    await main(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    process.exitCode = 1;
  }
}
