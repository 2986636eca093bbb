// What a report of a deploy shows, the same for a page, for Markdown and for the terminal: the verdict first, then what each stage
// says, what differs, and the checks.
//
//   const view = viewOf(record)
//   view.verdict      // "Rolled back"
//   view.stages[2]    // { name: "validate", gate: "ok", lines: ["pass: equal in 2,400 ticks"], tookMs: 4100 }

import { numberInWords, termInWords } from "../../server/protocol/behaviour-words.ts";
import { StageEvidence } from "../../server/protocol/deploy-record.ts";
import type {
  DeployOutcome,
  DeployRecord,
  EvidenceCheck,
  EvidenceSeries,
} from "../../server/protocol/deploy-record.ts";
import type { ShownTerm } from "../../server/protocol/deploy-validation.ts";
import type { TimeBlock } from "../../server/protocol/shadow.ts";
import { TIME_BLOCK_TICKS } from "../../server/protocol/shadow.ts";

/** Good: it is in place, or would be tried. Bad: something spoke against it. Open: nobody knows yet, or nobody judged. */
export type Tone = "good" | "bad" | "open";
export type Gate = "ok" | "no" | "none";

export const MARKS: Readonly<Record<Gate, string>> = { ok: "ok", no: "NO", none: "" };
/** The mark of a check of which nothing can be told. */
export const UNTOLD = "??";

export interface StageView {
  name: string;
  gate: Gate;
  /** What it says, the first line first. */
  lines: { text: string; gate: Gate }[];
  tookMs: number;
}

export interface TermView {
  what: string;
  words: string;
  incumbent: string;
  candidate: string;
  change: string;
  n: string;
  ticks: string;
  /** "expected", "not expected", "follows" */
  expected: string;
  isExpected: boolean;
  first: string;
}

export interface CheckView {
  name: string;
  gate: Gate;
  shown: string;
  value: string;
  limit: string;
  n: string;
}

/** What one stage found. */
export interface Found<Row> {
  stage: string;
  rows: Row[];
}

export interface DeployView {
  tone: Tone;
  verdict: string;
  reason: string;
  title: string;
  facts: { name: string; value: string }[];
  stages: StageView[];
  behaviour: Found<TermView>[];
  checks: Found<CheckView>[];
  plots: EvidenceSeries[];
  /** Stages and lines that are missing. */
  lost: number;
  expect: string;
  policy: string;
}

const VERDICTS: Readonly<Record<DeployOutcome, readonly [Tone, string]>> = {
  promoted: ["good", "Promoted"],
  validated: ["good", "Validated, not deployed"],
  rolled_back: ["bad", "Rolled back"],
  refused: ["bad", "Refused"],
  aborted: ["open", "Aborted"],
  abandoned: ["open", "Abandoned"],
  interrupted: ["open", "Interrupted"],
};
const TERMS_MAX = 40;
const CHECKS_MAX = 60;
const PLOTS_MAX = 12;
const POINTS_MAX = 2_000;

export function viewOf(record: DeployRecord): DeployView {
  const { outcome, hash, label, deploy, stages } = record;
  const [tone, verdict] = outcome === null ? (["open", "Under way"] as const) : VERDICTS[outcome];
  const found = stages.map(({ stage, data }) => ({ stage, evidence: StageEvidence.safeParse(data).data ?? {} }));
  return {
    tone,
    verdict,
    reason: record.reason === "" ? underWay(record) : withoutVerdict(record.reason, verdict),
    title: `deploy ${deploy}: ${label} (${hash})`,
    facts: factsOf(record),
    stages: grouped(stages.map((stage, index) => ({ ...stage, ok: toldGate(stage, found[index]?.evidence ?? {}) }))),
    behaviour: foundIn(found, ({ evidence }) => termsOf(evidence)),
    checks: foundIn(found, ({ evidence }) => checksOf(evidence)),
    plots: found.flatMap(({ stage, evidence }) => seriesOf(stage, evidence)).slice(-PLOTS_MAX),
    lost: record.lost_stages,
    expect: record.expect.trim(),
    policy: Object.keys(record.policy).length === 0 ? "" : JSON.stringify(record.policy, null, 2),
  };
}

function underWay({ outcome, stages, stage = stages.at(-1)?.stage }: DeployRecord): string {
  if (outcome !== null) return "no reason was told";
  return stage === undefined ? "it has just begun" : `in stage ${stage}`;
}

/** A reason that begins with the verdict stands behind it: it need not say it twice. */
function withoutVerdict(reason: string, verdict: string): string {
  if (!reason.toLowerCase().startsWith(verdict.toLowerCase())) return reason;
  const rest = reason.slice(verdict.length);
  return /^(: | )./.test(rest) ? rest.replace(/^:? /, "") : reason;
}

function factsOf({
  hash,
  label,
  source,
  by,
  force,
  dry_run: isDry,
  started_at: from,
  ended_at: to,
}: DeployRecord): DeployView["facts"] {
  const facts = [
    { name: "module", value: `${label} ${hash}` },
    { name: "source", value: source === label ? "" : source },
    { name: "by", value: by },
    { name: "forced", value: force },
    { name: "dry run", value: isDry ? "nothing is swapped" : "" },
    { name: "begun", value: from.replace("T", " ").replace(/\.\d+Z$/, " UTC") },
    { name: "took", value: to === null ? "" : timeInWords(Date.parse(to) - Date.parse(from)) },
  ];
  return facts.filter(({ value }) => value !== "");
}

const gateOf = (ok: boolean | null): Gate => (ok === null ? "none" : ok ? "ok" : "no");

