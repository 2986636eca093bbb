// Thousands of players in many zones, at the density of a living world. Measures tick times, the players' round trips and
// bytes for each player, and checks that each player's model of the world equals its zone's.
//
//   bun bench/crowd.ts --clients 5000 --zones 8 --seconds 300
//
// The players are another process on the same machine, and compete for its processors. Exit code 1 when a check fails.

import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { isBelow, sum } from "../tools/analysis/measured.ts";
import type { Measured } from "../tools/analysis/measured.ts";
import type { Percentiles } from "../tools/client/client-stats.ts";
import { parseInteger } from "../tools/ui/flags.ts";
import { out, outJson } from "../tools/ui/output.ts";
import { tableLines } from "../tools/ui/table.ts";
import { fixed, printChecks } from "../server/testing/checks.ts";
import type { Check } from "../server/testing/checks.ts";
import { choice, integer, optional, playFlags, runBench, yes } from "./lib/bench.ts";
import type { FlagsOf } from "./lib/bench.ts";
import type { CpuSpent } from "./lib/cpu-times.ts";
import type { CrowdOrder } from "./lib/crowd-process.ts";
import { crowdWorld } from "./lib/crowd-world.ts";
import { runJsonChild } from "./lib/json-child.ts";
import { startServerChild } from "../server/testing/server-child.ts";
import { greatestOf, quantile } from "../server/testing/statistics.ts";

import { readWindow } from "../server/testing/telemetry-window.ts";
import type { TelemetryWindow } from "../server/testing/telemetry-window.ts";
import { tempFolder } from "../server/testing/temp-folder.ts";
import type { Comparison } from "../server/testing/world-compare.ts";

interface CrowdReport {
  measured: {
    from_ms: number;
    to_ms: number;
    connected: number;
    /** Why the first of those who were not let in was not; "" when all were. */
    not_let_in: string;
    in_sight: Measured;
    at_home: number;
    actions_per_second: Measured;
    states_per_second: Measured;
    bytes_per_second_and_client: Measured;
    round_trip_ms: Percentiles;
    ping_ms: Percentiles;
    turns_late: number;
    /** Seconds of processor time in so many seconds. */
    cpu: CpuSpent & { seconds: number };
  };
  compared: Comparison;
  stats: { protocol_errors: number; protocol_error_examples: string[]; drops: number };
}

/** At 20 ticks a second. */
const TICK_MS = 50;
/** What the checks hold the figures to. */
const LIMITS = {
  tickMsP99: 25,
  roundTripMsP99: 150,
  bytesPerSecond: 8_192,
  /** The dead on their way back, and those who have just won, are not. */
  inCombatMin: 0.9,
} as const;
/** Yards a second, and what fights on the way cost. */
const WALK_SPEED = 7;
const DETOURS = 1.15;
const SETTLE_SECONDS = 5;

const FLAGS = {
  ...playFlags(5_000),
  zones: integer("zones they are spread over", 1, 64, 8),
  fight: yes("creatures enough beside everybody that all fight"),
  seconds: integer("to measure, once everybody is where it plays", 1, 3_600, 60),
  warmUp: optional("for walking there; default: as long as the furthest needs", parseInteger(0, 3_600)),
  protocol: choice("encoding", ["json", "binary"], "binary"),
};
type Flags = FlagsOf<typeof FLAGS>;

await runBench("crowd", FLAGS, crowd);

async function crowd(flags: Flags): Promise<Check[]> {
  const { clients, zones, fight, rate, seconds, protocol, seed, format } = flags;
  const manner = fight ? "fighting" : "living";
  const world = crowdWorld({ zones, players: clients, manner });
  const warmUpSeconds = flags.warmUp ?? Math.ceil((world.radius / WALK_SPEED) * DETOURS) + SETTLE_SECONDS;
  const folder = tempFolder("wowsim-crowd-");
  try {
    const file = join(folder.path, "world.toml");
    writeFileSync(file, world.toml);
    await using server = await startServerChild({ world: file, seed });
    const { game: port, control } = server.ports;
    const order: CrowdOrder = {
      port,
      control,
      serverPid: server.pid,
      count: clients,
      zones,
      manner,
      rate,
      warmUpSeconds,
      seconds,
      protocol,
      seed,
    };
    const report = await runCrowd(order);
    const exitCode = await server.stop();
    const { from_ms: fromMs, to_ms: toMs } = report.measured;
    const window = await readWindow(server.telemetry(), { fromMs, toMs });
    const checks = judge(flags, report, window, exitCode);
    if (format === "json")
      outJson({ clients, zones, fight, rate, seconds, protocol, report, ticks: ticksOf(window), checks });
    else print(flags, report, window, checks);
    return checks;
  } finally {
    folder.remove();
  }
}

/** Runs the players to their end. */
async function runCrowd(order: CrowdOrder): Promise<CrowdReport> {
  const report = await runJsonChild(["bench/lib/crowd-process.ts", JSON.stringify(order)]);
  return report as unknown as CrowdReport;
}

function ticksOf({
  zones,
}: TelemetryWindow): { id: number; players: Measured; msP50: Measured; msP99: Measured; overruns: Measured }[] {
  return [...zones].map(([id, zone]) => ({
    id,
    players: zone.playersMax,
    msP50: quantile(zone.durationMs, 0.5),
    msP99: quantile(zone.durationMs, 0.99),
    overruns: sum([zone.overruns, zone.missedTicks]),
  }));
}

