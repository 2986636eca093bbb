// How fast a validation is, with the real command in a process of its own; and what it says of each candidate of this tree, on a
// recording in which bots play.
//
//   bun bench/validate.ts --zones 8 --clients 60 --seconds 300
//   bun bench/validate.ts --candidates        // each candidate: verdict, what decided, after how many ticks

import { join } from "node:path";
import { readCandidates } from "../assembly/toolchain/candidates.ts";
import type { Candidate } from "../assembly/toolchain/candidates.ts";
import type { ValidationResult } from "../server/protocol/validation.ts";
import { printChecks } from "../server/testing/checks.ts";
import type { Check } from "../server/testing/checks.ts";
import { writePlayedJournal } from "../server/testing/played-journal.ts";
import { tempFolder } from "../server/testing/temp-folder.ts";
import { out, outJson } from "../tools/ui/output.ts";
import { tableLines } from "../tools/ui/table.ts";
import { integer, runBench, seedFlag, yes } from "./lib/bench.ts";
import type { FlagsOf } from "./lib/bench.ts";

const TICK_RATE_HZ = 20;
/** Recorded seconds of eight zones with 60 players that one core validates in a second, all parts but time included. */
const REAL_TIME_MIN = 20;
const FULL_PLAYERS = 480;
/** What the command and the compiler may take by themselves: 2.6 s of processor time were measured where other work shares the caches. */
const SECONDS_MIN = 4;

const FLAGS = {
  zones: integer("zones", 1, 64, 8),
  clients: integer("players in each zone", 1, 1_000, 60),
  seconds: integer("recorded seconds", 40, 3_600, 300),
  candidates: yes("also judge each candidate of assembly/candidates, on the first zone"),
  seed: seedFlag("the play"),
};
type Flags = FlagsOf<typeof FLAGS>;

/** One run of the command. */
interface Run {
  result: ValidationResult;
  /** Processor time of the command. */
  cpuSeconds: number;
}

await runBench("validate", FLAGS, bench);

async function bench({ zones, clients, seconds, candidates, seed, format }: Flags): Promise<Check[]> {
  const folder = tempFolder("wowsim-validate-");
  try {
    await writePlayedJournal(folder.path, { zones, players: clients, ticks: seconds * TICK_RATE_HZ, seed });
    // The first run compiles the candidate, the second finds it compiled.
    await validate(folder.path, "refactoring", "--zone", "1");
    const speed = await validate(folder.path, "refactoring", "--threads", "1");
    const judged = candidates ? await each(folder.path) : [];
    const { verdict, reason } = speed.result;
    const passes: Check = { what: "A refactoring passes", holds: verdict === "pass", shown: reason };
    const checks = [passes, speedCheck(speed, { zones, clients, seconds }), ...judged.map(verdictCheck)];
    if (format === "json") outJson({ speed, judged, checks });
    else {
      const rows = judged.map(({ candidate: { name, label }, run: { result, cpuSeconds } }) => {
        return [name, label, result.class, result.verdict, result.ticks, cpuSeconds.toFixed(1), decidedBy(result)];
      });
      const head = ["candidate", "label", "class", "verdict", "ticks", "processor s", "decided by"];
      for (const line of judged.length === 0 ? [] : [...tableLines(head, rows), ""]) out(line);
      printChecks(checks);
    }
    return checks;
  } finally {
    folder.remove();
  }
}

function speedCheck(
  { result, cpuSeconds }: Run,
  { zones, clients, seconds }: Pick<Flags, "zones" | "clients" | "seconds">,
): Check {
  const most = Math.max(SECONDS_MIN, (seconds * zones * clients) / (REAL_TIME_MIN * FULL_PLAYERS));
  const figures = `${seconds} s of ${zones} zones with ${clients} players`;
  return {
    what: `Validates ${figures} in ${most.toFixed(1)} s of processor time at most`,
    restsOn: "time",
    holds: cpuSeconds <= most,
    shown: `${cpuSeconds.toFixed(2)} s, ×${(seconds / cpuSeconds).toFixed(1)} real time a core, ${result.ticks} ticks`,
  };
}

interface Judged {
  candidate: Candidate;
  run: Run;
}

async function each(folder: string): Promise<Judged[]> {
  const judged: Judged[] = [];
  for (const candidate of await readCandidates())
    judged.push({ candidate, run: await validate(folder, candidate.name, "--zone", "1") });
  return judged;
}

/** A good candidate passes; a bad one does not, but for what only a canary sees. */
function verdictCheck({ candidate: { name, label, stage }, run: { result } }: Judged): Check {
  const holds = label === "good" ? result.verdict === "pass" : result.verdict === "fail" || stage === "canary";
  return { what: `${name} (${label})`, holds, shown: result.reason };
}

function decidedBy({ checks, verdict }: ValidationResult): string {
  return verdict === "pass" ? "" : (checks[0]?.name ?? "");
}

async function validate(folder: string, source: string, ...args: string[]): Promise<Run> {
  const words = ["validate", source, "--data-dir", folder, "--last", "24h", "--format", "json", ...args];
  const flags = args.includes("--threads") ? [...words, "--no-time"] : words;
  const command = [process.execPath, join(import.meta.dir, "../server/wowsim.ts"), ...flags];
  const child = Bun.spawn(command, { cwd: folder, stdin: "ignore", stdout: "pipe", stderr: "inherit" });
  const text = await new Response(child.stdout).text();
  await child.exited;
  const cpuSeconds = Number(child.resourceUsage()?.cpuTime.total ?? 0) / 1e6;
  // Fields in snake_case; those that the bench reads are one word each.
  return { result: JSON.parse(text) as ValidationResult, cpuSeconds };
}
