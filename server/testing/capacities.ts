// Changes the capacities of a kernel built from the same sources: replaces constants of its memory map.
//
//   setConstants(sources, { PLAYERS_MAX: "64", FRAME_BYTES_MAX: "256 * 1024" })

import { WowsimError } from "../protocol/errors.ts";

/** Changes u32 constants of the memory map, in any file. Throws WowsimError("kernel_source") for an unknown constant. */
export function setConstants(sources: Map<string, string>, values: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(values)) {
    const declared = new RegExp(`export const ${name}: u32 = [^;]+;`);
    const [path, source] = [...sources].find(([, text]) => declared.test(text)) ?? [];
    if (path === undefined || source === undefined) {
      throw new WowsimError("kernel_source", `The memory map in assembly/ has no constant ${name}.`);
    }
    sources.set(path, source.replace(declared, `export const ${name}: u32 = ${value};`));
  }
}
