// Whether the judge of candidates is right: every candidate of assembly/candidates is validated on journals of bots' play, over seeds
// and loads. No good one may fail, no bad one may pass whose stage is before the canary.
//
//   bun bench/judge.ts                                            two loads, one seed: some minutes
//   bun bench/judge.ts --seeds 3 --loads 0,20,60,200 --seconds 120
//   bun bench/judge.ts --only hotfix,late
//
//   candidate   label  stage     caught  by                    after ticks    seconds
//   armour-sign bad    validate  2 of 2  tick by tick 2        12 (9 to 15)   1.4

import { readCandidates } from "../assembly/toolchain/candidates.ts";
import type { Candidate } from "../assembly/toolchain/candidates.ts";
import type { ValidationResult } from "../server/protocol/validation.ts";
import { printChecks } from "../server/testing/checks.ts";
import type { Check } from "../server/testing/checks.ts";
import { writePlayedJournal } from "../server/testing/played-journal.ts";
import { tempFolder } from "../server/testing/temp-folder.ts";
import { validate } from "../server/validate/validate.ts";
import { quantile } from "../tools/analysis/measured.ts";
import { err, out, outJson } from "../tools/ui/output.ts";
import { progressBar } from "../tools/ui/progress.ts";
import { tableLines } from "../tools/ui/table.ts";
import { integer, list, optional, runBench } from "./lib/bench.ts";
import type { FlagsOf } from "./lib/bench.ts";

const TICK_RATE_HZ = 20;
/** A load with fewer players says nothing about a candidate. */
const PLAYED_FROM = 20;
/** Of good candidates, of a hundred. */
const INCONCLUSIVE_PERCENT_MAX = 1;

const FLAGS = {
  seeds: integer("plays of each load", 1, 1_000, 1),
  loads: list("players in each zone, with commas", 0, 2_000, [20, 60]),
  zones: integer("zones of each journal", 1, 16, 2),
  seconds: integer("of play", 1, 3_600, 120),
  threads: optional("threads of a validation; default: one a core", Number),
  only: optional("names of candidates, with commas", (text: string) => text.split(",")),
};
type Flags = FlagsOf<typeof FLAGS>;

/** One validation. */
interface Run {
  candidate: string;
  seed: number;
  load: number;
  verdict: ValidationResult["verdict"];
  /** The part of the validation that decided; null: none did. */
  by: string | null;
  /** Ticks of a zone up to the first one that shows it; null: it shows in no single tick. */
  ticks: number | null;
  reason: string;
  seconds: number;
}

interface Row {
  candidate: Candidate;
  runs: Run[];
}

await runBench("judge", FLAGS, bench);

async function bench(flags: Flags): Promise<Check[]> {
  const { seeds, loads, zones, seconds, only, format } = flags;
  const candidates = (await readCandidates()).filter(({ name }) => only?.includes(name) ?? true);
  const rows = candidates.map((candidate): Row => ({ candidate, runs: [] }));
  const bar = progressBar("judging");
  const all = seeds * loads.length * rows.length;
  let done = 0;
  try {
    for (let seed = 1; seed <= seeds; seed++) {
      for (const load of loads) {
        const folder = tempFolder("wowsim-judge-");
        try {
          const ticks = seconds * TICK_RATE_HZ;
          await writePlayedJournal(folder.path, { zones, players: load, ticks, seed: seed * 1_000 + load });
          for (const row of rows) {
            bar.update(done++ / all, `${row.candidate.name}, ${load} players, seed ${seed}`);
            const run = await runOf(row.candidate, folder.path, seed, load, flags);
            row.runs.push(run);
            if (isWrong(row.candidate, run))
              bar.interrupt(() => err(`WRONG ${run.candidate}, ${load} players, seed ${seed}: ${run.reason}`));
          }
        } finally {
          folder.remove();
        }
      }
    }
  } finally {
    bar.done();
  }
  const checks = checksOf(rows);
  if (format === "json") outJson({ ...flags, runs: rows.flatMap(({ runs }) => runs), checks });
  else print(flags, rows, checks);
  return checks;
}

async function runOf(candidate: Candidate, dataDir: string, seed: number, load: number, flags: Flags): Promise<Run> {
  const options = { dataDir, source: candidate.name, lastMs: flags.seconds * 1_000, seed, threads: flags.threads };
  const result = await validate(options, {});
  const { verdict, reason, seconds } = result;
  return {
    candidate: candidate.name,
    seed,
    load,
    verdict,
    by: partOf(result),
    ticks: ticksUntil(result),
    reason,
    seconds,
  };
}

