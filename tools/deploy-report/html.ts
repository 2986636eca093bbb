// The report of a deploy as one page that needs no network: the chart library, the style and the numbers are in it. Everything that a
// tool or an operator told is escaped, and the page's policy lets no other script run and nothing be fetched.

import { createHash } from "node:crypto";
import plotScript from "uplot/dist/uPlot.iife.min.js" with { type: "text" };
import plotStyle from "uplot/dist/uPlot.min.css" with { type: "text" };
import { shownJson } from "../../server/protocol/printable.ts";
import { escapeMarkup } from "../ui/markup.ts";
import { DRAW } from "./plots.ts";
import { styleOf } from "./style.ts";
import type { CheckView, DeployView, Found, Gate, StageView, TermView } from "./view.ts";
import { MARKS, timeInWords, UNTOLD } from "./view.ts";

export function htmlReport(view: DeployView): string {
  const { tone, verdict, title, reason, facts, stages, behaviour, checks, plots, lost, expect, policy } = view;
  const scripts = plots.length === 0 ? [] : [plotScript, DRAW];
  const style = `${plots.length === 0 ? "" : plotStyle}${styleOf(tone)}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policyOf(scripts)}">
<meta name="viewport" content="width=device-width">
<title>${escapeMarkup(`${verdict}: ${title}`)}</title>
<style>${style}</style>
</head>
<body>
<header>
<p class="title">${escapeMarkup(title)}</p>
<h1>${escapeMarkup(verdict)}</h1>
<p>${escapeMarkup(reason)}</p>
</header>
<dl>${facts.map(({ name, value }) => `<div><dt>${escapeMarkup(name)}</dt><dd>${escapeMarkup(value)}</dd></div>`).join("")}</dl>
${section("Stages", "", stages.length === 0 ? [] : [stagesTable(stages)])}
${behaviour.map((found) => section("What differs", found.stage, [termsTable(found)])).join("\n")}
${checks.map((found) => section("Checks", found.stage, [checksTable(found)])).join("\n")}
${plots.length === 0 ? "" : section("Time", "", [`<div class="plots" id="plots"></div>`])}
${details("Expectations", expect)}${details("Policy", policy)}
${lost === 0 ? "" : `<p class="quiet">Stages that are missing in the record: ${lost}.</p>`}
${plots.length === 0 ? "" : `<script type="application/json" id="plots-data">${shownJson(plots).replaceAll("<", String.raw`\u003c`)}</script>`}
${scripts.map((script) => `<script>${script}</script>`).join("\n")}
</body>
</html>
`;
}

/** Only these scripts run, known by their hashes; nothing is fetched. */
function policyOf(scripts: readonly string[]): string {
  const hashes = scripts.map((script) => `'sha256-${createHash("sha256").update(script).digest("base64")}'`);
  const allowed = hashes.length === 0 ? "'none'" : hashes.join(" ");
  return `default-src 'none'; style-src 'unsafe-inline'; script-src ${allowed}`;
}

const mark = (gate: Gate, untold = ""): string =>
  `<td class="mark${gate === "no" ? " no" : ""}">${gate === "none" ? untold : MARKS[gate]}</td>`;
const cell = (text: string, kind = ""): string =>
  `<td${kind === "" ? "" : ` class="${kind}"`}>${escapeMarkup(text)}</td>`;

function section(title: string, of: string, content: readonly string[]): string {
  if (content.length === 0) return "";
  const where = of === "" ? "" : ` <small>${escapeMarkup(of)}</small>`;
  return `<section><h2>${title}${where}</h2>${content.join("")}</section>`;
}

/** Columns that begin with "#" are numbers. */
function table(head: readonly string[], rows: readonly string[]): string {
  const titles = head.map((title) =>
    title.startsWith("#") ? `<th class="number">${title.slice(1)}</th>` : `<th>${title}</th>`,
  );
  return `<div class="table"><table><thead><tr>${titles.join("")}</tr></thead><tbody>${rows.map((row) => `<tr>${row}</tr>`).join("\n")}</tbody></table></div>`;
}

function stagesTable(stages: readonly StageView[]): string {
  const rows = stages.map(({ name, gate, lines, tookMs }) => {
    const [first, ...more] = lines;
    const said = more.map(
      (line) => `<div class="more${line.gate === "no" ? " no" : ""}">${escapeMarkup(line.text)}</div>`,
    );
    return `${mark(gate)}${cell(name, "name")}<td class="wide">${escapeMarkup(first?.text ?? "")}${said.join("")}</td>${cell(timeInWords(tookMs), "number")}`;
  });
  return table(["", "stage", "what it says", "#time"], rows);
}

function termsTable({ rows }: Found<TermView>): string {
  const cells = rows.map((row) => {
    const first = row.first === "" ? "" : `<div class="quiet">first in ${escapeMarkup(row.first)}</div>`;
    const sums = [row.incumbent, row.candidate, row.change, row.n, row.ticks].map((text) => cell(text, "number"));
    return `<td class="wide">${escapeMarkup(row.words)}${first}</td>${sums.join("")}${cell(row.expected, row.isExpected ? "more" : "no")}`;
  });
  return table(["", "#incumbent", "#candidate", "#change", "#n", "#ticks", ""], cells);
}

function checksTable({ rows }: Found<CheckView>): string {
  const hasNumbers = rows.some(({ value, limit, n }) => `${value}${limit}${n}` !== "");
  const cells = rows.map(({ name, gate, shown, value, limit, n }) => {
    const numbers = hasNumbers ? [value, limit, n].map((text) => cell(text, "number")).join("") : "";
    return `${mark(gate, UNTOLD)}${cell(name, "name")}${cell(shown, "wide")}${numbers}`;
  });
  return table(["", "check", "found", ...(hasNumbers ? ["#value", "#limit", "#n"] : [])], cells);
}

function details(title: string, text: string): string {
  return text === "" ? "" : `<details><summary>${title}</summary><pre>${escapeMarkup(text)}</pre></details>`;
}
