// The checks of a measurement: what it claims, whether the claim holds, and the measured value.
//
//   printChecks([{ what: "Zero overruns", holds: true, shown: "0 of 24,000 ticks" }])
//   // ok      Zero overruns: 0 of 24,000 ticks

import { mapped } from "../../tools/analysis/measured.ts";
import type { Measured } from "../../tools/analysis/measured.ts";
import { out, paint } from "../../tools/ui/output.ts";

export interface Check {
  what: string;
  holds: boolean;
  shown: string;
  /**
   * Besides the code: `time` may fail on a busy machine, `length` may fail in a short run. Tests leave
   * both out. Default: nothing but the code.
   */
  restsOn?: "time" | "length";
}

export function printChecks(checks: Check[]): void {
  for (const { what, holds, shown } of checks) {
    out(`${holds ? paint.green("ok    ") : paint.red("FAILED")}  ${what}: ${shown}`);
  }
}

/** A figure with this many decimal digits, or "not measured". */
export const fixed = (value: Measured, digits = 2): string => (value === null ? "not measured" : value.toFixed(digits));

const P99_SHARE_MAX = 0.1;
const P99_MS_MAX = 0.5;

/** The highest tick p99 that counts as unchanged: the earlier p99 plus a share of it or some milliseconds, whichever is more. */
export const p99Max = (msBefore: Measured): Measured =>
  mapped(msBefore, (ms) => ms + Math.max(ms * P99_SHARE_MAX, P99_MS_MAX));
