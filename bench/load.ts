// Measures tick times under the load that the earlier C++ simulator was measured with: guests who each send --rate JSON
// messages a second, from another process on the same machine.
//
//   bun bench/load.ts --clients 4000 --rate 10 --seconds 20
//
// The figures are the server's own telemetry while all guests were connected. A tick time covers the zones; the bench also
// reports how long a message waits until the main thread reads it, and the round trips of some players who
// play among the guests and read.

import { mapped, ratio, sum } from "../tools/analysis/measured.ts";
import type { Measured } from "../tools/analysis/measured.ts";
import { out, outJson } from "../tools/ui/output.ts";
import { integer, runBench, seedFlag } from "./lib/bench.ts";
import type { FlagsOf } from "./lib/bench.ts";
import { runPlayers } from "./lib/players.ts";
import { startServerChild } from "../server/testing/server-child.ts";
import { fixed } from "../server/testing/checks.ts";
import { greatestOf, quantile } from "../server/testing/statistics.ts";
import { tableLines } from "../tools/ui/table.ts";
import { readWindow, spanWithPlayers } from "../server/testing/telemetry-window.ts";
import type { TelemetryWindow } from "../server/testing/telemetry-window.ts";

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

const median = (values: Measured[]): Measured => quantile(values, 0.5);

const count = (value: Measured): string => fixed(value, 0);

const FLAGS = {
  clients: integer("guests", 1, 10_000, 4_000),
  rate: integer("messages a second and guest", 1, 100, 10),
  seconds: integer("to measure, all being connected", 1, 3_600, 20),
  witnesses: integer("players among them who read, and feel round trips", 1, 1_000, 20),
  seed: seedFlag("server and guests"),
};

await runBench("load", FLAGS, load, "\nExit codes: 0 measured, 1 could not measure, 64 wrong usage.");

async function load({ clients, rate, seconds, witnesses, seed, format }: FlagsOf<typeof FLAGS>): Promise<void> {
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
    const { count: samples, p50, p99 } = players[field] as { count: number; p50: number; p99: number };
    if (samples === 0) return "not measured";
    return `p50 ${fixed(p50)}, p99 ${fixed(p99)}`;
  };
  out(
    `${witnesses} players among them, JSON, over the whole run: action to state ${felt("round_trip_ms")} ms, ` +
      `ping ${felt("ping_ms")} ms, protocol errors ${String(players["protocol_errors"])}`,
  );
}

interface Figures {
  seconds: number;
  ticks: number;
  msP50: Measured;
  msP99: Measured;
  msMax: Measured;
  overruns: Measured;
  zones: {
    id: number;
    name: string;
    players: Measured;
    msP50: Measured;
    msP99: Measured;
    kernelMsP50: Measured;
    kernelMsP99: Measured;
    overruns: Measured;
    missedTicks: Measured;
    commandsDropped: Measured;
  }[];
  messagesPerSecond: Measured;
  /** What of them the kernels have handled. */
  commandsPerSecond: Measured;
  commandsRefused: Measured;
  disconnects: Measured;
  /** How late the main thread came to its 20 ticks a second: the middle second's median, and the worst of all. */
  loopLagMsP50: Measured;
  loopLagMsMax: Measured;
  /** Medians of the seconds' own percentiles. */
  inputToFrameMsP50: Measured;
  inputToFrameMsP99: Measured;
  coresBusy: Measured;
  rssMb: Measured;
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
    messagesPerSecond: mapped(ratio(traffic.messages, traffic.intervalMs), (perMs) => perMs * 1_000),
    commandsPerSecond: ratio(sum([...zones.values()].map((zone) => zone.commands)), seconds),
    commandsRefused: traffic.refused,
    disconnects: traffic.dropped,
    loopLagMsP50: median(loopLag.map(({ msP50 }) => msP50)),
    loopLagMsMax: greatestOf(loopLag.map(({ msMax }) => msMax)),
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
    const times = [zone.msP50, zone.msP99, zone.kernelMsP50, zone.kernelMsP99].map((ms) => fixed(ms));
    return [
      `${zone.id} ${zone.name}`,
      count(zone.players),
      ...times,
      ...[zone.overruns, zone.missedTicks, zone.commandsDropped].map(count),
    ];
  });
  for (const line of tableLines(head, rows)) out(line);
  out(
    `server tick (slowest zone): p50 ${fixed(figures.msP50)}, p99 ${fixed(figures.msP99)}, max ${fixed(figures.msMax)} ms`,
  );
  if (earlier !== null) {
    out(
      `earlier C++ simulator:      p50 ${fixed(earlier[0])}, p99 ${fixed(earlier[1])} ms (measured on an equal machine)`,
    );
  }
  out(
    `messages read ${count(figures.messagesPerSecond)} a second, handled by the kernels ` +
      `${count(figures.commandsPerSecond)}; commands refused ${count(figures.commandsRefused)}; ` +
      `disconnects ${count(figures.disconnects)}; overruns ${count(figures.overruns)}`,
  );
  out(
    `main thread late by: median ${fixed(figures.loopLagMsP50)}, at most ${fixed(figures.loopLagMsMax)} ms (what a message waits to be read)`,
  );
  out(
    `command read to acknowledging frame written: p50 ${fixed(figures.inputToFrameMsP50)}, p99 ${fixed(figures.inputToFrameMsP99)} ms; ` +
      `${fixed(figures.coresBusy)} cores busy, ${count(figures.rssMb)} MB resident`,
  );
}
