// Checks that faults leave nothing behind: players play while a thousand random faults come and go, and afterwards tick
// times, memory, entities and sockets are compared with the values from before.
//
//   bun bench/fault-cycles.ts --cycles 1000 --clients 100
//
// Between bursts of cycles it waits until every fault has left, all players play again and all zones are ACTIVE, and samples
// the process's memory. Heaps reach their size in the first half of the bursts; a leak continues in the second half.

import { isBelow } from "../tools/analysis/measured.ts";
import type { Measured } from "../tools/analysis/measured.ts";
import { Swarm } from "../tools/client/swarm.ts";
import { out, outJson } from "../tools/ui/output.ts";
import { tableLines } from "../tools/ui/table.ts";
import { fixed, p99Max, printChecks } from "../server/testing/checks.ts";
import type { Check } from "../server/testing/checks.ts";
import { integer, playFlags, runBench } from "./lib/bench.ts";
import type { FlagsOf } from "./lib/bench.ts";
import { FaultStorm } from "./lib/fault-storm.ts";
import type { StormTally } from "./lib/fault-storm.ts";
import { startServerChild } from "../server/testing/server-child.ts";
import type { ServerChild } from "../server/testing/server-child.ts";
import { lookAt, rssMb } from "./lib/server-look.ts";
import type { Look } from "./lib/server-look.ts";
import { isAtMost, leastOf, slopeOf } from "../server/testing/statistics.ts";
import type { Slope } from "../server/testing/statistics.ts";

const WORLD = "server/protocol/content/worlds/four-zones.toml";
const ZONES = 4;
/** At most so many bursts, of at least so many cycles. */
const BURSTS_MAX = 20;
const BURST_CYCLES_MIN = 10;
/** Between bursts, once all is well. */
const PAUSE_MS = 1_500;
const CALM_MS_MAX = 120_000;
const POLL_MS = 100;
/** A slope whose confidence interval touches this much growth is not called growth. MB a hundred cycles. */
const GROWTH_MB_MAX = 1;

/** What must never be in telemetry, whatever faults do. */
const MISTAKES = new Set(["Invalid state transition attempted", "Fault hook failed", "Zone ticks lost"]);

const FLAGS = {
  cycles: integer("faults that come and go", 1, 100_000, 1_000),
  ...playFlags(100, 4, "players, spread over four zones"),
  lanes: integer("faults at a time", 1, 16, 4),
  settleSeconds: integer("before each look: heaps settle, zones are well again", 1, 600, 12),
  windowSeconds: integer("of looking, before and after", 1, 600, 15),
};
type Flags = FlagsOf<typeof FLAGS>;

await runBench("fault-cycles", FLAGS, faultCycles);

async function faultCycles(flags: Flags): Promise<Check[]> {
  const { cycles, clients, rate, lanes, settleSeconds, windowSeconds, seed, format } = flags;
  await using server = await startServerChild({ world: WORLD, seed });
  const swarm = await Swarm.start({ host: "127.0.0.1", port: server.ports.game, count: clients, rate, seed });
  const homes = swarm.clients.map(({ zoneId }) => zoneId);
  const storm = await FaultStorm.connect(server.ports.control, { lanes, seed, zones: ZONES });
  const start = performance.now();
  await Bun.sleep(settleSeconds * 1_000);
  const before = await lookAt(server, windowSeconds);
  const memory: MemorySample[] = [];
  const bursts = Math.min(BURSTS_MAX, Math.ceil(cycles / BURST_CYCLES_MIN));
  for (let burst = 1; burst <= bursts; burst++) {
    await storm.run(Math.ceil((cycles * burst) / bursts) - storm.tally.cycles);
    await untilCalm(server, swarm, storm, homes);
    await Bun.sleep(PAUSE_MS);
    memory.push({ cycles: storm.tally.cycles, rssMb: await rssMb(server) });
  }
  await Bun.sleep(settleSeconds * 1_000);
  const after = await lookAt(server, windowSeconds);
  const seconds = (performance.now() - start) / 1_000;
  storm.stop();
  const { stats } = swarm;
  const players = swarm.playing;
  await swarm.stop();
  const mistakes = await readMistakes(server);
  const exitCode = await server.stop();
  const clientErrors = stats.protocolErrorExamples.slice(0, 3);
  const found = { before, after, memory, tally: storm.tally, mistakes, players, clientErrors, exitCode, flags };
  const checks = judge({ ...found, protocolErrors: stats.protocolErrors });
  if (format === "json") {
    const tally = asObject(storm.tally);
    outJson({ cycles, clients, seconds, before, after, memory, tally, mistakes, clients_felt: stats.toJson(), checks });
  } else print(flags, seconds, found, checks);
  return checks;
}

