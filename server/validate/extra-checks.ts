// What passes with more commands than the recorded ones say of a candidate. A difference there is judged by what is expected, but not by
// how much, because what is played there is no game.
//
//   extraChecks(passes, expectations, 1.03, false)
//   // [{ name: "random commands", holds: false, shown: "2 traps; first zone 1, tick 9: ...; in 812 ticks with 1,624 commands of 16 kinds" }]

import { changeOf, firstInWords, numberInWords, sumsOf } from "../protocol/behaviour-words.ts";
import { deciding, ofTicks } from "../protocol/expectations.ts";
import type { Expectation } from "../protocol/expectations.ts";
import type { CandidateTrap, ValidationCheck } from "../protocol/validation.ts";
import type { ExtraPass } from "./extra-pass.ts";
import { isBreach, isHarmless } from "./harmless.ts";
import { mergeTerms } from "./merge.ts";
import type { MergedTerm } from "./merge.ts";

/** Terms that the line names. */
const NAMED_MAX = 3;

/** One line for each kind of pass. */
export function extraChecks(
  passes: readonly ExtraPass[],
  expectations: readonly Expectation[],
  fuelRatioMax: number,
  isLuck: boolean,
): ValidationCheck[] {
  const names = [...new Set(passes.map(({ name }) => name))];
  return names.map((name) => {
    const own = passes.filter((pass) => pass.name === name);
    const problem = trapsOf(own) ?? strayOf(own, ofTicks(expectations), isLuck) ?? dearOf(own, fuelRatioMax);
    const shown = [problem ?? "nothing unexpected", inTicks(own, fuelRatioMax)].join("; ");
    return { name, holds: problem === null, shown };
  });
}

function inTicks(passes: readonly ExtraPass[], fuelRatioMax: number): string {
  const given = passes.flatMap((pass) => pass.given);
  const commands = given.reduce((sum, [, count]) => sum + count, 0);
  const kinds = new Set(given.map(([op]) => op)).size;
  const players = Math.max(0, ...passes.map(({ comparison }) => comparison.players));
  const own = passes.flatMap(({ incumbentTrap }) => incumbentTrap ?? []);
  return [
    `${numberInWords(ticksOf(passes))} ticks with ${numberInWords(commands)} commands of ${kinds} kinds, ${players} players at most`,
    `fuel ×${ratioOf(passes).toFixed(4)} (limit ×${fuelRatioMax})`,
    ...(own.length === 0 ? [] : [`the incumbent itself traps in ${own.length} zones: ${own[0]}`]),
  ].join("; ");
}

function ticksOf(passes: readonly ExtraPass[]): number {
  return passes.reduce((sum, { comparison }) => sum + comparison.ticks, 0);
}

/** 1 when there is nothing to compare. */
function ratioOf(passes: readonly ExtraPass[]): number {
  const sum = (of: "incumbent" | "candidate"): number =>
    passes.reduce((total, { comparison }) => total + comparison.fuel[of], 0);
  return sum("incumbent") === 0 ? 1 : sum("candidate") / sum("incumbent");
}

function dearOf(passes: readonly ExtraPass[], fuelRatioMax: number): string | null {
  return ratioOf(passes) <= fuelRatioMax ? null : "it uses more fuel";
}

function strayOf(passes: readonly ExtraPass[], expectations: readonly Expectation[], isLuck: boolean): string | null {
  const terms = mergeTerms(passes.map(({ comparison }) => comparison.terms));
  const stray = terms.filter((term) => term.own > 0 && !isExpected(term, expectations, isLuck));
  if (stray.length === 0) return null;
  const more = stray.length > NAMED_MAX ? `; and ${stray.length - NAMED_MAX} more` : "";
  return `${stray.slice(0, NAMED_MAX).map(inWords).join("; ")}${more}`;
}

function isExpected(term: MergedTerm, expectations: readonly Expectation[], isLuck: boolean): boolean {
  if (isBreach(term)) return false;
  if (isHarmless(term) || (isLuck && term.what === "draws")) return true;
  const expectation = deciding(expectations, term);
  return expectation !== null && expectation.change.kind !== "equal";
}

function trapsOf(passes: readonly ExtraPass[]): string | null {
  const count = passes.reduce((sum, { comparison }) => sum + comparison.traps.count, 0);
  const [first] = passes.flatMap(({ comparison }) => comparison.traps.first ?? []);
  return first === undefined ? null : `${count} traps; first ${trapInWords(first)}`;
}

/** "zone 1, tick 41: kernel trap: unreachable (phase commands, command release of session 20)" */
export function trapInWords({ zone, tick, message, phase, command, session, entity, spell }: CandidateTrap): string {
  const place = [
    `phase ${phase}`,
    command === null ? "" : `command ${command} of session ${session}`,
    entity === 0 ? "" : `entity ${entity}`,
    spell === 0 ? "" : `spell ${spell}`,
  ].filter((part) => part !== "");
  return `zone ${zone}, tick ${tick}: ${message} (${place.join(", ")})`;
}

function inWords(term: MergedTerm): string {
  const where = term.first === null ? "" : `, first ${firstInWords(term.first)}`;
  return `${term.what} ${sumsOf(term)} (${changeOf(term)}, n ${numberInWords(term.n)}${where})`;
}
