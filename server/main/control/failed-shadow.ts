// A shadow that failed, for the deploy history: its module is then not deployed again without force (protocol/earlier-refusal.ts).

import { StageEvidence } from "../../protocol/deploy-record.ts";
import { expectationsHash } from "../../protocol/deploy-validation.ts";
import type { ValidationNote } from "../../protocol/deploy-validation.ts";
import type { ToldStage } from "./deploy-records.ts";

const LINES_KEPT_MAX = 10;
const LINE_LENGTH_MAX = 300;

/** What a stage tells of a shadow that failed, as the history keeps a validation; null: it tells of none. */
export function failedShadow({ stage, data }: ToldStage, expect: string, forced: string): ValidationNote | null {
  const report = stage === "shadow" ? StageEvidence.safeParse(data).data?.report : null;
  if (report?.verdict !== "fail") return null;
  const { verdict, ticks, equal, zones, fuel_ratio, seconds, checks } = report;
  const open = checks.filter(({ holds }) => holds !== true).slice(0, LINES_KEPT_MAX);
  const lines = open.map(({ name, shown }) => `${name}: ${shown}`.slice(0, LINE_LENGTH_MAX));
  return { verdict, ticks, equal, zones, fuel_ratio, seconds, lines, forced, expect: expectationsHash(expect) };
}
