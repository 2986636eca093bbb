// wowsim parse-logs: a telemetry file in a few numbers, of any size, in one pass and flat memory.

import { InvalidArgumentError } from "commander";
import type { Command } from "commander";
import { WowsimError } from "../../server/errors.ts";
import type { TelemetryLine } from "../../server/telemetry/schema.ts";
import type { AnomalyLog } from "../analysis/anomalies.ts";
import type { ReadLines } from "../analysis/line-stream.ts";
import type { LogReport } from "../analysis/log-summary.ts";
import { addFormatFlag, parseDurationMs } from "../ui/flags.ts";
import type { OutputFormat } from "../ui/flags.ts";
import { exitCodes } from "../ui/help.ts";
import { interruptible } from "../ui/interrupt.ts";
import { fail, out, outJson } from "../ui/output.ts";

interface ParseFlags {
  anomalies?: boolean;
  gameMechanics?: boolean;
  since?: Since;
  format: OutputFormat;
}

/** A moment, or so long before the end of the file. */
type Since = { atMs: number } | { beforeEndMs: number };

const STDIN = "-";

export function register(program: Command): void {
  const command = program
    .command("parse-logs")
    .argument("<file>", "a telemetry file; - is stdin")
    .description("Sum up a telemetry file: ticks, zones, players, errors; anomalies; casts and combat.")
    .option("--anomalies", "what stood out, second by second")
    .option("--game-mechanics", "cast success, GCD block rate, DPS, top damage dealers")
    .option("--since <time>", "only from then on: 2026-01-01T12:00:00Z, or 5m before the file's last line", parseSince)
    .addHelpText(
      "after",
      [
        "",
        "Older lines are in the rotated files beside it; give those first:",
        "  cat telemetry.1.jsonl telemetry.jsonl | wowsim parse-logs -",
        "What was wrong and what to do about it:",
        "  wowsim diagnose --file telemetry.jsonl --history",
        exitCodes({
          0: "read to its end (broken lines are counted)",
          4: "the file can not be read, or is no telemetry",
        }),
      ].join("\n"),
    );
  addFormatFlag(command).action(parseLogs);
}

async function parseLogs(file: string, flags: ParseFlags): Promise<void> {
  try {
    await interruptible((signal) => parse(file, flags, signal));
  } catch (error) {
    fail(error);
  }
}

async function parse(file: string, flags: ParseFlags, signal: AbortSignal): Promise<void> {
  const [{ lastTimeOf, readLines }, { LogSummary }, { AnomalyLog: Anomalies }, { Timeline }] = await Promise.all([
    import("../analysis/line-stream.ts"),
    import("../analysis/log-summary.ts"),
    import("../analysis/anomalies.ts"),
    import("../analysis/timeline.ts"),
  ]);
  const summary = new LogSummary();
  const timeline = new Timeline({ secondsMax: 60 });
  const anomalies = new Anomalies();
  const onLine = (line: TelemetryLine): void => {
    summary.take(line);
    if (flags.anomalies !== true) return;
    timeline.take(line);
    anomalies.advance(timeline);
  };
  const endMs = async (): Promise<number> => (file === STDIN ? Date.now() : lastTimeOf(file));
  const sinceMs = flags.since === undefined ? undefined : await resolveSince(flags.since, endMs);
  const read = await readLines(file, { onLine, sinceMs, signal });
  if (read.lines + read.before === 0 && read.broken > 0) {
    throw new WowsimError("no_telemetry", `None of its ${read.broken} lines is telemetry: is ${file} the right file?`);
  }
  await show(summary.report(), read, anomalies, flags);
}

async function show(report: LogReport, read: ReadLines, anomalies: AnomalyLog, flags: ParseFlags): Promise<void> {
  if (flags.format === "json") {
    const { toWire } = await import("../ui/json.ts");
    const found = flags.anomalies === true ? { anomalyCount: anomalies.count, anomalies: anomalies.anomalies } : {};
    outJson(toWire({ read, ...report, ...found }));
    return;
  }
  const [{ mechanicsLines, summaryLines }, { anomalyText }] = await Promise.all([
    import("../ui/log-lines.ts"),
    import("../ui/health-lines.ts"),
  ]);
  const notes = [
    read.broken > 0 ? `${read.broken} broken lines were skipped` : "",
    read.before > 0 ? `${read.before} lines of before were left out` : "",
  ].filter((note) => note !== "");
  for (const line of summaryLines(report)) out(line);
  if (notes.length > 0) out(`\n${notes.join("; ")}.`);
  if (flags.gameMechanics === true) for (const line of ["", ...mechanicsLines(report)]) out(line);
  if (flags.anomalies !== true) return;
  out(anomalies.count === 0 ? "\nNothing stood out." : `\n${anomalies.count} anomalies:`);
  for (const anomaly of anomalies.anomalies) out(`  ${anomalyText(anomaly)}`);
  const more = anomalies.count - anomalies.anomalies.length;
  if (more > 0) out(`  and ${more} more`);
}

function parseSince(text: string): Since {
  if (/^\d+(\.\d+)?(ms|s|m|h)$/.test(text)) return { beforeEndMs: parseDurationMs(text) };
  const atMs = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(atMs)) throw new InvalidArgumentError("Give a time such as 2026-01-01T12:00:00Z, or 5m, 30s, 1h.");
  return { atMs };
}

async function resolveSince(since: Since, endMs: () => Promise<number>): Promise<number | undefined> {
  if ("atMs" in since) return since.atMs;
  const end = await endMs();
  return Number.isNaN(end) ? undefined : end - since.beforeEndMs;
}
