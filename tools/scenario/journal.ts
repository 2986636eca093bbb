// The output of a scenario's run: a journal for scripts, lines for people.
//
//   {"verdict":"completed","reason":"...","title":"...","steps":[{"phase":"steps","name":"spike","kind":"activate",
//    "outcome":"done","text":"...","started":"2026-01-01T00:00:00.000Z","duration_ms":12,"output":{...}}], ...}

import { paint } from "../ui/output.ts";
import type { ActRecord, Outcome, Phase, Played, Verdict } from "./play.ts";

export interface JournalSource {
  file: string;
  title: string;
  /** Null when the scenario did not begin. */
  server: { started: boolean; host: string; ports: object } | null;
}

export function journalOf({ file, title, server }: JournalSource, played: Played, notes: readonly string[]): object {
  const { verdict, reason, startedAtMs, endedAtMs, records } = played;
  return {
    verdict,
    reason,
    file,
    title,
    server,
    started: isoTime(startedAtMs),
    ended: isoTime(endedAtMs),
    duration_ms: endedAtMs - startedAtMs,
    notes,
    steps: records.map(({ startedAtMs: atMs, durationMs, phase, name, kind, outcome, text, output }) => ({
      phase,
      name,
      kind,
      outcome,
      text,
      output,
      started: atMs === null ? null : isoTime(atMs),
      duration_ms: durationMs,
    })),
  };
}

export const isoTime = (ms: number): string => new Date(ms).toISOString();

const MARKS: Record<Outcome, string> = { done: "ok", untrue: "NO", failed: "FAIL", aborted: "stop", not_run: "-" };

const PHASES: Partial<Record<Phase, string>> = {
  before: "the steady state",
  after: "the steady state again",
  rollback: "putting things back",
};

/** Prints each act when it has ended, with a heading at the begin of each phase. */
export function linePrinter(print: (line: string) => void): (record: ActRecord) => void {
  let phase: Phase = "opening";
  return (record) => {
    const heading = PHASES[record.phase];
    if (record.phase !== phase && heading !== undefined) print(paint.dim(`     ${heading}:`));
    phase = record.phase;
    // Successful cleanup is not printed, and steps that did not run are not listed one by one.
    if (record.phase === "end" && record.outcome === "done") return;
    const { outcome, name, text, durationMs } = record;
    const time = record.startedAtMs === null ? "" : paint.dim(`  ${(durationMs / 1_000).toFixed(1)} s`);
    print(`${painted(outcome, MARKS[outcome].padEnd(4))} ${name}${time}`);
    if (outcome !== "not_run") print(paint.dim(`       ${text}`));
  };
}

function painted(outcome: Outcome, text: string): string {
  if (outcome === "done") return paint.green(text);
  return outcome === "not_run" ? paint.dim(text) : paint.red(text);
}

export function verdictLine({ verdict, reason, startedAtMs, endedAtMs }: Played): string {
  const seconds = ((endedAtMs - startedAtMs) / 1_000).toFixed(1);
  const word = verdict.toUpperCase();
  return `${verdict === "completed" ? paint.green(word) : paint.red(word)} after ${seconds} s: ${reason}`;
}

export const EXIT_CODE_OF: Record<Verdict, number> = { completed: 0, deviated: 1, failed: 2, aborted: 130 };
