// The kernel modules that a scenario deploys, read or built before it begins: a build blocks this process for a moment,
// and that would delay the scenario's own players.
//
//   const { wasm, label } = await loadModule("regression", "/folder/of/the/scenario")

export interface KernelModule {
  /** An unmetered kernel binary. */
  wasm: Uint8Array;
  label: string;
}

/** `source` is what a deploy takes; a path is relative to the folder. Throws like buildSource. */
export async function loadModule(source: string, folder: string): Promise<KernelModule> {
  const { buildSource } = await import("../../assembly/toolchain/source.ts");
  const { wasm, label } = await buildSource(source, folder);
  return { wasm, label };
}
