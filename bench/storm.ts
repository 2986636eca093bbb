// Drops all players at once, and measures how soon they play again, each exactly once: first with the fault thundering-herd, then by
// a kill of the server with -9 and its restart on the same data directory.
//
//   bun bench/storm.ts --clients 5000 --zones 8
//
//   thundering-herd: 5000 of 5000 dropped; back within 10 s 100.0 of 100, within 30 s 100.0; p50 2210, p99 6110, max 7020 ms
//
// The players are other processes on the same machine, and compete for its processors. Exit code 1 when a check fails.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fixed, printChecks } from "../server/testing/checks.ts";
import type { Check } from "../server/testing/checks.ts";
import { KillableServer } from "../server/testing/killable-server.ts";
import { quantile } from "../server/testing/statistics.ts";
import { ControlClient } from "../tools/client/control-client.ts";
import { out, outJson } from "../tools/ui/output.ts";
import { crowdWorld } from "./lib/crowd-world.ts";
import { AskedChild } from "./lib/asked-child.ts";
import { integer, playFlags, runBench } from "./lib/bench.ts";
import type { FlagsOf } from "./lib/bench.ts";
import type { StormOrder, StormResult } from "./lib/storm-process.ts";

const FLAGS = {
  ...playFlags(5_000),
  zones: integer("zones", 1, 64, 8),
  processes: integer("processes that the players are spread over", 1, 16, 2),
};
type Flags = FlagsOf<typeof FLAGS>;

/** What the checks hold the figures to. */
const LIMITS = { soonMs: 10_000, soonShare: 0.99, lateMs: 30_000 } as const;
/** The audits count once a second; a player in two zones would be there in two rounds. */
const AUDIT_MS = 3_000;
const CONTROL_MS_MAX = 30_000;
/** Yards a second, and what fights on the way cost. */
const WALK_SPEED = 7;
const DETOURS = 1.1;

interface Storm {
  name: string;
  dropped: number;
  back: number[];
  restarted: number;
  errors: number;
  examples: string[];
  /** Sessions that two players have. */
  shared: number;
  /** Entities in two zones, and sessions besides those of the players. */
  doubled: number;
  besides: number;
}

await runBench("storm", FLAGS, main);

async function main(flags: Flags): Promise<Check[]> {
  const { clients, zones, seed, format } = flags;
  const folder = mkdtempSync(join(tmpdir(), "wowsim-storm-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  const world = join(folder, "world.toml");
  const { toml, radius } = crowdWorld({ zones, players: clients, manner: "living" });
  writeFileSync(world, toml);
  const warmUpSeconds = Math.ceil((radius / WALK_SPEED) * DETOURS);
  await using server = await KillableServer.start({ world, seed });
  await using crowd = new AsyncDisposableStack();
  const children: Promise<AskedChild>[] = [];
  for (let index = 0; index < flags.processes; index++) {
    const [first, end] = [index, index + 1].map((part) => Math.floor((clients * part) / flags.processes));
    const count = (end ?? 0) - (first ?? 0);
    const order: StormOrder = {
      port: server.ports.game,
      first: first ?? 0,
      count,
      zones,
      players: clients,
      warmUpSeconds,
      seed,
    };
    children.push(AskedChild.start(["bench/lib/storm-process.ts", JSON.stringify(order)]));
  }
  const players = (await Promise.all(children)).map((child) => crowd.use(child));
  const storms = [
    await storm("thundering-herd", server, players, () => herd(server)),
    await storm("kill -9 and restart", server, players, async () => {
      await server.kill();
      await server.restart();
    }),
  ];
  const checks = storms.flatMap((one) => judge(one, clients));
  if (format === "json") outJson({ ...flags, storms });
  else {
    for (const one of storms) out(textOf(one, clients));
    printChecks(checks);
  }
  return checks;
}

async function herd({ ports }: KillableServer): Promise<void> {
  await using control = await ControlClient.connect({
    host: "127.0.0.1",
    port: ports.control,
    timeoutMs: CONTROL_MS_MAX,
  });
  await control.ask({ command: "activate", fault_id: "thundering-herd", duration_ticks: 40 });
}

async function storm(
  name: string,
  server: KillableServer,
  players: readonly AskedChild[],
  begin: () => Promise<void>,
): Promise<Storm> {
  await Promise.all(players.map((child) => child.ask({ do: "watch" })));
  await begin();
  const question = { do: "result", msMax: LIMITS.lateMs };
  const results = (await Promise.all(players.map((child) => child.ask(question)))) as StormResult[];
  await Bun.sleep(AUDIT_MS);
  const sum = (read: (result: StormResult) => number): number => results.reduce((total, one) => total + read(one), 0);
  const sessions = results.flatMap((one) => one.sessions);
  const there = await server.metric("wowsim_sessions");
  return {
    name,
    dropped: sum((one) => one.dropped),
    back: results.flatMap((one) => one.back),
    restarted: sum((one) => one.restarted),
    errors: sum((one) => one.errors),
    examples: results.flatMap((one) => one.examples).slice(0, 3),
    shared: sessions.length - new Set(sessions).size,
    doubled: totalOf(await server.metric("wowsim_entities_in_two_zones")),
    besides: (there?.get("all") ?? Number.NaN) - sessions.length,
  };
}

function totalOf(metric: ReadonlyMap<string, number> | null): number {
  return [...(metric ?? new Map([["", Number.NaN]])).values()].reduce((total, value) => total + value, 0);
}

function within({ back }: Storm, clients: number, ms: number): number {
  return back.filter((took) => took <= ms).length / clients;
}

function textOf(one: Storm, clients: number): string {
  const share = (ms: number): string => fixed(within(one, clients, ms) * 100, 1);
  const [p50, p99, max] = [0.5, 0.99, 1].map((part) => fixed(quantile(one.back, part), 0));
  return (
    `${one.name}: ${one.dropped} of ${clients} dropped; back within 10 s ${share(LIMITS.soonMs)} of 100, within 30 s ` +
    `${share(LIMITS.lateMs)}; p50 ${p50}, p99 ${p99}, max ${max} ms`
  );
}

function judge(one: Storm, clients: number): Check[] {
  const { name, shared, doubled, besides, restarted, errors, examples } = one;
  const soon = within(one, clients, LIMITS.soonMs);
  const once = shared === 0 && doubled === 0 && besides === 0 && restarted === 0;
  return [
    {
      what: `${name}: ${LIMITS.soonShare * 100} of 100 play again within 10 s`,
      restsOn: "time",
      holds: soon >= LIMITS.soonShare,
      shown: `${fixed(soon * 100, 1)} of 100`,
    },
    {
      what: `${name}: all play again within 30 s`,
      restsOn: "time",
      holds: one.back.length === clients,
      shown: `${one.back.length} of ${clients}`,
    },
    {
      what: `${name}: each plays once, in the session that it had`,
      holds: once,
      shown: `${shared} shared, ${doubled} in two zones, ${besides} sessions besides, ${restarted} begun anew`,
    },
    {
      what: `${name}: no protocol error`,
      holds: errors === 0,
      shown: `${errors} ${examples.join("; ")}`.trim(),
    },
  ];
}
