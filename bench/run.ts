// bun run bench: what a tick of the kernel costs, by number of entities and of zones, as served (metered), unmetered, and
// as native code made from the same module. See lib/workload.ts for the work and lib/tick-bench.ts for the method.
//
//   bun run bench                        the sizes that matter, in two to three minutes
//   bun run bench --full                 all of them, with more runs of each
//   bun run bench --save before.json     ... and later:
//   bun run bench --compare before.json  ratios to then

import { cpus } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { loadContent } from "../server/protocol/content/load.ts";
import { WowsimError } from "../server/protocol/errors.ts";
import { loadKernel } from "../assembly/toolchain/load.ts";
import { addFormatFlag, parseInteger } from "../tools/ui/flags.ts";
import type { OutputFormat } from "../tools/ui/flags.ts";
import { err, EXIT, fail, out, outJson } from "../tools/ui/output.ts";
import { progressBar } from "../tools/ui/progress.ts";
import { benchLines } from "../server/testing/benches.ts";
import { printChecks } from "../server/testing/checks.ts";
import { findHyperfine } from "../server/testing/hyperfine.ts";
import { compareLines, growthOf, judge, resultLines } from "../server/testing/kernel-report.ts";
import type { KernelReport } from "../server/testing/kernel-report.ts";
import { servedRunners, wideRunners } from "./lib/kernel-runners.ts";
import { readRun, saveRun } from "../server/testing/saved-run.ts";
import { measure, resultsFolder } from "../server/testing/tick-bench.ts";
import type { Effort, Result, Setting } from "../server/testing/tick-bench.ts";
import { SERVED_ENTITIES_MAX, WIDE_ENTITIES_MAX } from "./lib/wide-kernel.ts";
import { addressesOf, encodeWork } from "../server/testing/work-file.ts";
import { prepareWork } from "../server/testing/workload.ts";

interface Flags {
  quick: boolean;
  full: boolean;
  entities?: number[];
  zones?: number[];
  entityTicks?: number;
  runs?: number;
  seed: number;
  save?: string;
  compare?: string;
  format: OutputFormat;
}

/**
 * What is measured and how hard. `entityTicks` is the stretch that counts: so many ticks of so many entities, so that it
 * takes a good part of a second at any size.
 */
interface Plan {
  entities: number[];
  zones: number[];
  entityTicks: number;
  runs: number;
}

const PLANS = {
  usual: { entities: [500, 2_000, 5_000, 20_000], zones: [1, 4, 8], entityTicks: 2_500_000, runs: 3 },
  full: {
    entities: [500, 1_000, 2_000, 5_000, 8_000, 20_000],
    zones: [1, 2, 4, 8],
    entityTicks: 5_000_000,
    runs: 7,
  },
  quick: { entities: [1_000, 5_000], zones: [1, 4], entityTicks: 1_000_000, runs: 3 },
} satisfies Record<string, Plan>;
/** Entities in each zone of the second table. */
const ENTITIES_PER_ZONE = 1_000;
/** Before the stretch that counts, so many ticks of so many entities, within bounds: the JIT compiler is done by then. */
const SHORT_ENTITY_TICKS = 1_000_000;
const SHORT_TICKS = { min: 60, max: 300 };

const program = new Command("bench")
  .description("What a tick of the kernel costs, by entities and zones, as whole processes under hyperfine.")
  .option("--full", "more settings, longer, more runs: some ten minutes", false)
  .option("--quick", "fewer settings, fewer ticks: half a minute", false)
  .option("--entities <list>", "other numbers of entities, e.g. 500,5000", parseList(2, WIDE_ENTITIES_MAX))
  .option("--zones <list>", "other numbers of zones, e.g. 1,4", parseList(1, 64))
  .option("--entity-ticks <n>", "length of the stretch that counts: entities times ticks", parseInteger(1_000, 1e9))
  .option("--runs <n>", "runs of each process", parseInteger(2, 1_000))
  .option("--seed <n>", "seed of the work", parseInteger(0, 0xffff_ffff), 1)
  .option("--save <file>", "keep the figures, for --compare")
  .option("--compare <file>", "print ratios to a run that was saved")
  .addHelpText(
    "after",
    "\nNeeds hyperfine (apt-get install hyperfine, or brew); compares with native code where wasm2c and gcc are\n" +
      "installed (apt-get install wabt gcc). Exit codes: 0 all held, 1 something did not or failed, 64 wrong usage,\n" +
      `3 hyperfine is not installed.\n\nAll benches, each with --help; bench/README.md has their figures:\n${benchLines().join("\n")}`,
  )
  .exitOverride((error) => process.exit(error.exitCode === 0 ? EXIT.ok : EXIT.usage));
addFormatFlag(program).action(bench);

try {
  await program.parseAsync();
} catch (error) {
  const missing = error instanceof WowsimError && error.code === "tool_missing";
  fail(error, missing ? EXIT.unreachable : EXIT.degraded);
}

async function bench(flags: Flags): Promise<void> {
  const hyperfine = findHyperfine();
  const before = flags.compare === undefined ? null : await readRun(flags.compare);
  const { entities, zones, ...effort } = planOf(flags);
  const { note, byEntities, byZones } = await measureAll(hyperfine.path, { entities, zones, ...effort }, flags);
  const report: KernelReport = {
    at: new Date().toISOString(),
    machine: `${cpus().length} × ${cpus()[0]?.model ?? "unknown processor"}`,
    bun: Bun.version,
    hyperfine: hyperfine.version,
    effort,
    by_entities: byEntities,
    growth_exponent: growthOf(byEntities),
    by_zones: byZones,
    note,
  };
  if (flags.save !== undefined) await saveRun(flags.save, report);
  const checks = judge(report);
  if (flags.format === "json") outJson({ ...report, checks });
  else print(report, before, flags);
  if (checks.some(({ holds }) => !holds)) process.exitCode = EXIT.degraded;
}

