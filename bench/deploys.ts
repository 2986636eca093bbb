// Deploys by the dozen: candidates of assembly/candidates, good and bad, go through the whole deploy to a real server, under several
// loads. No bad one may be promoted, and hardly a good one refused.
//
//   bun bench/deploys.ts                                  20 deploys, some minutes
//   bun bench/deploys.ts --deploys 300 --seed 7
//   bun bench/deploys.ts --loads 20,busy --only hotfix,late --log runs.jsonl      and a line of JSON for each, as soon as it is over
//
//   candidate    label  runs  promoted  ended at            ticks   players  unclear  wrong
//   armour-sign  bad       8         0  validate 8          640           0        0      0
//
// "players" is how many met the module at most: those in the zones that ran it on trial. Where nobody plays nothing can be judged, so there
// a good candidate that is not promoted is no wrong verdict.

import { appendFileSync } from "node:fs";
import { InvalidArgumentError } from "commander";
import { readCandidates } from "../assembly/toolchain/candidates.ts";
import type { Candidate } from "../assembly/toolchain/candidates.ts";
import { at } from "../server/protocol/assert.ts";
import { seededRandom, seedOf } from "../server/protocol/seeded-random.ts";
import { printChecks } from "../server/testing/checks.ts";
import type { Check } from "../server/testing/checks.ts";
import { out, outJson } from "../tools/ui/output.ts";
import { progressBar } from "../tools/ui/progress.ts";
import { tableLines } from "../tools/ui/table.ts";
import { integer, optional, runBench, seedFlag } from "./lib/bench.ts";
import type { FlagsOf } from "./lib/bench.ts";
import { DeployedServer, LOADS } from "./lib/deployed-server.ts";
import type { Deployed, LoadName } from "./lib/deployed-server.ts";

/** Of good candidates where people play, of a hundred. */
const GOOD_STOPPED_PERCENT_MAX = 1;
const LOAD_NAMES = Object.keys(LOADS) as LoadName[];

/** Stages that end before a zone has the module. */
const BEFORE_PLAYERS: ReadonlySet<string> = new Set(["begin", "check", "upload", "validate", "shadow", "baseline"]);

const FLAGS = {
  deploys: integer("how many", 1, 100_000, 20),
  loads: optional(`with commas: ${LOAD_NAMES.join(", ")}; default: all`, parseLoads),
  only: optional("names of candidates, with commas", (text: string) => text.split(",")),
  log: optional("a file to which each deploy is added as a line of JSON, as soon as it is over", String),
  tickRate: integer("ticks a second; a higher one takes less time", 10, 100, 20),
  seed: seedFlag("the order of the candidates, server and players"),
};
type Flags = FlagsOf<typeof FLAGS>;
type Run = Deployed & { load: LoadName };

function parseLoads(text: string): LoadName[] {
  return text.split(",").map((name) => {
    const load = LOAD_NAMES.find((each) => each === name);
    if (load === undefined) throw new InvalidArgumentError(`Give some of ${LOAD_NAMES.join(", ")}.`);
    return load;
  });
}

await runBench("deploys", FLAGS, bench);

async function bench(flags: Flags): Promise<Check[]> {
  const { deploys, loads = LOAD_NAMES, only, log, tickRate, seed, format } = flags;
  const all = await readCandidates();
  const candidates = all.filter(({ name }) => only === undefined || only.includes(name));
  const runs: Run[] = [];
  const bar = progressBar("deploying");
  const startMs = performance.now();
  try {
    for (const [index, load] of loads.entries()) {
      const count = Math.floor((deploys * (index + 1)) / loads.length) - Math.floor((deploys * index) / loads.length);
      const random = seededRandom(seedOf(seed, load));
      for (let left = count, pass = 0; left > 0; pass++) {
        // A server refuses a module that it has refused before, so each server meets each candidate once.
        const order = mixed(candidates, random).slice(0, left);
        left -= order.length;
        await using server = await DeployedServer.start(LOADS[load], { seed: seedOf(seed, load, pass), tickRate });
        for (const candidate of order) {
          bar.update(runs.length / deploys, `${candidate.name}, ${load}`);
          const run = { ...(await server.deploy(candidate)), load };
          runs.push(run);
          if (log !== undefined) appendFileSync(log, `${JSON.stringify(run)}\n`);
          if (format === "text" && isWrong(run))
            bar.interrupt(() => out(`WRONG ${run.candidate}, ${load}: ${run.outcome} at ${run.stage}: ${run.reason}`));
        }
      }
    }
  } finally {
    bar.done();
  }
  const seconds = (performance.now() - startMs) / 1_000;
  const checks = judge(runs);
  if (format === "json") outJson({ deploys, loads, tickRate, seed, seconds, runs, checks });
  else print(flags, runs, seconds, checks);
  return checks;
}

