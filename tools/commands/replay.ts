// wowsim replay: history again, offline, with the hash of each tick compared.

import type { Command } from "commander";
import { Option } from "commander";
import type {
  ReplayedEvent,
  ReplayHost,
  ReplayNames,
  ReplayObserver,
  ReplayOptions,
  ReplayResult,
} from "../../server/protocol/replay.ts";
import { DATA_DIR } from "../client/find-server.ts";
import { addFormatFlag, parseInteger } from "../ui/flags.ts";
import type { OutputFormat } from "../ui/flags.ts";
import { exitCodes } from "../ui/help.ts";
import { serveCopy } from "./replay-serve.ts";
import type { ServeCopyHost } from "./replay-serve.ts";
import { interruptible } from "../ui/interrupt.ts";
import { EXIT, fail, out, outJson } from "../ui/output.ts";
import { progressBar } from "../ui/progress.ts";
import type { ProgressBar } from "../ui/progress.ts";

interface ReplayFlags extends Omit<ReplayOptions, "dataDir" | "file" | "signal"> {
  dataDir?: string;
  incident?: number;
  serve?: boolean;
  world?: string;
  format: OutputFormat;
}

const TICK_MAX = Number.MAX_SAFE_INTEGER;
const parseTick = parseInteger(0, TICK_MAX);
const parseZone = parseInteger(1, 65_535);
const parseEntity = parseInteger(1, 0xffff_ffff);
/** Flags that say which part of history to run, or what to tell of it; an incident is one tick. */
const NOT_OF_A_COPY = ["from", "module", "watch", "until", "events", "incident"];
const OF_HISTORY = ["zone", "from", "to", "module", "watch", "until", "events"];

export function register(program: Command, host: ReplayHost & ServeCopyHost): void {
  const command = program
    .command("replay")
    .argument("[file]", "a recording; default: the journal in the data directory")
    .description("Run a world's history again, offline; each tick must give the recorded state.")
    .addOption(new Option("--data-dir <dir>", `the server's data directory (default: ${DATA_DIR})`))
    .option("--zone <id>", "only this zone", parseZone)
    .option("--from <tick>", "from this tick on; default: all that is kept", parseTick)
    .option("--to <tick>", "up to this tick", parseTick)
    .option("--module <file>", "run each tick with this kernel too, and show where they differ")
    .option("--watch <entity>", "show each change of this entity, and who did it", parseEntity)
    .option("--until <condition>", "stop at the first tick after which this holds")
    .option("--events", "show the events of the kernel")
    .addOption(
      new Option("--serve", "start a server on a copy of the world as it was after --to, on free ports").conflicts(
        NOT_OF_A_COPY,
      ),
    )
    .addOption(new Option("--world <file>", "with --serve: the world file of the journal's server"))
    .addOption(
      new Option("--incident <id>", "run the tick that trapped or hung, as it was")
        .argParser(parseInteger(1, TICK_MAX))
        .conflicts(OF_HISTORY),
    )
    .addHelpText(
      "after",
      [
        "",
        "A condition compares fields of player(ID), creature(ID) or entity(ID) and of the",
        "zone, with and, or, not, + - * / % and parentheses:",
        "  wowsim replay --zone 1 --watch 12 --until 'player(12).health <= 0'",
        "  wowsim replay --until 'players >= 40 and tick > 5000'",
        "Fields: health, max_health, power, max_power, level, x, y, z, target, casting,",
        "auras; here, alive, dead, in_combat, evading, ghost, moving; of the zone tick,",
        "players, creatures.",
        "A journal can be replayed while its server runs.",
        exitCodes({
          0: "all states equal, no module differs; an incident traps again in its place",
          1: "something differs, is damaged, or can not be run",
          4: "no such journal, zone, tick or incident; the condition never holds",
          130: "interrupted",
        }),
      ].join("\n"),
    );
  addFormatFlag(command).action(async (file: string | undefined, flags: ReplayFlags) => run(host, file, flags));
}

async function run(host: ReplayHost & ServeCopyHost, file: string | undefined, flags: ReplayFlags): Promise<void> {
  const { incident, format, dataDir, serve, world, ...wishes } = flags;
  if (file !== undefined && dataDir !== undefined) return fail("Give a recording or --data-dir, not both.", EXIT.usage);
  const bar = progressBar("replay");
  try {
    await interruptible(async (signal) => {
      const options: ReplayOptions = { ...wishes, dataDir: dataDir ?? DATA_DIR, file, signal };
      if (serve === true) await serveCopy(host, { ...options, worldFile: world, format }, signal);
      else if (incident === undefined) await replayHistory(host, options, format, bar);
      else await replayIncident(host, options, incident, format, bar);
    });
  } catch (error) {
    bar.done();
    fail(error);
  }
}

