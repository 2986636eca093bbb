// The kernel modules that a scenario deploys, read or built before it begins: a build blocks this process for a moment,
// and that would delay the scenario's own players.
//
//   const { wasm, label } = await loadModule({ variant: "regression" }, "/folder/of/the/scenario")

import { basename, resolve } from "node:path";
import { messageOf, WowsimError } from "../../server/protocol/errors.ts";

export interface KernelModule {
  /** An unmetered kernel binary. */
  wasm: Uint8Array;
  label: string;
}

export interface ModuleWish {
  /** A folder in assembly/variants. */
  variant?: string | undefined;
  /** A .wasm file. */
  module?: string | undefined;
}

/** Throws WowsimError: no_such_file, kernel_source, kernel_compile, kernel_check. */
export async function loadModule({ variant, module = "" }: ModuleWish, folder: string): Promise<KernelModule> {
  if (variant !== undefined) {
    const { buildKernel } = await import("../../assembly/toolchain/build.ts");
    return { wasm: (await buildKernel({ variant })).wasm, label: variant };
  }
  const path = resolve(folder, module);
  try {
    return { wasm: await Bun.file(path).bytes(), label: basename(path) };
  } catch (cause) {
    throw new WowsimError("no_such_file", `The module ${path} can not be read: ${messageOf(cause)}`, { cause });
  }
}
