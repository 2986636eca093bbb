// The modules that a growing journal names, compiled once: a look at the journal is short, and a compiled module outlives it.
//
//   const modules = new FoundModules()
//   modules.get("6f1c…", journal.reader)      // a Kernel

import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import { RecordedModules } from "../replay/modules.ts";
import type { WorldReader } from "../store/world-reader.ts";

export class FoundModules {
  readonly #kernels = new Map<string, Kernel>();

  add(kernel: Kernel): void {
    this.#kernels.set(kernel.hash, kernel);
  }

  /** Throws WowsimError("module_missing" | "module_unusable"). */
  get(hash: string, reader: WorldReader): Kernel {
    const kernel = this.#kernels.get(hash) ?? new RecordedModules(reader).get(hash);
    this.#kernels.set(hash, kernel);
    return kernel;
  }
}
