// wowsim serve: runs the server in this process until a signal asks it to stop.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
import { parentGone } from "../ui/parent.ts";
import type { StartServer } from "../../server/protocol/server-options.ts";

interface ServeFlags extends ListenFlags, LimitFlags {
  telemetryFile?: string;
  telemetryMaxMb: number;
  world?: string;
  workers?: number;
  watchdogMs: number;
  tickRate: number;
  seed: number;
  token?: string;
  playerToken?: string;
  guests: boolean;
  withParent?: boolean;
  scratch?: boolean;
  format: OutputFormat;
}

const BYTES_PER_MB = 2 ** 20;
/** An orderly stop takes less than this. */
const STOP_MS_MAX = 2_500;

/** `startServer` is passed in by the main program, because tools do not import the server. */
export function register(program: Command, startServer: StartServer): void {
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
    .option("--seed <n>", "seed of everything random", parseInteger(0, 0xffff_ffff), 1)
    .option("--token <secret>", "operators' token, for control, feed and /metrics; also from WOWSIM_TOKEN")
    .option("--player-token <secret>", "players' token, for the game port; also from WOWSIM_PLAYER_TOKEN")
    .option("--no-guests", "refuse clients of the earlier simulator, which send no hello")
    .option("--scratch", "data in a temporary folder that is removed with the server, instead of --data-dir")
    .option("--with-parent", "stop when stdin ends, so that it never outlives the program that started it")
    .addHelpText(
      "after",
      "\nEverybody on this machine can see a token on the command line: better set the\nvariable. What strangers may do, and the limits: docs/SECURITY.md\n\nWith --format json the first line on stdout, once everything listens, is\n" +
        '  {"ready":true,"game":n,"control":n,"http":n,"telemetry":n,"pid":n,\n   "data_dir":"..."}\n' +
        "and with --telemetry-file - it is on stderr: stdout is telemetry alone.\n" +
        exitCodes({
          0: "stopped in order",
          1: "could not start (stderr says why)",
          4: "there is no such world file",
          64: "wrong usage, a wrong world file, or no token where one is required",
          130: "Ctrl-C twice",
        }),
    );
  addFormatFlag(addLimitFlags(command)).action((flags: ServeFlags) => serve(flags, startServer));
}

async function serve(flags: ServeFlags, startServer: StartServer): Promise<void> {
  // Set up this early, so that a signal stops the server in order even before everything listens.
  const ended = flags.withParent === true ? Promise.race([nextSignal(), untilParentIsGone()]) : nextSignal();
  if (flags.scratch === true) flags.dataDir = scratchFolder();
  const { kernelState } = await import("../../assembly/toolchain/build.ts");
  if ((await kernelState()) !== "fresh") note("the kernel is built first, which takes some seconds.");
  const { format, tickRate: tickRateHz, world: worldFile, ...options } = flags;
  const token = flags.token ?? process.env["WOWSIM_TOKEN"];
  const playerToken = flags.playerToken ?? process.env["WOWSIM_PLAYER_TOKEN"];
  const limits = limitsFrom(flags);
  const telemetryBytesMax = flags.telemetryMaxMb * BYTES_PER_MB;
  try {
    const server = await startServer({
      ...options,
      ...limits,
      telemetryBytesMax,
      tickRateHz,
      worldFile,
      token,
      playerToken,
      onWarning: (warning) => note(warning),
    });
    const { ports, dataDir, notices } = server;
    const isOnStdout = server.telemetryFile === "-";
    // When telemetry goes to stdout, nothing else does.
    const say = isOnStdout ? err : out;
    const more = notices.length === 0 ? {} : { notices };
    const ready = { ready: true, ...ports, pid: process.pid, data_dir: dataDir, ...more };
    if (format === "json") say(JSON.stringify(ready));
    else {
      say(`wowsim serves ${server.zones.map((zone) => `${zone.id} ${zone.name}`).join(", ")} at ${tickRateHz} Hz.`);
      say(
        `  game ${hostAndPort(flags.host, ports.game)}   control :${ports.control}   http :${ports.http}   telemetry udp :${ports.telemetry}`,
      );
      say(`  telemetry ${isOnStdout ? "on stdout" : `in ${server.telemetryFile}`}. Ctrl-C stops.`);
    }
    for (const notice of notices) note(notice);
    if (server.connectionsMax !== null)
      note(
        `at most ${server.connectionsMax} players, for want of open files; for more raise the limit (ulimit -n 16384).`,
      );
    for (const warning of server.warnings) note(warning);
    const reason = await ended;
    if (format === "text") err(`\nwowsim: ${reason}, stopping`);
    await server.stop();
    process.exit(EXIT.ok);
  } catch (error) {
    if (error instanceof WowsimError) fail(error);
    else fail(`the server could not run: ${messageOf(error)}`, EXIT.degraded);
    process.exit();
  }
}

/** The parent process is gone: if the stop hangs, this process ends anyway. */
async function untilParentIsGone(): Promise<string> {
  await parentGone();
  setTimeout(() => process.exit(EXIT.degraded), STOP_MS_MAX).unref();
  return "stdin has ended";
}

function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "wowsim-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Resolves at the first SIGINT or SIGTERM. A second one, if the stop hangs, ends the process at once. */
function nextSignal(): Promise<string> {
  return new Promise((resolve) => {
    let seen = false;
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.on(signal, () => {
        if (seen) process.exit(EXIT.interrupted);
        seen = true;
        resolve(signal);
      });
    }
  });
}
