// Makes a Kernel from a metered binary: compiles it, reads its layout, and finds its hash.

import { createHash } from "node:crypto";
import { WowsimError } from "../../server/protocol/errors.ts";
import { type ModuleShape, readModule } from "./binary.ts";
import type { Kernel, KernelLayout, LayoutEntries } from "./kernel.ts";
import { borderHash, piecesOf, stateHash } from "./layout-state.ts";
import type { Piece } from "./layout-state.ts";
import { FUEL_EXPORT, SOURCE_SECTION } from "./meter.ts";

/**
 * Compiles a metered kernel (from `meter`). `hash` is used when the binary does not contain the hash of its source. Throws
 * WowsimError("module_malformed" | "module_unmetered" | "layout_missing").
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

/** The memory map that a module exports. */
export function layoutOf(shape: ModuleShape): KernelLayout {
  return layoutFrom(shape.constants);
}

/** A memory map from its names and values. */
export function layoutFrom(values: Iterable<readonly [name: string, value: number]>): KernelLayout {
  const constants = new Map([...values].toSorted(([one], [other]) => (one < other ? -1 : 1)));
  let map: { pieces: ReadonlyMap<string, Piece>; state: string; border: string } | null = null;
  const read = (): NonNullable<typeof map> => {
    const pieces = piecesOf(constants);
    map = { pieces, state: stateHash(constants, pieces), border: borderHash(constants) };
    return map;
  };
  return {
    constants,
    names: () => [...constants.keys()],
    has: (name) => constants.has(name),
    get pieces() {
      return (map ?? read()).pieces;
    },
    get stateHash() {
      return (map ?? read()).state;
    },
    get borderHash() {
      return (map ?? read()).border;
    },
    value(name) {
      const value = constants.get(name);
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

/** A memory map in the form in which threads send it to each other. */
export function layoutEntries({ names, value }: KernelLayout): LayoutEntries {
  return names().map((name) => [name, value(name)]);
}

function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex").slice(0, 16);
}
