// How long a tick takes under the load that the earlier C++ simulator was measured with: guests who each send so many JSON
// messages a second, from one other process on the same machine.
//
//   bun bench/load.ts --clients 4000 --rate 10 --seconds 20
//
// The figures are the server's own telemetry over the stretch in which all were connected. A tick is what the zones do; how
// long a message waits until the main thread comes to read it is told beside it, and so is what some players feel who
// play among the guests and do read.

import { Command } from "commander";
import { addFormatFlag, parseInteger } from "../tools/ui/flags.ts";
import type { OutputFormat } from "../tools/ui/flags.ts";
import { EXIT, fail, out, outJson } from "../tools/ui/output.ts";
import { runPlayers } from "./lib/players.ts";
import { startServerChild } from "../server/testing/server-child.ts";
import { quantile } from "../server/testing/statistics.ts";
import { tableLines } from "../tools/ui/table.ts";
import { readWindow, spanWithPlayers } from "../server/testing/telemetry-window.ts";
import type { TelemetryWindow } from "../server/testing/telemetry-window.ts";

interface Flags {
  clients: number;
  rate: number;
  seconds: number;
  witnesses: number;
  seed: number;
  format: OutputFormat;
}

/** Tick milliseconds p50 and p99 of the earlier simulator, compiled -O3, on two cores, by "clients x messages a second". */
const EARLIER: Record<string, [p50: number, p99: number]> = {
  "50x2": [0.09, 0.28],
  "1000x2": [0.52, 0.71],
  "4000x2": [1.9, 2.7],
  "4000x10": [7.7, 13],
  "4000x25": [19, 35],
  "8000x10": [19, 30],
};
/** The first seconds of play do not count: just-in-time compilers and queues settle. */
const SETTLE_SECONDS = 3;
/** Actions a second of a player who reads. */
const WITNESS_RATE = 2;

const ms = (value: number): string => value.toFixed(2);
const median = (values: number[]): number => quantile(values, 0.5);

const program = new Command("load")
  .description("Tick times under guests who send JSON messages, next to the earlier C++ simulator's.")
  .option("--clients <n>", "guests", parseInteger(1, 10_000), 4_000)
  .option("--rate <n>", "messages a second and guest", parseInteger(1, 100), 10)
  .option("--seconds <n>", "to measure, all being connected", parseInteger(1, 3_600), 20)
  .option("--witnesses <n>", "players among them who read, and feel round trips", parseInteger(1, 1_000), 20)
  .option("--seed <n>", "seed of server and guests", parseInteger(0, 0xffff_ffff), 1)
  .addHelpText("after", "\nExit codes: 0 measured, 1 could not measure, 64 wrong usage.")
  .exitOverride((error) => process.exit(error.exitCode === 0 ? EXIT.ok : EXIT.usage));
addFormatFlag(program).action(load);

try {
  await program.parseAsync();
} catch (error) {
  fail(error, EXIT.degraded);
}

async function load({ clients, rate, seconds, witnesses, seed, format }: Flags): Promise<void> {
  await using server = await startServerChild({ seed });
  const play = { port: server.ports.game, seconds: SETTLE_SECONDS + seconds, seed };
  const [guests, players] = await Promise.all([
    runPlayers({ ...play, count: clients, rate, guests: true }),
    runPlayers({ ...play, count: witnesses, rate: WITNESS_RATE, guests: false }),
  ]);
  await server.stop();
  const everybody = clients + witnesses;
  const span = await spanWithPlayers(server.telemetry(), everybody);
  if (span === null) throw new Error(`The ${everybody} were never all connected: ${JSON.stringify(guests)}`);
  const from = Math.min(span.fromMs + SETTLE_SECONDS * 1_000, span.toMs);
  const window = await readWindow(server.telemetry(), { fromMs: from, toMs: span.toMs });
  const figures = summarize(window, (span.toMs - from) / 1_000);
  const earlier = EARLIER[`${clients}x${rate}`] ?? null;
  if (format === "json") return outJson({ clients, rate, ...figures, earlier, guests, players });
  print(`bun bench/load.ts --clients ${clients} --rate ${rate} --seconds ${seconds}`, figures, earlier);
  const felt = (field: string): string => {
    const { p50, p99 } = players[field] as { p50: number; p99: number };
    return `p50 ${ms(p50)}, p99 ${ms(p99)}`;
  };
  out(
    `${witnesses} players among them, JSON, over the whole run: action to state ${felt("round_trip_ms")} ms, ` +
      `ping ${felt("ping_ms")} ms, protocol errors ${String(players["protocol_errors"])}`,
  );
}