/** In random order, a good one after every two bad ones as long as there are some of both. */
function mixed(candidates: readonly Candidate[], random: () => number): Candidate[] {
  const drawn = candidates.map((candidate) => ({ candidate, key: random() })).toSorted((a, b) => a.key - b.key);
  const [good, bad] = [true, false].map((isGood) =>
    drawn.flatMap(({ candidate }) => ((candidate.label === "good") === isGood ? [candidate] : [])),
  ) as [Candidate[], Candidate[]];
  const order: Candidate[] = [];
  while (good.length + bad.length > 0) order.push(...bad.splice(0, 2), ...good.splice(0, 1));
  return order;
}

function isWrong({ label, outcome, load }: Run): boolean {
  if (label === "bad") return outcome === "promoted";
  return outcome !== "promoted" && load !== "idle";
}

function judge(runs: readonly Run[]): Check[] {
  const bad = runs.filter(({ label }) => label === "bad");
  const good = runs.filter(({ label, load }) => label === "good" && load !== "idle");
  const idle = runs.filter(({ load }) => load === "idle");
  const promoted = bad.filter(isWrong);
  const stopped = good.filter(isWrong);
  const touched = runs.filter(({ stage, players }) => players > 0 && stage !== null && BEFORE_PLAYERS.has(stage));
  const guessed = idle.filter(({ outcome }) => outcome === "promoted");
  return [
    { what: "No bad candidate is promoted", holds: promoted.length === 0, shown: shown(promoted, bad) },
    {
      what: `At most ${GOOD_STOPPED_PERCENT_MAX} of 100 good ones does not come through`,
      restsOn: "time",
      holds: stopped.length * 100 <= good.length * GOOD_STOPPED_PERCENT_MAX,
      shown: shown(stopped, good),
    },
    {
      what: "No good one fails",
      restsOn: "time",
      holds: stopped.every(({ isInconclusive }) => isInconclusive),
      shown: shown(
        stopped.filter(({ isInconclusive }) => !isInconclusive),
        good,
      ),
    },
    {
      what: "What is stopped before its canary meets no player",
      holds: touched.length === 0,
      shown: shown(touched, runs),
    },
    { what: "Nothing is promoted where nobody plays", holds: guessed.length === 0, shown: shown(guessed, idle) },
  ];
}

function shown(some: readonly Run[], all: readonly Run[]): string {
  const examples = some
    .slice(0, 3)
    .map(({ candidate, load, stage }) => `${candidate} (${load}, ${stage ?? "promoted"})`);
  return [`${some.length} of ${all.length}`, ...examples].join("; ");
}

function print({ deploys, tickRate, seed }: Flags, runs: readonly Run[], seconds: number, checks: Check[]): void {
  out(`bun bench/deploys.ts --deploys ${deploys} --tick-rate ${tickRate} --seed ${seed}: ${seconds.toFixed(0)} s`);
  const names = [...new Set(runs.map(({ candidate }) => candidate))].toSorted();
  const rows = names.map((name) => rowOf(runs.filter(({ candidate }) => candidate === name)));
  const head = ["candidate", "label", "runs", "promoted", "ended at", "ticks", "players", "unclear", "wrong"];
  for (const line of [...tableLines(head, rows), ""]) out(line);
  printChecks(checks);
}

function rowOf(runs: readonly Run[]): (string | number)[] {
  const { candidate, label } = at(runs, 0);
  const stages = Map.groupBy(
    runs.flatMap(({ stage }) => stage ?? []),
    (stage) => stage,
  );
  const ticks = runs.flatMap((run) => run.ticks ?? []).toSorted((a, b) => a - b);
  return [
    candidate,
    label,
    runs.length,
    runs.filter(({ outcome }) => outcome === "promoted").length,
    [...stages].map(([stage, { length }]) => `${stage} ${length}`).join(", "),
    ticks.length === 0 ? "" : [...new Set([ticks[0], ticks.at(-1)])].join(" to "),
    Math.max(0, ...runs.filter(({ outcome }) => outcome !== "promoted").map(({ players }) => players)),
    runs.filter((run) => run.isInconclusive).length,
    runs.filter(isWrong).length,
  ];
}
