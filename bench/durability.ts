// What durability costs. The same crowd plays on servers that wait for the journal as `process` and `power` say, and on one that
// waits for nothing, one after the other and again: how long states wait, what zones' ticks take, what the journal thread takes.
// Then the disk takes two seconds for each commit: what that delays, and what health says.
//
//   bun bench/durability.ts --clients 5000 --zones 8 --seconds 20 --rounds 2
//
// Players and other work share the processors, so ratios within one run say more than its milliseconds. Exit code 1 when a check
// fails.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { assessHealth } from "../tools/analysis/health.ts";
import { difference, isBelow, ratio } from "../tools/analysis/measured.ts";
import type { Measured } from "../tools/analysis/measured.ts";
import { Timeline } from "../tools/analysis/timeline.ts";
import { ControlClient } from "../tools/client/control-client.ts";
import { out, outJson } from "../tools/ui/output.ts";
import { tableLines } from "../tools/ui/table.ts";
import { fixed, p99Max, printChecks } from "../server/testing/checks.ts";
import type { Check } from "../server/testing/checks.ts";
import { startServerChild } from "../server/testing/server-child.ts";
import { greatestOf, quantile } from "../server/testing/statistics.ts";
import { readWindow } from "../server/testing/telemetry-window.ts";
import { tempFolder } from "../server/testing/temp-folder.ts";
import { integer, playFlags, runBench } from "./lib/bench.ts";
import type { FlagsOf } from "./lib/bench.ts";
import { crowdWorld } from "./lib/crowd-world.ts";
import type { CrowdOrder } from "./lib/crowd-process.ts";
import { runJsonChild } from "./lib/json-child.ts";

const MODES = ["none", "process", "power"] as const;
type Mode = (typeof MODES)[number];

/** What the checks hold `process` to. */
const LIMITS = { heldMsP50: 2, heldMsP99: 10, coresOfThread: 0.15 } as const;
const SLOW_DISK_MS = 2_000;
const SLOW_SECONDS = 10;

const FLAGS = {
  ...playFlags(5_000),
  zones: integer("zones they are spread over", 1, 64, 8),
  seconds: integer("to measure each server", 5, 3_600, 20),
  warmUp: integer("seconds of play before that", 0, 3_600, 10),
  rounds: integer("times that each server is measured", 1, 20, 2),
};
type Flags = FlagsOf<typeof FLAGS>;

/** One server under the crowd. */
interface Run {
  mode: Mode;
  /** How long ticks waited for the journal. */
  heldMs: Measured[];
  /** Of the slowest zone. */
  tickMsP99: Measured;
  tickMsP50: Measured;
  inputToFrameMsP99: Measured;
  /** Cores that the journal thread used. */
  cores: Measured;
}

await runBench("durability", FLAGS, durability);

async function durability(flags: Flags): Promise<Check[]> {
  const runs: Run[] = [];
  for (let round = 0; round < flags.rounds; round++)
    // Whoever comes later finds another machine: every other round goes the other way.
    for (const mode of round % 2 === 0 ? MODES : MODES.toReversed()) runs.push(await measure(mode, flags));
  const slow = await onSlowDisk(flags);
  const checks = [...judge(runs), ...slow];
  const { clients, zones, rate, seconds, rounds } = flags;
  if (flags.format === "json") outJson({ clients, zones, rate, seconds, rounds, runs: runs.map(shownRun), checks });
  else {
    out(
      `bun bench/durability.ts --clients ${clients} --zones ${zones} --rate ${rate} --seconds ${seconds} --rounds ${rounds}`,
    );
    const rows = runs.map(shownRun).map((run) => [run.mode, ...run.figures]);
    const head = [
      "durability",
      "held p50 ms",
      "p99",
      "max",
      "tick p50 ms",
      "p99",
      "input to frame p99 ms",
      "journal thread, cores",
    ];
    for (const line of tableLines(head, rows)) out(line);
    printChecks(checks);
  }
  return checks;
}

function shownRun({ mode, heldMs, tickMsP50, tickMsP99, inputToFrameMsP99, cores }: Run): {
  mode: Mode;
  figures: string[];
} {
  const held = [0.5, 0.99, 1].map((share) => fixed(quantile(heldMs, share)));
  return {
    mode,
    figures: [...held, fixed(tickMsP50), fixed(tickMsP99), fixed(inputToFrameMsP99, 1), fixed(cores, 3)],
  };
}

async function measure(mode: Mode, flags: Flags): Promise<Run> {
  return await withServer(mode, flags, async (server, order) => {
    const startMs = Date.now();
    const report = await runJsonChild(["bench/lib/crowd-process.ts", JSON.stringify(order)]);
    const { from_ms: fromMs, to_ms: toMs } = report["measured"] as { from_ms: number; to_ms: number };
    const cpuSeconds = await server.metric("wowsim_journal_cpu_seconds_total");
    const playedSeconds = (Date.now() - startMs) / 1_000;
    const window = await readWindow(server.telemetry(), { fromMs, toMs });
    const zones = [...window.zones.values()];
    return {
      mode,
      heldMs: zones.flatMap(({ heldMs }) => heldMs),
      tickMsP50: greatestOf(zones.map(({ durationMs }) => quantile(durationMs, 0.5))),
      tickMsP99: greatestOf(zones.map(({ durationMs }) => quantile(durationMs, 0.99))),
      inputToFrameMsP99: quantile(
        window.inputToFrame.map(({ msP99 }) => msP99),
        0.5,
      ),
      cores: cpuSeconds / playedSeconds,
    };
  });
}

