// A batch as JUnit XML, which every CI system reads: a suite for each scenario, a test case for each act.
//
//   <testsuites name="wowsim scenarios" tests="21" failures="1" errors="0" skipped="2" time="35.2">
//     <testsuite name="A latency spike is found and taken away" file="latency-spike" tests="11" ...>
//       <testcase classname="latency-spike.steps" name="spike" time="0.004"/>
//
// A false assertion is a failure; an act that could not be carried out or measured is an error; one that did not run, skipped.

import { escapeMarkup } from "../ui/markup.ts";
import type { Batch, Ran } from "./batch.ts";
import type { ActRecord, Outcome } from "./play.ts";

const ELEMENTS: Record<Outcome, "failure" | "error" | "skipped" | null> = {
  done: null,
  untrue: "failure",
  failed: "error",
  aborted: "error",
  not_run: "skipped",
};

interface Case {
  className: string;
  name: string;
  outcome: Outcome;
  text: string;
  seconds: number;
}

export function junitReport({ ran }: Batch): string {
  const suites = ran.map((each) => ({ each, cases: casesOf(each) }));
  const all = suites.flatMap(({ cases }) => cases);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="wowsim scenarios" ${counts(all)}>`,
    ...suites.flatMap(({ each, cases }) => [
      `  <testsuite name="${escapeMarkup(each.title)}" file="${escapeMarkup(each.file)}" ${counts(cases)}${startOf(each)}>`,
      ...cases.map(caseLine),
      "  </testsuite>",
    ]),
    "</testsuites>",
    "",
  ].join("\n");
}

/** A scenario that did not begin is one case, with the reason. */
function casesOf({ file, verdict, reason, played }: Ran): Case[] {
  if (played === null) {
    const outcome = verdict === "aborted" ? "not_run" : "failed";
    return [{ className: file, name: "begins", outcome, text: reason, seconds: 0 }];
  }
  return played.records.map(({ phase, name, outcome, text, durationMs }: ActRecord) => ({
    className: `${file}.${phase}`,
    name,
    outcome,
    text,
    seconds: durationMs / 1_000,
  }));
}

function caseLine({ className, name, outcome, text, seconds }: Case): string {
  const head = `    <testcase classname="${escapeMarkup(className)}" name="${escapeMarkup(name)}" time="${seconds.toFixed(3)}"`;
  const element = ELEMENTS[outcome];
  return element === null ? `${head}/>` : `${head}><${element} message="${escapeMarkup(text)}"/></testcase>`;
}

function counts(cases: readonly Case[]): string {
  const of = (element: string): number => cases.filter(({ outcome }) => ELEMENTS[outcome] === element).length;
  const seconds = cases.reduce((sum, each) => sum + each.seconds, 0).toFixed(3);
  return `tests="${cases.length}" failures="${of("failure")}" errors="${of("error")}" skipped="${of("skipped")}" time="${seconds}"`;
}

const startOf = ({ played }: Ran): string =>
  played === null ? "" : ` timestamp="${new Date(played.startedAtMs).toISOString().slice(0, 19)}"`;
