// How fast history runs again: a journal of several zones in the middle of play, replayed by the real command in a process of its
// own, with every hash compared; and the same with another module in step.
//
//   bun bench/replay.ts --zones 8 --clients 60 --seconds 60

import { join } from "node:path";
import { ensureKernel } from "../assembly/toolchain/build.ts";
import { createMemory } from "../assembly/toolchain/instance.ts";
import { loadKernel } from "../assembly/toolchain/load.ts";
import { loadContent } from "../server/protocol/content/load.ts";
import type { ReplayResult } from "../server/protocol/replay.ts";
import { Lane } from "../server/lockstep/lane.ts";
import { WorldWriter } from "../server/store/world-writer.ts";
import { printChecks } from "../server/testing/checks.ts";
import type { Check } from "../server/testing/checks.ts";
import { tempFolder } from "../server/testing/temp-folder.ts";
import { prepareWork } from "../server/testing/workload.ts";
import { out, outJson } from "../tools/ui/output.ts";
import { tableLines } from "../tools/ui/table.ts";
import { integer, runBench, seedFlag } from "./lib/bench.ts";
import type { FlagsOf } from "./lib/bench.ts";

const TICK_RATE_HZ = 20;
const SNAPSHOT_TICKS = 200;
/** What 60 s of 8 zones with 60 players may take, and its measure: other settings may take as much a tick of a player. */
const SECONDS_MAX = 3;
const PLAYER_TICKS = 8 * 60 * 60 * TICK_RATE_HZ;

const FLAGS = {
  zones: integer("zones", 1, 64, 8),
  clients: integer("players in each zone, with as many creatures", 1, 2_000, 60),
  seconds: integer("recorded seconds", 1, 3_600, 60),
  seed: seedFlag("the play"),
};
type Flags = FlagsOf<typeof FLAGS>;

/** One run of the command. */
interface Run {
  name: string;
  seconds: number;
  /** Processor time of the command. */
  cpuSeconds: number;
  ticks: number;
  verified: number;
  differing: number;
}

await runBench("replay", FLAGS, bench);

async function bench({ zones, clients, seconds, seed, format }: Flags): Promise<Check[]> {
  const folder = tempFolder("wowsim-replay-");
  try {
    await record(folder.path, { zones, clients, seconds, seed });
    const module = join(folder.path, "same.wasm");
    await run(folder.path, "", ["build-kernel", "--out", module]);
    const where = ["replay", "--format", "json", "--data-dir", folder.path];
    const alone = await run(folder.path, "alone", where);
    const compared = await run(folder.path, "with another module", [...where, "--module", module]);
    const limit = (SECONDS_MAX * zones * clients * seconds * TICK_RATE_HZ) / PLAYER_TICKS;
    const checks: Check[] = [
      equal(alone),
      equal(compared),
      {
        what: `Replayed in ${limit.toFixed(1)} s at most`,
        restsOn: "time",
        holds: alone.seconds <= limit,
        shown: `${alone.seconds.toFixed(2)} s with the start of the command, ${alone.cpuSeconds.toFixed(2)} s of processor time`,
      },
    ];
    if (format === "json") outJson({ runs: [alone, compared], checks });
    else {
      const head = ["run", "seconds", "processor", "ticks", "equal", "ticks/s", "× real time"];
      const rows = [alone, compared].map((each) => [
        each.name,
        each.seconds.toFixed(2),
        each.cpuSeconds.toFixed(2),
        each.ticks,
        each.verified,
        Math.round(each.ticks / each.seconds),
        Math.round((zones * seconds) / each.seconds),
      ]);
      for (const line of [...tableLines(head, rows), ""]) out(line);
      printChecks(checks);
    }
    return checks;
  } finally {
    folder.remove();
  }
}

function equal({ name, ticks, verified, differing }: Run): Check {
  const holds = ticks > 0 && ticks === verified && differing === 0;
  return { what: `All states are equal, ${name}`, holds, shown: `${verified} of ${ticks} ticks` };
}

/** Writes the journal. */
async function record(folder: string, { zones, clients, seconds, seed }: Omit<Flags, "format">): Promise<void> {
  const wasm = await Bun.file(await ensureKernel()).bytes();
  const kernel = loadKernel(wasm, "own");
  const writer = WorldWriter.open(folder, { synchronous: "NORMAL", clock: Date.now });
  const memory = createMemory(kernel);
  const module = kernel.hash;
  writer.begin();
  writer.module({ hash: module, label: kernel.label, wasm });
  for (let zone = 1; zone <= zones; zone++) {
    const options = { entities: clients * 2, ticks: seconds * TICK_RATE_HZ, seed: seed + zone };
    const { work } = prepareWork(kernel, loadContent(), options);
    const lane = new Lane(kernel, memory);
    lane.adopt(work.state, work.firstTick - 1);
    const place = { zone, epoch: 1, module };
    const snapshot = (): void => {
      const state = Bun.zstdCompressSync(lane.state, { level: 1 });
      writer.snapshot({ ...place, tick: lane.tick, hash: lane.hash, ticket: 0, state });
    };
    snapshot();
    for (const batch of work.batches) {
      lane.step(batch);
      writer.tick({ ...place, tick: lane.tick, hash: lane.hash, batch });
      if (lane.tick % SNAPSHOT_TICKS === 0) snapshot();
    }
  }
  writer.commit();
  writer.testify();
  writer.close();
}

/** Runs the command; the time is from outside. */
async function run(folder: string, name: string, args: string[]): Promise<Run> {
  const start = performance.now();
  const command = [process.execPath, join(import.meta.dir, "../server/wowsim.ts"), ...args];
  const child = Bun.spawn(command, { cwd: folder, stdin: "ignore", stdout: "pipe", stderr: "inherit" });
  const text = await new Response(child.stdout).text();
  await child.exited;
  const seconds = (performance.now() - start) / 1_000;
  const cpuSeconds = Number(child.resourceUsage()?.cpuTime.total ?? 0) / 1e6;
  const last = text.trim().split("\n").at(-1) ?? "";
  const { zones = [] } = (last.startsWith("{") ? JSON.parse(last) : {}) as Partial<ReplayResult>;
  const sum = (of: (zone: ReplayResult["zones"][number]) => number): number =>
    zones.reduce((total, zone) => total + of(zone), 0);
  const differing = sum(({ comparison }) => comparison?.differing ?? 0);
  const [ticks, verified] = [sum((zone) => zone.ticks), sum((zone) => zone.verified)];
  return { name, seconds, cpuSeconds, ticks, verified, differing };
}
