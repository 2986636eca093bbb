// Checks determinism: the same seed and the same commands give the same state hash after every
// tick, in every run and every runtime.
//
//   bun bench/same-hash.ts                       1,000,000 ticks in about two minutes
//   bun bench/same-hash.ts --ticks 20000
//
//   run                         runtime        ticks  seconds  ticks/s  differs from tick
//   once, in one process        Bun 1.4.5    1000000     31.0    32258                  -
//   once more beside it         Bun 1.4.5    ...
//   in another process, restored from snapshots, in Node
//
// A zone of the built-in world, with creatures and two dozen players who fight them and each other (lib/same-hash-log.ts says
// what is commanded), runs through the server's own zone, journal and kernel. Each run writes the hash of every tick to a file
// (lib/hash-record.ts); the other runs are compared with the first one.

import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { copyFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import * as abi from "../assembly/abi.ts";
import { ensureKernel } from "../assembly/toolchain/build.ts";
import { err, EXIT, out, outJson } from "../tools/ui/output.ts";
import { progressBar } from "../tools/ui/progress.ts";
import { tableLines } from "../tools/ui/table.ts";
import { printChecks } from "../server/testing/checks.ts";
import type { Check } from "../server/testing/checks.ts";
import { firstDifference, readHashes } from "../server/testing/hash-record.ts";
import { integer, runBench, seedFlag } from "./lib/bench.ts";
import type { FlagsOf } from "./lib/bench.ts";
import { runJsonChild } from "./lib/json-child.ts";
import { tempFolder } from "../server/testing/temp-folder.ts";
import type { RunOrder, RunReport } from "./same-hash-process.ts";

/** One process, and the runs that it makes. */
interface Plan {
  way: RunOrder["way"];
  program: "bun" | "node";
  runs: string[];
}

/** In the order in which they start; the first run of the first is what all are compared with. */
const PLANS: readonly Plan[] = [
  { way: "beside", program: "bun", runs: ["once, in one process", "once more, beside it"] },
  { way: "restored", program: "bun", runs: ["restored from snapshots"] },
  { way: "once", program: "bun", runs: ["in another process"] },
  { way: "once", program: "node", runs: ["in Node"] },
];
const PROGRESS_MS = 200;

interface Run {
  run: string;
  runtime: string;
  ticks: number;
  seconds: number;
  ticksPerSecond: number;
  /** 0: the same at every tick as the first run. */
  differsFromTick: number;
  /** Of all hashes of the run. */
  digest: string;
}

interface Outcome {
  runs: Run[];
  reference: RunReport;
  restored: RunReport;
  /** Runs that could not be made. */
  notRun: string[];
}

const FLAGS = {
  ticks: integer("ticks of each run", 1, 100_000_000, 1_000_000),
  seed: seedFlag("the zone and of what is commanded in it"),
  processes: integer("processes at the same time", 1, 4, 2),
  spoilTick: integer("give all processes but the first one command more in this tick", 0, 100_000_000, 0),
};
type Flags = FlagsOf<typeof FLAGS>;

await runBench(
  "same-hash",
  FLAGS,
  sameHash,
  "\n--spoil-tick shows that a difference is found: they must differ from that tick on, and it must fail.\n" +
    "Exit codes: 0 all the same, 1 something differs, 64 wrong usage, 3 the same as far as it was run, but Node is missing.",
);

async function sameHash(flags: Flags): Promise<Check[]> {
  const folder = tempFolder("wowsim-same-hash-");
  try {
    const outcome = await runAll(flags, folder.path);
    const checks = judge(outcome, flags.ticks);
    if (flags.format === "json") outJson({ ...flags, ...outcome, checks });
    else print(flags, outcome, checks);
    if (outcome.notRun.length > 0) process.exitCode = EXIT.unreachable;
    for (const run of outcome.notRun)
      err(`NOT RUN: ${run}. Node is not on the PATH; install it (20 or newer) and run this again.`);
    return checks;
  } finally {
    folder.remove();
  }
}

/** Runs all plans, a few processes at a time, and compares what they recorded. */
async function runAll(flags: Flags, folder: string): Promise<Outcome> {
  const kernel = join(folder, "kernel.metered.wasm");
  await copyFile(await ensureKernel(), kernel);
  const node = Bun.which("node");
  const plans = PLANS.filter(({ program: wanted }) => wanted === "bun" || node !== null);
  const recordOf = (run: string): string => join(folder, `${run.replaceAll(/\W+/g, "-")}.hashes`);
  const bundle = node === null ? "" : await bundleForNode(folder);
  const start = (plan: Plan, isFirst: boolean): Promise<RunReport> => {
    const records = plan.runs.map(recordOf);
    const spoilTick = isFirst ? 0 : flags.spoilTick;
    const order: RunOrder = { way: plan.way, kernel, ticks: flags.ticks, seed: flags.seed, records, spoilTick };
    const [script, runtime] =
      plan.program === "bun" ? ["bench/same-hash-process.ts", process.execPath] : [bundle, node ?? ""];
    return runJsonChild([script, JSON.stringify(order)], runtime) as unknown as Promise<RunReport>;
  };
  const stopBar = showProgress(
    plans.flatMap(({ runs }) => runs.map(recordOf)),
    flags.ticks,
  );
  const reports = await inTurn(plans, flags.processes, start).finally(stopBar);
  const [reference] = reports;
  const restored = reports[plans.findIndex(({ way }) => way === "restored")];
  if (reference === undefined || restored === undefined) throw new Error("A run is missing.");
  const runs: Run[] = [];
  const expected = readHashes(recordOf(PLANS[0]?.runs[0] ?? ""));
  for (const [index, plan] of plans.entries()) {
    const report = reports[index];
    if (report === undefined) continue;
    for (const run of plan.runs) {
      const [path, share] = [recordOf(run), plan.runs.length];
      const hashes = readHashes(path);
      runs.push({
        run,
        runtime: report.runtime,
        ticks: hashes.length,
        seconds: report.seconds,
        ticksPerSecond: Math.round((hashes.length * share) / report.seconds),
        differsFromTick: firstDifference(expected, hashes),
        digest: createHash("sha256")
          .update(await readFile(path))
          .digest("hex")
          .slice(0, 16),
      });
    }
  }
  const notRun = PLANS.filter((plan) => !plans.includes(plan)).flatMap((plan) => plan.runs);
  return { runs, reference, restored, notRun };
}

/** The process of one run as one file of plain JavaScript. */
async function bundleForNode(folder: string): Promise<string> {
  const entry = join(import.meta.dir, "same-hash-process.ts");
  // Binaryen is for building kernels; the run takes one that is built.
  await Bun.build({
    entrypoints: [entry],
    target: "node",
    external: ["binaryen"],
    outdir: folder,
    naming: "[name].mjs",
  });
  return join(folder, "same-hash-process.mjs");
}

/** Works through a list, `atOnce` at a time; the results in the list's order. */
async function inTurn<T, R>(
  items: readonly T[],
  atOnce: number,
  work: (item: T, isFirst: boolean) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const waiting = [...items.entries()];
  const lane = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      results[next[0]] = await work(next[1], next[0] === 0);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return results;
}

/** Draws, on a terminal, how far the records have come; returns what ends it. */
function showProgress(records: string[], ticks: number): () => void {
  const bar = progressBar("ticks");
  const timer = setInterval(() => {
    const done = records.reduce((sum, path) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0) / 8, 0);
    const all = records.length * ticks;
    bar.update(done / all, `${done.toLocaleString("en")} of ${all.toLocaleString("en")} in ${records.length} runs`);
  }, PROGRESS_MS);
  return () => {
    clearInterval(timer);
    bar.done();
  };
}

