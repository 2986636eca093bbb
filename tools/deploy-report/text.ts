// The record of a deploy on a terminal.
//
//   Rolled back: kernel time ×3
//   deploy 7: fix.wasm (9f3c…)
//
//        stage     time    says
//   ok   check     12 ms   static checks hold
//   NO   verdict   20.1 s  kernel time, median ...

import type { DeployRecord } from "../../server/protocol/deploy-record.ts";
import { paint } from "../ui/output.ts";
import { fieldLines, tableLines } from "../ui/table.ts";
import type { DeployView, Found, Gate, StageView, TermView } from "./view.ts";
import { MARKS, timeInWords, UNTOLD, viewOf } from "./view.ts";

const PAINTS = { good: paint.green, bad: paint.red, open: paint.yellow } as const;
const TERMS_MAX = 10;

export function recordLines(record: DeployRecord): string[] {
  const view = viewOf(record);
  return [
    `${paint.bold(PAINTS[view.tone](view.verdict))}: ${view.reason}`,
    paint.dim(view.title),
    "",
    ...fieldLines(view.facts.map(({ name, value }) => [name, value] as const)),
    ...(view.stages.length === 0 ? [] : ["", ...view.stages.flatMap(stageLines)]),
    ...view.behaviour.flatMap(termLines),
    ...openChecks(view),
    ...(view.lost === 0 ? [] : ["", `Stages that are missing in the record: ${view.lost}.`]),
  ];
}

function stageLines({ name, gate, lines, tookMs }: StageView): string[] {
  const [first, ...more] = lines;
  const head = `${marked(gate)} ${paint.bold(name.padEnd(9))} ${timeInWords(tookMs).padStart(8)}  ${first?.text ?? ""}`;
  return [head, ...more.map((line) => `${marked(line.gate)} ${" ".repeat(20)}${line.text}`)];
}

function marked(gate: Gate, untold = ""): string {
  const text = (gate === "none" ? untold : MARKS[gate]).padEnd(3);
  if (gate === "none") return text;
  return gate === "ok" ? paint.green(text) : paint.red(text);
}

function termLines({ stage, rows }: Found<TermView>): string[] {
  const shown = rows.slice(0, TERMS_MAX);
  const cells = shown.map((row) => [
    row.words,
    row.incumbent,
    row.candidate,
    row.change,
    row.n,
    row.ticks,
    row.expected,
  ]);
  const table = tableLines(["what differs", "incumbent", "candidate", "change", "n", "ticks", ""], cells);
  const more = rows.length - shown.length;
  return ["", paint.dim(stage), ...table, ...(more > 0 ? [paint.dim(`and ${more} more: --report FILE.html`)] : [])];
}

/** Those that hold are in the report. */
function openChecks({ checks }: DeployView): string[] {
  const open = checks.flatMap(({ stage, rows }) =>
    rows.filter(({ gate }) => gate !== "ok").map((row) => ({ stage, row })),
  );
  const lines = open.map(({ stage, row }) => `${marked(row.gate, UNTOLD)} ${stage}, ${row.name}: ${row.shown}`);
  return lines.length === 0 ? [] : ["", ...lines];
}
