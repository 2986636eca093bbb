// What a measurement claims, whether it holds, and what was seen.
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
}

export function printChecks(checks: Check[]): void {
  for (const { what, holds, shown } of checks) {
    out(`${holds ? paint.green("ok    ") : paint.red("FAILED")}  ${what}: ${shown}`);
  }
}

/** A figure with so many digits after the point, or that there is none. */
export const fixed = (value: Measured, digits = 2): string => (value === null ? "not measured" : value.toFixed(digits));

const P99_SHARE_MAX = 0.1;
const P99_MS_MAX = 0.5;

/** What a tick p99 may rise to and still count as kept: by a share of what it was, or by so many milliseconds, whichever is more. */
export const p99Max = (msBefore: Measured): Measured =>
  mapped(msBefore, (ms) => ms + Math.max(ms * P99_SHARE_MAX, P99_MS_MAX));
