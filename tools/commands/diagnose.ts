// wowsim diagnose: what is wrong with a server and what to do about it, from its telemetry alone.

import { Option } from "commander";
import type { Command } from "commander";
import type { TelemetryLine } from "../../server/telemetry/schema.ts";
import type { Diagnosis } from "../analysis/diagnosis.ts";
import type { FoundServer } from "../client/find-server.ts";
import { addFormatFlag, parseDurationMs } from "../ui/flags.ts";
import type { OutputFormat } from "../ui/flags.ts";
import { exitCodes } from "../ui/help.ts";
import { addServerFlags, serverBeside, withServer } from "../ui/server-flags.ts";
import type { ServerFlags } from "../ui/server-flags.ts";
import { interruptible, pause } from "../ui/interrupt.ts";
import { EXIT, fail, out, outJson } from "../ui/output.ts";
import { progressBar } from "../ui/progress.ts";

interface DiagnoseFlags extends ServerFlags {
  watchFor: number;
  file?: string;
  history?: boolean;
  format: OutputFormat;
}

const LOOK_MS = 200;

export function register(program: Command): void {
  const command = program
    .command("diagnose")
    .description("Name what is wrong with a server from its telemetry alone: cause, how sure, evidence, what to do.")
    .addOption(
      new Option("--watch-for <time>", "how long to listen to a running server")
        .argParser(parseDurationMs)
        .default(10_000, "10s"),
    )
    .option("--file <file>", "look at the end of a telemetry file instead; - is stdin")
    .addOption(new Option("--history", "with --file: everything that was wrong, from its begin to its end"))
    .addHelpText(
      "after",
      [
        "",
        "What began before it listens has no before to compare with; the file has:",
        "  wowsim diagnose --file .wowsim/telemetry.jsonl",
        "The causes it knows, and how sure it can be of each: docs/RUNBOOK.md",
        exitCodes({
          0: "nothing wrong was found",
          1: "something was",
          3: "no server answers",
          4: "the file can not be read",
        }),
      ].join("\n"),
    );
  addServerFlags(command, "diagnose");
  addFormatFlag(command).action((flags: DiagnoseFlags) => {
    if (flags.history === true && flags.file === undefined) {
      command.error("error: --history reads a file; say which with --file", { exitCode: EXIT.usage });
    }
    return diagnose(flags);
  });
}

async function diagnose(flags: DiagnoseFlags): Promise<void> {
  try {
    await interruptible(async (signal) => {
      if (flags.file === undefined)
        await withServer("diagnose", flags, (server) => diagnoseLive(flags, server, signal));
      else if (flags.history === true) await showHistory(flags.file, flags.format, signal);
      else await diagnoseFile(flags.file, flags, signal);
    });
  } catch (error) {
    fail(error);
  }
}

async function diagnoseLive(flags: DiagnoseFlags, server: FoundServer, signal: AbortSignal): Promise<void> {
  const [{ FeedClient }, analysis, { Timeline }] = await Promise.all([
    import("../client/feed-client.ts"),
    import("../analysis/diagnosis.ts"),
    import("../analysis/timeline.ts"),
  ]);
  const timeline = new Timeline();
  await using feed = await FeedClient.connect({
    host: server.host,
    port: server.ports.telemetry,
    token: server.token,
  });
  feed.onLine((line) => timeline.take(line));
  const bar = progressBar("listening");
  const startedMs = performance.now();
  let elapsedMs = 0;
  while (elapsedMs < flags.watchFor && (await pause(Math.min(LOOK_MS, flags.watchFor - elapsedMs), signal))) {
    elapsedMs = performance.now() - startedMs;
    const best = analysis.diagnose(timeline)[0];
    bar.update(elapsedMs / flags.watchFor, best === undefined ? "nothing yet" : best.cause);
  }
  bar.done();
  await show(analysis.diagnose(timeline), timeline.nowMs, flags.format, server);
}

async function diagnoseFile(file: string, flags: DiagnoseFlags, signal: AbortSignal): Promise<void> {
  const [{ readLines }, analysis, { Timeline }] = await Promise.all([
    import("../analysis/line-stream.ts"),
    import("../analysis/diagnosis.ts"),
    import("../analysis/timeline.ts"),
  ]);
  const timeline = new Timeline();
  await readLines(file, { onLine: (line) => timeline.take(line), signal });
  await show(analysis.diagnose(timeline), timeline.nowMs, flags.format, await serverBeside(file, flags));
  if (process.exitCode === EXIT.ok && flags.format === "text")
    out("That is the file's end; what was before: --history.");
}

async function showHistory(file: string, format: OutputFormat, signal: AbortSignal): Promise<void> {
  const [{ readLines }, { IncidentLog }, { Timeline }] = await Promise.all([
    import("../analysis/line-stream.ts"),
    import("../analysis/incident-log.ts"),
    import("../analysis/timeline.ts"),
  ]);
  const timeline = new Timeline();
  const log = new IncidentLog();
  const onLine = (line: TelemetryLine): void => {
    timeline.take(line);
    log.advance(timeline);
  };
  await readLines(file, { onLine, signal });
  process.exitCode = log.count === 0 ? EXIT.ok : EXIT.degraded;
  if (format === "json") {
    const { toWire } = await import("../ui/json.ts");
    outJson(toWire({ count: log.count, incidents: log.incidents }));
    return;
  }
  const { incidentLines } = await import("../ui/diagnosis-lines.ts");
  for (const line of incidentLines(log.incidents, log.count)) out(line);
}

async function show(
  found: readonly Diagnosis[],
  atMs: number,
  format: OutputFormat,
  server: FoundServer,
): Promise<void> {
  const { diagnosesLines, diagnosisAt } = await import("../ui/diagnosis-lines.ts");
  const diagnoses = found.map((diagnosis) => diagnosisAt(diagnosis, server));
  process.exitCode = diagnoses.length === 0 ? EXIT.ok : EXIT.degraded;
  if (format === "json") {
    const { toWire } = await import("../ui/json.ts");
    outJson(toWire({ atMs, diagnoses }));
    return;
  }
  for (const line of diagnosesLines(diagnoses)) out(line);
}