interface Figures {
  seconds: number;
  ticks: number;
  msP50: number;
  msP99: number;
  msMax: number;
  overruns: number;
  zones: {
    id: number;
    name: string;
    players: number;
    msP50: number;
    msP99: number;
    kernelMsP50: number;
    kernelMsP99: number;
    overruns: number;
    missedTicks: number;
    commandsDropped: number;
  }[];
  messagesPerSecond: number;
  /** What of them the kernels have handled. */
  commandsPerSecond: number;
  commandsRefused: number;
  disconnects: number;
  /** How late the main thread came to its 20 ticks a second: the middle second's median, and the worst of all. */
  loopLagMsP50: number;
  loopLagMsMax: number;
  /** Medians of the seconds' own percentiles. */
  inputToFrameMsP50: number;
  inputToFrameMsP99: number;
  coresBusy: number;
  rssMb: number;
}

function summarize(window: TelemetryWindow, seconds: number): Figures {
  const { loop, zones, traffic, process: samples, inputToFrame, loopLag } = window;
  const rows = [...zones].map(([id, zone]) => ({
    id,
    name: zone.name,
    players: zone.playersMax,
    msP50: quantile(zone.durationMs, 0.5),
    msP99: quantile(zone.durationMs, 0.99),
    kernelMsP50: quantile(zone.kernelMs, 0.5),
    kernelMsP99: quantile(zone.kernelMs, 0.99),
    overruns: zone.overruns,
    missedTicks: zone.missedTicks,
    commandsDropped: zone.commandsDropped,
  }));
  return {
    seconds,
    ticks: loop.durationMs.length,
    msP50: quantile(loop.durationMs, 0.5),
    msP99: quantile(loop.durationMs, 0.99),
    msMax: quantile(loop.durationMs, 1),
    overruns: loop.overruns,
    zones: rows,
    messagesPerSecond: (traffic.messages / traffic.intervalMs) * 1_000,
    commandsPerSecond: [...zones.values()].reduce((sum, zone) => sum + zone.commands, 0) / seconds,
    commandsRefused: traffic.refused,
    disconnects: traffic.dropped,
    loopLagMsP50: median(loopLag.map(({ msP50 }) => msP50)),
    loopLagMsMax: Math.max(...loopLag.map(({ msMax }) => msMax)),
    inputToFrameMsP50: median(inputToFrame.map(({ msP50 }) => msP50)),
    inputToFrameMsP99: median(inputToFrame.map(({ msP99 }) => msP99)),
    coresBusy: median(samples.map(({ cpuShare }) => cpuShare)),
    rssMb: median(samples.map(({ rssMb }) => rssMb)),
  };
}

function print(command: string, figures: Figures, earlier: [p50: number, p99: number] | null): void {
  out(`${command}: ${figures.ticks} ticks in ${figures.seconds.toFixed(1)} s, all connected`);
  const head = ["zone", "players", "tick p50 ms", "p99", "kernel p50", "p99", "overruns", "missed", "dropped"];
  const rows = figures.zones.map((zone): (string | number)[] => {
    const times = [zone.msP50, zone.msP99, zone.kernelMsP50, zone.kernelMsP99].map(ms);
    return [`${zone.id} ${zone.name}`, zone.players, ...times, zone.overruns, zone.missedTicks, zone.commandsDropped];
  });
  for (const line of tableLines(head, rows)) out(line);
  out(`server tick (slowest zone): p50 ${ms(figures.msP50)}, p99 ${ms(figures.msP99)}, max ${ms(figures.msMax)} ms`);
  if (earlier !== null) {
    out(`earlier C++ simulator:      p50 ${ms(earlier[0])}, p99 ${ms(earlier[1])} ms (measured on an equal machine)`);
  }
  out(
    `messages read ${figures.messagesPerSecond.toFixed(0)} a second, handled by the kernels ` +
      `${figures.commandsPerSecond.toFixed(0)}; commands refused ${figures.commandsRefused}; ` +
      `disconnects ${figures.disconnects}; overruns ${figures.overruns}`,
  );
  out(
    `main thread late by: median ${ms(figures.loopLagMsP50)}, at most ${ms(figures.loopLagMsMax)} ms (what a message waits to be read)`,
  );
  out(
    `command read to acknowledging frame written: p50 ${ms(figures.inputToFrameMsP50)}, p99 ${ms(figures.inputToFrameMsP99)} ms; ` +
      `${ms(figures.coresBusy)} cores busy, ${figures.rssMb.toFixed(0)} MB resident`,
  );
}
