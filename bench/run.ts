// bun run bench: what a tick of the kernel costs, by number of entities and of zones, as served (metered), unmetered, and
// as native code made from the same module. See lib/workload.ts for the work and lib/tick-bench.ts for the method.

import { join } from "node:path";
import { Command } from "commander";
import { linearRegression } from "simple-statistics";
import { loadContent } from "../server/content/load.ts";
import { WowsimError } from "../server/errors.ts";
import { ensureKernel } from "../server/kernel/build.ts";
import { loadKernel } from "../server/kernel/load.ts";
import { addFormatFlag, parseInteger } from "../tools/ui/flags.ts";
import type { OutputFormat } from "../tools/ui/flags.ts";
import { err, EXIT, fail, out, outJson } from "../tools/ui/output.ts";
import { findHyperfine } from "./lib/hyperfine.ts";
import { buildNative, findNativeTools } from "./lib/native.ts";
import { tableLines } from "../tools/ui/table.ts";
import { measure, resultsFolder } from "./lib/tick-bench.ts";
import type { Effort, Figure, Result, Runner, Setting } from "./lib/tick-bench.ts";
import { SERVED_ENTITIES_MAX, WIDE_ENTITIES_MAX, buildWideKernel } from "./lib/wide-kernel.ts";
import { prepareWork } from "./lib/workload.ts";
import { addressesOf, encodeWork } from "./lib/work-file.ts";

interface Flags {
  quick: boolean;
  entities?: number[];
  zones?: number[];
  entityTicks?: number;
  runs?: number;
  seed: number;
  format: OutputFormat;
}

/** Paths of a kernel's two binaries. */
interface KernelFiles {
  metered: string;
  unmetered: string;
}

interface Runners {
  metered: string;
  runners: Runner[];
  note: string;
}

const FULL = { entities: [500, 1_000, 2_000, 5_000, 8_000, 20_000], zones: [1, 2, 4, 8] };
const QUICK = { entities: [1_000, 5_000], zones: [1, 4] };
/** Kernel cost may grow with the number of entities to this power at most. */
const GROWTH_MAX = 1.1;
/** Entities in each zone of the second table. */
const ENTITIES_PER_ZONE = 1_000;
/** Ticks before the stretch that counts: the JIT compiler is done by then. */
const SHORT_TICKS = 300;
/** The stretch that counts: so many ticks of so many entities, so that it takes a good part of a second at any size. */
const FULL_EFFORT = { entityTicks: 5_000_000, runs: 7 };
const QUICK_EFFORT = { entityTicks: 1_000_000, runs: 3 };

const program = new Command("bench")
  .description("What a tick of the kernel costs, by entities and zones, as whole processes under hyperfine.")
  .option("--quick", "fewer settings, fewer ticks, fewer runs: half a minute instead of several", false)
  .option("--entities <list>", "other numbers of entities, e.g. 500,5000", parseList(2, WIDE_ENTITIES_MAX))
  .option("--zones <list>", "other numbers of zones, e.g. 1,4", parseList(1, 64))
  .option("--entity-ticks <n>", "length of the stretch that counts: entities times ticks", parseInteger(1_000, 1e9))
  .option("--runs <n>", "runs of each process", parseInteger(2, 1_000))
  .option("--seed <n>", "seed of the work", parseInteger(0, 0xffff_ffff), 1)
  .addHelpText(
    "after",
    "\nNeeds hyperfine (apt-get install hyperfine, or brew); compares with native code where wasm2c and gcc are\n" +
      "installed (apt-get install wabt gcc). Exit codes: 0 measured, 1 failed or the runners' states differ, 2 wrong usage,\n" +
      "3 hyperfine is not installed.\n\n" +
      "More benches: bun bench/load.ts, bench/soak.ts, bench/fuzz.ts, each with --help.",
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
  const { entities, zones, ...effort } = planOf(flags);
  const served = await findRunners(await copyKernel(), "native");
  const isWide = entities.some((count) => count > SERVED_ENTITIES_MAX);
  const wide = isWide ? await findRunners(await writeWideKernel(), "native-wide") : served;
  const { note } = served;
  const text = flags.format === "text";
  if (text) {
    out(
      `Kernel tick cost. ${hyperfine.version}, Bun ${Bun.version}, ${effort.runs} runs of each process, the least counts;`,
    );
    out(
      `each with ${SHORT_TICKS} ticks and with ${effort.entityTicks} / entities more, the difference counts. ${note}`,
    );
  }
  const byEntities: Result[] = [];
  const measured = async (parts: number[]): Promise<Result> => {
    const stretch = Math.round(effort.entityTicks / parts.reduce((sum, part) => sum + part, 0));
    const ticks: Effort["ticks"] = [SHORT_TICKS, SHORT_TICKS + stretch];
    const { metered, runners } = Math.max(...parts) > SERVED_ENTITIES_MAX ? wide : served;
    const setting = await settingOf(metered, parts, ticks[1], flags);
    return measure(hyperfine.path, runners, setting, { ticks, runs: effort.runs });
  };
  for (const count of entities) byEntities.push(await measured([count]));
  if (text) {
    printTable("By entities, one zone (half players, all watching)", byEntities);
    if (isWide) out(`Above ${SERVED_ENTITIES_MAX}: the same sources with room for more (bench/lib/wide-kernel.ts).`);
  }
  const growth = growthOf(byEntities);
  if (text && growth !== null) {
    const verdict = growth <= GROWTH_MAX ? "holds" : "DOES NOT HOLD";
    out(`A tick costs entities to the power of ${growth.toFixed(3)}; at most ${GROWTH_MAX}: ${verdict}.`);
  }
  const byZones: Result[] = [];
  for (const count of zones) {
    byZones.push(await measured(Array.from({ length: count }, () => ENTITIES_PER_ZONE)));
  }
  if (text) printTable(`By zones, ${ENTITIES_PER_ZONE} entities each, one thread`, byZones);
  if (text)
    out(
      `\nAll runners ended every setting in the same state, hash for hash (${served.runners.map(({ name }) => name).join(", ")}).`,
    );
  else
    outJson({
      bun: Bun.version,
      hyperfine: hyperfine.version,
      effort,
      by_entities: byEntities,
      growth_exponent: growth,
      by_zones: byZones,
      note,
    });
}

