// Measures the effect of two broken zones on two others: four zones with players. First no zone is broken, then zone 1 traps every
// second and zone 2 runs into its fuel limit every second; zones 3 and 4 must not become slower.
//
//   bun bench/isolation.ts --seconds 30 --clients 80
//
// Figures are the server's own telemetry, and what the players saw. That nothing was lost is proved twice:
//
// - In the server, each recovery replays the journal since the last snapshot and compares the 64-bit hash of the state
//   after every tick with the journalled hash of that tick. One difference ends that step of the recovery, and a zone that
//   lost ticks reports "Zone ticks lost".
// - In the bench, a zone with the same faults and the server's own recovery runs next to a zone without faults, on the same commands;
//   their hashes are compared after every tick and all bytes of their states at the end (lib/crash-twin.ts).

import { isBelow, mapped, sum } from "../tools/analysis/measured.ts";
import type { Measured } from "../tools/analysis/measured.ts";
import { measuredOf } from "../tools/analysis/telemetry-text.ts";
import { loadWorld } from "../server/protocol/content/load.ts";
import { ensureKernel } from "../assembly/toolchain/build.ts";
import { loadKernel } from "../assembly/toolchain/load.ts";
import type { TelemetryLine } from "../server/protocol/telemetry-line.ts";
import { ControlClient } from "../tools/client/control-client.ts";
import { out, outJson } from "../tools/ui/output.ts";
import { tableLines } from "../tools/ui/table.ts";
import { fixed, p99Max, printChecks } from "../server/testing/checks.ts";
import type { Check } from "../server/testing/checks.ts";
import { integer, playFlags, runBench } from "./lib/bench.ts";
import type { FlagsOf } from "./lib/bench.ts";
import { crashTwin } from "./lib/crash-twin.ts";
import type { CrashTwinProof } from "./lib/crash-twin.ts";
import { runPlayers } from "./lib/players.ts";
import { startServerChild } from "../server/testing/server-child.ts";
import type { ServerChild } from "../server/testing/server-child.ts";
import { greatestOf, isAtMost, quantile } from "../server/testing/statistics.ts";

import { readWindow, ticksOff } from "../server/testing/telemetry-window.ts";
import type { Span, TelemetryWindow } from "../server/testing/telemetry-window.ts";

const WORLD = "server/protocol/content/worlds/four-zones.toml";
const TICK_RATE_HZ = 20;
/** What breaks where; the others are looked at. */
const BROKEN: ReadonlyMap<number, string> = new Map([
  [1, "zone-trap"],
  [2, "zone-runaway"],
]);
/** Play before the baseline: just-in-time compilers and heaps settle. */
const SETTLE_SECONDS = 5;
/** Players go on a little after the end. */
const MARGIN_SECONDS = 2;
const RECOVERY_MS_MAX = 50;

const FLAGS = {
  ...playFlags(80, 4, "players, spread over four zones"),
  seconds: integer("of baseline, and of trouble", 2, 3_600, 30),
  twinTicks: integer("ticks of the zone that is compared with its twin", 40, 1_000_000, 1_200),
};
type Flags = FlagsOf<typeof FLAGS>;

await runBench("isolation", FLAGS, isolation);

async function isolation(flags: Flags): Promise<Check[]> {
  const { clients, rate, seconds, twinTicks, seed, format } = flags;
  await using server = await startServerChild({ world: WORLD, seed });
  const playSeconds = SETTLE_SECONDS + 2 * seconds + MARGIN_SECONDS;
  const play = { port: server.ports.game, count: clients, rate, seconds: playSeconds, guests: false, seed };
  const playing = runPlayers(play);
  const spans = await breakZones(server, clients, seconds);
  const players = await playing;
  await server.stop();
  const calm = await readWindow(server.telemetry(), spans.calm);
  const trouble = await readWindow(server.telemetry(), spans.trouble);
  const falls = await readFalls(server.telemetry(), spans.trouble);
  const twin = await proveTwin(twinTicks, seed);
  const zones = compare(calm, trouble);
  const checks = judge({ zones, falls, twin, players, trouble, seconds });
  if (format === "json") outJson({ clients, rate, seconds, zones, recoveries: summary(falls), twin, players, checks });
  else print(flags, zones, falls, twin, checks);
  return checks;
}