function judge(runs: readonly Run[]): Check[] {
  const of = (mode: Mode): Run[] => runs.filter((run) => run.mode === mode);
  const held = of("process").flatMap(({ heldMs }) => heldMs);
  const [p50, p99] = [quantile(held, 0.5), quantile(held, 0.99)];
  const tick = (mode: Mode): Measured =>
    quantile(
      of(mode).map(({ tickMsP99 }) => tickMsP99),
      0.5,
    );
  const [none, kept] = [tick("none"), tick("process")];
  const cores = greatestOf(of("process").map((run) => run.cores));
  const limit = p99Max(none);
  return [
    {
      what: `Half of all ticks wait less than ${LIMITS.heldMsP50} ms for the journal`,
      restsOn: "time",
      holds: isBelow(p50, LIMITS.heldMsP50),
      shown: `${fixed(p50)} ms of ${held.length} ticks`,
    },
    {
      what: `99 of 100 wait less than ${LIMITS.heldMsP99} ms`,
      restsOn: "time",
      holds: isBelow(p99, LIMITS.heldMsP99),
      shown: `${fixed(p99)} ms`,
    },
    {
      what: "The slowest zone's tick p99 is within 10 % or 0.5 ms of a server that waits for nothing",
      restsOn: "time",
      holds: limit !== null && isBelow(kept, limit),
      shown: `${fixed(kept)} to ${fixed(none)} ms, ratio ${fixed(ratio(kept, none))}`,
    },
    {
      what: `The journal thread uses less than ${LIMITS.coresOfThread} of a core`,
      restsOn: "time",
      holds: isBelow(cores, LIMITS.coresOfThread),
      shown: `at most ${fixed(cores, 3)}`,
    },
  ];
}

/** The same with a disk that takes two seconds a commit: no tick is later than before, and health says what is wrong. */
async function onSlowDisk(flags: Flags): Promise<Check[]> {
  return await withServer("process", flags, async (server, order) => {
    await using control = await ControlClient.connect({ host: "127.0.0.1", port: server.ports.control });
    const playing = runJsonChild([
      "bench/lib/crowd-process.ts",
      JSON.stringify({ ...order, seconds: 3 * SLOW_SECONDS }),
    ]);
    await Bun.sleep((order.warmUpSeconds + SLOW_SECONDS) * 1_000);
    const slowMs = Date.now();
    await control.ask({ command: "activate", fault_id: "disk-slow", params: { delay_ms: SLOW_DISK_MS } });
    await Bun.sleep(SLOW_SECONDS * 1_000);
    const timeline = new Timeline();
    for await (const line of server.telemetry()) timeline.take(line);
    const health = assessHealth(timeline);
    const endMs = Date.now();
    await control.ask({ command: "deactivate", fault_id: "disk-slow" });
    await playing;
    const before = await readWindow(server.telemetry(), { fromMs: slowMs - SLOW_SECONDS * 1_000, toMs: slowMs });
    const during = await readWindow(server.telemetry(), { fromMs: slowMs, toMs: endMs });
    const p99 = ({ zones }: typeof before): Measured =>
      greatestOf([...zones.values()].map(({ durationMs }) => quantile(durationMs, 0.99)));
    const missed = ({ zones }: typeof before): number =>
      [...zones.values()].reduce((all, { missedTicks }) => all + (missedTicks ?? 0), 0);
    const limit = p99Max(p99(before));
    const more = difference(missed(during), missed(before));
    return [
      {
        what: `A disk that takes ${SLOW_DISK_MS} ms a commit delays no tick: p99 as before`,
        restsOn: "time",
        holds: limit !== null && isBelow(p99(during), limit),
        shown: `${fixed(p99(during))} after ${fixed(p99(before))} ms; ${fixed(more, 0)} more ticks given up`,
      },
      {
        what: "Health says critical, and why",
        holds:
          health.status === "critical" && health.reasons.some(({ text }) => text.startsWith("the journal of zone")),
        shown: health.reasons[0]?.text ?? health.status,
      },
    ];
  });
}

async function withServer<Result>(
  mode: Mode,
  flags: Flags,
  action: (server: Awaited<ReturnType<typeof startServerChild>>, order: CrowdOrder) => Promise<Result>,
): Promise<Result> {
  const { clients, zones, rate, seconds, warmUp: warmUpSeconds, seed } = flags;
  const folder = tempFolder("wowsim-durability-");
  try {
    const file = join(folder.path, "world.toml");
    writeFileSync(file, crowdWorld({ zones, players: clients, manner: "living" }).toml);
    await using server = await startServerChild({ world: file, seed, flags: ["--durability", mode] });
    const { game: port, control } = server.ports;
    const play = { zones, manner: "living", rate, warmUpSeconds, seconds, protocol: "binary", seed } as const;
    return await action(server, { port, control, serverPid: server.pid, count: clients, ...play });
  } finally {
    folder.remove();
  }
}