function judge({ runs, restored }: Outcome, ticks: number): Check[] {
  return [
    ...runs.slice(1).map(({ run, runtime, differsFromTick, digest }): Check => {
      const shown =
        differsFromTick === 0 ? `${ticks} hashes, digest ${digest}` : `differs from tick ${differsFromTick} on`;
      return { what: `The same at every tick ${run} (${runtime})`, holds: differsFromTick === 0, shown };
    }),
    {
      what: "What was played again after a restore was the same the second time",
      holds: restored.repeatedDiffers === 0,
      shown:
        restored.repeatedDiffers === 0
          ? `${restored.repeated} ticks after ${restored.restores} restores`
          : `differs from tick ${restored.repeatedDiffers} on`,
    },
  ];
}

function print({ ticks, seed, processes }: Flags, { runs, reference, restored }: Outcome, checks: Check[]): void {
  out(`bun bench/same-hash.ts --ticks ${ticks} --seed ${seed} --processes ${processes}`);
  const head = ["run", "runtime", "ticks", "seconds", "ticks/s", "differs from tick", "digest"];
  const rows = runs.map((run) => {
    const { ticks: recorded, seconds, ticksPerSecond, differsFromTick } = run;
    const differs = differsFromTick === 0 ? null : differsFromTick;
    return [run.run, run.runtime, recorded, seconds.toFixed(1), ticksPerSecond, differs, run.digest];
  });
  for (const line of tableLines(head, rows)) out(line);
  const perTick = (counter: number): string => ((reference.counters[counter] ?? 0) / ticks).toFixed(1);
  const all = (counter: number): string => (reference.counters[counter] ?? 0).toLocaleString("en");
  out(
    `A tick has ${perTick(abi.COUNTER_PLAYERS)} players, ${perTick(abi.COUNTER_CREATURES)} creatures of which ` +
      `${perTick(abi.COUNTER_FIGHTING)} fight, ${perTick(abi.COUNTER_COMMANDS)} commands. In all: ${all(abi.COUNTER_CASTS_COMPLETED)} casts, ` +
      `${all(abi.COUNTER_DAMAGE)} damage, ${all(abi.COUNTER_KILLS)} deaths, ${all(abi.COUNTER_REVIVED)} back to life.`,
  );
  out(
    `Restored ${restored.restores} times, each into a memory full of noise, ${restored.inFights} of them in the middle of a fight, ` +
      `${restored.traps} after a tick that trapped or ran out of fuel.`,
  );
  printChecks(checks);
}
