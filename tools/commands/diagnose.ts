// wowsim diagnose: a server's problems and how to solve them, from its telemetry alone.

import { Option } from "commander";
import type { Command } from "commander";
import { WowsimError } from "../../server/protocol/errors.ts";
import type { Diagnosis } from "../analysis/diagnosis.ts";
import type { Measured } from "../analysis/measured.ts";
import type { FoundServer } from "../client/find-server.ts";
import type { LiveTelemetry } from "../client/live-telemetry.ts";
import { shellWord } from "../client/server-name.ts";
import { addFormatFlag, durationFrom, parsePort } from "../ui/flags.ts";
import type { OutputFormat } from "../ui/flags.ts";
import { exitCodes } from "../ui/help.ts";
import { addServerFlags, serverBeside, withServer } from "../client/server-flags.ts";
import type { ServerFlags } from "../client/server-flags.ts";
import { interruptible } from "../ui/interrupt.ts";
import { pause } from "../ui/sleep.ts";
import { EXIT, fail, note, out, outJson } from "../ui/output.ts";
import { progressBar } from "../ui/progress.ts";

interface DiagnoseFlags extends ServerFlags {
  watchFor: number;
  watch?: boolean;
  file?: string;
  history?: boolean;
  format: OutputFormat;
}

const LOOK_MS = 200;
const SECOND_MS = 1_000;
/** A working server's telemetry never pauses for so long. */
const SILENT_MS_MAX = 2_000;
const parseWatchFor = durationFrom("2s", "24h", "A shorter time is too short to tell one cause from another.");

export function register(program: Command): void {
  const command = program
    .command("diagnose")
    .description("Find a server's problems from its telemetry alone: cause, confidence, evidence, advice.")
    .addOption(
      new Option("--watch-for <time>", "how long to listen to a running server")
        .argParser(parseWatchFor)
        .default(10_000, "10s"),
    )
    // The name of this flag in `wowsim health`.
    .addOption(new Option("--for <time>", "the same as --watch-for").argParser(parseWatchFor).hideHelp())
    .addOption(
      new Option("--watch", "go on until Ctrl-C; report each problem when it begins and when it ends").conflicts([
        "file",
        "history",
        "watchFor",
      ]),
    )
    .option("--file <file>", "look at the end of a telemetry file instead; - is stdin")
    .addOption(new Option("--history", "with --file: all problems of the whole file"))
    .addHelpText(
      "after",
      [
        "",
        "It only covers the time while it listens. The telemetry file has earlier times:",
        "  wowsim diagnose --file .wowsim/telemetry.jsonl",
        "The causes it knows, and its confidence in each: docs/RUNBOOK.md",
        exitCodes({
          0: "no problem was found (with --watch: at the last check)",
          1: "a problem was found",
          3: "no server answers, or its telemetry has ended",
          4: "nothing to look at: no such file, no telemetry in it, or no tick",
        }),
      ].join("\n"),
    );
  command.on("option:for", (time: string) => {
    command.setOptionValueWithSource("watchFor", parseWatchFor(time), "cli");
  });
  addServerFlags(command, "diagnose");
  // The HTTP port is not required, so it is not used where it is not known.
  command.addOption(new Option("--http-port <n>", "its HTTP port, for the server's own status").argParser(parsePort));
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
        await withServer("diagnose", flags, (server) =>
          flags.watch === true ? watch(flags, server, signal) : diagnoseLive(flags, server, signal),
        );
      else if (flags.history === true) await showHistory(flags.file, flags.format, signal);
      else await diagnoseFile(flags.file, flags, signal);
    });
  } catch (error) {
    fail(error);
  }
}

/** When only the telemetry port of a server was given, its HTTP port is not known. */
const placeOf = ({ host, ports, told, token }: FoundServer) => ({
  host,
  telemetryPort: ports.telemetry,
  httpPort: told.telemetry === undefined || told.http !== undefined ? ports.http : null,
  token,
});

/** Listens to telemetry, and fetches the server's own status over HTTP. Throws when there is no telemetry. */
async function listenTo(server: FoundServer): Promise<LiveTelemetry> {
  const { LiveTelemetry: Live } = await import("../client/live-telemetry.ts");
  const live = await Live.open(placeOf(server));
  if (live.feedError === null) return live;
  await live[Symbol.asyncDispose]();
  throw live.feedError;
}

