// Kills a server with -9 at random moments, while players fight, trade and go from zone to zone, and starts it again on the same
// data directory and ports. After each kill it looks into the journal as the next server will, and into the game that goes on.
//
//   bun bench/server-kill.ts                        1,000 kills under 100 players, in about an hour
//   bun bench/server-kill.ts --kills 50 --seed 7
//   bun bench/server-kill.ts --binary ./wowsim    a one-file build (bun run build:binary), which starts a fifth faster
//
//   50 of 50 kills; restart to ready p50 612, p99 840, max 871 ms
//
// Exit code 1 when a check fails. The players are another process on the same machine, and compete for its processors.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureKernel } from "../assembly/toolchain/build.ts";
import { loadKernel } from "../assembly/toolchain/load.ts";
import { loadWorld } from "../server/protocol/content/load.ts";
import { seededRandom, seedOf } from "../server/protocol/seeded-random.ts";
import { fixed, printChecks } from "../server/testing/checks.ts";
import type { Check } from "../server/testing/checks.ts";
import { lookIntoJournal } from "../server/testing/journal-look.ts";
import type { KnownActions } from "../server/testing/kill-players.ts";
import { killWorld } from "../server/testing/kill-world.ts";
import { KillableServer } from "../server/testing/killable-server.ts";
import { KillFindings } from "../server/testing/kill-findings.ts";
import { quantile } from "../server/testing/statistics.ts";
import type { Comparison } from "../server/testing/world-compare.ts";
import { out, outJson } from "../tools/ui/output.ts";
import { AskedChild } from "./lib/asked-child.ts";
import { integer, optional, playFlags, runBench } from "./lib/bench.ts";
import type { FlagsOf } from "./lib/bench.ts";
import type { Settled } from "./lib/kill-process.ts";

const FLAGS = {
  ...playFlags(100),
  kills: integer("how often", 1, 100_000, 1_000),
  zones: integer("zones", 1, 64, 8),
  entities: integer("creatures and players in all zones", 100, 50_000, 5_000),
  lifeMs: integer("the longest life, milliseconds after all play again", 50, 60_000, 1_500),
  binary: optional("a one-file build to kill", (text) => text),
  lookEvery: integer("the journal is looked into after every so many kills", 1, 1_000, 1),
};
type Flags = FlagsOf<typeof FLAGS>;

/** What the checks hold the figures to. */
const LIMITS = { readyMsP99: 1_000, gapMsP99: 2_000 } as const;
const SETTLE_MS_MAX = 20_000;
const PROGRESS_EVERY = 10;

interface Times {
  /** From the start of the process until it listens. */
  readyMs: number[];
  /** From the kill until it listens: in between no zone ticks. */
  gapMs: number[];
  /** From the kill until each player plays. */
  backMs: number[];
}

await runBench("server-kill", FLAGS, main);