/** Which part of a validation speaks against the candidate, first. */
function partOf({ checks: [first], terms }: ValidationResult): string | null {
  if (first === undefined || first.holds === true) return null;
  if (first.name.startsWith("broken.")) return "invariants";
  return terms.some(({ what }) => what === first.name) || first.name.includes(".") ? "tick by tick" : first.name;
}

function ticksUntil({ terms, traps, zones, verdict }: ValidationResult): number | null {
  if (verdict !== "fail") return null;
  const firsts = [
    ...terms.flatMap(({ own, first }) => (own > 0 && first !== null ? [first] : [])),
    ...(traps.first === null ? [] : [traps.first]),
  ];
  const after = firsts.flatMap(({ zone, tick }) => {
    const from = zones.find((each) => each.zone === zone)?.fromTick;
    return from === undefined ? [] : [tick - from + 1];
  });
  return after.length === 0 ? null : Math.min(...after);
}

/** A good one that is not passed, a bad one that is, or anything that is where nobody plays. */
function isWrong({ label, stage }: Candidate, { verdict, load }: Run): boolean {
  if (load < PLAYED_FROM) return verdict === "pass";
  if (label === "good") return verdict !== "pass";
  return stage !== "canary" && verdict !== "fail";
}

function checksOf(rows: readonly Row[]): Check[] {
  const runs = (isMeant: (row: Row, run: Run) => boolean): Run[] =>
    rows.flatMap((row) => row.runs.filter((run) => isMeant(row, run)));
  const good = runs(({ candidate }, { load }) => candidate.label === "good" && load >= PLAYED_FROM);
  const bad = runs(
    ({ candidate }, { load }) => candidate.label === "bad" && candidate.stage !== "canary" && load >= PLAYED_FROM,
  );
  const idle = runs((_, { load }) => load < PLAYED_FROM);
  const [failed, unclear] = [
    good.filter(({ verdict }) => verdict === "fail"),
    good.filter(({ verdict }) => verdict === "inconclusive"),
  ];
  const passed = bad.filter(({ verdict }) => verdict !== "fail");
  const told = idle.filter(({ verdict }) => verdict === "pass");
  return [
    { what: "No good candidate fails", holds: failed.length === 0, shown: shown(failed, good) },
    {
      what: `At most ${INCONCLUSIVE_PERCENT_MAX} of 100 good ones are inconclusive`,
      holds: unclear.length * 100 <= good.length * INCONCLUSIVE_PERCENT_MAX,
      shown: shown(unclear, good),
    },
    { what: "No bad candidate passes", holds: passed.length === 0, shown: shown(passed, bad) },
    ...(idle.length === 0
      ? []
      : [{ what: "Nothing passes where nobody plays", holds: told.length === 0, shown: shown(told, idle) }]),
  ];
}

function shown(some: readonly Run[], all: readonly Run[]): string {
  const names = [...new Set(some.map(({ candidate, load }) => `${candidate} with ${load} players`))];
  return `${some.length} of ${all.length}${names.length === 0 ? "" : `: ${names.join(", ")}`}`;
}

function print({ seeds, loads, zones, seconds }: Flags, rows: readonly Row[], checks: Check[]): void {
  out(`bun bench/judge.ts --seeds ${seeds} --loads ${loads.join(",")} --zones ${zones} --seconds ${seconds}`);
  const head = ["candidate", "label", "stage", "fails", "by", "after ticks", "seconds"];
  const lines = rows.map(({ candidate: { name, label, stage }, runs }) => {
    const failed = runs.filter(({ verdict }) => verdict === "fail");
    const parts = Map.groupBy(failed, ({ by }) => by ?? "-");
    const by = [...parts].map(([part, of]) => `${part} ${of.length}`).join(", ");
    const ticks = failed.flatMap((run) => run.ticks ?? []);
    const [least, middle, most] = [0, 0.5, 1].map((q) => quantile(ticks, q));
    const range = least === most ? "" : ` (${least} to ${most})`;
    const after = ticks.length === 0 ? "-" : `${Math.round(middle ?? 0)}${range}`;
    const time =
      quantile(
        runs.map((run) => run.seconds),
        0.5,
      ) ?? 0;
    return [
      name,
      label,
      stage ?? "-",
      `${failed.length} of ${runs.length}`,
      by === "" ? "-" : by,
      after,
      time.toFixed(1),
    ];
  });
  for (const line of [...tableLines(head, lines), ""]) out(line);
  printChecks(checks);
}