async function diagnoseLive(flags: DiagnoseFlags, server: FoundServer, signal: AbortSignal): Promise<void> {
  await using live = await listenTo(server);
  const bar = progressBar("listening");
  const startedMs = performance.now();
  let elapsedMs = 0;
  while (elapsedMs < flags.watchFor && (await pause(Math.min(LOOK_MS, flags.watchFor - elapsedMs), signal))) {
    elapsedMs = performance.now() - startedMs;
    const best = live.diagnoses()[0];
    bar.update(elapsedMs / flags.watchFor, best === undefined ? "nothing yet" : best.cause);
  }
  bar.done();
  await live.refresh();
  if (live.silentMs > SILENT_MS_MAX) throw silent(live.silentMs);
  await show(live.diagnoses(), live.timeline.nowMs, flags.format, server);
}

/** The server has stopped sending: that says nothing about its health. */
function silent(ms: number): WowsimError {
  const message = `The telemetry feed has been silent for ${Math.round(ms / SECOND_MS)} s: the server is gone, or stands still as a whole.`;
  return new WowsimError("feed_silent", message);
}

/** Prints only changes, until the signal; the exit code is that of the last check. */
async function watch({ format }: DiagnoseFlags, server: FoundServer, signal: AbortSignal): Promise<void> {
  const [{ DiagnosisWatch }, lines, { toWire }] = await Promise.all([
    import("../analysis/diagnosis-watch.ts"),
    import("../report/diagnosis-lines.ts"),
    import("../ui/json.ts"),
  ]);
  await using live = await listenTo(server);
  const changes = new DiagnosisWatch();
  let isSilent = false;
  note("watching: each problem is reported when it begins and when it ends. Ctrl-C stops.");
  let askedMs = performance.now();
  while (await pause(LOOK_MS, signal)) {
    if (performance.now() - askedMs >= SECOND_MS) {
      await live.refresh();
      askedMs = performance.now();
    }
    const wasSilent = isSilent;
    isSilent = live.silentMs > SILENT_MS_MAX;
    if (isSilent && !wasSilent) note(silent(live.silentMs).message);
    else if (wasSilent && !isSilent) note("The server speaks again.");
    const { nowMs } = live.timeline;
    for (const change of nowMs === null ? [] : changes.look(live.diagnoses(), nowMs)) {
      const told = { ...change, diagnosis: lines.diagnosisAt(change.diagnosis, server) };
      if (format === "json") outJson(toWire(told));
      else for (const line of lines.changeLines(told)) out(line);
    }
    const verdict = changes.now.length === 0 ? EXIT.ok : EXIT.degraded;
    process.exitCode = isSilent ? EXIT.unreachable : verdict;
  }
}

async function diagnoseFile(file: string, flags: DiagnoseFlags, signal: AbortSignal): Promise<void> {
  const [{ readTimeline }, analysis] = await Promise.all([
    import("../analysis/read-timeline.ts"),
    import("../analysis/diagnosis.ts"),
  ]);
  const timeline = await readTimeline(file, { signal });
  await show(analysis.diagnose(timeline), timeline.nowMs, flags.format, await serverBeside(file, flags));
  if (process.exitCode === EXIT.ok && flags.format === "text")
    out(`This is about the end of the file. For all of it: wowsim diagnose --file ${shellWord(file)} --history`);
}

async function showHistory(file: string, format: OutputFormat, signal: AbortSignal): Promise<void> {
  const [{ readTimeline }, { IncidentLog }] = await Promise.all([
    import("../analysis/read-timeline.ts"),
    import("../analysis/incident-log.ts"),
  ]);
  const log = new IncidentLog();
  await readTimeline(file, { signal, onLine: (timeline) => log.advance(timeline) });
  process.exitCode = log.count === 0 ? EXIT.ok : EXIT.degraded;
  if (format === "json") {
    const { toWire } = await import("../ui/json.ts");
    outJson(toWire({ count: log.count, incidents: log.incidents }));
    return;
  }
  const { incidentLines } = await import("../report/diagnosis-lines.ts");
  for (const line of incidentLines(log.incidents, log.count)) out(line);
}

async function show(
  found: readonly Diagnosis[],
  atMs: Measured,
  format: OutputFormat,
  server: FoundServer,
): Promise<void> {
  const { diagnosesLines, diagnosisAt } = await import("../report/diagnosis-lines.ts");
  const diagnoses = found.map((diagnosis) => diagnosisAt(diagnosis, server));
  process.exitCode = diagnoses.length === 0 ? EXIT.ok : EXIT.degraded;
  if (format === "json") {
    const { toWire } = await import("../ui/json.ts");
    outJson(toWire({ atMs, diagnoses }));
    return;
  }
  for (const line of diagnosesLines(diagnoses)) out(line);
}
