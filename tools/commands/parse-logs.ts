// wowsim parse-logs: summarizes telemetry files of any size, in one pass and constant memory.

import { InvalidArgumentError, Option } from "commander";
import type { Command } from "commander";
import { WowsimError } from "../../server/protocol/errors.ts";
import type { TelemetryLine, TelemetryType } from "../../server/protocol/telemetry-line.ts";
import type { AnomalyLog } from "../analysis/anomalies.ts";
import type { LineFilter, LineWishes } from "../analysis/line-filter.ts";
import type { ReadLines } from "../analysis/line-stream.ts";
import type { LogReport } from "../analysis/log-summary.ts";
import { addFormatFlag, durationFrom } from "../ui/flags.ts";
import type { OutputFormat } from "../ui/flags.ts";
import { exitCodes } from "../ui/help.ts";
import { interruptible } from "../ui/interrupt.ts";
import { fail, out, outJson } from "../ui/output.ts";

interface ParseFlags extends LineWishes {
  anomalies?: boolean;
  gameMechanics?: boolean;
  since?: Since;
  format: OutputFormat;
}

/** A point in time, or a time before the end of the file. */
type Since = { atMs: number } | { beforeEndMs: number };

const STDIN = "-";
const TELEMETRY_TYPES: readonly TelemetryType[] = ["metric", "event", "health", "error"];
/** The longest time before the end of a file; a file may cover years. */
const parseBack = durationFrom("0s", "87600h");

export function register(program: Command): void {
  const command = program
    .command("parse-logs")
    .argument("<file...>", "telemetry files, several as one by the time of their lines; - is stdin")
    .description("Sum up telemetry files: ticks, zones, players, errors; anomalies; casts and combat.")
    .option("--anomalies", "anomalies, second by second")
    .option("--game-mechanics", "cast success, GCD block rate, DPS, top damage dealers")
    .option(
      "--since <time>",
      "only lines from this time on: 2026-01-01T12:00:00Z, or 5m before the file's last line",
      parseSince,
    )
    .addOption(new Option("--type <type>", "only lines of this type").choices(TELEMETRY_TYPES))
    .option("--component <name>", "only lines of this component: zone, game_server, spellcast, ...")
    .option("--message <text>", "only lines whose message contains this; case does not matter")
    .addHelpText(
      "after",
      [
        "",
        "With several filters, a line must pass all of them; the newest such lines are",
        "shown. Anomalies are computed from all lines. The errors of zones, of the last",
        "five minutes:",
        "  wowsim parse-logs telemetry.jsonl --type error --component zone --since 5m",
        "Older lines are in the rotated files beside it; each process of a cluster has",
        "files of its own:",
        "  wowsim parse-logs telemetry.1.jsonl telemetry.jsonl",
        "  wowsim parse-logs .wowsim/cluster/hosts/*/telemetry.jsonl",
        "Problems and advice:",
        "  wowsim diagnose --file telemetry.jsonl --history",
        exitCodes({
          0: "read to its end (broken lines are counted)",
          4: "nothing to look at: no such file, no telemetry, no tick, no line passes",
        }),
      ].join("\n"),
    );
  addFormatFlag(command).action(parseLogs);
}

async function parseLogs(files: string[], flags: ParseFlags): Promise<void> {
  try {
    await interruptible((signal) => parse(files, flags, signal));
  } catch (error) {
    fail(error);
  }
}

async function parse(files: readonly string[], flags: ParseFlags, signal: AbortSignal): Promise<void> {
  const [{ lastTimeOf }, { readMerged }, { LogSummary }, { AnomalyLog: Anomalies }, { Timeline }, nothing, lineFilter] =
    await Promise.all([
      import("../analysis/line-stream.ts"),
      import("../analysis/merged-lines.ts"),
      import("../analysis/log-summary.ts"),
      import("../analysis/anomalies.ts"),
      import("../analysis/timeline.ts"),
      import("../analysis/nothing.ts"),
      import("../analysis/line-filter.ts"),
    ]);
  const { type, component, message } = flags;
  const filter = new lineFilter.LineFilter({ type, component, message });
  const summary = new LogSummary({ spellNames: await spellNames() });
  const timeline = new Timeline({ secondsMax: 60 });
  const anomalies = new Anomalies();
  const onLine = (line: TelemetryLine): void => {
    if (filter.wants(line)) summary.take(line);
    if (flags.anomalies !== true) return;
    timeline.take(line);
    anomalies.advance(timeline);
  };
  const endMs = async (): Promise<number> => {
    if (files.includes(STDIN)) return Date.now();
    return greatest(await Promise.all(files.map(lastTimeOf)));
  };
  const sinceMs = flags.since === undefined ? undefined : await resolveSince(flags.since, endMs);
  const { total: read, files: each } = await readMerged(files, { onLine, sinceMs, signal });
  for (const one of each) await nothing.assertTelemetry(one.path, one.read);
  const report = summary.report((kind) => filter.wantsKind(kind));
  if (report.lines === 0) throw new WowsimError("no_telemetry", nonePasses(read, filter));
  await show({ report, read, anomalies, filter }, flags);
  if (!filter.isPicky && report.zones?.every(({ ticks }) => ticks === 0) === true)
    throw nothing.noTicks(files.join(", "), report.lines);
}