/** What to measure and how hard to try: --quick or not, and what the other flags say. */
function planOf(flags: Flags): { entities: number[]; zones: number[]; entityTicks: number; runs: number } {
  const plan = flags.quick ? { ...QUICK, ...QUICK_EFFORT } : { ...FULL, ...FULL_EFFORT };
  const { entities = plan.entities, zones = plan.zones, entityTicks = plan.entityTicks, runs = plan.runs } = flags;
  return { entities, zones, entityTicks, runs };
}

/** An argument parser for "1,2,4": whole numbers in [min, max]. */
function parseList(min: number, max: number): (text: string) => number[] {
  return (text) => text.split(",").map(parseInteger(min, max));
}

/** Copies of the built kernel, so that nobody's build changes it half-way. */
async function copyKernel(): Promise<KernelFiles> {
  const built = await ensureKernel();
  const folder = resultsFolder("kernel");
  const [metered, unmetered] = [join(folder, "kernel.metered.wasm"), join(folder, "kernel.wasm")];
  await Bun.write(metered, Bun.file(built));
  await Bun.write(unmetered, Bun.file(join(built, "../kernel.wasm")));
  return { metered, unmetered };
}

async function writeWideKernel(): Promise<KernelFiles> {
  const folder = resultsFolder("kernel-wide");
  const files = { metered: join(folder, "kernel.metered.wasm"), unmetered: join(folder, "kernel.wasm") };
  const { wasm, metered } = await buildWideKernel();
  await Bun.write(files.metered, metered);
  await Bun.write(files.unmetered, wasm);
  return files;
}

/** Slope of the line through (log entities, log tick time), by least squares; null of fewer than two sizes. */
function growthOf(results: Result[]): number | null {
  if (results.length < 2) return null;
  const points = results.map(({ entities, figures }) => [Math.log(entities), Math.log(figures[0]?.tickUs ?? 1)]);
  return linearRegression(points).m;
}

async function findRunners({ metered, unmetered }: KernelFiles, nativeFolder: string): Promise<Runners> {
  const tickProcess = join(import.meta.dir, "tick-process.ts");
  const runners: Runner[] = [
    { name: "metered", command: [process.execPath, tickProcess, metered] },
    { name: "unmetered", command: [process.execPath, tickProcess, unmetered] },
  ];
  const found = findNativeTools();
  if ("missing" in found) return { metered, runners, note: found.missing };
  const native = await buildNative(found.tools, metered, resultsFolder(nativeFolder), true);
  runners.push({ name: "native", command: [native.path] });
  return { metered, runners, note: `Native: wasm2c of the same metered module, gcc ${native.flags}.` };
}

/** Writes the work files of a setting, one a zone, and says on stderr what goes on in them. */
async function settingOf(metered: string, parts: number[], ticks: number, flags: Flags): Promise<Setting> {
  const kernel = loadKernel(await Bun.file(metered).bytes(), "bench");
  const content = loadContent();
  const workFiles: string[] = [];
  for (const [index, entities] of parts.entries()) {
    const path = join(resultsFolder("work"), `${entities}-${index + 1}.work`);
    const { work, liveliness } = prepareWork(kernel, content, {
      entities,
      ticks,
      seed: flags.seed + index,
    });
    await Bun.write(path, encodeWork(work, addressesOf(kernel.layout)));
    workFiles.push(path);
    if (index === 0 && flags.format === "text") {
      const pairs = Object.entries(liveliness).map(([name, perTick]) => `${name} ${Math.round(perTick * 10) / 10}`);
      err(`  ${entities} entities, a tick: ${pairs.join(", ")}`);
    }
  }
  return { entities: parts.reduce((sum, part) => sum + part, 0), zones: parts.length, workFiles };
}

function printTable(title: string, results: Result[]): void {
  out(`\n${title}`);
  const head = [
    "zones",
    "entities",
    "tick µs",
    "p50",
    "p99",
    "ns/entity",
    "unmetered",
    "metering",
    "native",
    "to native",
  ];
  const rows = results.map(({ entities, zones, figures }) => {
    const of = (name: Figure["runner"]): Figure | undefined => figures.find((figure) => figure.runner === name);
    const [metered, unmetered, native] = [of("metered"), of("unmetered"), of("native")];
    if (metered === undefined || unmetered === undefined) throw new Error("A runner is missing.");
    const metering = (metered.tickUs / unmetered.tickUs - 1) * 100;
    return [
      zones,
      entities,
      metered.tickUs.toFixed(0),
      metered.tickUsP50.toFixed(0),
      metered.tickUsP99.toFixed(0),
      metered.nsPerEntityTick.toFixed(1),
      unmetered.nsPerEntityTick.toFixed(1),
      `${metering.toFixed(1)} %`,
      native === undefined ? null : native.nsPerEntityTick.toFixed(1),
      native === undefined ? null : `${(metered.tickUs / native.tickUs).toFixed(2)}×`,
    ];
  });
  for (const line of tableLines(head, rows)) out(line);
}
