// What the judge of time sees (server/validate/paired-time.ts): how often it calls a module slower that is not, and how often it
// sees one that is slower by 5, 10 and 20 %, at equal fuel.
//
//   bun bench/paired-time.ts --trials 200
//   bun bench/paired-time.ts --trials 40 --busy 3       with three busy processes beside it
//
// The slower modules are the kernel of this checkout with some arithmetic, or with bulk writes, before each tick, put in after the
// metering: so that fuel is the same to the unit. How much it takes is measured first.

import { buildCandidate } from "../assembly/toolchain/candidates.ts";
import { ensureKernel } from "../assembly/toolchain/build.ts";
import { createMemory } from "../assembly/toolchain/instance.ts";
import type { Kernel } from "../assembly/toolchain/kernel.ts";
import { loadKernel } from "../assembly/toolchain/load.ts";
import { loadContent } from "../server/protocol/content/load.ts";
import { printChecks } from "../server/testing/checks.ts";
import type { Check } from "../server/testing/checks.ts";
import { prepareWork } from "../server/testing/workload.ts";
import { wrappedKernel } from "../server/testing/wrapped-kernel.ts";
import type { Code } from "../server/testing/wrapped-kernel.ts";
import { pairedTime } from "../server/validate/paired-time.ts";
import type { PairedTime, TimedModule } from "../server/validate/paired-time.ts";
import { quantile } from "../tools/analysis/measured.ts";
import { out, outJson } from "../tools/ui/output.ts";
import { progressBar } from "../tools/ui/progress.ts";
import { tableLines } from "../tools/ui/table.ts";
import { integer, runBench, seedFlag } from "./lib/bench.ts";
import type { FlagsOf } from "./lib/bench.ts";

const RATIO_MAX = 1.03;
/** In so many trials one false alarm is allowed. */
const TRIALS_PER_ALARM = 200;
const SEEN_SHARE_MIN = 0.95;
/** Of a +10 %, and of all that is larger. */
const SURE_FROM = 1.1;
const TICKS = 400;
/** With which the cost of what is added is measured: rounds of arithmetic, and bytes. */
const TRIAL_ROUNDS = 60;
const TRIAL_BYTES = 128 * 1_024;

const FLAGS = {
  trials: integer("of each module", 1, 10_000, 200),
  clients: integer("players in the zone, with as many creatures", 1, 2_000, 60),
  busy: integer("busy processes beside it", 0, 64, 0),
  seed: seedFlag("the play, and what is drawn to judge"),
};
type Flags = FlagsOf<typeof FLAGS>;

/** A module, and how much slower it is meant to be. */
interface Case {
  name: string;
  module: TimedModule;
  /** 1: as fast. */
  slower: number;
}

interface Row {
  name: string;
  slower: number;
  trials: number;
  seen: number;
  unclear: number;
  ratios: number[];
}

await runBench("paired-time", FLAGS, bench);

async function bench(flags: Flags): Promise<Check[]> {
  const { trials, clients, busy, seed, format } = flags;
  const metered = await Bun.file(await ensureKernel()).bytes();
  const kernel = loadKernel(metered, "own");
  const timer = new Timer(kernel, metered, clients, seed);
  const neighbours = Array.from({ length: busy }, () => Bun.spawn([process.execPath, "-e", "for (;;);"]));
  const bar = progressBar("trials");
  const startMs = performance.now();
  try {
    const cases = await casesOf(kernel, metered, timer);
    const rows = cases.map(({ name, slower }): Row => ({ name, slower, trials: 0, seen: 0, unclear: 0, ratios: [] }));
    // In turn, so that a change of the machine meets all of them.
    for (let trial = 0; trial < trials; trial++) {
      for (const [index, each] of cases.entries()) {
        bar.update((trial + index / cases.length) / trials, `${trial} of ${trials}`);
        note(rows[index], await timer.time(each.module, trial));
      }
    }
    const seconds = (performance.now() - startMs) / 1_000;
    const checks = checksOf(rows);
    bar.done();
    if (format === "json") outJson({ ...flags, seconds, rows: rows.map(toFigures), checks });
    else print(flags, rows, checks, seconds);
    return checks;
  } finally {
    bar.done();
    for (const neighbour of neighbours) neighbour.kill();
  }
}

class Timer {
  readonly #own: TimedModule;
  readonly #stretch;
  readonly #memories: readonly [WebAssembly.Memory, WebAssembly.Memory];
  readonly #seed: number;

