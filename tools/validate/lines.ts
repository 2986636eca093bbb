// The result of a validation as lines for people, and as Markdown for a pull request. The first line says the verdict and what
// decided it.
//
//   fail: Fireball damage +12.5 % (n 412) not expected; everything else equal, or following from it, in 9,600 ticks
//
//   NO  damage.spell.fireball  19,305 → 21,713 (+12.5 %), not expected (n 412, 398 ticks; first in zone 1 at tick 812, ...)
//   ok  fuel                   38.1 M → 38.1 M (×1.0001), limit ×1.03, over 9,600 ticks

import type { BehaviourTerm } from "../../server/protocol/behaviour.ts";
import { changeOf, firstInWords, numberInWords, sumsOf } from "../../server/protocol/behaviour-words.ts";
import type { ValidationCheck, ValidationResult } from "../../server/protocol/validation.ts";
import { paint } from "../ui/output.ts";
import { tableLines } from "../ui/table.ts";
import { padded } from "../ui/wrap.ts";

/** Terms that are printed, of those that differ by themselves and of those that follow. */
const TERMS_MAX = 20;
const PROBLEMS_MAX = 10;
/** Names that one line gives of what was not exercised. */
const NAMES_MAX = 12;

const MARKS = { true: "ok", false: "NO", null: "??" } as const;
const markOf = ({ holds }: ValidationCheck): string => MARKS[`${holds}`];

export function validationLines(result: ValidationResult, all = false): string[] {
  const width = Math.max(0, ...result.checks.map(({ name }) => Bun.stringWidth(name)));
  const checks = result.checks.map((check) => {
    const line = `${markOf(check)}  ${padded(check.name, width)}  ${check.shown}`;
    return check.holds === true ? line : paint.bold(line);
  });
  return [
    paint.bold(result.reason),
    "",
    ...checks,
    ...differenceLines(result),
    ...(all ? equalLines(result.terms) : []),
    "",
    ...aboutLines(result),
  ];
}

function differenceLines({ terms }: ValidationResult): string[] {
  const differing = terms.filter(({ ticks }) => ticks > 0);
  if (differing.length === 0) return [];
  const shown = differing.slice(0, TERMS_MAX);
  const head = ["what differs", "incumbent → candidate", "change", "n", "ticks", "by itself", "follows from", "first"];
  const rows = shown.map((term) => [
    term.what,
    sumsOf(term),
    changeOf(term),
    numberInWords(term.n),
    term.ticks,
    term.own,
    term.own === term.ticks ? "" : term.follows.slice(0, 2).join(", "),
    term.first === null ? "" : firstInWords(term.first),
  ]);
  const more = differing.length - shown.length;
  return ["", ...tableLines(head, rows), ...(more > 0 ? [`and ${more} more, all of them with --format json`] : [])];
}

function equalLines(terms: readonly BehaviourTerm[]): string[] {
  const equal = terms.filter(({ ticks }) => ticks === 0).toSorted((one, other) => (one.what < other.what ? -1 : 1));
  const rows = equal.map(({ what, incumbent, n }) => [what, numberInWords(incumbent), numberInWords(n)]);
  return ["", ...tableLines(["equal in every tick", "both", "n"], rows)];
}

/** What was compared with what, and what the recording could not show. */
function aboutLines(result: ValidationResult): string[] {
  const { candidate, incumbents, zones, ticks, seconds, notExercised, added, dropped, problems } = result;
  const ran = incumbents.map(({ module, label }) => `${module} (${label})`).join(", ");
  const zonesSaid = zones.map(({ zone, fromTick, toTick }) => `${zone} (ticks ${fromTick} to ${toTick})`).join(", ");
  const found = [...problems, ...zones.flatMap((zone) => zone.problems)];
  const more = found.length - PROBLEMS_MAX;
  return [
    `Candidate ${candidate.module} (${candidate.label}), incumbent ${ran}. Zones: ${zonesSaid}.`,
    `${numberInWords(ticks)} ticks in ${seconds.toFixed(1)} s.${result.interrupted ? " Interrupted: the rest was not run." : ""}`,
    ...(added.length === 0 ? [] : [`It has more columns, which are not compared: ${added.join(", ")}.`]),
    ...(dropped.length === 0 ? [] : [`It lacks columns, which are not compared: ${dropped.join(", ")}.`]),
    notSeen("Commands", notExercised.commands),
    notSeen("Spells", notExercised.spells),
    notSeen("Events", notExercised.events),
    notSeen("Situations", notExercised.situations),
    ...found.slice(0, PROBLEMS_MAX),
    ...(more > 0 ? [`and ${more} more problems`] : []),
  ].filter((line) => line !== "");
}

/** "" when everything was there. */
function notSeen(what: string, names: readonly string[]): string {
  if (names.length === 0) return "";
  const more = names.length - NAMES_MAX;
  const named = names.slice(0, NAMES_MAX).join(", ").replaceAll("_", " ");
  return `${what} that no tick had, so nothing is known of them: ${named}${more > 0 ? ` and ${more} more` : ""}.`;
}

export function validationMarkdown(result: ValidationResult, all = false): string[] {
  const { verdict, checks, reason } = result;
  const sign = { pass: "✅", fail: "❌", inconclusive: "❔" }[verdict];
  const rows = checks.map((check) => `| ${markOf(check)} | ${cell(check.name)} | ${cell(check.shown)} |`);
  const tables = [...differenceLines(result), ...(all ? equalLines(result.terms) : [])];
  return [
    `### ${sign} wowsim validate: ${cell(reason)}`,
    "",
    "| | check | values, limit, samples |",
    "|---|---|---|",
    ...rows,
    ...(tables.length === 0
      ? []
      : ["", "<details><summary>What differs</summary>", "", "```", ...tables.slice(1), "```", "", "</details>"]),
    "",
    ...aboutLines(result).flatMap((line) => [cell(line), ""]),
  ];
}

/** Text of other people's names, in a cell of a table. */
function cell(text: string): string {
  return text.replaceAll(/[\\`*_{}[\]<>|#~]/g, String.raw`\$&`);
}
