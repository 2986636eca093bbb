// Checks that unchanged clients of the earlier simulator find a healthy game: five clients on one server for each seed, for
// two minutes; half of their messages are steps, three tenths casts, two tenths attacks, twice a second (tools/client/old-mix.ts).
//
//   bun bench/old-clients.ts --seeds 3 --seconds 120
//
// Two figures: the verdict of `wowsim health` at every check, and the share of started casts that completed, from the event lines of the
// telemetry, which are complete at this load.

import { join } from "node:path";
import { isAbove, ratio } from "../tools/analysis/measured.ts";
import type { Measured } from "../tools/analysis/measured.ts";
import { measuredOf } from "../tools/analysis/telemetry-text.ts";
import { OLD_RATE } from "../tools/client/old-mix.ts";
import { EXIT, out, outJson } from "../tools/ui/output.ts";
import { tableLines } from "../tools/ui/table.ts";
import { printChecks } from "../server/testing/checks.ts";
import type { Check } from "../server/testing/checks.ts";
import { integer, runBench } from "./lib/bench.ts";
import type { FlagsOf } from "./lib/bench.ts";
import { runPlayers } from "./lib/players.ts";
import { startServerChild } from "../server/testing/server-child.ts";
import type { ServerChild } from "../server/testing/server-child.ts";
import { Total } from "../server/testing/statistics.ts";

/** Casts of one kind of caster. */
interface Casts {
  started: Measured;
  completed: Measured;
}

interface Played {
  seed: number;
  looks: number;
  healthy: number;
  /** What the looks that were not healthy said. */
  complaints: string[];
  /** Of the clients themselves. */
  own: Casts;
  /** Of everybody, as the zone tick lines sum them up. */
  all: Casts;
}

const WOWSIM = join(import.meta.dir, "../server/wowsim.ts");
/** Between two looks, and how long one listens. */
const LOOK_EVERY_S = 10;
const LOOK_S = 3;
const SHARE_MIN = 0.7;
const FIRST_CREATURE = 1_000_001;

const FLAGS = {
  clients: integer("clients on each server", 1, 1_000, 5),
  seeds: integer("servers, one a seed from 1 on, all at once", 1, 32, 3),
  seconds: integer("how long they play", LOOK_S + 2, 3_600, 120),
};

await runBench("old-clients", FLAGS, bench, "\nExit codes: 0 all held, 1 something did not or failed, 64 wrong usage.");

async function bench({ clients, seeds, seconds, format }: FlagsOf<typeof FLAGS>): Promise<Check[]> {
  const all = Array.from({ length: seeds }, (_, index) => play(index + 1, clients, seconds));
  const played = await Promise.all(all);
  const checks = judge(played);
  if (format === "json") outJson({ clients, seconds, played, checks });
  else {
    out(`bun bench/old-clients.ts --clients ${clients} --seeds ${seeds} --seconds ${seconds}`);
    const head = ["seed", "healthy looks", "of", "their casts started", "completed", "share", "all casts' share"];
    const rows = played.map((each) => [
      each.seed,
      each.healthy,
      each.looks,
      each.own.started,
      each.own.completed,
      percent(shareOf(each.own)),
      percent(shareOf(each.all)),
    ]);
    for (const line of tableLines(head, rows)) out(line);
    for (const complaint of new Set(played.flatMap(({ complaints }) => complaints))) out(`  ${complaint}`);
    printChecks(checks);
  }
  return checks;
}

async function play(seed: number, clients: number, seconds: number): Promise<Played> {
  await using server = await startServerChild({ seed });
  const guests = runPlayers({ port: server.ports.game, count: clients, rate: OLD_RATE, seconds, guests: true, seed });
  const looks: { code: number; said: string }[] = [];
  // The first look begins when they have played for a little; the last ends before they leave.
  for (let atS = 1; atS + LOOK_S + 1 <= seconds; atS += LOOK_EVERY_S) {
    const startedAt = performance.now();
    await Bun.sleep(looks.length === 0 ? 1_000 : 0);
    looks.push(await look(server));
    const leftMs = LOOK_EVERY_S * 1_000 - (performance.now() - startedAt);
    if (atS + LOOK_EVERY_S + LOOK_S + 1 <= seconds) await Bun.sleep(Math.max(0, leftMs));
  }
  await guests;
  await server.stop();
  const bad = looks.filter(({ code }) => code !== EXIT.ok);
  const complaints = bad.map(({ said }) => `seed ${seed}: ${said}`);
  return { seed, looks: looks.length, healthy: looks.length - bad.length, complaints, ...(await countCasts(server)) };
}

async function look(server: ServerChild): Promise<{ code: number; said: string }> {
  const at = `127.0.0.1:${server.ports.control}`;
  const flags = ["health", "--server", at, "--for", `${LOOK_S}s`];
  const child = Bun.spawn([process.execPath, WOWSIM, ...flags], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [said, complaint] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  const code = await child.exited;
  return { code, said: (said || complaint).trim().replaceAll("\n", " | ") };
}

async function countCasts(server: ServerChild): Promise<{ own: Casts; all: Casts }> {
  const own = { started: 0, completed: 0 };
  const all = { started: new Total(), completed: new Total() };
  for await (const { message, data } of server.telemetry()) {
    if (message === "Zone tick completed") {
      all.started.add(measuredOf(data, "casts_started"));
      all.completed.add(measuredOf(data, "casts_completed"));
    }
    const session = measuredOf(data, "session_id");
    if (session === null || session >= FIRST_CREATURE) continue;
    if (message === "Cast started") own.started++;
    else if (message === "Cast completed") own.completed++;
  }
  return { own, all: { started: all.started.value, completed: all.completed.value } };
}

/** Missing, and so no share at all, where nothing was cast. */
function shareOf({ started, completed }: Casts): Measured {
  return ratio(completed, started);
}

function percent(share: Measured): string {
  return share === null ? "nothing cast" : `${(share * 100).toFixed(1)} %`;
}

function judge(played: readonly Played[]): Check[] {
  const looks = played.reduce((sum, each) => sum + each.looks, 0);
  const healthy = played.reduce((sum, each) => sum + each.healthy, 0);
  const shares = played.map(({ own }) => shareOf(own));
  const holds = shares.length > 0 && shares.every((share) => isAbove(share, SHARE_MIN));
  return [
    { what: "Healthy at every look", holds: looks > 0 && healthy === looks, shown: `${healthy} of ${looks} looks` },
    {
      what: "More than 70 % of the casts they start complete, on every seed",
      holds,
      shown: shares.map(percent).join(", "),
    },
  ];
}
