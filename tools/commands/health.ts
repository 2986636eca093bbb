// wowsim health: a server's health, from its telemetry and its HTTP port, or from a telemetry file.

import { Option } from "commander";
import type { Command } from "commander";
import type { FoundServer } from "../client/find-server.ts";
import type { HealthReport } from "../analysis/health-report.ts";
import { addFormatFlag, durationFrom } from "../ui/flags.ts";
import type { OutputFormat } from "../ui/flags.ts";
import { exitCodes } from "../ui/help.ts";
import { addServerFlags, serverOf, withServer } from "../client/server-flags.ts";
import type { ServerFlags } from "../client/server-flags.ts";
import { interruptible } from "../ui/interrupt.ts";
import { pause } from "../ui/sleep.ts";
import { EXIT, fail, isTerminal, out, outJson } from "../ui/output.ts";

interface HealthFlags extends ServerFlags {
  for: number;
  watch?: boolean;
  file?: string;
  format: OutputFormat;
}

const EXIT_OF = { healthy: EXIT.ok, degraded: EXIT.degraded, critical: EXIT.critical } as const;
const SECOND_MS = 1_000;
const parseFor = durationFrom("2s", "24h", "A shorter time is too short to measure the tick rate.");

export function register(program: Command): void {
  const command = program
    .command("health")
    .description("Report a server's health (healthy, degraded or critical) with reasons, zones and anomalies.")
    .addOption(new Option("--for <time>", "how long to listen before judging").argParser(parseFor).default(3_000, "3s"))
    .addOption(
      new Option("--watch", "go on until Ctrl-C: redraws on a terminal, a line a second in a pipe").conflicts("file"),
    )
    .option("--file <file>", "judge the end of a telemetry file instead of a running server; - is stdin")
    .addHelpText(
      "after",
      "\nCauses and advice: wowsim diagnose\n" +
        exitCodes({
          0: "healthy",
          1: "degraded",
          2: "critical",
          3: "no server answers",
          4: "nothing to look at: no such file, no telemetry in it, or no tick",
        }),
    );
  addServerFlags(command, "health");
  addFormatFlag(command).action(health);
}

async function health(flags: HealthFlags): Promise<void> {
  try {
    await interruptible(async (signal) => {
      if (flags.file !== undefined) await judgeFile(flags.file, flags.format, signal);
      else if (flags.watch === true) await watch(flags, signal);
      else await judge(flags, signal);
    });
  } catch (error) {
    fail(error);
  }
}

async function judge(flags: HealthFlags, signal: AbortSignal): Promise<void> {
  const { LiveTelemetry } = await import("../client/live-telemetry.ts");
  await withServer("health", flags, async (server) => {
    await using live = await LiveTelemetry.open(feedOf(server));
    await pause(flags.for, signal);
    await live.refresh();
    await show(live.health(), flags.format);
  });
}

const feedOf = ({ host, ports: { http: httpPort, telemetry: telemetryPort }, token }: FoundServer) => ({
  host,
  token,
  httpPort,
  telemetryPort,
});

async function judgeFile(file: string, format: OutputFormat, signal: AbortSignal): Promise<void> {
  const [{ readTimeline }, { assessHealth }] = await Promise.all([
    import("../analysis/read-timeline.ts"),
    import("../analysis/health.ts"),
  ]);
  const timeline = await readTimeline(file, { signal });
  await show(assessHealth(timeline), format);
}

/** Runs until the signal; the exit code is that of the last check. */
async function watch(flags: HealthFlags, signal: AbortSignal): Promise<void> {
  const [{ LiveTelemetry }, { Screen }, { healthLine, healthLines }, { toWire }] = await Promise.all([
    import("../client/live-telemetry.ts"),
    import("../ui/screen.ts"),
    import("../report/health-lines.ts"),
    import("../ui/json.ts"),
  ]);
  const server = await serverOf("health", flags);
  await using live = await LiveTelemetry.open(feedOf(server));
  using screen = new Screen();
  const isDrawn = flags.format === "text" && isTerminal();
  while (await pause(SECOND_MS, signal)) {
    await live.refresh();
    const report = live.health();
    process.exitCode = live.isReachable ? EXIT_OF[report.status] : EXIT.unreachable;
    if (flags.format === "json") outJson(toWire(report));
    else if (isDrawn) screen.draw([...healthLines(report), "", "Ctrl-C ends."]);
    else out(healthLine(report));
  }
}

async function show(report: HealthReport, format: OutputFormat): Promise<void> {
  process.exitCode = EXIT_OF[report.status];
  if (format === "json") {
    const { toWire } = await import("../ui/json.ts");
    outJson(toWire(report));
    return;
  }
  const { healthLines } = await import("../report/health-lines.ts");
  for (const line of healthLines(report)) out(line);
}
