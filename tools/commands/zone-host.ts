// wowsim zone-host: runs zones of a cluster in this process until a signal asks it to stop. It hands its zones to the other hosts then.

import { resolve } from "node:path";
import type { Command } from "commander";
import type { Failure } from "../../server/protocol/endings.ts";
import { messageOf, WowsimError } from "../../server/protocol/errors.ts";
import { WATCHDOG_MS_DEFAULT, WATCHDOG_MS_MAX, WATCHDOG_MS_MIN } from "../../server/protocol/limits.ts";
import type { StartZoneHost } from "../../server/protocol/zone-host-options.ts";
import { busOf } from "../cluster/cluster-file.ts";
import { addFormatFlag, parseInteger } from "../ui/flags.ts";
import type { OutputFormat } from "../ui/flags.ts";
import { exitCodes } from "../ui/help.ts";
import { err, EXIT, fail, note, out } from "../ui/output.ts";
import { nextSignal, removeAtExit, scratchFolder, untilParentIsGone } from "./serve-ends.ts";

interface ZoneHostFlags {
  bus?: string;
  prefix: string;
  name: string;
  world?: string;
  dataDir?: string;
  scratch?: boolean;
  tickRate: number;
  seed: number;
  watchdogMs: number;
  journalHours: number;
  journalMegabytes: number;
  withParent?: boolean;
  format: OutputFormat;
}

const DEFAULT_BUS = "nats://127.0.0.1:4222";

/** `program` is passed in by the main program, because tools do not import the server. */
export function register(program: Command, { startZoneHost }: { startZoneHost: StartZoneHost }): void {
  const command = program
    .command("zone-host")
    .description("Run zones of a cluster, and stand by for those of other hosts.")
    .requiredOption("--name <name>", "its name, which no other host of the cluster has")
    .option(
      "--bus <where>",
      `the nats-server, or the cluster.json of a running cluster; also from WOWSIM_BUS; default: ${DEFAULT_BUS}`,
    )
    .option("--prefix <name>", "of the cluster's subjects and streams on the bus", "w")
    .option("--world <file>", "world file (TOML), the same as that of the gateways; default: two zones")
    .option("--data-dir <dir>", "where telemetry.jsonl goes; default: .wowsim/hosts/NAME")
    .option("--scratch", "data in a temporary folder that is removed with the host, instead of --data-dir")
    .option("--tick-rate <hz>", "ticks a second", parseInteger(1, 100), 20)
    .option("--seed <n>", "seed of everything random in a new world", parseInteger(0, 0xffff_ffff), 1)
    .option(
      "--watchdog-ms <n>",
      "how late a zone worker may be for its next tick before it is ended and replaced",
      parseInteger(WATCHDOG_MS_MIN, WATCHDOG_MS_MAX),
      WATCHDOG_MS_DEFAULT,
    )
    .option("--journal-hours <n>", "how much of a zone's past is kept on the bus", parseInteger(1, 8_760), 24)
    .option(
      "--journal-megabytes <n>",
      "size of a zone's past at which older history goes",
      parseInteger(16, 65_536),
      256,
    )
    .option("--with-parent", "stop when stdin ends, so that it never outlives the program that started it")
    .addHelpText(
      "after",
      "\nA user and a password for the bus come from WOWSIM_BUS_USER and\nWOWSIM_BUS_PASSWORD. With --format json the first line on stdout is\n" +
        '  {"ready":true,"role":"zone-host","name":"a","zones":[n],"telemetry":n,"pid":n,\n   "data_dir":"..."}\n' +
        exitCodes({
          0: "stopped in order; other hosts have its zones",
          1: "could not start: no nats-server answers, or the data directory is in use",
          4: "there is no such world file",
          64: "wrong usage, or a wrong world file",
          75: "stopped because a thread hangs for good",
          130: "Ctrl-C twice",
        }),
    );
  addFormatFlag(command).action(async (flags: ZoneHostFlags) => await run(flags, startZoneHost));
}

async function run(flags: ZoneHostFlags, startZoneHost: StartZoneHost): Promise<void> {
  const restart = Promise.withResolvers<{ reason: string; ending: Failure | null }>();
  const folder = flags.scratch === true ? scratchFolder() : null;
  if (folder !== null) removeAtExit(folder);
  const asked = flags.withParent === true ? [nextSignal(), untilParentIsGone()] : [nextSignal()];
  const stopped = Promise.race(asked).then((reason) => ({ reason, ending: null }));
  try {
    const { servers: bus, ...login } = busOf(flags.bus ?? process.env["WOWSIM_BUS"] ?? DEFAULT_BUS, "host");
    const host = await startZoneHost({
      bus,
      ...login,
      prefix: flags.prefix,
      name: flags.name,
      dataDir: resolve(folder ?? flags.dataDir ?? `.wowsim/hosts/${flags.name}`),
      worldFile: flags.world,
      tickRateHz: flags.tickRate,
      seed: flags.seed,
      watchdogMs: flags.watchdogMs,
      journalHours: flags.journalHours,
      journalMegabytes: flags.journalMegabytes,
      onWarning: (warning) => note(warning),
      onMustRestart: (reason, ending) => restart.resolve({ reason, ending }),
    });
    await Promise.race([host.settled(), stopped]);
    say(host, flags.format);
    const { reason, ending } = await Promise.race([stopped, restart.promise]);
    if (ending !== null) note(`${reason} The host stops, and has to be started again.`);
    else if (flags.format === "text") err(`\nwowsim: ${reason}, handing over and stopping`);
    await host.stop();
    process.exit(ending === null ? EXIT.ok : EXIT[ending]);
  } catch (error) {
    if (error instanceof WowsimError) fail(error);
    else fail(`the zone host could not run: ${messageOf(error)}`, EXIT.degraded);
    process.exit();
  }
}

function say(host: Awaited<ReturnType<StartZoneHost>>, format: OutputFormat): void {
  const { name, dataDir, ports } = host;
  const zones = host.zones();
  if (format === "json") {
    const line = { ready: true, role: "zone-host", name, zones, ...ports, pid: process.pid, data_dir: dataDir };
    return out(JSON.stringify(line));
  }
  out(`wowsim zone host ${name} runs ${zones.length === 0 ? "no zone, and stands by" : `zones ${zones.join(", ")}`}.`);
  out(`  telemetry in ${dataDir}/telemetry.jsonl, udp :${ports.telemetry}. Ctrl-C hands its zones over.`);
}