async function replayIncident(
  host: ReplayHost,
  options: ReplayOptions,
  id: number,
  format: OutputFormat,
  bar: ProgressBar,
): Promise<void> {
  const incident = await host.replayIncident(options, id, {
    onProgress: (share, zone, tick) => bar.update(share, `zone ${zone}, tick ${tick}`),
  });
  bar.done();
  if (format === "json") {
    const { toWire } = await import("../ui/json.ts");
    outJson(toWire(incident));
  } else {
    const { incidentLines } = await import("../replay/lines.ts");
    for (const line of incidentLines(incident)) out(line);
  }
  if (!incident.same || incident.problems.length > 0) process.exitCode = EXIT.degraded;
}

async function replayHistory(
  host: ReplayHost,
  options: ReplayOptions,
  format: OutputFormat,
  bar: ProgressBar,
): Promise<void> {
  const observer = format === "json" ? await jsonObserver() : await textObserver(bar);
  const result = await host.replay(options, observer);
  bar.done();
  if (format === "json") {
    const { toWire } = await import("../ui/json.ts");
    outJson({ type: "result", ...Object(toWire(result)) });
  } else await printResult(result, observer.names);
  process.exitCode = exitCodeOf(result, options);
}

interface NamingObserver extends ReplayObserver {
  names: ReplayNames;
}

const NO_NAMES: ReplayNames = {
  entity: (id) => `entity ${id}`,
  spell: (id) => `spell ${id}`,
  item: (id) => `item ${id}`,
};

async function textObserver(bar: ProgressBar): Promise<NamingObserver> {
  const [{ changeLines, epochLine }, { eventWords }] = await Promise.all([
    import("../replay/lines.ts"),
    import("../replay/event-words.ts"),
  ]);
  const print = (lines: readonly string[]): void => bar.interrupt(() => lines.forEach((line) => out(line)));
  const observer: NamingObserver = {
    names: NO_NAMES,
    onNames: (names) => {
      observer.names = names;
    },
    onEpoch: (begin) => print([epochLine(begin)]),
    onEvents: (zone, tick, events) =>
      print(events.map((event) => `zone ${zone} tick ${tick}: ${eventWords(event, observer.names)}`)),
    onChange: (change) => print(changeLines(change, observer.names)),
    onProgress: (share, zone, tick) => bar.update(share, `zone ${zone}, tick ${tick}`),
  };
  return observer;
}

/** Everything that is told while the replay runs is a line of its own, with its type; the last line is the result. */
async function jsonObserver(): Promise<NamingObserver> {
  const { toWire } = await import("../ui/json.ts");
  return {
    names: NO_NAMES,
    onEpoch: (begin) => outJson({ type: "epoch", ...Object(toWire(begin)) }),
    onEvents: (zone, _tick, events) => events.forEach((event) => outJson(withZone(zone, event))),
    onChange: (change) => outJson({ type: "change", ...Object(toWire(change)) }),
  };
}

function withZone(zone: number, event: ReplayedEvent): object {
  return { ...event, zone };
}

async function printResult(result: ReplayResult, names: ReplayNames): Promise<void> {
  const [{ resultLines }, { comparisonLines }] = await Promise.all([
    import("../replay/lines.ts"),
    import("../replay/comparison-lines.ts"),
  ]);
  out();
  for (const line of resultLines(result)) out(line);
  for (const { zone, comparison } of result.zones)
    if (comparison !== null) for (const line of comparisonLines(zone, comparison, names)) out(line);
}

function exitCodeOf({ zones, problems, interrupted }: ReplayResult, { until }: ReplayOptions): number {
  if (interrupted) return EXIT.interrupted;
  const isBad = problems.length > 0 || zones.some((zone) => zone.problems.length > 0 || zone.lost > 0);
  if (isBad || zones.some(({ comparison }) => comparison !== null && comparison.differing > 0)) return EXIT.degraded;
  return until !== undefined && zones.every(({ stoppedAt }) => stoppedAt === null) ? EXIT.nothing : EXIT.ok;
}