/** A forced deploy goes on after a judgement against it; what the judgement was still shows. */
function toldGate({ stage, ok }: DeployRecord["stages"][number], { report }: StageEvidence): boolean | null {
  if (ok !== true || (stage !== "validate" && stage !== "shadow")) return ok;
  if (report === null || report === undefined || report.verdict === "pass") return ok;
  return report.verdict === "fail" ? false : null;
}

/** Lines of one stage that follow each other belong together. */
function grouped(stages: DeployRecord["stages"]): StageView[] {
  const views: StageView[] = [];
  for (const { stage, ok, text, took_ms: tookMs } of stages) {
    const last = views.at(-1);
    const line = { text, gate: gateOf(ok) };
    if (last?.name !== stage) views.push({ name: stage, gate: line.gate, lines: [line], tookMs });
    else {
      last.lines.push(line);
      last.tookMs += tookMs;
      if (last.gate !== "no" && line.gate !== "none") last.gate = line.gate;
    }
  }
  return views;
}

interface Told {
  stage: string;
  evidence: StageEvidence;
}

/**
 * The newest of each stage: what is told again while it goes on replaces what was told before. The last stage comes first, because
 * it decided.
 */
function foundIn<Row>(found: readonly Told[], rowsOf: (told: Told) => Row[]): Found<Row>[] {
  const byStage = new Map<string, Row[]>();
  for (const told of found) {
    const rows = rowsOf(told);
    if (rows.length > 0) byStage.set(told.stage, rows);
  }
  return [...byStage].map(([stage, rows]) => ({ stage, rows })).toReversed();
}

/** The first list that has something: those of the report say also what was expected. */
function termsOf({ terms = [], report }: StageEvidence): TermView[] {
  const lists = [report?.terms ?? [], terms, report?.shadow?.terms ?? []];
  const told = lists.find((list) => list.some(({ ticks }) => ticks > 0)) ?? [];
  const views = told.filter(({ ticks }) => ticks > 0).map(termOf);
  const [open, expected] = [views.filter((view) => !view.isExpected), views.filter((view) => view.isExpected)];
  return [...open, ...expected].slice(0, TERMS_MAX);
}

export function termOf({ what, incumbent, candidate, ticks, n, expected = null, first = null }: ShownTerm): TermView {
  return {
    what,
    words: termInWords(what),
    incumbent: numberInWords(incumbent),
    candidate: numberInWords(candidate),
    change: changeOf(incumbent, candidate),
    n: numberInWords(n),
    ticks: numberInWords(ticks),
    expected: expected === null ? "" : expected ? "expected" : "not expected",
    isExpected: expected !== false,
    first: first ?? "",
  };
}

function changeOf(incumbent: number, candidate: number): string {
  if (incumbent === candidate) return "same sum";
  if (incumbent === 0) return "appears";
  if (candidate === 0) return "disappears";
  const percent = (candidate / incumbent - 1) * 100;
  const digits = Math.abs(percent) < 1 ? 2 : Math.abs(percent) < 100 ? 1 : 0;
  return `${percent > 0 ? "+" : ""}${percent.toFixed(digits)} %`;
}

function checksOf({ checks, report }: StageEvidence): CheckView[] {
  const views = (checks ?? report?.checks ?? []).map(checkOf);
  const rank: Readonly<Record<Gate, number>> = { no: 0, none: 1, ok: 2 };
  return views.toSorted((one, other) => rank[one.gate] - rank[other.gate]).slice(0, CHECKS_MAX);
}

const fiveDigits = (value: number | null): string => (value === null ? "" : `${Number(value.toPrecision(5))}`);

export function checkOf({ name, holds, shown, value = null, limit = null, n = null }: EvidenceCheck): CheckView {
  return { name, gate: gateOf(holds), shown, value: fiveDigits(value), limit: fiveDigits(limit), n: fiveDigits(n) };
}

/** What the stage plots itself; without that, the blocks of time of its shadow. */
function seriesOf(stage: string, { series, report }: StageEvidence): EvidenceSeries[] {
  if (series !== undefined) return series.map((each) => shortened({ ...each, title: `${stage}: ${each.title}` }));
  const blocks = report?.shadow?.time_blocks ?? [];
  return blocks.length < 2 ? [] : [blockSeries(stage, blocks)];
}

function blockSeries(stage: string, blocks: readonly TimeBlock[]): EvidenceSeries {
  const ms = (of: (block: TimeBlock) => number): number[] => blocks.map((block) => of(block) / 1_000);
  return {
    title: `${stage}: kernel time of a tick, by blocks of ${TIME_BLOCK_TICKS} compared ticks`,
    unit: "ms",
    seconds: blocks.map(({ n }) => n),
    lines: [
      { name: "candidate, median", of: "candidate", values: ms((block) => block.candidate_us) },
      { name: "candidate, slowest", of: "candidate", values: ms((block) => block.candidate_max_us) },
      { name: "incumbent, median", of: "incumbent", values: ms((block) => block.incumbent_us) },
      { name: "incumbent, slowest", of: "incumbent", values: ms((block) => block.incumbent_max_us) },
    ],
  };
}

/** The newest points; a page with more would be slow. */
function shortened({ seconds, lines, ...rest }: EvidenceSeries): EvidenceSeries {
  const cut = lines.map(({ values, ...line }) => ({
    ...line,
    values: values.slice(0, seconds.length).slice(-POINTS_MAX),
  }));
  return { ...rest, seconds: seconds.slice(-POINTS_MAX), lines: cut };
}

/** "80 ms", "4.1 s", "2 min 5 s". */
export function timeInWords(ms: number): string {
  if (!Number.isFinite(ms) || ms < 0) return "?";
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
