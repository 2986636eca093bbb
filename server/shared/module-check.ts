// The messages between the main thread and the worker that checks uploaded modules.

import type { LayoutEntries } from "../../assembly/toolchain/kernel.ts";

/** An unmetered kernel binary, as uploaded. */
export interface CheckRequest {
  wasm: Uint8Array;
  label: string;
}

/**
 * A module that may run is sent compiled: to read and compile a megabyte takes longer than the main thread can afford. Its
 * metered binary is for the journal.
 */
export type CheckAnswer =
  | { ok: true; module: WebAssembly.Module; layout: LayoutEntries; metered: Uint8Array }
  | { ok: false; problems: string[] };
