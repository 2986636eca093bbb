// wowsim serve: runs the server in this process until a signal asks it to stop; or, with --supervise, in a child process
// (serve-supervised.ts).

import { dirname, join, resolve } from "node:path";
import { Option } from "commander";
import type { Command } from "commander";
import { messageOf, WowsimError } from "../../server/protocol/errors.ts";
import { WATCHDOG_MS_DEFAULT, WATCHDOG_MS_MAX, WATCHDOG_MS_MIN } from "../../server/protocol/limits.ts";
import { addListenFlags } from "../client/server-flags.ts";
import type { ListenFlags } from "../client/server-flags.ts";
import { hostAndPort } from "../client/server-name.ts";
import { addLimitFlags, limitsFrom } from "./serve-limits.ts";
import type { LimitFlags } from "./serve-limits.ts";
import { addFormatFlag, parseInteger } from "../ui/flags.ts";
import type { OutputFormat } from "../ui/flags.ts";
import { exitCodes } from "../ui/help.ts";
import { err, EXIT, fail, note, out } from "../ui/output.ts";
import { DURABILITIES, JOURNAL_LOSS_POLICIES } from "../../server/protocol/server-options.ts";
import type {
  Durability,
  JournalLossPolicy,
  RunningServer,
  ServerProgram,
} from "../../server/protocol/server-options.ts";
import type { Failure } from "../../server/protocol/endings.ts";
import { supervisedBy } from "../../server/protocol/supervision.ts";
import type { ChildMessage, Supervised } from "../../server/protocol/supervision.ts";
import { catchCrashes, nextSignal, removeAtExit, scratchFolder, untilParentIsGone } from "./serve-ends.ts";

interface ServeFlags extends ListenFlags, LimitFlags {
  telemetryFile?: string;
  telemetryMaxMb: number;
  world?: string;
  workers?: number;
  watchdogMs: number;
  tickRate: number;
  seed: number;
  durability: Durability;
  onJournalLoss: JournalLossPolicy;
  journalHours: number;
  journalMegabytes: number;
  fresh?: boolean;
  token?: string;
  playerToken?: string;
  guests: boolean;
  withParent?: boolean;
  scratch?: boolean;
  supervise?: boolean;
  format: OutputFormat;
}

/** Why a server ends: somebody asked it to, or it can not go on. */
interface End {
  reason: string;
  ending: Failure | null;
}

const BYTES_PER_MB = 2 ** 20;

