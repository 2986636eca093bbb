// Terms of behaviour in words, for the first line of a verdict and for reports.
//
//   termInWords("damage.spell.power_word_shield")     // "Power word shield damage"
//   changeOf(term)                                    // "+12 %"
//   sumsOf(term)                                      // "41,200 → 46,144"

import type { BehaviourTerm, FirstDifference } from "./behaviour.ts";
import { differenceInWords } from "./expected-change.ts";

const WORDS: Readonly<Record<string, string>> = {
  "damage.swing": "damage of swings",
  "threat.entries.added": "entries on threat tables added",
  "threat.entries.removed": "entries on threat tables removed",
  "threat.points": "threat",
  "experience.told": "experience that players are told of",
  "shown.bytes": "bytes shown",
  draws: "random numbers drawn",
  other: "other things",
};
const PREFIXES: readonly (readonly [prefix: string, words: (rest: string) => string])[] = [
  ["damage.spell.", (rest) => `${capital(rest)} damage`],
  ["healing.spell.", (rest) => `${capital(rest)} healing`],
  ["damage.to.", (rest) => `damage to ${rest}`],
  ["healing.to.", (rest) => `healing of ${rest}`],
  ["damage.absorbed.", (rest) => `damage to ${rest} absorbed`],
  ["damage.mitigated.", (rest) => `damage to ${rest} mitigated`],
  ["damage.outcome.", (rest) => `${rest} hits`],
  ["health.untold.lost.", (rest) => `health lost by ${rest} that no event tells of`],
  ["health.untold.gained.", (rest) => `health gained by ${rest} that no event tells of`],
  ["health.lost.", (rest) => `health lost by ${rest}`],
  ["health.gained.", (rest) => `health gained by ${rest}`],
  ["power.lost.", (rest) => `power spent by ${rest}`],
  ["power.gained.", (rest) => `power gained by ${rest}`],
  ["deaths.", (rest) => `deaths of ${rest}`],
  ["targets.", (rest) => `target switches of ${rest}`],
  ["moved.", (rest) => `movement of ${rest}`],
  ["casts.started.", (rest) => `casts of ${capital(rest)} started`],
  ["casts.completed.", (rest) => `casts of ${capital(rest)} completed`],
  ["casts.interrupted.", (rest) => `casts interrupted (${rest})`],
  ["refused.", (rest) => `refusals (${rest})`],
  ["avoided.", (rest) => `hits avoided (${rest})`],
  ["auras.applied.", (rest) => `auras of ${capital(rest)} applied`],
  ["auras.ended.", (rest) => `auras ended (${rest})`],
  ["shown.event.", (rest) => `${rest} events shown`],
  ["shown.", (rest) => `${rest} shown to clients`],
  ["events.", (rest) => `${rest} events`],
  ["counters.", (rest) => `counter ${rest}`],
  ["broken.", (rest) => `broken: ${rest}`],
  ["state.", (rest) => `column ${rest}`],
  ["items.gained.", (rest) => `${rest} gained`],
  ["items.lost.", (rest) => `${rest} lost`],
];

const plain = (text: string): string => text.replaceAll(/[._]/g, " ");

export function termInWords(what: string): string {
  const known = WORDS[what];
  if (known !== undefined) return known;
  const found = PREFIXES.find(([prefix]) => what.startsWith(prefix));
  return found === undefined ? plain(what) : found[1](plain(what.slice(found[0].length)));
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A change that has no digits any more. */
const TOO_SMALL: ReadonlySet<string> = new Set(["+0 %", "-0 %"]);

/** "+12.1 %", "appears", "equal sums", "equal". */
export function changeOf(term: BehaviourTerm): string {
  const { incumbent, candidate, ticks } = term;
  const change = differenceInWords({ incumbent, candidate, isEqual: ticks === 0 });
  return TOO_SMALL.has(change) ? `${change.charAt(0)}<0.01 %` : change;
}

/** "41,200 → 46,144"; for a column how many values differ. */
export function sumsOf({ what, incumbent, candidate }: BehaviourTerm): string {
  return what.startsWith("state.") ? `${numberInWords(candidate)} values differ` : arrow(incumbent, candidate);
}

function arrow(incumbent: number, candidate: number): string {
  return `${numberInWords(incumbent)} → ${numberInWords(candidate)}`;
}

/** With thousands, and two digits behind the point where there are any. */
export function numberInWords(value: number): string {
  return Number.isFinite(value) ? value.toLocaleString("en-US", { maximumFractionDigits: 2 }) : "?";
}

/** "zone 1, tick 812: Ann 12, cast Fireball at Timber Wolf 1000001". */
export function firstInWords({ zone, tick, entity, who, command }: FirstDifference): string {
  const whose = who ?? (entity === null ? null : `entity ${entity}`);
  const more = [whose, command].filter((part) => part !== null).join(", ");
  return `zone ${zone}, tick ${tick}${more === "" ? "" : `: ${more}`}`;
}
