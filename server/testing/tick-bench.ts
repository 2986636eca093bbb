// Measures one setting of the kernel bench (a number of entities in a number of zones): the same work with every runner,
// each as a whole process under hyperfine, with two tick counts. Their difference excludes the process's start.
//
//   metered    tick-process.ts with the kernel as it is served
//   unmetered  tick-process.ts with the kernel before metering
//   native     native/main.c with wasm2c's translation of the metered kernel: the same module as C

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { WowsimError } from "../protocol/errors.ts";
import { timeCommands } from "./hyperfine.ts";
import { at } from "../protocol/assert.ts";

/** One way to run the work: the command before the tick count and the work files. */
export interface Runner {
  name: "metered" | "unmetered" | "native";
  command: string[];
}

export interface Setting {
  /** Entities in all zones together. */
  entities: number;
  zones: number;
  /** One work file for each zone. */
  workFiles: string[];
}

/** The tick counts and the number of runs: `ticks[0]` covers the JIT warm-up, `ticks[1]` adds the measured ticks. */
export interface Effort {
  ticks: [number, number];
  runs: number;
}

/** One runner's result: the difference between the two tick counts, per tick. */
export interface Figure {
  runner: Runner["name"];
  tickUs: number;
  nsPerEntityTick: number;
  /** By the process's own clock, over all its ticks. */
  tickUsP50: number;
  tickUsP99: number;
  /** Standard deviation of the longer run's wall time, in percent of it. */
  noisePercent: number;
}

export interface Result {
  entities: number;
  zones: number;
  /** State hash after the last tick, one for each zone; the same for all runners. */
  hash: string;
  figures: Figure[];
}

interface Report {
  hash: string;
  tick_us_p50: number;
  tick_us_p99: number;
}

/**
 * Runs all runners with one setting; `onRunner` is called before each. Throws WowsimError("hash_mismatch") when they do not
 * end in the same state.
 */
export async function measure(
  hyperfine: string,
  runners: Runner[],
  setting: Setting,
  effort: Effort,
  onRunner: (name: Runner["name"]) => void,
): Promise<Result> {
  const [short, long] = effort.ticks;
  const commandOf = (runner: Runner, ticks: number): string[] => [
    ...runner.command,
    String(ticks),
    ...setting.workFiles,
  ];
  const reports = new Map<string, Report>();
  for (const runner of runners) reports.set(runner.name, await reportOf(commandOf(runner, long)));
  const hash = agreedHash(reports);

  const figures: Figure[] = [];
  for (const runner of runners) {
    onRunner(runner.name);
    const commands = [commandOf(runner, short), commandOf(runner, long)];
    const [start, whole] = await timeCommands(hyperfine, commands, effort.runs);
    const report = reports.get(runner.name);
    if (start === undefined || whole === undefined || report === undefined)
      throw new Error("hyperfine left a result out.");
    // The shortest run, not the median: other work of the machine only adds time, and would not cancel out.
    const tickUs = ((whole.min - start.min) / (long - short)) * 1e6;
    figures.push({
      runner: runner.name,
      tickUs,
      nsPerEntityTick: (tickUs * 1_000) / setting.entities,
      tickUsP50: report.tick_us_p50,
      tickUsP99: report.tick_us_p99,
      noisePercent: (whole.stddev / whole.mean) * 100,
    });
  }
  return { entities: setting.entities, zones: setting.zones, hash, figures };
}

async function reportOf(command: string[]): Promise<Report> {
  const child = Bun.spawn(command, { stdout: "pipe", stderr: "pipe" });
  const [answer, complaint] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  if ((await child.exited) !== 0) throw new Error(`${command.slice(0, 3).join(" ")} ... failed: ${complaint.trim()}`);
  return JSON.parse(answer) as Report;
}

function agreedHash(reports: Map<string, Report>): string {
  const hashes = [...reports.values()].map((report) => report.hash);
  const first = at(hashes, 0);
  if (hashes.some((hash) => hash !== first)) {
    const list = [...reports].map(([name, report]) => `${name} ${report.hash}`).join(", ");
    throw new WowsimError(
      "hash_mismatch",
      `The runners ended in different states, so their times say nothing: ${list}.`,
    );
  }
  return first;
}

/** The folder for the bench's output; not committed. */
export function resultsFolder(...parts: string[]): string {
  const folder = join(import.meta.dir, "../../bench/results", ...parts);
  mkdirSync(folder, { recursive: true });
  return folder;
}