/** `server` is passed in by the main program, because tools do not import the server. */
export function register(program: Command, server: ServerProgram): void {
  const command = program.command("serve").description("Run the game server until Ctrl-C or SIGTERM.");
  addListenFlags(command, "address to listen on; off loopback a --token is required", "where telemetry.jsonl goes")
    .option(
      "--telemetry-file <file>",
      "where telemetry goes instead of the data directory; - is stdout, which then has nothing else",
    )
    .option(
      "--telemetry-max-mb <n>",
      "size at which the telemetry file is rotated; 4 files are kept",
      parseInteger(1, 65_536),
      256,
    )
    .option("--world <file>", "world file (TOML); default: two zones")
    .option("--workers <n>", "zone workers; default: one a zone, at most 8", parseInteger(1, 64))
    .option("--tick-rate <hz>", "ticks a second", parseInteger(1, 100), 20)
    .option(
      "--watchdog-ms <n>",
      "how late a zone worker may be for its next tick before it is ended and replaced",
      parseInteger(WATCHDOG_MS_MIN, WATCHDOG_MS_MAX),
      WATCHDOG_MS_DEFAULT,
    )
    .option("--seed <n>", "seed of everything random in a new world", parseInteger(0, 0xffff_ffff), 1)
    .addOption(
      new Option("--durability <when>", "when what players are told may leave: docs/JOURNAL.md")
        .choices(DURABILITIES)
        .default("process"),
    )
    .addOption(
      new Option(
        "--on-journal-loss <what>",
        "what happens when the disk takes nothing for a second; nothing waits for it with --durability none",
      )
        .choices(JOURNAL_LOSS_POLICIES)
        .default("play"),
    )
    .option("--journal-hours <n>", "how much of the past is kept", parseInteger(1, 8_760), 24)
    .option(
      "--journal-megabytes <n>",
      "what the journal may take on the disk; older history is deleted in time",
      parseInteger(64, 1_048_576),
      2_048,
    )
    .option("--fresh", "begin a new world; the journal of the old one is kept under another name")
    .option("--token <secret>", "operators' token, for control, feed and /metrics; also from WOWSIM_TOKEN")
    .option("--player-token <secret>", "players' token, for the game port; also from WOWSIM_PLAYER_TOKEN")
    .option("--no-guests", "refuse clients of the earlier simulator, which send no hello")
    .option("--scratch", "data in a temporary folder that is removed with the server, instead of --data-dir")
    .option("--supervise", "run the server in a child process, and start another when it dies or does not answer")
    .option("--with-parent", "stop when stdin ends, so that it never outlives the program that started it")
    .addHelpText(
      "after",
      "\nEverybody on this machine can see a token on the command line: better set the\nvariable. What strangers may do, and the limits: docs/SECURITY.md\n\nWith --format json the first line on stdout, once everything listens, is\n" +
        '  {"ready":true,"game":n,"control":n,"http":n,"telemetry":n,"pid":n,\n   "data_dir":"..."}\n' +
        'and with --telemetry-file - it is on stderr: stdout is telemetry alone. With\n--supervise there is such a line for each server, with "restarts":n, and a line\nfor each that ended. Codes 70, 74 and 75 are then those of the last one, after\nwhich no other was started; 1, 4 and 64 never lead to another start.\n' +
        exitCodes({
          0: "stopped in order",
          1: "could not start: a port or the data directory is in use (stderr says why)",
          4: "there is no such world file",
          64: "wrong usage, a wrong world file, or no token where one is required",
          70: "crashed; DATA-DIR/crashes tells more",
          74: "stopped: the journal can not be kept, or has not the newest play",
          75: "stopped because a thread hangs for good, or killed without an answer",
          130: "Ctrl-C twice",
        }),
    );
  addFormatFlag(addLimitFlags(command)).action(async (flags: ServeFlags) => {
    if (flags.durability === "none" && flags.onJournalLoss === "stop")
      command.error("error: --on-journal-loss stop needs --durability process or power; with none it never stops", {
        exitCode: EXIT.usage,
      });
    const supervised = supervisedBy(process.env);
    if (flags.supervise !== true || supervised !== null) return await serve(flags, server, supervised);
    const { serveSupervised } = await import("./serve-supervised.ts");
    process.exit(await serveSupervised(flags, server.supervise));
  });
}

async function serve(flags: ServeFlags, program: ServerProgram, supervised: Supervised | null): Promise<void> {
  // Set up this early, so that a signal stops the server in order even before everything listens.
  const ended = untilEnd(flags, supervised);
  if (flags.scratch === true) flags.dataDir = scratchOf(supervised);
  let server: RunningServer | null = null;
  const telemetryFile = flags.telemetryFile ?? join(resolve(flags.dataDir), "telemetry.jsonl");
  catchCrashes({
    dataDir: resolve(flags.dataDir),
    keep: supervised === null ? program.keepCrashReport : null,
    server: () => server,
    onCrash: (reason) => void tellParent({ type: "ending", ending: "crash", reason }),
    telemetryFile,
  });
  try {
    server = await start(flags, program, ended.mustRestart, supervised);
    sayReady(server, flags, supervised);
    const { reason, ending } = await ended.promise;
    if (ending !== null) {
      tellParent({ type: "ending", ending, reason });
      note(`${reason} The server stops, and has to be started again.`);
    } else if (flags.format === "text") err(`\nwowsim: ${reason}, stopping`);
    await server.stop();
    process.exit(ending === null ? EXIT.ok : EXIT[ending]);
  } catch (error) {
    if (error instanceof WowsimError) {
      fail(error);
      if (error.code === "journal_unkept") tellParent({ type: "ending", ending: "disk", reason: error.message });
      else tellParent({ type: "refused", code: error.code });
    } else fail(`the server could not run: ${messageOf(error)}`, EXIT.degraded);
    process.exit();
  }
}

