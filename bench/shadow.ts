// What a live shadow costs: a server with eight zones full of players, and windows of time with and without a module that runs beside all
// of them, in turn. Measures the share of a core that the shadow takes, the zones' tick p99 in both kinds of windows, what the server's
// memory grows by, and what the same game measures against itself in kernel time.
//
//   bun bench/shadow.ts                                     eight zones of 60 players, 8 pairs of windows, about six minutes
//   bun bench/shadow.ts --clients 8 --rounds 2 --seconds 5
//
//   pair  p99 without, ms  p99 with, ms  ratio  share of a core  compared  time of the same game
//      1             1.92          1.97   1.03            0.061     100 %                 ×1.004

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildCandidate } from "../assembly/toolchain/candidates.ts";
import { ShadowStatus } from "../server/protocol/shadow.ts";
import type { ShadowReport } from "../server/protocol/shadow.ts";
import { fixed, printChecks } from "../server/testing/checks.ts";
import type { Check } from "../server/testing/checks.ts";
import { startServerChild } from "../server/testing/server-child.ts";
import type { ServerChild } from "../server/testing/server-child.ts";
import { quantile } from "../server/testing/statistics.ts";
import { tempFolder } from "../server/testing/temp-folder.ts";
import { readWindow } from "../server/testing/telemetry-window.ts";
import type { Span, TelemetryWindow } from "../server/testing/telemetry-window.ts";
import { ratio } from "../tools/analysis/measured.ts";
import type { Measured } from "../tools/analysis/measured.ts";
import { ControlClient } from "../tools/client/control-client.ts";
import { DeployRemote } from "../tools/deploy/remote.ts";
import { out, outJson } from "../tools/ui/output.ts";
import { tableLines } from "../tools/ui/table.ts";
import { integer, runBench, seedFlag } from "./lib/bench.ts";
import type { FlagsOf } from "./lib/bench.ts";
import { crowdWorld } from "./lib/crowd-world.ts";
import { runPlayers } from "./lib/players.ts";

/** The same game, so that it differs in nothing but its compile. */
const CANDIDATE = "refactoring";
const SETTLE_SECONDS = 15;
/** From the begin of a shadow until its window begins: it compiles and catches up. */
const BEGIN_SECONDS = 4;
const POLL_MS = 500;
/** A machine that is busy with other things answers late. */
const ANSWER_MS_MAX = 30_000;
const NOTHING = { zones: [], core_share: null, time_ratio: null, yielded: { times: 0, ticks: 0 } };
const LIMITS = {
  coreShareMax: 0.2,
  p99RatioMax: 1.1,
  /** Or a rise below this, which is noise. */
  p99RiseMsMax: 0.5,
  comparedMin: 0.9,
} as const;

const FLAGS = {
  zones: integer("zones", 1, 32, 8),
  clients: integer("players in each zone", 1, 1_000, 60),
  rate: integer("actions a second and player", 1, 20, 2),
  rounds: integer("pairs of windows", 1, 100, 8),
  seconds: integer("of a window", 2, 600, 16),
  seed: seedFlag("server and players"),
};
type Flags = FlagsOf<typeof FLAGS>;

interface Pair {
  without: Span;
  with: Span;
  /** Null: the machine left it no time. */
  report: ShadowReport | null;
}

interface Row {
  p99Without: Measured;
  p99With: Measured;
  p99Ratio: Measured;
  coreShare: Measured;
  /** Of the ticks of the window and of those that it caught up with. */
  compared: Measured;
  timeRatio: Measured;
  yielded: number;
  rssMbWithout: Measured;
  rssMbWith: Measured;
}

await runBench("shadow", FLAGS, bench);

async function bench(flags: Flags): Promise<Check[]> {
  const { zones, clients, rate, rounds, seconds, seed, format } = flags;
  const folder = tempFolder("wowsim-shadow-");
  const world = join(folder.path, "world.toml");
  writeFileSync(world, crowdWorld({ zones, players: zones * clients, manner: "living" }).toml);
  await using server = await startServerChild({ world, seed });
  try {
    const playSeconds = SETTLE_SECONDS + rounds * 2 * (seconds + BEGIN_SECONDS) + 20;
    const play = { port: server.ports.game, count: zones * clients, rate, guests: false, seed };
    const players = runPlayers({ ...play, seconds: playSeconds });
    await Bun.sleep(SETTLE_SECONDS * 1_000);
    const pairs = await measure(server, flags);
    await players;
    await server.stop();
    const rows: Row[] = [];
    for (const pair of pairs) rows.push(await rowOf(server, pair));
    const checks = judge(rows, pairs);
    if (format === "json") outJson({ zones, clients, rate, seconds, seed, rows, checks });
    else print(flags, rows, checks);
    return checks;
  } finally {
    folder.remove();
  }
}

/** Windows with and without, which of them comes first in turn. */
async function measure(server: ServerChild, { rounds, seconds }: Flags): Promise<Pair[]> {
  await using control = await ControlClient.connect({ host: "127.0.0.1", port: server.ports.control });
  const { wasm } = await buildCandidate(CANDIDATE);
  const patient = { ask: (request: Record<string, unknown>) => control.ask(request, ANSWER_MS_MAX) };
  const hash = await new DeployRemote(patient).load(wasm, CANDIDATE, new AbortController().signal);
  const pairs: Pair[] = [];
  for (let round = 0; round < rounds; round++) {
    const before = round % 2 === 0 ? await idle(seconds) : null;
    const { span, report } = await shadowed(control, hash, seconds);
    pairs.push({ without: before ?? (await idle(seconds)), with: span, report });
  }
  return pairs;
}

