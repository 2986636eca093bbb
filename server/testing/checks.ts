// What a measurement claims, whether it holds, and what was seen.
//
//   printChecks([{ what: "Zero overruns", holds: true, shown: "0 of 24,000 ticks" }])
//   // ok      Zero overruns: 0 of 24,000 ticks

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
