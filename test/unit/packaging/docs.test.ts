// Commands and samples of README and docs/ against the program: a command that it would not take, or a sample of what it does not
// print any more, is older than the program.

import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Glob } from "bun";
import type { Command } from "commander";
import { FAULTS } from "../../../server/protocol/faults/catalogue.ts";
import { COST, TIMES } from "../../../tools/benchmark/report.ts";
import { DEFAULT_POLICY } from "../../../server/protocol/deploy-policy.ts";
import { limitsOf } from "../../../tools/deploy/verdict.ts";
import { commandTree } from "../../helpers/program.ts";
import { journalOf } from "../../../tools/scenario/journal.ts";
import { ROOT } from "../../helpers/command.ts";
import { faultsWith } from "../../helpers/dashboard-picture.ts";

const PAGES = [
  "README.md",
  ...readdirSync(join(ROOT, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];
const textOf = (page: string): string => readFileSync(join(ROOT, page), "utf8");

/** The fenced blocks of a page. */
const blocks = (page: string): string[] =>
  [...textOf(page).matchAll(/^```[\w-]*\n([^]*?)^```/gm)].map(([, body = ""]) => body);

/** What stands before a remark of two blanks and more, without quotes' insides, and without what a shell does with it. */
function wordsOf(line: string): string[] {
  const [command = ""] = line.split(/ {2,}| [|&>;]/);
  return command
    .replaceAll(/"[^"]*"|'[^']*'/g, "TEXT")
    .trim()
    .split(" ")
    .slice(1);
}

/** What is wrong with the words behind `wowsim`; null when the program knows them. */
function problemOf(words: readonly string[]): string | null {
  let command: Command = commandTree();
  let isValue = false;
  for (const word of words) {
    if (isValue) isValue = false;
    else if (word.startsWith("--")) {
      const [name = ""] = word.split("=");
      if (["--help", "--version"].includes(name)) continue;
      const option = command.options.find(({ long }) => long === name);
      if (option === undefined) return `${command.name()} has no ${name}`;
      isValue = (option.required || option.optional) && !word.includes("=");
    } else {
      const next = command.commands.find((each) => each.name() === word);
      if (next !== undefined) command = next;
      else if (command.registeredArguments.length === 0 && /^[a-z]/.test(word))
        return `${command.name()} knows no ${word}`;
    }
  }
  return null;
}

test.each(PAGES)("every command of %s is one that the program takes", (page) => {
  const lines = blocks(page).flatMap((body) => body.split("\n"));
  const inText = [...textOf(page).matchAll(/`(wowsim [^`]+)`/g)].map(([, command = ""]) => command);
  const commands = [...lines, ...inText].filter((line) => /^wowsim [a-z-]/.test(line));
  const problems = commands.flatMap((line) => {
    const problem = problemOf(wordsOf(line));
    return problem === null ? [] : [`${line}: ${problem}`];
  });
  expect(problems).toEqual([]);
});

const sample = (page: string, begin: string): string => {
  const found = blocks(page).find((body) => body.includes(begin));
  expect(found).toBeDefined();
  return found ?? "";
};

describe("samples", () => {
  test("a fault's status has the fields that FAULTS shows", () => {
    const shown = JSON.parse(sample("docs/FAULTS.md", '{"id":"latency-spike","mode"')) as object;
    const [real] = faultsWith("latency-spike");
    expect(Object.keys(shown).toSorted()).toEqual(Object.keys(real ?? {}).toSorted());
  });

  test("a scenario's journal has the fields that SCENARIOS shows", () => {
    const shown = JSON.parse(sample("docs/SCENARIOS.md", '{"verdict":"completed"')) as { steps: object[] };
    const record = {
      phase: "steps",
      name: "",
      kind: "",
      source: 0,
      outcome: "done",
      text: "",
      output: 0,
      startedAtMs: 0,
      durationMs: 0,
    } as const;
    const played = { verdict: "completed", reason: "", startedAtMs: 0, endedAtMs: 0, records: [record] } as const;
    const real = journalOf({ file: "", title: "", server: null }, { ...played, records: [record] }, []) as typeof shown;
    expect(Object.keys(shown)).toEqual(Object.keys(real));
    expect(Object.keys(shown.steps[0] ?? {})).toEqual(Object.keys(real.steps[0] ?? {}));
  });

  test("the benchmark's table has the columns that BENCHMARK shows", () => {
    const [head = ""] = sample("docs/BENCHMARK.md", "clients  tick avg").split("\n");
    const words = head.trim().split(/ {2,}/);
    expect([...TIMES.head, ...COST.head].map(String)).toEqual(expect.arrayContaining(words.slice(0, 3)));
  });

  test("a verdict has the checks that DEPLOYS shows, within the limits it shows", () => {
    const rows = (sample("docs/DEPLOYS.md", "verdict   ").split(/^rollback/m)[0] ?? "")
      .split("\n")
      .filter((row) => /(ok|NO) {2}/.test(row));
    const titles = rows.map((row) => /(?:ok|NO) {2}([^:]+):/.exec(row)?.[1]).filter((title) => title !== undefined);
    const sources = [...new Glob("tools/deploy/*.ts").scanSync(ROOT)].map(textOf).join("");
    expect(titles.length).toBeGreaterThan(3);
    expect(titles.filter((title) => !sources.includes(title))).toEqual([]);
    const { fuelRatioMax, timeRatioMax, slowestRatioMax } = limitsOf(DEFAULT_POLICY, 600, false);
    const limits = rows.flatMap((row) => /(?:at most|over) ×([\d.]+)/.exec(row)?.[1] ?? []).map(Number);
    expect(limits.length).toBeGreaterThan(0);
    for (const limit of limits) expect([fuelRatioMax, timeRatioMax, slowestRatioMax]).toContain(limit);
  });

  test("every fault of the catalogue is on its page and in the runbook", () => {
    for (const { id } of FAULTS)
      expect([id, textOf("docs/FAULTS.md").includes(id), textOf("docs/RUNBOOK.md").includes(id)]).toEqual([
        id,
        true,
        true,
      ]);
  });
});
