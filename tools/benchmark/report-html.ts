// The benchmark as one self-contained page: it includes the chart library and the numbers.

import plotScript from "uplot/dist/uPlot.iife.min.js" with { type: "text" };
import plotStyle from "uplot/dist/uPlot.min.css" with { type: "text" };
import { escapeMarkup } from "../ui/markup.ts";
import type { Cell } from "../ui/table.ts";
import { conclusionOf, COST, TIMES, wholeRow } from "./report.ts";
import type { BenchmarkReport } from "./report.ts";

/** Light or dark like the reader's system; the lines of the charts can be distinguished in both. */
const STYLE = `
:root { color-scheme: light dark; --ground: #fff; --text: #222; --quiet: #f2f2f2; --rule: #ddd; --pass: #137333; --fail: #b3261e; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #121418; --text: #dde1e6; --quiet: #24282e; --rule: #3a3f46; --pass: #5bb974; --fail: #f28b82; }
}
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 1100px; padding: 0 1rem; color: var(--text); background: var(--ground); }
h1 { font-size: 1.4rem; } code { background: var(--quiet); padding: .1em .3em; }
.pass { color: var(--pass); } .fail { color: var(--fail); }
.table { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 13px; }
th, td { padding: .25rem .6rem; text-align: right; border-bottom: 1px solid var(--rule); white-space: nowrap; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(420px, 100%), 1fr)); gap: 1.5rem; margin: 1.5rem 0; }
.plots > div { min-width: 0; }
`;

/** One chart for each block: the values drawn over the number of clients. `of` reads a step. */
const PLOTS = `[
  { title: "Tick time, ms", lines: [["p50", s => s.tick_ms.p50, BLUE], ["p99", s => s.tick_ms.p99, ORANGE], ["max", s => s.tick_ms.max, RED]] },
  { title: "Jitter, ms", lines: [["p50", s => s.jitter_ms.p50, BLUE], ["p99", s => s.jitter_ms.p99, ORANGE]] },
  { title: "Round trip, ms", lines: [["p50", s => s.round_trip_ms.p50, BLUE], ["p99", s => s.round_trip_ms.p99, ORANGE]] },
  { title: "Overruns, %", lines: [["overruns", s => s.overrun_pct, RED]] },
  { title: "Processor cores busy", lines: [["server", s => s.server.cores, BLUE], ["players", s => s.players && s.players.cores, GREEN]] },
  { title: "Memory, MB", lines: [["server", s => s.server.rss_mb, BLUE], ["players", s => s.players && s.players.rss_mb, GREEN]] },
  { title: "Actions a second", lines: [["actions", s => s.actions, BLUE]] },
  { title: "To each client, KB a second", lines: [["KB/s", s => s.clients ? s.bytes_to_clients / 1000 / s.clients : null, BLUE]] },
]`;

/** Draws again when the window's width or the system's colour scheme changes: a canvas does neither by itself. */
const DRAW = `
const [BLUE, ORANGE, RED, GREEN] = ["#1a73e8", "#e8710a", "#d93025", "#1e8e3e"];
const PLOTS = ${PLOTS};
const report = JSON.parse(document.getElementById("report").textContent);
const steps = report.steps.toSorted((a, b) => a.clients - b.clients);
const finite = (value) => (typeof value === "number" && Number.isFinite(value) ? value : null);
const place = document.getElementById("plots");
function draw() {
  place.replaceChildren();
  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name);
  const axis = { stroke: color("--text"), grid: { stroke: color("--rule"), width: 1 }, ticks: { stroke: color("--rule"), width: 1 } };
  // All blocks first: the width of each depends on how many there are.
  const blocks = PLOTS.map(() => place.appendChild(document.createElement("div")));
  for (const [index, { title, lines }] of PLOTS.entries()) {
    const block = blocks[index];
    const series = [{ label: "clients" }, ...lines.map(([label, , stroke]) => ({ label, stroke, width: 2, points: { show: true, fill: color("--ground") } }))];
    const data = [steps.map((s) => s.clients), ...lines.map(([, of]) => steps.map((s) => finite(of(s))))];
    const scales = { x: { time: false }, y: { range: (_, __, max) => [0, max > 0 ? max * 1.05 : 1] } };
    new uPlot({ title, width: block.clientWidth, height: 260, scales, axes: [axis, axis], series }, data, block);
  }
}
draw();
addEventListener("resize", draw);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);`;

export function htmlReport(report: BenchmarkReport): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>wowsim benchmark</title>
<style>${plotStyle}${STYLE}</style>
</head>
<body>
<h1>wowsim benchmark</h1>
<p><code>${escapeMarkup(report.command)}</code><br>${escapeMarkup(report.started_at)}, ${escapeMarkup(report.machine)}</p>
<p class="${report.pass ? "pass" : "fail"}">${conclusionOf(report).map(escapeMarkup).join("<br>")}</p>
<ul>${report.steps
    .filter(({ verdict }) => !verdict.holds)
    .map(({ clients, verdict }) => `<li>${clients} clients: ${escapeMarkup(verdict.reasons.join("; "))}</li>`)
    .join("")}</ul>
<div class="plots" id="plots"></div>
<div class="table"><table>${row([...TIMES.head, ...COST.head.slice(1)], "th")}${report.steps.map((step) => row(wholeRow(step), "td")).join("")}</table></div>
<script type="application/json" id="report">${JSON.stringify(report).replaceAll("<", String.raw`\u003c`)}</script>
<script>${plotScript}</script>
<script>${DRAW}</script>
</body>
</html>
`;
}

function row(cells: readonly Cell[], tag: "th" | "td"): string {
  return `<tr>${cells.map((cell) => `<${tag}>${escapeMarkup(String(cell ?? "-"))}</${tag}>`).join("")}</tr>`;
}
