// What a measurement claims, whether it holds, and what was seen.
//
//   printChecks([{ what: "Zero overruns", holds: true, shown: "0 of 24,000 ticks" }])
//   // ok      Zero overruns: 0 of 24,000 ticks

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
