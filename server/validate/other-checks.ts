// The lines of a verdict that come from other parts than the comparison tick by tick: memory of its own, free runs, time.

import type { ValidationCheck } from "../protocol/validation.ts";
import type { FreeRunResult } from "./free-verdict.ts";
import type { OwnMemory } from "./own-memory.ts";
import type { PairedTime } from "./paired-time.ts";

export function ownMemoryChecks(found: readonly OwnMemory[]): ValidationCheck[] {
  if (found.length === 0) return [];
  const name = "memory of its own";
  const wrong = found.find(({ holds }) => !holds);
  if (wrong !== undefined) return [{ name, holds: false, shown: plain(wrong.text) }];
  const ticks = found.reduce((sum, each) => sum + each.ticks, 0);
  const shown = `none: over ${ticks.toLocaleString("en-US")} ticks a fresh instance with other memory outside the state did the same`;
  // A zone whose first tick traps has run none.
  return [{ name, holds: ticks > 0 ? true : null, shown }];
}

export function freeRunChecks(result: FreeRunResult | null): ValidationCheck[] {
  if (result === null) return [{ name: "free runs", holds: null, shown: "no zone has history to run" }];
  return [{ name: "free runs", holds: result.verdict === "unclear" ? null : result.holds, shown: plain(result.text) }];
}

export function timeChecks(result: PairedTime | null): ValidationCheck[] {
  if (result === null) return [];
  return [{ name: "time", holds: result.verdict === "unclear" ? null : result.holds, shown: plain(result.text) }];
}

/** Without the full stop. */
function plain(text: string): string {
  return text.replace(/\.$/, "");
}
