// What a free run (free-run.ts) is given, and what each of its runs gives: the samples from which free-verdict.ts judges.

import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import type { Expectation } from "../protocol/expectations.ts";
import type { Window } from "./free-meter.ts";

/** A part of a zone's history. */
export interface FreeStretch {
  zone: number;
  /** Tick of the state; the first batch is of the next one. */
  tick: number;
  /** In the incumbent's layout. */
  state: Uint8Array;
  batches: readonly Uint8Array[];
}

export interface FreeRunOptions {
  incumbent: Kernel;
  candidate: Kernel;
  /** At least one; the runs are shared out among them, and each gets two at least. */
  stretches: readonly FreeStretch[];
  /** Runs of each module in all. */
  runs: number;
  /** Standard errors by which a measure may differ. */
  zMax: number;
  /** Fuel that the candidate may use, of the incumbent's. */
  fuelRatioMax: number;
  /** Those of free runs count: what the candidate is meant to change in minutes. */
  expectations: readonly Expectation[];
  seed: number;
  /** Lets the event loop turn, and hears an interruption. */
  pause?: { readonly isDue: boolean; readonly isAborted: boolean; take(): Promise<void> };
  /** One for each module, in this order; they are overwritten. */
  memories?: readonly [WebAssembly.Memory, WebAssembly.Memory];
}

/** What a module did in one run. */
export type Sample = Readonly<Record<Window, Float64Array>>;

/** Both modules with the same luck. */
export interface FreePair {
  stretch: number;
  incumbent: Sample;
  candidate: Sample;
  /** The first tick after which the states differ; null: none, or the layouts do and the hashes can not be compared. */
  firstDifference: number | null;
}

/** A run that ended early. */
export interface FreeTrap {
  zone: number;
  tick: number;
  message: string;
  ofCandidate: boolean;
}