/** What to measure and how hard to try: which plan, and what the other flags say. */
function planOf(flags: Flags): Plan {
  const plan = flags.quick ? PLANS.quick : flags.full ? PLANS.full : PLANS.usual;
  const { entities = plan.entities, zones = plan.zones, entityTicks = plan.entityTicks, runs = plan.runs } = flags;
  return { entities, zones, entityTicks, runs };
}

/** An argument parser for "1,2,4": whole numbers in [min, max]. */
function parseList(min: number, max: number): (text: string) => number[] {
  return (text) => text.split(",").map(parseInteger(min, max));
}

/** Every setting of the plan, with what goes on told on stderr. */
async function measureAll(
  hyperfine: string,
  { entities, zones, entityTicks, runs }: Plan,
  flags: Flags,
): Promise<{ note: string; byEntities: Result[]; byZones: Result[] }> {
  const bar = progressBar("kernel");
  bar.update(0, "building what is measured");
  const served = await servedRunners();
  const wide = entities.some((count) => count > SERVED_ENTITIES_MAX) ? await wideRunners() : served;
  const settings = [
    ...entities.map((count) => [count]),
    ...zones.map((count) => Array.from({ length: count }, () => ENTITIES_PER_ZONE)),
  ];
  const results: Result[] = [];
  const steps = settings.length * served.runners.length;
  let step = 0;
  for (const parts of settings) {
    const ticks = ticksOf(sum(parts), entityTicks);
    const { metered, runners } = Math.max(...parts) > SERVED_ENTITIES_MAX ? wide : served;
    const { setting, does } = await settingOf(metered, parts, ticks[1], flags);
    const what = `${parts.length} × ${parts[0]} entities`;
    if (flags.format === "text") bar.interrupt(() => err(`  ${what}, a tick: ${does}`));
    const onRunner = (name: string): void => bar.update(step++ / steps, `${what}, ${name}`);
    results.push(await measure(hyperfine, runners, setting, { ticks, runs }, onRunner));
  }
  bar.done();
  const { note } = served;
  return { note, byEntities: results.slice(0, entities.length), byZones: results.slice(entities.length) };
}

/** Ticks of the two runs of a setting, whose difference counts. */
function ticksOf(entities: number, entityTicks: number): Effort["ticks"] {
  const short = Math.min(SHORT_TICKS.max, Math.max(SHORT_TICKS.min, Math.round(SHORT_ENTITY_TICKS / entities)));
  return [short, short + Math.round(entityTicks / entities)];
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Writes the work files of a setting, one a zone; and what goes on in the first of them. */
async function settingOf(
  metered: string,
  parts: number[],
  ticks: number,
  { seed }: Flags,
): Promise<{ setting: Setting; does: string }> {
  const kernel = loadKernel(await Bun.file(metered).bytes(), "bench");
  const content = loadContent();
  const workFiles: string[] = [];
  let does = "";
  for (const [index, entities] of parts.entries()) {
    const path = join(resultsFolder("work"), `${entities}-${index + 1}.work`);
    const { work, liveliness } = prepareWork(kernel, content, { entities, ticks, seed: seed + index });
    await Bun.write(path, encodeWork(work, addressesOf(kernel.layout)));
    workFiles.push(path);
    const pairs = Object.entries(liveliness).map(([name, perTick]) => `${name} ${Math.round(perTick * 10) / 10}`);
    if (index === 0) does = pairs.join(", ");
  }
  return { setting: { entities: sum(parts), zones: parts.length, workFiles }, does };
}

function print(report: KernelReport, before: KernelReport | null, { save, compare }: Flags): void {
  const { effort, note, by_entities: byEntities, by_zones: byZones } = report;
  out(`Kernel tick cost. ${report.hyperfine}, Bun ${report.bun}, ${report.machine}, ${report.at}.`);
  out(
    `${effort.runs} runs of each process, the least counts; each with few ticks and with ${effort.entityTicks} / entities`,
  );
  out(`more, the difference counts. ${note}`);
  out("\nBy entities, one zone (half players, all watching)");
  for (const line of resultLines(byEntities)) out(line);
  if (byEntities.some(({ entities }) => entities > SERVED_ENTITIES_MAX))
    out(`Above ${SERVED_ENTITIES_MAX}: the same sources with room for more (bench/lib/wide-kernel.ts).`);
  out(`\nBy zones, ${ENTITIES_PER_ZONE} entities each, one thread`);
  for (const line of resultLines(byZones)) out(line);
  const runners = byEntities[0]?.figures.map(({ runner }) => runner) ?? [];
  out(`\nAll runners ended every setting in the same state, hash for hash (${runners.join(", ")}).`);
  if (before !== null) {
    out(`\nNow against ${compare} of ${before.at}; above 1 is slower now`);
    for (const line of compareLines(before, report)) out(line);
  }
  if (save !== undefined) out(`\nSaved as ${save}.`);
  out();
  printChecks(judge(report));
  if (!runners.includes("native")) out(`NOT MEASURED  How it compares with native code. ${note}`);
}