/** Lets it settle, runs it well for a while, then with both faults for as long; the two stretches of time. */
async function breakZones(
  server: ServerChild,
  clients: number,
  seconds: number,
): Promise<{ calm: Span; trouble: Span }> {
  while (((await server.metricByLabel("wowsim_sessions")).get("in_world") ?? 0) < clients) await Bun.sleep(100);
  await Bun.sleep(SETTLE_SECONDS * 1_000);
  await using control = await ControlClient.connect({ host: "127.0.0.1", port: server.ports.control });
  const calm = await span(seconds);
  for (const [zone, faultId] of BROKEN) {
    await control.ask({ command: "activate", fault_id: faultId, target_zone_id: zone, params: { every_ticks: 20 } });
  }
  const trouble = await span(seconds);
  await control.ask({ command: "deactivate_all" });
  return { calm, trouble };
}

async function span(seconds: number): Promise<Span> {
  const fromMs = Date.now();
  await Bun.sleep(seconds * 1_000);
  return { fromMs, toMs: Date.now() };
}

/** A recovery as telemetry tells it, and what no recovery may lead to. */
interface Falls {
  traps: number;
  recoveries: { zone: Measured; ms: Measured; rung: string; replayedTicks: Measured }[];
  /** Zones that went DOWN or gave up ticks, and commands other than the faults' that were taken out. */
  losses: string[];
}

async function readFalls(lines: AsyncIterable<TelemetryLine>, { fromMs, toMs }: Span): Promise<Falls> {
  const falls: Falls = { traps: 0, recoveries: [], losses: [] };
  /** Zone and tick of each trap in the span: its recovery counts, also one that is told just after the span's end. */
  const trapped = new Set<string>();
  for await (const { timestamp, message, data } of lines) {
    const atMs = Date.parse(timestamp);
    const zone = measuredOf(data, "zone_id");
    const fall = `${String(data["zone_id"])} ${String(data["tick"])}`;
    if (message === "Zone recovered" && trapped.has(fall)) {
      const [ms, replayedTicks] = [measuredOf(data, "recovery_ms"), measuredOf(data, "replayed_ticks")];
      falls.recoveries.push({ zone, ms, replayedTicks, rung: String(data["rung"]) });
    }
    if (atMs < fromMs || atMs > toMs) continue;
    if (message === "Zone tick exception") {
      falls.traps++;
      trapped.add(fall);
    }
    if (message === "Zone ticks lost") falls.losses.push(`zone ${zone} lost ${String(data["lost_ticks"])} ticks`);
    if (message === "Zone state changed" && data["to_state"] === "DOWN") falls.losses.push(`zone ${zone} went DOWN`);
    if (message === "Command quarantined" && data["session_id"] !== 0)
      falls.losses.push(`a command of session ${String(data["session_id"])} was quarantined`);
  }
  return falls;
}

async function proveTwin(ticks: number, seed: number): Promise<CrashTwinProof> {
  const kernel = loadKernel(await Bun.file(await ensureKernel()).bytes(), "bench");
  return crashTwin({ kernel, world: await loadWorld(WORLD), ticks, players: 40, seed });
}

interface ZoneRow {
  id: number;
  name: string;
  fault: string | null;
  players: Measured;
  calm: Stretch;
  trouble: Stretch;
}

interface Stretch {
  ticks: number;
  msP50: Measured;
  msP99: Measured;
  msMax: Measured;
  overruns: Measured;
}

function compare(calm: TelemetryWindow, trouble: TelemetryWindow): ZoneRow[] {
  const byId = [...calm.zones].toSorted(([a], [b]) => a - b);
  return byId.map(([id, { name, playersMax }]) => ({
    id,
    name,
    fault: BROKEN.get(id) ?? null,
    players: playersMax,
    calm: stretch(calm, id),
    trouble: stretch(trouble, id),
  }));
}

function stretch({ zones }: TelemetryWindow, id: number): Stretch {
  const zone = zones.get(id);
  const at = (q: number): Measured => quantile(zone?.durationMs ?? [], q);
  return {
    ticks: zone?.durationMs.length ?? 0,
    msP50: at(0.5),
    msP99: at(0.99),
    msMax: at(1),
    overruns: zone?.overruns ?? null,
  };
}

interface Evidence {
  zones: ZoneRow[];
  falls: Falls;
  twin: CrashTwinProof;
  players: Record<string, unknown>;
  trouble: TelemetryWindow;
  seconds: number;
}

