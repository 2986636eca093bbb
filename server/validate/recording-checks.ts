// Whether a recording is enough to speak for a candidate: an empty or idle one never is, and what is damaged or missing is told.
//
//   recordingChecks(whole, zones)
//   // [{ name: "recording", holds: null, shown: "600 ticks with players, at least 1,200; ..." }]

import { numberInWords } from "../protocol/behaviour-words.ts";
import type { ValidationCheck } from "../protocol/validation.ts";
import { ofClients } from "./commands-in-words.ts";
import type { Whole } from "./merge.ts";
import type { ZoneValidation } from "./zone-validation.ts";

/** What a recording needs at least, in all zones together. */
export interface RecordingMin {
  /** Ticks with at least one player. */
  ticks: number;
  /** Commands of players. */
  commands: number;
  /** Casts that completed, or swings and spells that hit. */
  deeds: number;
}

/** A minute of a few players who fight has it. */
export const RECORDING_MIN: RecordingMin = { ticks: 600, commands: 100, deeds: 20 };

export function recordingChecks(
  whole: Whole,
  zones: readonly ZoneValidation[],
  least: RecordingMin = RECORDING_MIN,
): ValidationCheck[] {
  return [exercise(whole, least), ...journals(zones)];
}

function exercise({ peopled, commands, terms, players }: Whole, least: RecordingMin): ValidationCheck {
  const times = (prefix: string): number =>
    terms.filter(({ what }) => what.startsWith(prefix)).reduce((sum, { n }) => sum + n, 0);
  const given = ofClients(commands);
  const deeds = times("casts.completed.") + times("damage.to.");
  const figures = [
    [peopled, least.ticks, "ticks with players"],
    [given, least.commands, "commands of players"],
    [deeds, least.deeds, "casts and hits"],
  ] as const;
  const shown = figures.map(([value, floor, what]) => `${numberInWords(value)} ${what} (at least ${floor})`).join(", ");
  const holds = figures.every(([value, floor]) => value >= floor) ? true : null;
  return { name: "recording", holds, shown: `${shown}; ${players} players in a zone at most` };
}

/** Ticks that are lost make a verdict weaker, and ticks that do not give their recorded state leave nothing to compare with. */
function journals(zones: readonly ZoneValidation[]): ValidationCheck[] {
  const sum = (of: (zone: ZoneValidation) => number): number => zones.reduce((total, zone) => total + of(zone), 0);
  const [lost, unequal, ofOthers] = [
    sum((zone) => zone.lost),
    sum((zone) => zone.unequal),
    sum((zone) => zone.ofOthers),
  ];
  const ran = sum(({ comparison }) => comparison.ticks);
  const again = sum(({ comparison }) => comparison.again);
  const skipped = sum(({ comparison }) => comparison.skipped);
  const shown = [
    `${numberInWords(ran)} ticks gave the recorded state`,
    ...(again > 0
      ? [`${numberInWords(again)} of them of other modules, run by the present one from these states`]
      : []),
    ...(skipped > 0 ? [`${numberInWords(skipped)} in which the incumbent traps were left out`] : []),
    ...(unequal > 0 ? [`${numberInWords(unequal)} did not`] : []),
    ...(lost > 0 ? [`${numberInWords(lost)} are lost`] : []),
    ...(ofOthers > 0 ? [`${numberInWords(ofOthers)} of other modules were left out`] : []),
  ].join(", ");
  return [{ name: "journal", holds: unequal > 0 || lost > ran ? null : true, shown }];
}
