// Zone workers that die and hang under players: measures how long their zones stand still, and the effect on the other zones. The
// workers of eight zones end in turn: they throw, wait for ever, run in a loop, or in a loop of WebAssembly that can not be
// ended for some seconds.
//
//   bun bench/workers.ts                     200 ends under 200 players, about six minutes
//   bun bench/workers.ts --ends 24 --clients 40
//
//   end                  times   p50, ms   p99, ms   max, ms
//   throws                  50        96       210       240
//
// The time is from the command to the worker until the next tick of its zone.

import { createReadStream, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { at } from "../server/protocol/assert.ts";
import type { Measured } from "../tools/analysis/measured.ts";
import { measuredOf } from "../tools/analysis/telemetry-text.ts";
import type { TelemetryLine } from "../server/protocol/telemetry-line.ts";
import { firstLine } from "../tools/client/child-output.ts";
import { Swarm } from "../tools/client/swarm.ts";
import { err, out, outJson } from "../tools/ui/output.ts";
import { tableLines } from "../tools/ui/table.ts";
import { fixed, printChecks } from "../server/testing/checks.ts";
import type { Check } from "../server/testing/checks.ts";
import { greatestOf, isAtMost, quantile } from "../server/testing/statistics.ts";
import { tempFolder } from "../server/testing/temp-folder.ts";
import { crowdWorld } from "./lib/crowd-world.ts";
import { integer, runBench, seedFlag } from "./lib/bench.ts";
import type { FlagsOf } from "./lib/bench.ts";

const ROOT = join(import.meta.dir, "..");
const ENDS = [
  { how: "throw", name: "throws", isHang: false },
  { how: "wait", name: "waits for ever", isHang: true },
  { how: "loop", name: "loops", isHang: true },
  { how: "wasm", name: "loops in WebAssembly", isHang: true },
] as const;
type End = (typeof ENDS)[number];
const ZONES = 8;
/** A fraction of a second of a processor. */
const LOOPS = 400_000_000;
const SETTLE_MS = 6_000;
/** Between two ends. A worker that has lasted for ten seconds has no back-off. */
const PAUSE_MS = 1_500;
const LOOK_MS = 20;
const PATIENCE_MS = 60_000;
/** A zone that was not seen as missing for so long is back already. */
const MISSED_MS = 3_000;
/** The zone of a lost worker does not count as another for so long. */
const ITS_OWN_MS = 5_000;
/** What the checks hold the figures to. */
const LIMITS = {
  deathMsP99: 500,
  hangMsP99: 1_500,
  /** The other zones' p99 may be that much higher than before: by a tenth, or by so many milliseconds. */
  p99Rise: 1.1,
  p99RiseMs: 0.5,
} as const;

/** One worker's end, in milliseconds since 1970. */
interface Loss {
  end: End;
  zone: number;
  toldMs: number;
}

interface Row {
  name: string;
  times: number;
  msP50: Measured;
  msP99: Measured;
  msMax: Measured;
}

const FLAGS = {
  clients: integer("players, spread over eight zones", 8, 2_000, 200),
  ends: integer("how many workers end", 4, 1_000, 200),
  seed: seedFlag("server and players"),
};

await runBench("workers", FLAGS, workers);

async function workers({ clients, ends, seed, format }: FlagsOf<typeof FLAGS>): Promise<Check[]> {
  const folder = tempFolder("wowsim-workers-");
  const worldFile = join(folder.path, "world.toml");
  writeFileSync(worldFile, crowdWorld({ zones: ZONES, players: clients, manner: "living" }).toml);
  const options = JSON.stringify({ dataDir: folder.path, seed, worldFile });
  const child = Bun.spawn([process.execPath, join(ROOT, "test/helpers/mortal-server.ts"), options], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  try {
    const { game, http } = JSON.parse(await firstLine(child.stdout, PATIENCE_MS)) as { game: number; http: number };
    const swarm = await Swarm.start({ host: "127.0.0.1", port: game, count: clients, rate: 2, seed });
    await Bun.sleep(SETTLE_MS);
    const calmMs = Date.now() - SETTLE_MS / 2;
    const losses: Loss[] = [];
    // The newest worker of each zone, by its number among all that were made.
    const newest = Array.from({ length: ZONES }, (_, index) => index);
    for (let index = 0; index < ends; index++) {
      const slot = index % ZONES;
      const end = at(ENDS, Math.floor(index / ZONES + index) % ENDS.length);
      losses.push({ end, zone: slot + 1, toldMs: Date.now() });
      child.stdin.write(`end ${end.how} ${at(newest, slot)} ${LOOPS}\n`);
      await child.stdin.flush();
      await untilReady(`${http}/readyz?zone=${slot + 1}`, false);
      await untilReady(`${http}/readyz?zone=${slot + 1}`, true);
      newest[slot] = ZONES + index;
      await Bun.sleep(PAUSE_MS);
      progress(index + 1, ends);
    }
    const { drops, protocolErrors, lost } = swarm.stats;
    const { playing } = swarm;
    await swarm.stop();
    child.kill("SIGTERM");
    const exitCode = await child.exited;
    const lines = await readLines(join(folder.path, "telemetry.jsonl"));
    const rows = ENDS.map((end) => rowOf(end, losses, lines));
    const others = {
      before: p99Of(lines, calmMs, calmMs + SETTLE_MS / 2, losses),
      meanwhile: p99Of(lines, calmMs + SETTLE_MS / 2, Number.POSITIVE_INFINITY, losses),
    };
    const checks = judge({ rows, others, drops, protocolErrors, lost, playing, clients, exitCode, losses, lines });
    if (format === "json") outJson({ clients, ends, rows, others, drops, checks });
    else {
      const head = ["end", "times", "p50, ms", "p99, ms", "max, ms"];
      out(
        tableLines(
          head,
          rows.map((row) => Object.values(row).map(String)),
        ).join("\n"),
      );
      out("");
      printChecks(checks);
    }
    return checks;
  } finally {
    child.kill("SIGKILL");
    await child.exited;
    folder.remove();
  }
}

/** Every tenth end, on stderr. */
function progress(done: number, all: number): void {
  if (done % 10 === 0) err(`${done} of ${all}`);
}

async function untilReady(path: string, isReady: boolean): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while ((await fetch(`http://127.0.0.1:${path}`)).ok !== isReady) {
    // A zone can be back before anybody has looked.
    if (!isReady && performance.now() > deadline - PATIENCE_MS + MISSED_MS) return;
    if (performance.now() > deadline) throw new Error(`Nothing came of ${path}: it is${isReady ? " not" : ""} ready.`);
    await Bun.sleep(LOOK_MS);
  }
}

async function readLines(file: string): Promise<TelemetryLine[]> {
  const lines: TelemetryLine[] = [];
  for await (const text of createInterface({ input: createReadStream(file) })) {
    lines.push(JSON.parse(text) as TelemetryLine);
  }
  return lines;
}

function rowOf(end: End, losses: readonly Loss[], lines: readonly TelemetryLine[]): Row {
  const gaps = losses.filter((loss) => loss.end === end).map((loss) => stillMs(loss, lines));
  const [msP50, msP99] = [quantile(gaps, 0.5), quantile(gaps, 0.99)];
  return { name: end.name, times: gaps.length, msP50, msP99, msMax: greatestOf(gaps) };
}

/** From the command to the worker until the first tick of its successor; null when there was none. */
function stillMs({ zone, toldMs }: Loss, lines: readonly TelemetryLine[]): Measured {
  const lost = lines.findIndex(
    ({ message, data, timestamp }) =>
      message === "Zone worker lost" && data["worker"] === zone && Date.parse(timestamp) >= toldMs - 1,
  );
  if (lost < 0) return null;
  const next = lines
    .slice(lost)
    .find(({ message, data }) => message === "Zone tick completed" && data["zone_id"] === zone);
  return next === undefined ? null : Date.parse(next.timestamp) - toldMs;
}

/** Of all zones but those whose worker ended in the last seconds, in milliseconds. */
function p99Of(lines: readonly TelemetryLine[], fromMs: number, toMs: number, losses: readonly Loss[]): Measured {
  const ticks = lines.filter(({ message, data, timestamp }) => {
    const atMs = Date.parse(timestamp);
    if (message !== "Zone tick completed" || atMs < fromMs || atMs > toMs) return false;
    return !losses.some(({ zone, toldMs }) => zone === data["zone_id"] && atMs >= toldMs && atMs < toldMs + ITS_OWN_MS);
  });
  return quantile(
    ticks.map(({ data }) => measuredOf(data, "duration_ms")),
    0.99,
  );
}

function judge(seen: {
  rows: Row[];
  others: { before: Measured; meanwhile: Measured };
  drops: number;
  protocolErrors: number;
  lost: number;
  playing: number;
  clients: number;
  exitCode: number;
  losses: Loss[];
  lines: readonly TelemetryLine[];
}): Check[] {
  const { rows, others, drops, protocolErrors, lost, playing, clients, exitCode, losses, lines } = seen;
  const counted = (message: string): number => lines.filter((line) => line.message === message).length;
  const slowest = (isHang: boolean): Measured =>
    greatestOf(rows.filter((_row, index) => at(ENDS, index).isHang === isHang).map(({ msP99 }) => msP99));
  const limitMs = Math.max((others.before ?? 0) * LIMITS.p99Rise, (others.before ?? 0) + LIMITS.p99RiseMs);
  const revived = counted("Zone revived");
  return [
    {
      what: "Every zone went on from its journal",
      holds: revived === losses.length,
      shown: `${revived} of ${losses.length}`,
    },
    {
      what: "No tick was lost",
      holds: counted("Zone ticks lost") === 0,
      shown: `${counted("Zone ticks lost")} losses`,
    },
    {
      what: `After a death within ${LIMITS.deathMsP99} ms (p99)`,
      restsOn: "time",
      holds: isAtMost(slowest(false), LIMITS.deathMsP99),
      shown: `${fixed(slowest(false), 0)} ms`,
    },
    {
      what: `After a hang within ${LIMITS.hangMsP99} ms (p99)`,
      restsOn: "time",
      holds: isAtMost(slowest(true), LIMITS.hangMsP99),
      shown: `${fixed(slowest(true), 0)} ms`,
    },
    {
      what: `The others' ticks stay short (p99 within a tenth, or ${LIMITS.p99RiseMs} ms)`,
      restsOn: "time",
      holds: isAtMost(others.meanwhile, limitMs),
      shown: `p99 ${fixed(others.before)} ms before, ${fixed(others.meanwhile)} ms meanwhile`,
    },
    { what: "No player lost the connection", holds: drops === 0, shown: `${drops} drops` },
    { what: "No action was lost", holds: lost === 0, shown: `${lost} lost` },
    { what: "No player was told nonsense", holds: protocolErrors === 0, shown: `${protocolErrors} protocol errors` },
    { what: "Everybody plays at the end", holds: playing === clients, shown: `${playing} of ${clients}` },
    { what: "The server stops in order", holds: exitCode === 0, shown: `exit code ${exitCode}` },
  ];
}