function judge({ zones, falls, twin, players, trouble, seconds }: Evidence): Check[] {
  const others = zones.filter(({ fault }) => fault === null);
  const slowest = greatestOf(falls.recoveries.map(({ ms }) => ms));
  const number = (field: string): Measured => measuredOf(players, field);
  const missed = [...trouble.zones.values()].map((zone) => mapped(ticksOff(zone, TICK_RATE_HZ), Math.round));
  const expected = BROKEN.size * (seconds - 1);
  return [
    ...others.map(({ id, calm, trouble: { msP99 } }): Check => {
      const most = p99Max(calm.msP99);
      const shown = `${fixed(calm.msP99)} ms before, ${fixed(msP99)} ms meanwhile (at most ${fixed(most)})`;
      return { what: `Zone ${id} keeps its tick p99`, restsOn: "time", holds: isAtMost(msP99, most), shown };
    }),
    {
      what: "Both zones fell once a second, and got up each time",
      holds: falls.traps >= expected && falls.traps === falls.recoveries.length,
      shown: `${falls.traps} traps, ${falls.recoveries.length} recoveries in ${seconds} s`,
    },
    {
      what: `Each recovery took less than ${RECOVERY_MS_MAX} ms from the trap`,
      restsOn: "time",
      holds: isBelow(slowest, RECOVERY_MS_MAX),
      shown: `slowest ${fixed(slowest)} ms`,
    },
    {
      what: "Every zone kept its tick rate",
      restsOn: "time",
      holds: missed.length > 0 && missed.every((ticks) => ticks !== null && Math.abs(ticks) <= 1),
      shown: `${missed.map((ticks) => fixed(ticks, 0)).join(", ")} ticks off`,
    },
    {
      what: "No client was disconnected, none saw an error",
      holds: sum([...["drops", "reconnects", "protocol_errors"].map(number), trouble.traffic.dropped]) === 0,
      shown: `${fixed(number("drops"), 0)} drops, ${fixed(number("protocol_errors"), 0)} protocol errors; the gateway ${fixed(trouble.traffic.dropped, 0)}`,
    },
    {
      what: "Every replayed tick gave the journalled hash, nobody's command and no tick was lost",
      holds: falls.losses.length === 0,
      shown: falls.losses[0] ?? `${fixed(sum(falls.recoveries.map((fall) => fall.replayedTicks)), 0)} ticks replayed`,
    },
    {
      what: "A zone that crashes is tick for tick its twin that does not",
      holds: twin.differing.length === 0 && twin.sameBytes && twin.recoveries > 0,
      shown:
        `${twin.ticks} ticks, ${twin.recoveries} recoveries, hashes differ after ${twin.differing.length}, ` +
        `states ${twin.sameBytes ? "the same" : "another"} byte for byte`,
    },
  ];
}

/** By broken zone: how its recoveries went. */
function summary({
  recoveries,
}: Falls): { zone: number; count: number; msP50: Measured; msP99: Measured; msMax: Measured }[] {
  return [...BROKEN.keys()].map((zone) => {
    const times = recoveries.filter((recovery) => recovery.zone === zone).map((recovery) => recovery.ms);
    const at = (q: number): Measured => quantile(times, q);
    return { zone, count: times.length, msP50: at(0.5), msP99: at(0.99), msMax: at(1) };
  });
}

function print(
  { clients, rate, seconds, twinTicks, seed }: Flags,
  zones: ZoneRow[],
  falls: Falls,
  twin: CrashTwinProof,
  checks: Check[],
): void {
  out(
    `bun bench/isolation.ts --clients ${clients} --rate ${rate} --seconds ${seconds} --twin-ticks ${twinTicks} --seed ${seed}`,
  );
  const head = [
    "zone",
    "meanwhile",
    "players",
    "p50 ms before",
    "meanwhile",
    "p99 before",
    "meanwhile",
    "max before",
    "meanwhile",
    "overruns",
  ];
  const rows = zones.map(({ id, name, fault, players, calm, trouble }): (string | number)[] => {
    const times = [calm.msP50, trouble.msP50, calm.msP99, trouble.msP99, calm.msMax, trouble.msMax].map((ms) =>
      fixed(ms),
    );
    return [`${id} ${name}`, fault ?? "nothing", fixed(players, 0), ...times, fixed(trouble.overruns, 0)];
  });
  for (const line of tableLines(head, rows)) out(line);
  for (const { zone, count, ...times } of summary(falls)) {
    const shown = `p50 ${fixed(times.msP50)}, p99 ${fixed(times.msP99)}, max ${fixed(times.msMax)} ms`;
    out(`recoveries of zone ${zone} (${BROKEN.get(zone)}): ${count}; from the trap ${shown}`);
  }
  const alone = `p50 ${fixed(quantile(twin.recoveryMs, 0.5))}, max ${fixed(quantile(twin.recoveryMs, 1))} ms`;
  out(`the same alone on a thread: ${twin.recoveries}; ${alone}`);
  printChecks(checks);
}
