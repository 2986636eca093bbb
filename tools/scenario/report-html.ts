// A batch as one self-contained page: a verdict for each scenario, and below it every act with its text and duration.

import { version } from "../../package.json";
import { escapeMarkup } from "../ui/markup.ts";
import type { Batch, Ran } from "./batch.ts";
import type { ActRecord, Phase } from "./play.ts";

const STYLE = `
:root { color-scheme: light dark; --ground: #fff; --text: #222; --dim: #666; --rule: #ddd; --good: #137333; --bad: #b3261e; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #121418; --text: #dde1e6; --dim: #9aa0a6; --rule: #3a3f46; --good: #5bb974; --bad: #f28b82; }
}
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 960px; padding: 0 1rem; color: var(--text); background: var(--ground); }
h1 { font-size: 1.4rem; } summary { cursor: pointer; padding: .3rem 0; } .dim { color: var(--dim); }
.completed, .done { color: var(--good); } .deviated, .failed, .aborted, .untrue { color: var(--bad); } .not_run { color: var(--dim); }
table { border-collapse: collapse; width: 100%; font-size: 13px; margin: 0 0 1rem; }
td, th { padding: .25rem .6rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--rule); overflow-wrap: anywhere; }
td.time { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
`;

const PHASES: Record<Phase, string> = {
  opening: "opening",
  before: "steady state",
  steps: "step",
  after: "steady state again",
  rollback: "rollback",
  end: "end",
};

export function htmlReport({ verdict, ran }: Batch, command: string): string {
  const good = ran.filter((each) => each.verdict === "completed").length;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>wowsim scenarios: ${verdict}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>wowsim scenarios: <span class="${verdict}">${verdict}</span>, ${good} of ${ran.length}</h1>
<p class="dim"><code>${escapeMarkup(command)}</code><br>wowsim ${version}</p>
${ran.map(sectionOf).join("\n")}
</body>
</html>
`;
}

/** The section of a completed scenario is collapsed. */
function sectionOf({ title, file, verdict, reason, played }: Ran): string {
  const rows = (played?.records ?? []).map(rowOf).join("\n");
  const took = played === null ? "" : `, ${seconds(played.endedAtMs - played.startedAtMs)}`;
  return `<details${verdict === "completed" ? "" : " open"}>
<summary><b class="${verdict}">${verdict}</b> ${escapeMarkup(title)} <span class="dim">${escapeMarkup(file)}${took}</span></summary>
<p>${escapeMarkup(reason)}</p>
${rows === "" ? "" : `<table><tr><th></th><th></th><th>act</th><th>what it said</th><th>took</th></tr>\n${rows}\n</table>`}
</details>`;
}

function rowOf({ phase, name, outcome, text, durationMs }: ActRecord): string {
  const word = outcome.replace("_", " ");
  return `<tr><td class="${outcome}">${word}</td><td class="dim">${PHASES[phase]}</td><td>${escapeMarkup(name)}</td><td>${escapeMarkup(text)}</td><td class="time">${seconds(durationMs)}</td></tr>`;
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
