// A verdict's checks as the server's record of a deploy has them.

import type { EvidenceCheck } from "../../server/protocol/deploy-record.ts";
import type { Check } from "./verdict.ts";

/** Name and measurement are told apart at the first colon of a check's line. */
export function evidenceOf(checks: readonly Check[]): { checks: EvidenceCheck[] } {
  return {
    checks: checks.map(({ id, kind, ok, text, numbers }) => {
      const [name = id, ...rest] = text.split(": ");
      const holds = kind === "data" && !ok ? null : ok;
      return { name, holds, shown: rest.join(": "), value: numbers.value, limit: numbers.limit, n: numbers.n };
    }),
  };
}