/** NaN when none is a number. */
function greatest(numbers: readonly number[]): number {
  const known = numbers.filter((number) => !Number.isNaN(number));
  return known.length === 0 ? Number.NaN : Math.max(...known);
}

function nonePasses(read: ReadLines, filter: LineFilter): string {
  const before = read.before === 0 ? "" : `; ${read.before} are from before --since`;
  if (!filter.isPicky) return `No line is left to look at${before}.`;
  return `None of ${filter.lines} lines passes the filter (${filter})${before}; without it, MOST LINES shows what there is.`;
}

/** Spell names by number, from the content of this version. */
async function spellNames(): Promise<ReadonlyMap<number, string>> {
  const { loadContent } = await import("../../server/protocol/content/load.ts");
  return new Map(loadContent().spells.map(({ id, name }) => [id, name]));
}

interface Parsed {
  report: LogReport;
  read: ReadLines;
  anomalies: AnomalyLog;
  filter: LineFilter;
}

async function show({ report, read, anomalies, filter }: Parsed, flags: ParseFlags): Promise<void> {
  if (flags.format === "json") {
    const { toWire } = await import("../ui/json.ts");
    const found = flags.anomalies === true ? { anomalyCount: anomalies.count, anomalies: anomalies.anomalies } : {};
    const picked = filter.isPicky ? { linesFilteredOut: filter.unwanted } : {};
    const newest = filter.isPicky ? { newest: filter.newest } : {};
    // Lines are printed unchanged: their field names are already those of the wire.
    outJson({ ...Object(toWire({ read, ...report, ...found, ...picked })), ...newest });
    return;
  }
  const [{ lineText, mechanicsLines, summaryLines }, { anomalyText }] = await Promise.all([
    import("../report/log-lines.ts"),
    import("../report/health-lines.ts"),
  ]);
  const notes = [
    read.broken > 0 ? `${read.broken} broken lines were skipped` : "",
    read.before > 0 ? `${read.before} lines from before --since were left out` : "",
    filter.isPicky ? `${filter.unwanted} lines did not pass the filter (${filter})` : "",
  ].filter((note) => note !== "");
  for (const line of summaryLines(report)) out(line);
  if (notes.length > 0) out(`\n${notes.join("; ")}.`);
  if (filter.isPicky) for (const line of ["", "The newest of them:", ...filter.newest.map(lineText)]) out(line);
  if (flags.gameMechanics === true) for (const line of ["", ...mechanicsLines(report)]) out(line);
  if (flags.anomalies !== true) return;
  out(anomalies.count === 0 ? "\nNo anomalies." : `\n${anomalies.count} anomalies:`);
  for (const anomaly of anomalies.anomalies) out(`  ${anomalyText(anomaly)}`);
  const more = anomalies.count - anomalies.anomalies.length;
  if (more > 0) out(`  and ${more} more`);
}

function parseSince(text: string): Since {
  if (/^\d+(\.\d+)?(ms|s|m|h)$/.test(text)) return { beforeEndMs: parseBack(text) };
  const atMs = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(atMs)) throw new InvalidArgumentError("Give a time such as 2026-01-01T12:00:00Z, or 5m, 30s, 1h.");
  return { atMs };
}

async function resolveSince(since: Since, endMs: () => Promise<number>): Promise<number | undefined> {
  if ("atMs" in since) return since.atMs;
  const end = await endMs();
  return Number.isNaN(end) ? undefined : end - since.beforeEndMs;
}
