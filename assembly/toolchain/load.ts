// From a metered binary to a Kernel: compiled, its layout read, its hash known.

import { createHash } from "node:crypto";
import { WowsimError } from "../../server/protocol/errors.ts";
import { type ModuleShape, readModule } from "./binary.ts";
import type { Kernel, KernelLayout } from "./kernel.ts";
import { FUEL_EXPORT, SOURCE_SECTION } from "./meter.ts";

/**
 * Compiles a metered kernel (from `meter`). `hash` names it when the binary does not carry its own.
 * Throws WowsimError("module_malformed" | "module_unmetered" | "layout_missing").
 */
export function loadKernel(wasmMetered: Uint8Array, label: string, hash?: string): Kernel {
  const bytes = new Uint8Array(wasmMetered);
  const shape = readModule(bytes);
  if (!shape.exports.has(FUEL_EXPORT)) {
    throw new WowsimError(
      "module_unmetered",
      `${label} is not metered and must not tick; pass it through meter() first.`,
    );
  }
  const source = shape.custom.get(SOURCE_SECTION);
  return {
    module: new WebAssembly.Module(bytes),
    layout: layoutOf(shape),
    hash: source ? new TextDecoder().decode(source) : (hash ?? sha256(bytes)),
    label,
  };
}

/** The memory map a module exports. */
export function layoutOf(shape: ModuleShape): KernelLayout {
  return layoutFrom(shape.constants);
}

/** The memory map that an instance exports: for a thread that was handed the compiled module only. */
export function layoutOfInstance(exports: Record<string, unknown>): KernelLayout {
  const values = new Map<string, number>();
  for (const [name, value] of Object.entries(exports)) {
    if (value instanceof WebAssembly.Global && name !== FUEL_EXPORT) values.set(name, Number(value.value));
  }
  return layoutFrom(values);
}

/** A memory map from its names and values. */
export function layoutFrom(values: ReadonlyMap<string, number>): KernelLayout {
  const names = [...values.keys()].toSorted();
  const hash = sha256(names.map((name) => `${name}=${values.get(name)}`).join("\n"));
  return {
    hash,
    names: () => [...names],
    has: (name) => values.has(name),
    value(name) {
      const value = values.get(name);
      if (value === undefined) {
        throw new WowsimError(
          "layout_missing",
          `This kernel does not export ${name}; build one that does: wowsim build-kernel --out kernel.wasm`,
        );
      }
      return value;
    },
  };
}

function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex").slice(0, 16);
}