/** Resolves when the server is to end: by a signal, without its parent, or because it says that it can not go on. */
function untilEnd(
  flags: ServeFlags,
  supervised: Supervised | null,
): {
  promise: Promise<End>;
  mustRestart: (reason: string, ending: Failure) => void;
} {
  const restart = Promise.withResolvers<End>();
  const { scratch, crumbFile } = supervised ?? {};
  const folders = [scratch, crumbFile === undefined ? undefined : dirname(crumbFile)].filter(
    (path) => path !== undefined,
  );
  const asked = flags.withParent === true ? [nextSignal(), untilParentIsGone(folders)] : [nextSignal()];
  const stopped = Promise.race(asked).then((reason): End => ({ reason, ending: null }));
  return {
    promise: Promise.race([stopped, restart.promise]),
    mustRestart: (reason, ending) => restart.resolve({ reason, ending }),
  };
}

/** A supervised server has its parent's folder, which the parent removes. */
function scratchOf(supervised: Supervised | null): string {
  if (supervised?.scratch !== undefined) return supervised.scratch;
  const folder = scratchFolder();
  removeAtExit(folder);
  return folder;
}

async function start(
  flags: ServeFlags,
  { startServer }: ServerProgram,
  onMustRestart: (reason: string, ending: Failure) => void,
  supervised: Supervised | null,
): Promise<RunningServer> {
  const { kernelState } = await import("../../assembly/toolchain/build.ts");
  if ((await kernelState()) !== "fresh") note("the kernel is built first, which takes some seconds.");
  const { tickRate: tickRateHz, world: worldFile, ...options } = flags;
  return await startServer({
    ...options,
    ...limitsFrom(flags),
    telemetryBytesMax: flags.telemetryMaxMb * BYTES_PER_MB,
    tickRateHz,
    worldFile,
    token: flags.token ?? process.env["WOWSIM_TOKEN"],
    playerToken: flags.playerToken ?? process.env["WOWSIM_PLAYER_TOKEN"],
    crumbFile: supervised?.crumbFile,
    onWarning: (warning) => note(warning),
    onMustRestart,
  });
}

/** Says that everything listens: to the parent, which prints it, or on stdout. */
function sayReady(server: RunningServer, flags: ServeFlags, supervised: Supervised | null): void {
  const { ports, dataDir, notices, telemetryFile } = server;
  const isOnStdout = telemetryFile === "-";
  const more = notices.length === 0 ? {} : { notices: [...notices] };
  const text = [
    `wowsim serves ${server.zones.map((zone) => `${zone.id} ${zone.name}`).join(", ")} at ${flags.tickRate} Hz.`,
    `  game ${hostAndPort(flags.host, ports.game)}   control :${ports.control}   http :${ports.http}   telemetry udp :${ports.telemetry}`,
    `  telemetry ${isOnStdout ? "on stdout" : `in ${telemetryFile}`}. Ctrl-C stops.`,
  ];
  const ready = { ...ports, data_dir: dataDir, ...more };
  const isTold = supervised !== null && tellParent({ type: "ready", ...ready, telemetry_file: telemetryFile, text });
  if (!isTold) {
    // When telemetry goes to stdout, nothing else does.
    const say = isOnStdout ? err : out;
    const line = JSON.stringify({ ready: true, ...ports, pid: process.pid, data_dir: dataDir, ...more });
    for (const each of flags.format === "json" ? [line] : text) say(each);
  }
  for (const notice of notices) note(notice);
  if (server.connectionsMax !== null)
    note(
      `at most ${server.connectionsMax} players, for want of open files; for more raise the limit (ulimit -n 16384).`,
    );
  for (const warning of server.warnings) note(warning);
}

/** False when nobody listens: there is no parent. */
function tellParent(message: ChildMessage): boolean {
  return supervisedBy(process.env) !== null && process.send?.(message) !== undefined;
}
