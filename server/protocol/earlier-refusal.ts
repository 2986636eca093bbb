// Whether a module failed here before: it is then not deployed again without force.
//
//   earlierRefusal(entries, "9f3c…", expect)     // "9f3c… was rolled back here at 2026-… (kernel time ×3)", or null
//
// A module that failed its validation may be judged again when it is expected to change something else now. Otherwise a quiet minute
// would let it pass.

import { expectationsHash } from "./deploy-validation.ts";
import type { ValidationNote } from "./deploy-validation.ts";

/** What of an entry of the deploy history is looked at. */
export interface HistoryEntry {
  timestamp: string;
  event: string;
  from_hash: string;
  to_hash: string;
  reason: string;
  validation?: ValidationNote | undefined;
}

/** Roll-backs that say nothing about the module: nobody judged it. */
const UNJUDGED = /^(interrupted|not judged|lease ended|abandoned|promotion stopped)/;

export const isUnjudged = (reason: string): boolean => UNJUDGED.test(reason);

/** `expect`: TOML with what it is expected to change. Null: it did not fail, or was promoted since. */
export function earlierRefusal(entries: readonly HistoryEntry[], hash: string, expect: string): string | null {
  const promoted = entries.findLastIndex(({ event, to_hash: to }) => event === "promoted" && to === hash);
  const found = entries.slice(promoted + 1).findLast(({ event, from_hash: from, to_hash: to, reason, validation }) => {
    if (event === "rolled_back") return from === hash && !isUnjudged(reason);
    if (event !== "validated" || to !== hash) return false;
    return validation?.verdict === "fail" && validation.expect === expectationsHash(expect);
  });
  if (found === undefined) return null;
  const what = found.event === "rolled_back" ? "rolled back" : "refused";
  return `${hash} was ${what} here at ${found.timestamp} (${found.reason})`;
}
