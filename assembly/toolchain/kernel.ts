// What the host knows about a kernel: its exports, and the layout read from them.
//
// A kernel is a WebAssembly module over one imported memory. Every build exports its memory map as immutable i32 globals
// (assembly/memory/memory.ts), and the host takes every offset from there: it has no copy of its own.
//
//   const kernel = loadKernel(await Bun.file(path).bytes())   // compile, read layout, compute hashes
//   kernel.layout.value("HEADER_TICK")                        // 65540, throws on a name this build does not have

import type { Piece } from "./layout-state.ts";

/** The exports of a metered kernel's instance. */
export interface KernelExports {
  /** Writes a fresh zone into the memory: header, seeded generator, empty tables. */
  init(seed: number, zoneId: number, tickRateHz: number): void;
  /** Runs one tick over the commands in the command area. */
  tick(tick: number): void;
  /** Recomputes the state hash (header HASH_LO, HASH_HI) without ticking. */
  hash(): void;
  /**
   * Fuel left in the current slice. The host sets it before each call; below zero the module asks for more (fuel.ts). Only
   * metered modules export it.
   */
  fuel: WebAssembly.Global;
  [layoutName: string]: unknown;
}

/** The memory map of one kernel build: names to byte offsets, strides and capacities. */
export interface KernelLayout {
  /** Throws WowsimError("layout_missing") when this build does not export the name. */
  value(name: string): number;
  has(name: string): boolean;
  names(): string[];
  /** All names and values, sorted by name. */
  readonly constants: ReadonlyMap<string, number>;
  /** Pieces of the state, by name. They are copied when the state moves to another layout. */
  readonly pieces: ReadonlyMap<string, Piece>;
  /** 16 hexadecimal digits each. layout-state.ts says what they cover, and what happens when they differ. */
  readonly stateHash: string;
  readonly borderHash: string;
}

/** A layout in the form in which threads send it to each other. */
export type LayoutEntries = [name: string, value: number][];

/** A compiled, metered, checked kernel module and what identifies it. */
export interface Kernel {
  readonly module: WebAssembly.Module;
  readonly layout: KernelLayout;
  /** First 16 hexadecimal digits of the SHA-256 of the unmetered binary. A deploy identifies the module by it. */
  readonly hash: string;
  /** Free text for people: "built 2026-01-01", "candidate", a file name. */
  readonly label: string;
}
