// What a shadow has seen so far, judged as a validation is: it fails at once when something speaks against the candidate, passes when
// enough was compared, and is inconclusive otherwise.
//
//   shadowReport(findings)      // { verdict: "pass", reason: "pass: everything equal in 3,120 ticks", shadow: { zones: [...], ... }, ... }

import { numberInWords } from "../protocol/behaviour-words.ts";
import { reportOf } from "../protocol/deploy-validation.ts";
import type { Expectation } from "../protocol/expectations.ts";
import { SHADOW_TERMS_MAX } from "../protocol/shadow.ts";
import type { ShadowedZone, ShadowReport, ShadowRole } from "../protocol/shadow.ts";
import type { ValidationCheck } from "../protocol/validation.ts";
import { DEFAULT_POLICY, SHADOW_PEOPLED_MIN } from "../protocol/deploy-policy.ts";
import { judge } from "../validate/judge.ts";
import { merge } from "../validate/merge.ts";
import type { RecordingMin } from "../validate/recording-checks.ts";
import type { ZoneValidation } from "../validate/zone-validation.ts";

/** What a shadow needs at least, in all zones together: ten seconds of a few players who fight. The validation before it needs more. */
export const SHADOW_MIN: RecordingMin = { ticks: SHADOW_PEOPLED_MIN, commands: 20, deeds: 5 };
/** Share of the ticks of all zones that has to be compared. */
export const COMPARED_SHARE_MIN = 0.5;
/** Many times the interval of a tick, and of the looks at the journal. */
export const SILENT_MS_MAX = 3_000;

export interface ShadowFindings {
  role: ShadowRole;
  /** `silentMs`: how long the journal has had no new tick of a zone that is still followed. */
  zones: readonly { numbers: ShadowedZone; found: readonly ZoneValidation[]; silentMs: number }[];
  expectations: readonly Expectation[];
  fuelRatioMax: number;
  seconds: number;
  yielded: ShadowReport["shadow"]["yielded"];
  timeRatio: number | null;
  timeBlocks: ShadowReport["shadow"]["time_blocks"];
  coreShare: number | null;
  problems: readonly string[];
}

export function shadowReport(findings: ShadowFindings): ShadowReport {
  const { zones, expectations, fuelRatioMax, seconds, yielded, timeRatio, timeBlocks, coreShare } = findings;
  const found = zones.flatMap((zone) => zone.found);
  const whole = merge(found);
  const limits = { fuelRatioMax, zMax: DEFAULT_POLICY.validate.zMax };
  const others = [comparedCheck(findings), ...silenceChecks(findings), ...trapsBefore(findings)];
  const judgement = judge({ whole, zones: found, expectations, limits, others, short: SHADOW_MIN });
  const { fuel, ticks, equal } = whole;
  const incumbents = [...new Map(found.map(({ incumbent }) => [incumbent.module, incumbent])).values()];
  const fuelRatio = fuel.incumbent === 0 ? Number.NaN : fuel.candidate / fuel.incumbent;
  const reason = `${judgement.verdict}: ${judgement.reason}`;
  const differing = judgement.terms.filter((term) => term.ticks > 0).slice(0, SHADOW_TERMS_MAX);
  return {
    ...reportOf({ ...judgement, reason, incumbents, zones, ticks, equal, fuelRatio, seconds }),
    shadow: {
      zones: zones.map(({ numbers }) => numbers),
      yielded,
      terms: differing.map(({ what, incumbent, candidate, ticks: each, n }) => {
        return { what, incumbent, candidate, ticks: each, n };
      }),
      time_ratio: timeRatio,
      time_blocks: [...timeBlocks],
      core_share: coreShare,
      problems: [...findings.problems],
    },
  };
}

function comparedCheck({ zones }: ShadowFindings): ValidationCheck {
  const sum = (of: (zone: ShadowedZone) => number): number =>
    zones.reduce((total, { numbers }) => total + of(numbers), 0);
  const compared = sum((zone) => zone.compared);
  const all = compared + sum((zone) => zone.skipped + zone.behind);
  const share = all === 0 ? 0 : compared / all;
  const idle = zones.filter(({ numbers }) => numbers.compared === 0).map(({ numbers }) => numbers.zone_id);
  const own = sum((zone) => zone.own);
  const shown = [
    `${numberInWords(compared)} of ${numberInWords(all)} ticks of ${zones.length} zones (at least ${COMPARED_SHARE_MIN * 100} %)`,
    ...(idle.length > 0 ? [`none of zone ${idle.join(", ")}`] : []),
    ...(own > 0 ? [`${numberInWords(own)} more were run by the shadow's module itself`] : []),
  ].join(", ");
  return { name: "compared", holds: share >= COMPARED_SHARE_MIN && idle.length === 0 ? true : null, shown };
}

/** A zone that stands still, or a journal that is not written: what was seen says nothing of now. */
function silenceChecks({ zones }: ShadowFindings): ValidationCheck[] {
  const silent = zones.filter(({ silentMs }) => silentMs > SILENT_MS_MAX);
  if (silent.length === 0) return [];
  const shown = silent.map(({ numbers: { zone_id: id }, silentMs }) => {
    return `no tick of zone ${id} for ${(silentMs / 1_000).toFixed(1)} s (at most ${SILENT_MS_MAX / 1_000})`;
  });
  return [{ name: "new ticks", holds: null, shown: shown.join(", ") }];
}

/** Of a trial: the module before it traps in ticks that the trial has run. That is nothing against the trial. */
function trapsBefore({ role, zones }: ShadowFindings): ValidationCheck[] {
  if (role === "candidate") return [];
  const ticks = zones.flatMap(({ found }) => found).reduce((sum, { comparison }) => sum + comparison.skipped, 0);
  if (ticks === 0) return [];
  const shown = `in ${numberInWords(ticks)} ticks that the module on trial has run; nothing to compare with`;
  return [{ name: "the module before traps", holds: true, shown }];
}
