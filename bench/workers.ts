// Zone workers that die and hang under players: measures how soon each loss is found, the worker replaced, and its zone back, and the
// effect on other zones. Four zones: the first one's worker throws, the second one's waits for ever, the third one's is in a loop of
// WebAssembly that can not be ended for some seconds; the fourth shows the effect on others.
//
//   bun bench/workers.ts                     three rounds under 80 players, about a minute
//   bun bench/workers.ts --rounds 1 --clients 8
//
//   end                       times  found, ms  worker, ms  zone back, ms
//   throws                        3          2         180           1350
//
// "found" is the time from the command to the worker until the zone is DOWN, "worker" from there until its replacement ticks, "zone back" from
// the command until the zone is ACTIVE; the longest of all rounds, without the back-off after repeated losses.

import { createReadStream } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { difference } from "../tools/analysis/measured.ts";
import type { Measured } from "../tools/analysis/measured.ts";
import { measuredOf } from "../tools/analysis/telemetry-text.ts";
import type { TelemetryLine } from "../server/protocol/telemetry-line.ts";
import { firstLine } from "../tools/client/child-output.ts";
import { Swarm } from "../tools/client/swarm.ts";
import { out, outJson } from "../tools/ui/output.ts";
import { tableLines } from "../tools/ui/table.ts";
import { fixed, printChecks } from "../server/testing/checks.ts";
import type { Check } from "../server/testing/checks.ts";
import { greatestOf, isAtMost, quantile } from "../server/testing/statistics.ts";
import { tempFolder } from "../server/testing/temp-folder.ts";
import { integer, runBench, seedFlag } from "./lib/bench.ts";
import type { FlagsOf } from "./lib/bench.ts";

const ROOT = join(import.meta.dir, "..");
const ENDS = [
  { zone: 1, how: "throw", name: "throws" },
  { zone: 2, how: "wait", name: "waits for ever" },
  { zone: 3, how: "wasm", name: "loops in WebAssembly" },
] as const;
const OTHER_ZONE = 4;
/** Some seconds of a processor. */
const LOOPS = 4_000_000_000;
const SETTLE_MS = 4_000;
const LOOK_MS = 20;
const PATIENCE_MS = 60_000;
/** What the checks hold the figures to. */
const LIMITS = {
  backMs: 10_000,
  /** The fourth zone's p99 may be that much higher than before: loops that can not be ended take whole processors. */
  p99RiseMs: 25,
} as const;

/** One worker's end, in milliseconds since 1970. */
interface Loss {
  name: string;
  zone: number;
  toldMs: number;
}

interface Row {
  name: string;
  times: number;
  foundMs: Measured;
  workerMs: Measured;
  backMs: Measured;
}

const FLAGS = {
  clients: integer("players, spread over four zones", 4, 2_000, 80),
  rounds: integer("how often each worker ends", 1, 20, 3),
  seed: seedFlag("server and players"),
};

await runBench("workers", FLAGS, workers);

