// The messages between the main thread and the worker that runs a module beside the zones.

import type { Expectation } from "../protocol/expectations.ts";
import type { ShadowReport, ShadowRole } from "../protocol/shadow.ts";

export interface ShadowBegin {
  type: "begin";
  dataDir: string;
  hash: string;
  label: string;
  /** The metered binary; null: the journal has it. */
  metered: Uint8Array | null;
  zones: readonly number[];
  /** Of each zone; 0: until `abort`. */
  ticks: number;
  role: ShadowRole;
  expectations: readonly Expectation[];
  fuelRatioMax: number;
}

/**
 * `pace`: in a pause what comes is looked at afterwards; in a rest, because the shadow makes zones slower, it is left out. `abort`: end at
 * once; what was found until then is answered.
 */
export type ToShadow = ShadowBegin | { type: "pace"; pace: "go on" | "pause" | "rest" } | { type: "abort" };

export type FromShadow =
  | { type: "progress"; share: number; doing: string }
  | { type: "report"; report: ShadowReport }
  | { type: "done"; report: ShadowReport }
  | { type: "failed"; code: string; message: string };