function judge({ clients, fight }: Flags, report: CrowdReport, window: TelemetryWindow, exitCode: number): Check[] {
  const { measured, compared, stats } = report;
  const ticks = ticksOf(window);
  const overruns = sum(ticks.map((zone) => zone.overruns));
  const worst = greatestOf(ticks.map(({ msP99 }) => msP99));
  return [
    {
      what: "Everybody plays, at home, to the end",
      holds: measured.connected === clients && measured.at_home > clients * 0.9 && stats.drops === 0,
      shown:
        `${measured.connected} of ${clients}, ${measured.at_home} at home, ${stats.drops} drops, ${fixed(measured.in_sight, 1)} in sight ${measured.not_let_in}`.trim(),
    },
    { what: "No overrun, no tick given up", restsOn: "time", holds: overruns === 0, shown: fixed(overruns, 0) },
    {
      what: `The worst zone's tick p99 is below ${LIMITS.tickMsP99} ms`,
      restsOn: "time",
      holds: isBelow(worst, LIMITS.tickMsP99),
      shown: `${fixed(worst)} ms`,
    },
    {
      what: `Input to effect takes less than ${LIMITS.roundTripMsP99} ms at p99`,
      restsOn: "time",
      holds: isBelow(measured.round_trip_ms.p99, LIMITS.roundTripMsP99),
      shown: `p50 ${fixed(measured.round_trip_ms.p50)}, p99 ${fixed(measured.round_trip_ms.p99)}, max ${fixed(measured.round_trip_ms.max)} ms`,
    },
    {
      what: "No protocol error",
      holds: stats.protocol_errors === 0,
      shown: `${stats.protocol_errors} ${stats.protocol_error_examples.join("; ")}`.trim(),
    },
    {
      what: "What players know is what their zones know",
      holds: compared.differing === 0 && compared.unseen === 0 && compared.behind === 0 && compared.clients === clients,
      shown:
        `${compared.entities} entities of ${compared.clients} players compared in ${compared.checks} looks, each player at least ${compared.fewest} times; ${compared.differing} differ, ${compared.behind} were behind, ${compared.unseen} looks failed ${compared.examples.join("; ")}`.trim(),
    },
    ...(fight
      ? [
          {
            what: `At every look at least ${LIMITS.inCombatMin * 100} of 100 players shown are in combat`,
            holds: compared.in_combat_min !== null && compared.in_combat_min >= LIMITS.inCombatMin,
            shown: `at least ${inHundred(compared.in_combat_min, 1)}, on average ${inHundred(compared.in_combat, 1)}`,
          },
        ]
      : []),
    {
      what: `A client costs less than ${LIMITS.bytesPerSecond} bytes a second`,
      holds: isBelow(measured.bytes_per_second_and_client, LIMITS.bytesPerSecond),
      shown: `${fixed(measured.bytes_per_second_and_client, 0)} with ${fixed(measured.in_sight, 1)} in sight`,
    },
    { what: "The server stopped in order", holds: exitCode === 0, shown: `exit code ${exitCode}` },
  ];
}

function print(flags: Flags, { measured, compared }: CrowdReport, window: TelemetryWindow, checks: Check[]): void {
  const { clients, zones, fight, rate, seconds, protocol } = flags;
  out(
    `bun bench/crowd.ts --clients ${clients} --zones ${zones}${fight ? " --fight" : ""} --rate ${rate} --seconds ${seconds} --protocol ${protocol}`,
  );
  const rows = ticksOf(window).map(({ id, players, msP50, msP99, overruns }): (string | number)[] => [
    id,
    fixed(players, 0),
    fixed(msP50),
    fixed(msP99),
    fixed(overruns, 0),
  ]);
  for (const line of tableLines(["zone", "players", "tick p50 ms", "p99", "overruns"], rows)) out(line);
  const lag = window.loopLag.map(({ msMax }) => msMax);
  out(
    `${fixed(measured.actions_per_second, 0)} actions and ${fixed(measured.states_per_second, 0)} states a second; ` +
      `${measured.turns_late} actions not sent in time; main thread late by at most ${fixed(greatestOf(lag), 1)} ms`,
  );
  out(`in combat, of the players shown at each look: ${inHundred(compared.in_combat, 0)} of 100`);
  for (const line of cpuLines(measured.cpu)) out(line);
  printChecks(checks);
}

function inHundred(share: Measured, digits: number): string {
  return fixed(share === null ? null : share * 100, digits);
}

/** Milliseconds of processor time a tick, of those that all cores together have. */
function cpuLines({ server, players, machine, seconds }: CrowdReport["measured"]["cpu"]): string[] {
  if (server === null || players === null || machine === null) return [];
  const ms = (spent: number): string => ((spent / seconds) * TICK_MS).toFixed(2);
  const all = (availableParallelism() * TICK_MS).toFixed(0);
  return [
    `processor time a tick: server's main thread ${ms(server.main)} ms, zones, recorder and feed ${ms(server.workers)}, its ` +
      `helpers ${ms(server.helpers)}; players ${ms(players.main)}, their helpers ${ms(players.helpers)}`,
    `the machine in all: ${ms(machine)} of ${all} ms a tick, packets taken in and everything else included`,
  ];
}
