// The report of a deploy as Markdown, for a pull request.
//
//   ### Rolled back: deploy 7: fix.wasm (9f3c…)
//   damage of swings +0.75 % not expected
//   | stage | gate | time | |

import { printable, printableLines } from "../../server/protocol/printable.ts";
import type { CheckView, DeployView, Found, Gate, TermView } from "./view.ts";
import { MARKS, timeInWords, UNTOLD } from "./view.ts";

const mark = (gate: Gate, untold = ""): string =>
  gate === "no" ? `**${MARKS.no}**` : gate === "ok" ? MARKS.ok : untold;
const LINES_MAX = 6;

export function markdownReport(view: DeployView): string {
  const { verdict, title, reason, facts, stages, behaviour, checks, lost, expect, policy } = view;
  const lines = [
    `### ${verdict}: ${plain(title)}`,
    "",
    `**${plain(reason)}**`,
    "",
    facts.map(({ name, value }) => `${name} ${code(value)}`).join(" · "),
    "",
    ...table(
      ["stage", "gate", "time", "what"],
      stages.map(({ name, gate, tookMs, lines: said }) => [
        plain(name),
        mark(gate),
        timeInWords(tookMs),
        said
          .slice(0, LINES_MAX)
          .map(({ text }) => plain(text))
          .concat(said.length > LINES_MAX ? [`and ${said.length - LINES_MAX} more lines`] : [])
          .join("<br>"),
      ]),
    ),
    ...behaviour.flatMap(behaviourLines),
    ...checks.flatMap(checkLines),
    ...details("Expectations", "toml", expect),
    ...details("Policy", "json", policy),
    ...(lost === 0 ? [] : [`Stages that are missing in the record: ${lost}.`, ""]),
  ];
  return `${lines.join("\n").trimEnd()}\n`;
}

function behaviourLines({ stage, rows }: Found<TermView>): string[] {
  return [
    `#### What differs (${plain(stage)})`,
    "",
    ...table(
      ["what", "incumbent", "candidate", "change", "n", "ticks", "", "first"],
      rows.map((term) => [
        plain(term.words),
        term.incumbent,
        term.candidate,
        term.change,
        term.n,
        term.ticks,
        term.isExpected ? term.expected : `**${term.expected}**`,
        plain(term.first),
      ]),
      ["incumbent", "candidate", "change", "n", "ticks"],
    ),
  ];
}

function checkLines({ stage, rows }: Found<CheckView>): string[] {
  return [
    `#### Checks (${plain(stage)})`,
    "",
    ...table(
      ["check", "", "found", "value", "limit", "n"],
      rows.map(({ name, gate, shown, value, limit, n }) => [
        plain(name),
        mark(gate, UNTOLD),
        plain(shown),
        value,
        limit,
        n,
      ]),
      ["value", "limit", "n"],
    ),
  ];
}

function details(title: string, language: string, given: string): string[] {
  if (given === "") return [];
  const text = printableLines(given);
  // A fence longer than any in the text.
  const fence = "`".repeat(Math.max(3, ...[...text.matchAll(/`+/g)].map(([run]) => run.length + 1)));
  return [`<details><summary>${title}</summary>`, "", `${fence}${language}`, text, fence, "", "</details>", ""];
}

const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

function table(head: readonly string[], rows: readonly string[][], right: readonly string[] = []): string[] {
  const rule = head.map((title) => (right.includes(title) ? "---:" : "---"));
  return [row(head), row(rule), ...rows.map(row), ""];
}

/**
 * What a forge makes a link of by itself, after it has read the markup, so that a backslash does not help: "@anna" calls people, "#12" and
 * "GH-12" name an issue, addresses lead away, ":tada:" is a picture.
 */
const LINKED = /@|#(?=\d)|\bGH-(?=\d)|\bwww(?=\.)|:(?=\/\/|[\w+-]+:)/gi;
/** A comment shows nothing, and parts what would be linked. */
const PART = "<!-- -->";

/** The text as itself: no markup, no HTML, no link, one line; it calls nobody. */
function plain(text: string): string {
  return printable(text.replaceAll(/\s+/g, " "))
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(/[\\`*_[\]|~$]/g, String.raw`\$&`)
    .replaceAll(LINKED, `$&${PART}`);
}

/** The text as code; a mention in it calls nobody. */
function code(text: string): string {
  const told = printable(text.replaceAll(/\s+/g, " "))
    .replaceAll("`", "'")
    .replaceAll("|", String.raw`\|`);
  return `\`${told}\``;
}