/** Waits until nothing is left of any fault: everybody plays, at home, in zones that run. */
async function untilCalm(server: ServerChild, swarm: Swarm, storm: FaultStorm, homes: number[]): Promise<void> {
  const deadline = performance.now() + CALM_MS_MAX;
  const isHome = (): boolean =>
    swarm.clients.every(({ zoneId, isPlaying }, index) => isPlaying && zoneId === homes[index]);
  while (!(await storm.isOver()) || !isHome()) {
    if (performance.now() > deadline || server.exitCode !== null) return; // the checks say what is missing
    await Bun.sleep(POLL_MS);
  }
}

interface MemorySample {
  cycles: number;
  rssMb: number;
}

async function readMistakes(server: ServerChild): Promise<string[]> {
  const mistakes: string[] = [];
  for await (const { message, data } of server.telemetry()) {
    if (MISTAKES.has(message)) mistakes.push(`${message}: ${JSON.stringify(data)}`);
  }
  return mistakes;
}

interface Found {
  before: Look;
  after: Look;
  memory: MemorySample[];
  tally: StormTally;
  mistakes: string[];
  players: number;
  protocolErrors: number;
  clientErrors: string[];
  exitCode: number;
  flags: Flags;
}

/** "25+25 (25 watch), ...": players and creatures of each zone. */
function residents({ zones }: Look): string {
  return zones
    .map(
      ({ players, creatures, watchers }) => `${fixed(players, 0)}+${fixed(creatures, 0)} (${fixed(watchers, 0)} watch)`,
    )
    .join(", ");
}

function sockets({ connected, controlConnections, openFiles }: Look): string {
  return `${fixed(connected, 0)} players, ${controlConnections} control, ${fixed(openFiles, 0)} open files`;
}

/** What nobody counted is not as it was before. */
function areSame(before: readonly Measured[], after: readonly Measured[]): boolean {
  return before.length === after.length && before.every((value, at) => value !== null && value === after[at]);
}

function residentsOf({ zones }: Look): Measured[] {
  return zones.flatMap(({ players, creatures, watchers }) => [players, creatures, watchers]);
}

function socketsOf({ connected, controlConnections, openFiles }: Look): Measured[] {
  return [connected, controlConnections, openFiles];
}

