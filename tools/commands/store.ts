// wowsim store: looks at a world's journal, checks it, makes it smaller, takes a part of it along.
//
//   wowsim store status
//   wowsim store export --zone 1 --last 10m
//
// All but compact work while a server writes to it.

import { Option } from "commander";
import type { Command } from "commander";
import { WowsimError } from "../../server/protocol/errors.ts";
import type { ServerProgram } from "../../server/protocol/server-options.ts";
import type { ExportWish, OnProgress, StoreTools } from "../../server/protocol/store-tools.ts";
import { addFormatFlag, durationFrom, parseInteger } from "../ui/flags.ts";
import type { OutputFormat } from "../ui/flags.ts";
import { exitCodes } from "../ui/help.ts";
import { EXIT, fail, out, outJson } from "../ui/output.ts";
import { progressBar } from "../ui/progress.ts";

interface StoreFlags {
  dataDir: string;
  format: OutputFormat;
}

interface CompactFlags extends StoreFlags {
  journalHours?: number;
  journalMegabytes?: number;
}

interface ExportFlags extends StoreFlags {
  zone: number;
  last?: number;
  from?: number;
  to?: number;
  out?: string;
}

const BYTES_PER_MB = 2 ** 20;
const MS_PER_HOUR = 3_600_000;
const ZONE_MAX = 65_535;
const parseTick = parseInteger(0, Number.MAX_SAFE_INTEGER);
const parseTime = durationFrom("1s", "8760h");
const NO_JOURNAL = "there is no journal";

export function register(program: Command, { store }: ServerProgram): void {
  const command = program
    .command("store")
    .description("Look at a world's journal, check it, make it smaller, take a part of it along.")
    .addHelpText("after", "\nWhat is in it, how safe it is, and what damage costs: docs/JOURNAL.md");
  add(command, "status", "Show what the journal has: size, zones, facts, events, times without durability.")
    .addHelpText(
      "after",
      exitCodes({ 0: "nothing wrong was seen", 1: "something is damaged or missing", 4: NO_JOURNAL }),
    )
    .action((flags: StoreFlags) => run(() => status(flags, store)));
  add(command, "verify", "Read every row of the journal, and say what is damaged and what a start would lose.")
    .addHelpText("after", exitCodes({ 0: "all is good", 1: "something is damaged or missing", 4: NO_JOURNAL }))
    .action((flags: StoreFlags) => run(() => verify(flags, store)));
  add(command, "compact", "Delete old history and write the journal anew; no server may be running.")
    .option("--journal-hours <n>", "how much of the past is kept; default: 24", parseInteger(1, 8_760))
    .option("--journal-megabytes <n>", "size above which more is deleted; default: 2048", parseInteger(1, 1_048_576))
    .addHelpText(
      "after",
      exitCodes({
        0: "done",
        1: "a server has the folder, or the journal is damaged (it is unchanged)",
        4: NO_JOURNAL,
      }),
    )
    .action((flags: CompactFlags) => run(() => compact(flags, store)));
  registerExport(command, store);
}

function registerExport(command: Command, store: StoreTools): void {
  add(command, "export", "Write a part of one zone's history to a small file that wowsim replay opens anywhere.")
    .requiredOption("--zone <n>", "the zone", parseInteger(1, ZONE_MAX))
    .addOption(
      new Option("--last <time>", "the time before the newest tick").argParser(parseTime).conflicts(["from", "to"]),
    )
    .option("--from <tick>", "the first tick; default: the oldest", parseTick)
    .option("--to <tick>", "the last tick; default: the newest", parseTick)
    .option("--out <file>", "the file to write; default: zone-N-TICK.wowrec")
    .addHelpText(
      "after",
      [
        "",
        "Sessions and characters are left out, since they contain secrets.",
        exitCodes({
          0: "written",
          1: "it could not be written, or the file is there already",
          4: "there is no journal, or no such ticks in it",
        }),
      ].join("\n"),
    )
    .action((flags: ExportFlags) => run(() => exportTo(flags, store)));
}

function add(parent: Command, name: string, description: string): Command {
  const command = parent.command(name).description(description);
  return addFormatFlag(command.option("--data-dir <dir>", "the server's data directory", ".wowsim"));
}

async function run(action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    fail(error);
  }
}

async function status({ dataDir, format }: StoreFlags, store: StoreTools): Promise<void> {
  const found = await store.status(dataDir);
  const { statusLines } = await import("../report/store-lines.ts");
  await show(found, format, () => statusLines(found, Date.now()));
  if (found.problems.length > 0) process.exitCode = EXIT.degraded;
}

async function verify({ dataDir, format }: StoreFlags, store: StoreTools): Promise<void> {
  const verdict = await withBar("verifying", (onProgress) => store.verify(dataDir, onProgress));
  const { verdictLines } = await import("../report/store-lines.ts");
  await show(verdict, format, () => verdictLines(verdict));
  if (!verdict.isGood) process.exitCode = EXIT.degraded;
}

async function compact(flags: CompactFlags, store: StoreTools): Promise<void> {
  const { dataDir, format, journalHours, journalMegabytes } = flags;
  const limits = {
    ageMs: journalHours === undefined ? undefined : journalHours * MS_PER_HOUR,
    bytesMax: journalMegabytes === undefined ? undefined : journalMegabytes * BYTES_PER_MB,
  };
  const done = await withBar("compacting", (onProgress) => store.compact(dataDir, limits, onProgress));
  const { compactionLines } = await import("../report/store-lines.ts");
  await show(done, format, () => compactionLines(done));
}

async function exportTo(
  { dataDir, format, zone, last, from, to, out: file }: ExportFlags,
  store: StoreTools,
): Promise<void> {
  if (from !== undefined && to !== undefined && from > to)
    throw new WowsimError("usage", `--from ${from} is after --to ${to}; give the earlier tick first.`);
  const span: ExportWish["span"] =
    last === undefined ? { from: from ?? 0, to: to ?? Number.MAX_SAFE_INTEGER } : { lastMs: last };
  const made = await store.export(dataDir, { zone, span, out: file });
  const { exportLines } = await import("../report/store-lines.ts");
  await show(made, format, () => exportLines(made));
}

async function show(value: unknown, format: OutputFormat, lines: () => string[]): Promise<void> {
  if (format === "json") outJson((await import("../ui/json.ts")).toWire(value));
  else for (const line of lines()) out(line);
}

async function withBar<Result>(label: string, work: (onProgress: OnProgress) => Promise<Result>): Promise<Result> {
  const bar = progressBar(label);
  try {
    return await work((share, text) => bar.update(share, text));
  } finally {
    bar.done();
  }
}
