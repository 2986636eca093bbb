// wowsim benchmark: measures the server under one load after another, whether each is within limits, and the largest that is.

import { availableParallelism, cpus } from "node:os";
import { InvalidArgumentError, Option } from "commander";
import type { Command } from "commander";
import { messageOf, WowsimError } from "../../server/protocol/errors.ts";
import type { BenchmarkReport } from "../benchmark/report.ts";
import type { JudgedStep, Limits } from "../benchmark/result.ts";
import type { Target } from "../benchmark/step.ts";
import type { FoundServer } from "../client/find-server.ts";
import type { Protocol } from "../client/wire.ts";
import { durationFrom, parseInteger, parseNumber } from "../ui/flags.ts";
import { exitCodes } from "../ui/help.ts";
import { addServerFlags, pasteable, serverOf } from "../client/server-flags.ts";
import type { ServerFlags } from "../client/server-flags.ts";
import { interruptible } from "../ui/interrupt.ts";
import { EXIT, fail, note, out } from "../ui/output.ts";
import { progressBar } from "../ui/progress.ts";

interface BenchmarkFlags extends ServerFlags {
  counts: number[];
  duration: number;
  rate: number;
  protocol: Protocol;
  maxAvgTick: number;
  maxP99Tick: number;
  maxOverrunPct: number;
  findMax?: boolean;
  attach?: boolean;
  world?: string;
  workers?: number;
  seed: number;
  format: "text" | "json" | "markdown" | "html";
  out?: string;
}

const CLIENTS_MAX = 10_000;

export function register(program: Command): void {
  const command = program
    .command("benchmark")
    .description("Measure the server under one load after another, and judge each by limits.")
    .addOption(
      new Option("--counts <list>", "how many players, one step each")
        .argParser(parseCounts)
        .default([0, 50, 200, 1_000], "0,50,200,1000"),
    )
    .addOption(new Option("--duration <time>", "how long each is measured").argParser(parseSeconds).default(10, "10s"))
    .option("--rate <n>", "actions a second of each player", parseNumber(0.01, 90), 2)
    .addOption(new Option("--protocol <name>", "what the players speak").choices(["json", "binary"]).default("json"))
    .option("--max-avg-tick <ms>", "limit of the average tick", parseNumber(0, 60_000), 50)
    .option("--max-p99-tick <ms>", "limit of the tick's 99th percentile", parseNumber(0, 60_000), 100)
    .option("--max-overrun-pct <n>", "limit of ticks that overrun their interval, percent", parseNumber(0, 100), 5)
    .option("--find-max", "go on to find the largest load that holds")
    .option("--world <file>", "world file of the server it starts")
    .option("--workers <n>", "zone workers of the server it starts", parseInteger(1, 64))
    .option("--seed <n>", "seed of server and players", parseInteger(0, 0xffff_ffff), 1)
    .option("--attach", "measure a running server; --server implies it");
  addServerFlags(command, "benchmark")
    .addOption(
      new Option("--format <format>", "of the report").choices(["text", "json", "markdown", "html"]).default("text"),
    )
    .option("--out <file>", "write the report to this file; its conclusion is still printed")
    .addHelpText(
      "after",
      [
        "",
        "It starts a server of its own, and for each step players in a process of",
        "their own. How to read the figures: docs/BENCHMARK.md",
        exitCodes({
          0: "every step holds; with --find-max, some load does",
          1: "a step does not hold, or could not be measured",
          3: "no server answers",
          4: "there is no such world file",
          130: "interrupted",
        }),
      ].join("\n"),
    )
    .action(benchmark);
}

function parseCounts(text: string): number[] {
  const counts = text.split(",").map((part) => (/^\d+$/.test(part.trim()) ? Number(part) : Number.NaN));
  if (counts.every((count) => count >= 0 && count <= CLIENTS_MAX)) return counts;
  throw new InvalidArgumentError(`Give whole numbers up to ${CLIENTS_MAX} with commas between, such as 0,50,200.`);
}

const parseSeconds = (text: string): number =>
  durationFrom("1s", "1h", "Below about 5s the percentiles mean little.")(text) / 1_000;

async function benchmark(flags: BenchmarkFlags): Promise<void> {
  await interruptible(async (signal) => {
    try {
      await using opened = await open(flags);
      const report = await measure(flags, opened, signal);
      await deliver(flags, report);
      if (!report.pass) process.exitCode = EXIT.degraded;
    } catch (error) {
      if (signal.aborted) return fail("interrupted", EXIT.interrupted);
      fail(error);
    }
  });
}

/** The running server to measure; null when the benchmark starts its own. */
async function attachedTo(flags: BenchmarkFlags): Promise<FoundServer | null> {
  return flags.attach === true || flags.server !== undefined ? await serverOf("benchmark", flags) : null;
}

