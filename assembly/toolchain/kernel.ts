// What the host knows of a kernel: its exports, and the layout it read from them.
//
// A kernel is a WebAssembly module over one imported memory. Every build exports its memory map as immutable i32
// globals (assembly/memory/memory.ts), and the host takes every offset from there: it has no copy of its own.
//
//   const kernel = loadKernel(await Bun.file(path).bytes())   // compile, read layout, compute hashes
//   kernel.layout.offset("HEADER_TICK")                       // 65540, throws on a name this build does not have

import type { Piece } from "./layout-state.ts";

/** What a metered kernel's instance offers. */
export interface KernelExports {
  /** Puts a fresh zone into the memory: header, generator seeded, empty tables. */
  init(seed: number, zoneId: number, tickRateHz: number): void;
  /** Runs one tick over the commands in the command area. */
  tick(tick: number): void;
  /** Recomputes the state hash (header HASH_LO, HASH_HI) without ticking. */
  hash(): void;
  /** Fuel left of the slice at hand; set before each call, and below zero the module asks for more (fuel.ts). Of metered modules only. */
  fuel: WebAssembly.Global;
  [layoutName: string]: unknown;
}

/** The memory map of one kernel build: names to byte offsets, strides and capacities. */
export interface KernelLayout {
  /** Throws WowsimError("layout_missing") when this build does not export the name. */
  value(name: string): number;
  has(name: string): boolean;
  names(): string[];
  /** All of it, sorted by name. */
  readonly constants: ReadonlyMap<string, number>;
  /** What is carried over when the state goes to another layout, by name. */
  readonly pieces: ReadonlyMap<string, Piece>;
  /** 16 hexadecimal digits each: what they are over, and what follows when they differ, is in layout-state.ts. */
  readonly stateHash: string;
  readonly borderHash: string;
}

/** A layout as threads tell each other. */
export type LayoutEntries = [name: string, value: number][];

/** A compiled, metered, checked kernel module and what identifies it. */
export interface Kernel {
  readonly module: WebAssembly.Module;
  readonly layout: KernelLayout;
  /** First 16 hexadecimal digits of the SHA-256 of the unmetered binary: what a deploy names it by. */
  readonly hash: string;
  /** Free text for people: "built 2026-01-01", "candidate", a file name. */
  readonly label: string;
}