  constructor(kernel: Kernel, metered: Uint8Array, clients: number, seed: number) {
    const { work } = prepareWork(kernel, loadContent(), { entities: clients * 2, ticks: TICKS, seed });
    this.#own = { wasm: metered, label: "own", hash: kernel.hash };
    this.#stretch = { zone: 1, tick: work.firstTick - 1, state: work.state, batches: work.batches };
    this.#memories = [createMemory(kernel), createMemory(kernel)];
    this.#seed = seed;
  }

  async time(candidate: TimedModule, trial: number): Promise<PairedTime> {
    return await pairedTime({
      incumbent: this.#own,
      candidate,
      stretch: this.#stretch,
      ratioMax: RATIO_MAX,
      clock: () => performance.now(),
      seed: this.#seed + trial,
      memories: this.#memories,
    });
  }
}

async function casesOf(kernel: Kernel, metered: Uint8Array, timer: Timer): Promise<Case[]> {
  const { value } = kernel.layout;
  const scratch = value("SCRATCH_END") - 4;
  const moduleOf = async (label: string, before: (code: Code) => number): Promise<TimedModule> => {
    const wasm = await wrappedKernel(metered, { before: (code) => [before(code)] });
    return { wasm, label, hash: label };
  };
  const work = (rounds: number): Promise<TimedModule> =>
    moduleOf(`work ${rounds}`, (code) => code.work(rounds, scratch));
  const fill = (bytes: number): Promise<TimedModule> =>
    moduleOf(`fill ${bytes}`, (code) => code.fill(value("FRAME_BASE"), bytes));
  const { metered: refactored, hash } = await buildCandidate("refactoring");
  const slowerBy = async (make: (amount: number) => Promise<TimedModule>, amount: number, share: number) => {
    const { ratio } = await timer.time(await make(amount), 0);
    return await make(Math.max(1, Math.round((amount * share) / (ratio - 1))));
  };
  return [
    { name: "the same module", module: { wasm: metered, label: "own", hash: kernel.hash }, slower: 1 },
    { name: "a refactoring", module: { wasm: refactored, label: "refactoring", hash }, slower: 1 },
    { name: "+5 %, arithmetic", module: await slowerBy(work, TRIAL_ROUNDS, 0.05), slower: 1.05 },
    { name: "+10 %, arithmetic", module: await slowerBy(work, TRIAL_ROUNDS, 0.1), slower: 1.1 },
    { name: "+10 %, bulk memory", module: await slowerBy(fill, TRIAL_BYTES, 0.1), slower: 1.1 },
    { name: "+20 %, arithmetic", module: await slowerBy(work, TRIAL_ROUNDS, 0.2), slower: 1.2 },
  ];
}

function note(row: Row | undefined, { verdict, ratio }: PairedTime): void {
  if (row === undefined) return;
  row.trials++;
  row.ratios.push(ratio);
  if (verdict === "unclear") row.unclear++;
  else if (verdict !== "within") row.seen++;
}

function checksOf(rows: readonly Row[]): Check[] {
  return rows.flatMap((row): Check[] => {
    const { name, slower, trials, seen, unclear } = row;
    const shown = `${seen} of ${trials}${unclear > 0 ? `, ${unclear} unclear` : ""}`;
    if (slower === 1) {
      const holds = seen + unclear <= Math.floor(trials / TRIALS_PER_ALARM);
      return [{ what: `At most one alarm in ${TRIALS_PER_ALARM} for ${name}`, restsOn: "time", holds, shown }];
    }
    if (slower < SURE_FROM) return [];
    return [{ what: `${name} is seen in 95 of 100`, restsOn: "time", holds: seen >= trials * SEEN_SHARE_MIN, shown }];
  });
}

function toFigures({ ratios, ...row }: Row) {
  const [low, middle, high] = [0.05, 0.5, 0.95].map((q) => quantile(ratios, q));
  return { ...row, ratio: middle ?? null, ratioLow: low ?? null, ratioHigh: high ?? null };
}

const times = (ratio: number | null): string => (ratio === null ? "-" : ratio.toFixed(3));

function print({ trials, clients, busy, seed }: Flags, rows: readonly Row[], checks: Check[], seconds: number): void {
  out(`bun bench/paired-time.ts --trials ${trials} --clients ${clients} --busy ${busy} --seed ${seed}`);
  const head = ["module", "trials", `above ×${RATIO_MAX}`, "unclear", "ratio, median", "of 90 in 100"];
  const lines = rows.map((row) => {
    const { name, ratio, ratioLow, ratioHigh, unclear, seen } = toFigures(row);
    return [name, row.trials, seen, unclear, times(ratio), `${times(ratioLow)} to ${times(ratioHigh)}`];
  });
  for (const line of [...tableLines(head, lines), ""]) out(line);
  out(`${rows.length * trials} trials in ${seconds.toFixed(0)} s.`);
  printChecks(checks);
}
