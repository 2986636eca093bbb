// The modules of a replay: those that ran the ticks, with their binaries in the journal, and another one from a file.
//
//   const modules = new RecordedModules(reader)
//   modules.get("6f1c...")            // a Kernel; throws WowsimError("module_missing") when the journal has lost it
//   await loadOther("hotfix.wasm")    // checked and metered as in a deploy

import { basename } from "node:path";
import { preparedCached } from "../../assembly/toolchain/build.ts";
import { checkModule } from "../../assembly/toolchain/checks.ts";
import { createMemory } from "../../assembly/toolchain/instance.ts";
import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import { layoutProblems } from "../../assembly/toolchain/layout-areas.ts";
import { loadKernel } from "../../assembly/toolchain/load.ts";
import { meter } from "../../assembly/toolchain/meter.ts";
import { messageOf, WowsimError } from "../protocol/errors.ts";
import { MODULE_LIMITS } from "../protocol/limits.ts";
import type { WorldReader } from "../store/world-reader.ts";

const PAGE_BYTES = 65_536;
/** Problems of a module that one message names. */
const NAMED_MAX = 5;

export interface PreparedModule {
  kernel: Kernel;
  metered: Uint8Array;
}

export class RecordedModules {
  readonly #reader: WorldReader;
  readonly #kernels = new Map<string, Kernel>();
  readonly #memories = new Map<number, WebAssembly.Memory>();

  /** `memory`: one that `memoryFor` may give to kernels of its size. */
  constructor(reader: WorldReader, memory: WebAssembly.Memory | null = null) {
    this.#reader = reader;
    if (memory !== null) this.#memories.set(memory.buffer.byteLength / PAGE_BYTES, memory);
  }

  /** Throws WowsimError("module_missing" | "module_unusable"). */
  get(hash: string): Kernel {
    const known = this.#kernels.get(hash);
    if (known !== undefined) return known;
    const stored = this.#reader.module(hash);
    if (stored === null) throw new WowsimError("module_missing", `Module ${hash} is missing or damaged in the journal`);
    try {
      const kernel = loadKernel(stored.wasm, stored.label, hash);
      const [problem] = layoutProblems(kernel.layout.constants);
      if (problem !== undefined) throw new WowsimError("layout_mismatch", problem);
      this.#kernels.set(hash, kernel);
      return kernel;
    } catch (cause) {
      const message = `Module ${hash} of the journal can not run here (${messageOf(cause)})`;
      throw new WowsimError("module_unusable", message, { cause });
    }
  }

  /** A memory for the recorded lane. It is used again and again: the first memories of a process are the fastest. */
  memoryFor(kernel: Kernel): WebAssembly.Memory {
    const pages = kernel.layout.value("MEMORY_PAGES");
    const memory = this.#memories.get(pages) ?? createMemory(kernel);
    this.#memories.set(pages, memory);
    return memory;
  }
}

/** Throws WowsimError("no_such_file" | "file_unreadable" | "module_refused"). */
export async function loadOther(path: string): Promise<Kernel> {
  return await kernelOf(await contentOf(path), basename(path), path);
}

/** Checks and meters a module as a deploy does; `name`: what messages call it. Throws WowsimError("module_refused"). */
export async function kernelOf(wasm: Uint8Array, label: string, name = label): Promise<Kernel> {
  return (await preparedModule(wasm, label, name)).kernel;
}

/** The same, with the metered binary. */
export async function preparedModule(wasm: Uint8Array, label: string, name = label): Promise<PreparedModule> {
  const metered = await preparedCached(wasm, async () => await checkAndMeter(wasm, name));
  try {
    return { kernel: loadKernel(metered, label), metered };
  } catch (cause) {
    throw new WowsimError("module_refused", `${name} could not be prepared: ${messageOf(cause)}.`, { cause });
  }
}

async function checkAndMeter(wasm: Uint8Array, name: string): Promise<Uint8Array> {
  const problems = await checkModule(wasm);
  if (problems.length > 0) {
    const more = problems.length > NAMED_MAX ? ` And ${problems.length - NAMED_MAX} more problems.` : "";
    const message = `${name} is no kernel that could run: ${problems.slice(0, NAMED_MAX).join(" ")}${more}`;
    throw new WowsimError("module_refused", message);
  }
  try {
    return await meter(wasm);
  } catch (cause) {
    const reason = cause instanceof RangeError ? "its code is nested too deep; split the function" : messageOf(cause);
    throw new WowsimError("module_refused", `${name} could not be prepared: ${reason}.`, { cause });
  }
}

async function contentOf(path: string): Promise<Uint8Array> {
  const file = Bun.file(path);
  try {
    if (!Number.isFinite(file.size)) throw new WowsimError("module_refused", `${path} is no file with a module.`);
    if (file.size > MODULE_LIMITS.moduleBytesMax) {
      const message = `${path} has ${file.size} bytes, and a kernel has ${MODULE_LIMITS.moduleBytesMax} at most.`;
      throw new WowsimError("module_refused", message);
    }
    return await file.bytes();
  } catch (cause) {
    if (cause instanceof WowsimError) throw cause;
    const isMissing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    const message = isMissing ? `There is no file ${path}.` : `${path} can not be read (${messageOf(cause)}).`;
    throw new WowsimError(isMissing ? "no_such_file" : "file_unreadable", message, { cause });
  }
}