/** The server to measure, and the cleanup afterwards. */
async function open(flags: BenchmarkFlags): Promise<{ target: Target; command: string } & AsyncDisposable> {
  const { FeedClient } = await import("../client/feed-client.ts");
  const { ServerProcess } = await import("../client/server-process.ts");
  const { world, workers, seed } = flags;
  const found = await attachedTo(flags);
  if (found !== null) {
    const { host, ports, token, playerToken } = found;
    const feed = await FeedClient.connect({ host, port: ports.telemetry, token });
    const target = { host, port: ports.game, feed, ...(playerToken === undefined ? {} : { token: playerToken }) };
    const command = pasteable(commandOf(flags), found);
    return { target, command, [Symbol.asyncDispose]: async () => feed.close() };
  }
  const own = ["--seed", String(seed)];
  if (world !== undefined) own.push("--world", world);
  if (workers !== undefined) own.push("--workers", String(workers));
  const server = await ServerProcess.start(own);
  const feed = await FeedClient.connect({ host: "127.0.0.1", port: server.ports.telemetry });
  return {
    target: { host: "127.0.0.1", port: server.ports.game, feed },
    command: commandOf(flags),
    [Symbol.asyncDispose]: async () => {
      feed.close();
      await server.stop();
    },
  };
}

async function measure(
  flags: BenchmarkFlags,
  { target, command }: { target: Target; command: string },
  signal: AbortSignal,
): Promise<BenchmarkReport> {
  const { judge } = await import("../benchmark/result.ts");
  const { runStep } = await import("../benchmark/step.ts");
  const { findMax } = await import("../benchmark/find-max.ts");
  const limits: Limits = {
    avgTickMs: flags.maxAvgTick,
    p99TickMs: flags.maxP99Tick,
    overrunPct: flags.maxOverrunPct,
  };
  const startedAt = new Date();
  const steps: JudgedStep[] = [];
  const bar = progressBar("benchmark");
  const run = async (clients: number): Promise<boolean> => {
    bar.update(steps.length / (steps.length + 1), `step ${steps.length + 1}: ${clients} players`);
    const { duration: seconds, rate, protocol, seed } = flags;
    const step = await runStep({ target, clients, seconds, rate, protocol, seed, signal });
    steps.push({ ...step, verdict: judge(step, limits) });
    return steps.at(-1)?.verdict.holds ?? false;
  };
  try {
    for (const clients of flags.counts) await run(clients);
    const max = flags.findMax === true ? await findMax(known(steps), run) : null;
    return {
      command,
      started_at: startedAt.toISOString(),
      machine: `${availableParallelism()} × ${cpus()[0]?.model ?? "unknown processor"}, ${process.platform}, Bun ${Bun.version}`,
      limits,
      steps,
      max_clients: max,
      pass: max === null ? steps.every(({ verdict }) => verdict.holds) : max > 0,
    };
  } finally {
    bar.done();
  }
}

/** What the steps so far show about the largest load. */
function known(steps: readonly JudgedStep[]): { held: number; failed: number | null; countMax: number } {
  const counts = (holds: boolean): number[] =>
    steps.filter(({ verdict }) => verdict.holds === holds).map(({ clients }) => clients);
  const failed = counts(false).length === 0 ? null : Math.min(...counts(false));
  // A load that held above one that failed is luck.
  const held = Math.max(0, ...counts(true).filter((count) => failed === null || count < failed));
  return { held, failed, countMax: CLIENTS_MAX };
}

async function deliver({ format, out: file }: BenchmarkFlags, report: BenchmarkReport): Promise<void> {
  const { conclusionOf, markdownReport, textReport } = await import("../benchmark/report.ts");
  const write = {
    text: async () => textReport(report).join("\n"),
    markdown: async () => markdownReport(report).join("\n"),
    json: async () => JSON.stringify(report),
    html: async () => (await import("../benchmark/report-html.ts")).htmlReport(report),
  };
  const text = await write[format]();
  if (file === undefined) return out(text);
  try {
    await Bun.write(file, `${text}\n`);
  } catch (cause) {
    const message = `${file} can not be written (${messageOf(cause)}); choose another with --out.`;
    throw new WowsimError("report_file", message, { cause });
  }
  for (const line of conclusionOf(report)) out(line);
  note(`the report is in ${file}`);
}

function commandOf({
  counts,
  duration,
  rate,
  protocol,
  findMax,
  attach,
  world,
  workers,
  seed,
}: BenchmarkFlags): string {
  const flags = [
    `--counts ${counts.join(",")}`,
    `--duration ${duration}s`,
    `--rate ${rate}`,
    `--protocol ${protocol}`,
    `--seed ${seed}`,
    findMax === true ? "--find-max" : "",
    attach === true ? "--attach" : "",
    world === undefined ? "" : `--world ${world}`,
    workers === undefined ? "" : `--workers ${workers}`,
  ];
  return `wowsim benchmark ${flags.filter((flag) => flag !== "").join(" ")}`;
}
