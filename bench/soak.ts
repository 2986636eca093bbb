// Runs a server with players and no fault for some minutes, and checks tick times, memory, and that no error occurs.
//
//   bun bench/soak.ts --minutes 10 --clients 200
//
// The figures come from the server's own telemetry and from the players. Exit code 1 when a check fails.

import { isBelow, sum } from "../tools/analysis/measured.ts";
import type { Measured } from "../tools/analysis/measured.ts";
import { measuredOf } from "../tools/analysis/telemetry-text.ts";
import { out, outJson } from "../tools/ui/output.ts";
import { fixed, printChecks } from "../server/testing/checks.ts";
import type { Check } from "../server/testing/checks.ts";
import { number, playFlags, runBench } from "./lib/bench.ts";
import type { FlagsOf } from "./lib/bench.ts";
import { runPlayers } from "./lib/players.ts";
import { startServerChild } from "../server/testing/server-child.ts";
import { leastOf, quantile, slopeOf } from "../server/testing/statistics.ts";
import type { Slope } from "../server/testing/statistics.ts";
import { readWindow, spanWithPlayers, ticksOff } from "../server/testing/telemetry-window.ts";
import type { TelemetryWindow } from "../server/testing/telemetry-window.ts";

const TICK_RATE_HZ = 20;
/** Memory counts from here on: heaps have found their size. */
const WARM_UP_SHARE = 0.3;
/** A slope whose confidence interval touches this much growth is not called growth. MB a minute. */
const SLOPE_MB_PER_MINUTE_MAX = 0.5;
const MS_PER_MINUTE = 60_000;

const FLAGS = { minutes: number("how long", 0.05, 24 * 60, 10), ...playFlags(200) };

await runBench("soak", FLAGS, soak);

async function soak({ minutes, clients, rate, seed, format }: FlagsOf<typeof FLAGS>): Promise<Check[]> {
  await using server = await startServerChild({ seed });
  const play = { port: server.ports.game, count: clients, rate, seconds: minutes * 60, guests: false, seed };
  const players = await runPlayers(play);
  const exitCode = await server.stop();
  const span = await spanWithPlayers(server.telemetry(), clients);
  if (span === null) throw new Error(`The ${clients} players were never all connected: ${JSON.stringify(players)}`);
  const window = await readWindow(server.telemetry(), span);
  const memory = memoryOf(window);
  const checks = judge(window, memory, players, exitCode);
  const seconds = (span.toMs - span.fromMs) / 1_000;
  const loop = window.loop.durationMs;
  const ticks = {
    count: loop.length,
    msP50: quantile(loop, 0.5),
    msP99: quantile(loop, 0.99),
    msMax: quantile(loop, 1),
  };
  if (format === "json") outJson({ minutes, clients, rate, seconds, ticks, memory, checks, players });
  else {
    out(
      `bun bench/soak.ts --minutes ${minutes} --clients ${clients} --rate ${rate} --seed ${seed}: ${seconds.toFixed(0)} s, all connected`,
    );
    out(
      `server ticks: ${ticks.count}; p50 ${fixed(ticks.msP50)}, p99 ${fixed(ticks.msP99)}, max ${fixed(ticks.msMax)} ms`,
    );
    out(`players: ${JSON.stringify(players)}`);
    printChecks(checks);
  }
  return checks;
}

interface Memory {
  rssMb: Measured;
  /** MB a minute, after the warm-up. */
  rssSlope: Slope;
  heapSlope: Slope;
}

function memoryOf({ process: samples }: TelemetryWindow): Memory {
  const settled = samples.slice(Math.floor(samples.length * WARM_UP_SHARE));
  const slope = (read: (sample: (typeof settled)[number]) => Measured): Slope =>
    slopeOf(settled.map((sample) => [(sample.atMs - (settled[0] ?? sample).atMs) / MS_PER_MINUTE, read(sample)]));
  return {
    rssMb: quantile(
      settled.map(({ rssMb }) => rssMb),
      0.5,
    ),
    rssSlope: slope(({ rssMb }) => rssMb),
    heapSlope: slope(({ heapMb }) => heapMb),
  };
}

function judge(window: TelemetryWindow, memory: Memory, players: Record<string, unknown>, exitCode: number): Check[] {
  const { loop, zones, traffic, errors, process: samples } = window;
  const clocks = [["server", loop] as const, ...[...zones].map(([id, zone]) => [`zone ${id}`, zone] as const)];
  const off = clocks.map(([name, series]) => ({ name, ticks: ticksOff(series, TICK_RATE_HZ) }));
  const each = [...zones.values()];
  const overruns = sum([loop.overruns, ...each.flatMap((zone) => [zone.overruns, zone.missedTicks])]);
  const dropped = sum([traffic.refused, ...each.map((zone) => zone.commandsDropped)]);
  const lost = samples.at(-1)?.linesLost ?? null;
  const { rssSlope } = memory;
  const protocolErrors = measuredOf(players, "protocol_errors");
  return [
    {
      what: "Tick counts are within one of elapsed x 20",
      restsOn: "time",
      holds: zones.size > 0 && off.every(({ ticks }) => ticks !== null && Math.abs(ticks) <= 1),
      shown: off.map(({ name, ticks }) => `${name} ${isBelow(ticks, 0) ? "" : "+"}${fixed(ticks)}`).join(", "),
    },
    { what: "No overrun, no tick given up", restsOn: "time", holds: overruns === 0, shown: fixed(overruns, 0) },
    {
      what: "No protocol error, no malformed message",
      holds: protocolErrors === 0 && traffic.malformed === 0,
      shown: `players saw ${fixed(protocolErrors, 0)}, the gateway ${fixed(traffic.malformed, 0)}`,
    },
    { what: "No command dropped", holds: dropped === 0, shown: fixed(dropped, 0) },
    {
      what: "No error line, no telemetry lost",
      holds: errors.length === 0 && lost === 0,
      shown: `${errors.length} (${errors.slice(0, 3).join("; ")}), ${fixed(lost, 0)} lost`,
    },
    {
      what: `Memory does not grow by ${SLOPE_MB_PER_MINUTE_MAX} MB a minute`,
      restsOn: "length",
      holds: isBelow(leastOf(rssSlope), SLOPE_MB_PER_MINUTE_MAX),
      shown:
        `${fixed(rssSlope.slope, 3)} ± ${fixed(rssSlope.plusMinus, 3)} MB/min at ${fixed(memory.rssMb, 0)} MB ` +
        `(95 %, ${rssSlope.points} samples); heap ${fixed(memory.heapSlope.slope, 3)} ± ${fixed(memory.heapSlope.plusMinus, 3)}`,
    },
    { what: "The server stopped in order", holds: exitCode === 0, shown: `exit code ${exitCode}` },
  ];
}