async function idle(seconds: number): Promise<Span> {
  await Bun.sleep(BEGIN_SECONDS * 1_000);
  const fromMs = Date.now();
  await Bun.sleep(seconds * 1_000);
  return { fromMs, toMs: Date.now() };
}

async function shadowed(
  control: ControlClient,
  hash: string,
  seconds: number,
): Promise<{ span: Span; report: ShadowReport | null }> {
  const { shadow } = await control.ask({ command: "shadow_module", hash, ticks: 0, by: "bench" }, ANSWER_MS_MAX);
  const look = async (): Promise<ShadowStatus> =>
    ShadowStatus.parse(await control.ask({ command: "shadow_status", shadow }, ANSWER_MS_MAX));
  await Bun.sleep(BEGIN_SECONDS * 1_000);
  const fromMs = Date.now();
  const untilMs = fromMs + seconds * 1_000;
  while (Date.now() < untilMs) {
    await Bun.sleep(POLL_MS);
    await look();
  }
  const span = { fromMs, toMs: Date.now() };
  await control.ask({ command: "shadow_abort", shadow }, ANSWER_MS_MAX);
  let status = await look();
  for (; status.state === "running"; status = await look()) await Bun.sleep(POLL_MS);
  return { span, report: status.report };
}

async function rowOf(server: ServerChild, { without, with: span, report }: Pair): Promise<Row> {
  const [before, during] = [await readWindow(server.telemetry(), without), await readWindow(server.telemetry(), span)];
  const [p99Without, p99With] = [before, during].map(p99Of) as [Measured, Measured];
  const { zones, core_share: coreShare, time_ratio: timeRatio, yielded } = report?.shadow ?? NOTHING;
  const compared = zones.reduce((sum, zone) => sum + zone.compared, 0);
  const all = zones.reduce((sum, zone) => sum + zone.compared + zone.skipped + zone.behind, 0);
  const [rssMbWithout, rssMbWith] = [before, during].map(rssOf) as [Measured, Measured];
  return {
    p99Without,
    p99With,
    p99Ratio: ratio(p99With, p99Without),
    coreShare,
    compared: all === 0 ? 0 : compared / all,
    timeRatio,
    yielded: yielded.times,
    rssMbWithout,
    rssMbWith,
  };
}

function p99Of({ zones }: TelemetryWindow): Measured {
  const durations = [...zones.values()].flatMap(({ durationMs }) => durationMs);
  return quantile(durations, 0.99);
}

function rssOf({ process }: TelemetryWindow): Measured {
  return quantile(
    process.map(({ rssMb }) => rssMb),
    0.5,
  );
}

function judge(rows: readonly Row[], pairs: readonly Pair[]): Check[] {
  const median = (of: (row: Row) => Measured): Measured => quantile(rows.map(of), 0.5);
  const share = median(({ coreShare }) => coreShare);
  const p99Ratio = median((row) => row.p99Ratio);
  const rise = median(({ p99With, p99Without }) =>
    p99With === null || p99Without === null ? null : p99With - p99Without,
  );
  const compared = median((row) => row.compared);
  const reports = pairs.flatMap(({ report }) => report ?? []);
  const isCalm = p99Ratio !== null && rise !== null && (p99Ratio <= LIMITS.p99RatioMax || rise <= LIMITS.p99RiseMsMax);
  return [
    {
      what: `Takes ${LIMITS.coreShareMax * 100} % of a core at most`,
      holds: share !== null && share <= LIMITS.coreShareMax,
      shown: `${percent(share)} (median of ${rows.length} windows)`,
      restsOn: "time",
    },
    {
      what: `Zones' tick p99 rises by a tenth at most, or by ${LIMITS.p99RiseMsMax} ms`,
      holds: isCalm,
      shown: `×${fixed(p99Ratio, 3)}, ${fixed(rise)} ms (medians of ${rows.length} pairs)`,
      restsOn: "time",
    },
    {
      what: `Compares ${LIMITS.comparedMin * 100} % of the ticks at least`,
      holds: compared !== null && compared >= LIMITS.comparedMin,
      shown: percent(compared),
      restsOn: "time",
    },
    {
      what: "The same game never fails",
      holds: reports.every(({ verdict }) => verdict !== "fail"),
      shown: [...new Set(reports.map(({ reason }) => reason))].join("; "),
    },
  ];
}

function percent(share: Measured): string {
  return share === null ? "not measured" : `${fixed(share * 100, 1)} %`;
}

function print({ zones, clients, rate, seconds }: Flags, rows: readonly Row[], checks: Check[]): void {
  out(`${zones} zones of ${clients} players, ${rate} actions a second each, windows of ${seconds} s`);
  const head = [
    "pair",
    "p99 without, ms",
    "p99 with, ms",
    "ratio",
    "share of a core",
    "compared",
    "rests",
    "time of the same game",
    "MB without",
    "MB with",
  ];
  const lines = rows.map((row, index) => [
    index + 1,
    fixed(row.p99Without),
    fixed(row.p99With),
    fixed(row.p99Ratio, 3),
    fixed(row.coreShare, 3),
    percent(row.compared),
    row.yielded,
    fixed(row.timeRatio, 3),
    fixed(row.rssMbWithout, 0),
    fixed(row.rssMbWith, 0),
  ]);
  for (const line of tableLines(head, lines)) out(line);
  printChecks(checks);
}