async function workers({ clients, rounds, seed, format }: FlagsOf<typeof FLAGS>): Promise<Check[]> {
  const folder = tempFolder("wowsim-workers-");
  const worldFile = join(ROOT, "server/protocol/content/worlds/four-zones.toml");
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
    const readyz = `${http}/readyz?zone=`;
    // The newest worker of each place, by its number among all that were made.
    const newest = new Map<number, number>([1, 2, 3, 4].map((zone) => [zone, zone - 1]));
    let made = newest.size;
    for (let round = 0; round < rounds; round++) {
      for (const { zone, how, name } of ENDS) {
        losses.push({ name, zone, toldMs: Date.now() });
        child.stdin.write(`end ${how} ${newest.get(zone) ?? 0} ${LOOPS}\n`);
        await child.stdin.flush();
        await untilReady(`${readyz}${zone}`, false);
        await untilReady(`${readyz}${zone}`, true);
        newest.set(zone, made++);
      }
    }
    const { drops, protocolErrors } = swarm.stats;
    const playing = swarm.playing;
    await swarm.stop();
    child.kill("SIGTERM");
    const exitCode = await child.exited;
    const lines = await readLines(join(folder.path, "telemetry.jsonl"));
    const rows = ENDS.map(({ name }) => rowOf(name, losses, lines));
    const others = {
      before: p99Of(lines, 0, calmMs + SETTLE_MS / 2),
      meanwhile: losses[0] === undefined ? null : p99Of(lines, losses[0].toldMs),
    };
    const checks = judge({ rows, others, drops, protocolErrors, playing, clients, exitCode, losses, lines });
    if (format === "json") outJson({ clients, rounds, rows, others, drops, checks });
    else {
      const head = ["end", "times", "found, ms", "worker, ms", "zone back, ms"];
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

async function untilReady(path: string, isReady: boolean): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while ((await fetch(`http://127.0.0.1:${path}`)).ok !== isReady) {
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

/** The longest of all ends of this name; missing when one of them was not told. */
function rowOf(name: string, losses: readonly Loss[], lines: readonly TelemetryLine[]): Row {
  const ends = losses.filter((loss) => loss.name === name).flatMap((loss) => endOf(loss, lines) ?? []);
  return {
    name,
    times: ends.length,
    foundMs: greatestOf(ends.map(({ foundMs }) => foundMs)),
    workerMs: greatestOf(ends.map(({ workerMs }) => workerMs)),
    backMs: greatestOf(ends.map(({ backMs }) => backMs)),
  };
}

/** How one end went; null when the zone did not come back. */
function endOf({ zone, toldMs }: Loss, lines: readonly TelemetryLine[]): Omit<Row, "name" | "times"> | null {
  const later = lines.filter(({ timestamp }) => Date.parse(timestamp) >= toldMs - 1);
  const lost = later.find(({ message, data }) => message === "Zone worker lost" && data["zone_id"] === zone);
  const begun = later.find(({ message, data }) => message === "Zone worker begun again" && data["worker"] === zone);
  const back = later.find(({ data }) => data["zone_id"] === zone && data["to_state"] === "ACTIVE");
  if (lost === undefined || begun === undefined || back === undefined) return null;
  const waitedMs = measuredOf(lost.data, "next_try_ms");
  return {
    foundMs: Date.parse(lost.timestamp) - toldMs,
    workerMs: difference(measuredOf(begun.data, "after_ms"), waitedMs),
    backMs: difference(Date.parse(back.timestamp) - toldMs, waitedMs),
  };
}

/** Of the zone that nothing happens to, in milliseconds. */
function p99Of(lines: readonly TelemetryLine[], fromMs: number, toMs = Number.POSITIVE_INFINITY): Measured {
  const ticks = lines.filter(({ message, data, timestamp }) => {
    const atMs = Date.parse(timestamp);
    return message === "Zone tick completed" && data["zone_id"] === OTHER_ZONE && atMs >= fromMs && atMs <= toMs;
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
  playing: number;
  clients: number;
  exitCode: number;
  losses: Loss[];
  lines: readonly TelemetryLine[];
}): Check[] {
  const { rows, others, drops, protocolErrors, playing, clients, exitCode, losses, lines } = seen;
  const back = rows.reduce((sum, { times }) => sum + times, 0);
  const slowest = greatestOf(rows.map(({ backMs }) => backMs));
  const falls = lines.filter(({ data }) => data["zone_id"] === OTHER_ZONE && data["to_state"] === "DOWN");
  return [
    { what: "Every zone came back", holds: back === losses.length, shown: `${back} of ${losses.length}` },
    {
      what: `Within ${LIMITS.backMs / 1_000} s`,
      holds: isAtMost(slowest, LIMITS.backMs),
      shown: `${fixed(slowest, 0)} ms at most`,
    },
    { what: "The fourth zone never fell", holds: falls.length === 0, shown: `${falls.length} times DOWN` },
    {
      what: `Its ticks stay short (p99 at most ${LIMITS.p99RiseMs} ms more)`,
      holds: isAtMost(difference(others.meanwhile, others.before), LIMITS.p99RiseMs),
      shown: `p99 ${fixed(others.before)} ms before, ${fixed(others.meanwhile)} ms meanwhile`,
    },
    { what: "No player lost the connection", holds: drops === 0, shown: `${drops} drops` },
    { what: "No player was told nonsense", holds: protocolErrors === 0, shown: `${protocolErrors} protocol errors` },
    { what: "Everybody plays at the end", holds: playing === clients, shown: `${playing} of ${clients}` },
    { what: "The server stops in order", holds: exitCode === 0, shown: `exit code ${exitCode}` },
  ];
}
