// A benchmark as text: a table for the terminal, the same as Markdown, everything as JSON. The page with charts is in
// report-html.ts.

import type { Cell } from "../ui/table.ts";
import { tableLines } from "../ui/table.ts";
import { show } from "./result.ts";
import type { JudgedStep, Limits } from "./result.ts";

export interface BenchmarkReport {
  /** The command line as typed. */
  command: string;
  /** ISO 8601, UTC. */
  started_at: string;
  machine: string;
  limits: Limits;
  steps: JudgedStep[];
  /** The largest load that holds, if it was searched. */
  max_clients: number | null;
  pass: boolean;
}

interface Columns {
  head: string[];
  row: (step: JudgedStep) => Cell[];
}

/** The columns for times; in ms. */
export const TIMES: Columns = {
  head: ["clients", "tick avg", "p50", "p99", "max", "jitter p99", "over %", "rtt p50", "p99", "verdict"],
  row: ({ clients, tick_ms: tick, jitter_ms: jitter, overrun_pct: overruns, round_trip_ms: trip, verdict }) => [
    clients,
    ...[tick.avg, tick.p50, tick.p99, tick.max, jitter.p99, overruns, trip.p50, trip.p99].map(show),
    verdict.holds ? "holds" : "FAILS",
  ],
};

/** The columns for the load and its cost. */
export const COST: Columns = {
  head: ["clients", "actions/s", "read/s", "KB/s each", "server cores", "MB", "players' cores", "MB"],
  row: ({ clients, actions, messages, bytes_to_clients: bytes, server, players }) => [
    clients,
    show(actions),
    show(messages),
    clients === 0 ? null : show(bytes / 1_000 / clients),
    show(server.cores),
    show(server.rss_mb),
    players === null ? null : show(players.cores),
    players === null ? null : show(players.rss_mb),
  ],
};

/** A step with the columns of both tables. */
export function wholeRow(step: JudgedStep): Cell[] {
  return [...TIMES.row(step), ...COST.row(step).slice(1)];
}

export function textReport(report: BenchmarkReport): string[] {
  return [
    ...tableLines(TIMES.head, report.steps.map(TIMES.row)),
    "",
    ...tableLines(COST.head, report.steps.map(COST.row)),
    "",
    "Times in ms. tick: the server's, its slowest zone's; jitter: how far from due;",
    "rtt: from a player's action to the state that acknowledges it; read/s: messages",
    "the server read; KB/s each: to one client.",
    "",
    ...reasonsOf(report),
    ...conclusionOf(report),
  ];
}

export function markdownReport(report: BenchmarkReport): string[] {
  const head = [...TIMES.head, ...COST.head.slice(1)];
  return [
    `## ${report.command}`,
    "",
    `${report.started_at}, ${report.machine}`,
    "",
    markdownRow(head),
    markdownRow(head.map(() => "---:")),
    ...report.steps.map((step) => markdownRow(wholeRow(step))),
    "",
    ...reasonsOf(report).map((reason) => `- ${reason}`),
    "",
    ...conclusionOf(report),
  ];
}

function markdownRow(cells: Cell[]): string {
  return `| ${cells.map((cell) => cell ?? "-").join(" | ")} |`;
}

function reasonsOf({ steps }: BenchmarkReport): string[] {
  return steps
    .filter(({ verdict }) => !verdict.holds)
    .map((step) => `${step.clients} clients: ${step.verdict.reasons.join("; ")}`);
}

export function conclusionOf({ steps, max_clients: max, pass, limits }: BenchmarkReport): string[] {
  const bounds = `average tick ${limits.avgTickMs} ms, p99 ${limits.p99TickMs} ms, ${limits.overrunPct} % overruns`;
  if (max !== null) return [`The largest load that holds is ${max} clients (limits: ${bounds}).`];
  const failed = steps.filter(({ verdict }) => !verdict.holds).length;
  return [
    pass
      ? `PASS: every step holds (limits: ${bounds}).`
      : `FAIL: ${failed} of ${steps.length} steps (limits: ${bounds}).`,
  ];
}
