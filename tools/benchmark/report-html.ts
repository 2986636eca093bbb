// The benchmark as one page that needs nothing else: the plots' library and the numbers are in it.

import plotScript from "uplot/dist/uPlot.iife.min.js" with { type: "text" };
import plotStyle from "uplot/dist/uPlot.min.css" with { type: "text" };
import type { Cell } from "../ui/table.ts";
import { conclusionOf, COST, TIMES, wholeRow } from "./report.ts";
import type { BenchmarkReport } from "./report.ts";

const STYLE = `
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 1100px; padding: 0 1rem; color: #222; background: #fff; }
h1 { font-size: 1.4rem; } code { background: #f2f2f2; padding: .1em .3em; }
.pass { color: #137333; } .fail { color: #b3261e; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 13px; }
th, td { padding: .25rem .6rem; text-align: right; border-bottom: 1px solid #ddd; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(480px, 1fr)); gap: 1.5rem; margin: 1.5rem 0; }
`;

/** One plot a block: what is drawn over the number of clients. `of` reads a step. */
const PLOTS = `[
  { title: "Tick time, ms", lines: [["p50", s => s.tick_ms.p50, "#1a73e8"], ["p99", s => s.tick_ms.p99, "#e8710a"], ["max", s => s.tick_ms.max, "#b3261e"]] },
  { title: "Jitter, ms", lines: [["p50", s => s.jitter_ms.p50, "#1a73e8"], ["p99", s => s.jitter_ms.p99, "#e8710a"]] },
  { title: "Round trip, ms", lines: [["p50", s => s.round_trip_ms.p50, "#1a73e8"], ["p99", s => s.round_trip_ms.p99, "#e8710a"]] },
  { title: "Overruns, %", lines: [["overruns", s => s.overrun_pct, "#b3261e"]] },
  { title: "Processor cores busy", lines: [["server", s => s.server.cores, "#1a73e8"], ["players", s => s.players && s.players.cores, "#188038"]] },
  { title: "Memory, MB", lines: [["server", s => s.server.rss_mb, "#1a73e8"], ["players", s => s.players && s.players.rss_mb, "#188038"]] },
  { title: "Actions a second", lines: [["actions", s => s.actions, "#1a73e8"]] },
  { title: "To each client, KB a second", lines: [["KB/s", s => s.clients ? s.bytes_to_clients / 1000 / s.clients : null, "#1a73e8"]] },
]`;

const DRAW = `
const report = JSON.parse(document.getElementById("report").textContent);
const steps = report.steps.toSorted((a, b) => a.clients - b.clients);
const finite = (value) => (typeof value === "number" && Number.isFinite(value) ? value : null);
for (const { title, lines } of ${PLOTS}) {
  const series = [{ label: "clients" }, ...lines.map(([label, , stroke]) => ({ label, stroke, width: 2, points: { show: true } }))];
  const data = [steps.map((s) => s.clients), ...lines.map(([, of]) => steps.map((s) => finite(of(s))))];
  new uPlot({ title, width: 500, height: 260, scales: { x: { time: false } }, series }, data, document.getElementById("plots"));
}`;

export function htmlReport(report: BenchmarkReport): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>wowsim benchmark</title>
<style>${plotStyle}${STYLE}</style>
</head>
<body>
<h1>wowsim benchmark</h1>
<p><code>${escape(report.command)}</code><br>${escape(report.started_at)}, ${escape(report.machine)}</p>
<p class="${report.pass ? "pass" : "fail"}">${conclusionOf(report).map(escape).join("<br>")}</p>
<ul>${report.steps
    .filter(({ verdict }) => !verdict.holds)
    .map(({ clients, verdict }) => `<li>${clients} clients: ${escape(verdict.reasons.join("; "))}</li>`)
    .join("")}</ul>
<div class="plots" id="plots"></div>
<table>${row([...TIMES.head, ...COST.head.slice(1)], "th")}${report.steps.map((step) => row(wholeRow(step), "td")).join("")}</table>
<script type="application/json" id="report">${JSON.stringify(report).replaceAll("<", String.raw`\u003c`)}</script>
<script>${plotScript}</script>
<script>${DRAW}</script>
</body>
</html>
`;
}

function row(cells: readonly Cell[], tag: "th" | "td"): string {
  return `<tr>${cells.map((cell) => `<${tag}>${escape(String(cell ?? "-"))}</${tag}>`).join("")}</tr>`;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