function judge(found: Found): Check[] {
  const { before, after, memory, tally, mistakes, players, protocolErrors, clientErrors, exitCode, flags } = found;
  const idle = [...tally.activations.keys()].filter((fault) => (tally.affected.get(fault) ?? 0) === 0);
  const growth = growthOf(memory);
  return [
    {
      what: "Every cycle went as asked",
      holds: tally.cycles === flags.cycles && tally.wrong.length === 0,
      shown: [`${tally.cycles} cycles`, ...tally.wrong.slice(0, 2)].join("; "),
    },
    {
      what: "Every fault that was tried struck",
      restsOn: "length",
      holds: idle.length === 0,
      shown: [`${tally.activations.size - idle.length} of ${tally.activations.size}`, ...idle].join("; "),
    },
    ...after.zones.map((zone, index): Check => {
      const p99 = before.zones[index]?.msP99 ?? null;
      const most = p99Max(p99);
      const what = `Zone ${zone.id} ticks as before`;
      return {
        what,
        restsOn: "time",
        holds: isAtMost(zone.msP99, most),
        shown: `p99 ${fixed(p99)} ms before, ${fixed(zone.msP99)} after`,
      };
    }),
    {
      what: "Everybody is where they were, and nobody else",
      holds: areSame(residentsOf(before), residentsOf(after)) && players === flags.clients,
      shown: `players+creatures ${residents(before)}; after ${residents(after)}; ${players} play`,
    },
    {
      what: "As many sockets and files as before",
      holds: areSame(socketsOf(before), socketsOf(after)),
      shown: `${sockets(before)}; after ${sockets(after)}`,
    },
    {
      what: `In the second half memory does not grow by ${GROWTH_MB_MAX} MB a hundred cycles`,
      restsOn: "length",
      holds: isBelow(leastOf(growth), GROWTH_MB_MAX),
      shown:
        `${fixed(growth.slope)} ± ${fixed(growth.plusMinus)} MB a hundred (95 %, ${growth.points} samples); ` +
        `${fixed(before.rssMb)} MB before, ${fixed(after.rssMb)} after`,
    },
    {
      what: "Players saw no protocol error",
      holds: protocolErrors === 0,
      shown: `${protocolErrors} ${clientErrors.join("; ")}`.trim(),
    },
    {
      what: "No session went astray, no fault failed, no zone lost a tick",
      holds: mistakes.length === 0,
      shown: `${mistakes.length}${mistakes
        .slice(0, 2)
        .map((mistake) => `; ${mistake}`)
        .join("")}`,
    },
    {
      what: "No error line afterwards",
      holds: after.errors.length === 0,
      shown: `${after.errors.length} ${[...new Set(after.errors)].slice(0, 3).join("; ")}`.trim(),
    },
    { what: "The server stopped in order", holds: exitCode === 0, shown: `exit code ${exitCode}` },
  ];
}

/** MB a hundred cycles by which memory grows in the second half, when heaps have found their size. */
function growthOf(memory: MemorySample[]): Slope {
  const half = memory.slice(Math.floor(memory.length / 2));
  return slopeOf(half.map(({ cycles, rssMb: mb }) => [cycles / 100, mb]));
}

function print(
  { cycles, clients, rate, lanes, seed }: Flags,
  seconds: number,
  found: Omit<Found, "protocolErrors">,
  checks: Check[],
): void {
  const { before, after, memory, tally } = found;
  out(
    `bun bench/fault-cycles.ts --cycles ${cycles} --clients ${clients} --rate ${rate} --lanes ${lanes} --seed ${seed}: ${seconds.toFixed(0)} s`,
  );
  const faults = [...tally.activations].toSorted(([a], [b]) => a.localeCompare(b));
  for (const line of tableLines(
    ["fault", "activations", "struck"],
    faults.map(([fault, count]) => [fault, count, tally.affected.get(fault) ?? 0]),
  ))
    out(line);
  out(
    `ended by ${inWords(tally.ends)}; refused meanwhile: ${inWords(tally.refused)}; slowest answer ${fixed(tally.answerMsMax)} ms`,
  );
  const head = ["zone", "p50 ms before", "after", "p99 before", "after", "max before", "after"];
  const rows = after.zones.map((zone, index): (string | number)[] => {
    const was = before.zones[index] ?? zone;
    return [zone.id, ...[was.msP50, zone.msP50, was.msP99, zone.msP99, was.msMax, zone.msMax].map((ms) => fixed(ms))];
  });
  for (const line of tableLines(head, rows)) out(line);
  out(`resident memory between bursts: ${memory.map(({ rssMb: mb }) => mb.toFixed(0)).join(" ")} MB`);
  printChecks(checks);
}

function inWords(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([name, count]) => `${name} ${count}`).join(", ") || "nothing";
}

function asObject({ activations, affected, ends, refused, ...numbers }: StormTally): Record<string, unknown> {
  const maps = Object.entries({ activations, affected, ends, refused });
  return { ...numbers, ...Object.fromEntries(maps.map(([name, map]) => [name, Object.fromEntries(map)])) };
}
