// What the main thread and the worker that checks uploaded modules say to each other.

import type { LayoutEntries } from "../../assembly/toolchain/kernel.ts";

/** An unmetered kernel binary, as it was uploaded. */
export interface CheckRequest {
  wasm: Uint8Array;
  label: string;
}

/** A module that may run comes compiled: to read and compile a megabyte takes longer than the main thread has. */
export type CheckAnswer =
  { ok: true; module: WebAssembly.Module; layout: LayoutEntries } | { ok: false; problems: string[] };