async function main(flags: Flags): Promise<Check[]> {
  const { clients, kills, zones, entities, rate, seed, format } = flags;
  const folder = mkdtempSync(join(tmpdir(), "wowsim-server-kill-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "world.toml");
  writeFileSync(file, killWorld({ zones, creaturesPerZone: Math.floor((entities - clients) / zones) }));
  const world = await loadWorld(file);
  const kernel = loadKernel(await Bun.file(await ensureKernel()).bytes(), "bench");
  await using server = await KillableServer.start({ world: file, seed, binary: flags.binary });
  const { game: port, control } = server.ports;
  const order = { port, control, count: clients, seed, zones, rate };
  await using players = await AskedChild.start(["bench/lib/kill-process.ts", JSON.stringify(order)]);
  const random = seededRandom(seedOf(seed, "kills"));
  const times: Times = { readyMs: [], gapMs: [], backMs: [] };
  const findings = new KillFindings();
  await settle(players, findings, clients);
  let done = 0;
  for (; done < kills; done++) {
    await Bun.sleep(random() * flags.lifeMs);
    await killOnce(server, players, { findings, times, clients, look: done % flags.lookEvery === 0 ? look : null });
    if ((done + 1) % PROGRESS_EVERY === 0 && format === "text")
      out(`${done + 1} kills; ${timesText(times)}; ${findings.text}`);
  }
  await players.ask({ do: "stop" }).catch(() => null);
  if (format === "json") outJson({ ...flags, ...summaryOf(times), findings: findings.toJson() });
  const checks = judge(done, flags, times, findings);
  if (format === "text") printChecks(checks);
  return checks;

  function look(known: readonly KnownActions[]): void {
    const copy = mkdtempSync(join(folder, "look-"));
    server.copyJournal(copy);
    findings.journal(lookIntoJournal(copy, world, kernel), known);
    rmSync(copy, { recursive: true });
  }
}

interface Kill {
  findings: KillFindings;
  times: Times;
  clients: number;
  /** Looks into the journal; null: not this time. */
  look: ((known: readonly KnownActions[]) => void) | null;
}

async function killOnce(server: KillableServer, players: AskedChild, kill: Kill): Promise<void> {
  const { findings, times, clients, look } = kill;
  const killedMs = performance.now();
  await server.kill();
  const goneMs = performance.now();
  const known = (await players.ask({ do: "known" })) as KnownActions[];
  look?.(known);
  const lookedMs = performance.now() - goneMs;
  const readyMs = await server.restart();
  times.readyMs.push(readyMs);
  times.gapMs.push(performance.now() - killedMs - lookedMs);
  findings.said(server.notices);
  const sinceMs = performance.now() - killedMs - lookedMs;
  const took = await settle(players, findings, clients);
  times.backMs.push(...took.map((ms) => ms + sinceMs));
  findings.compared((await players.ask({ do: "compare" })) as Comparison);
  findings.counted(
    await server.metric("wowsim_entities_in_two_zones"),
    await server.metric("wowsim_items_unaccounted"),
  );
}

async function settle(players: AskedChild, findings: KillFindings, clients: number): Promise<number[]> {
  const settled = (await players.ask({ do: "settle", msMax: SETTLE_MS_MAX })) as Settled;
  findings.settled(settled, clients);
  return settled.took;
}

function percentiles(values: readonly number[]): { p50: string; p99: string; max: string } {
  const [p50, p99, max] = [0.5, 0.99, 1].map((part) => fixed(quantile(values, part), 0));
  return { p50: p50 ?? "", p99: p99 ?? "", max: max ?? "" };
}

function summaryOf({ readyMs, gapMs, backMs }: Times) {
  return { ready_ms: percentiles(readyMs), gap_ms: percentiles(gapMs), back_ms: percentiles(backMs) };
}

function timesText(times: Times): string {
  const { ready_ms: ready, gap_ms: gap, back_ms: back } = summaryOf(times);
  const text = ({ p50, p99, max }: typeof ready): string => `${p50}/${p99}/${max}`;
  return `ready ${text(ready)}, no ticks ${text(gap)}, players back ${text(back)} ms (p50/p99/max)`;
}

function p99Of(values: readonly number[]): number {
  return quantile(values, 0.99) ?? Number.POSITIVE_INFINITY;
}

function judge(done: number, { kills }: Flags, times: Times, findings: KillFindings): Check[] {
  return [
    { what: "Every kill was survived", holds: done === kills, shown: `${done} of ${kills}` },
    ...findings.checks(),
    {
      what: `From start to ready less than ${LIMITS.readyMsP99} ms at p99`,
      restsOn: "time",
      holds: p99Of(times.readyMs) < LIMITS.readyMsP99,
      shown: timesText(times),
    },
    {
      what: `From the last tick to the next less than ${LIMITS.gapMsP99} ms at p99`,
      restsOn: "time",
      holds: p99Of(times.gapMs) < LIMITS.gapMsP99,
      shown: `${fixed(p99Of(times.gapMs), 0)} ms`,
    },
  ];
}
