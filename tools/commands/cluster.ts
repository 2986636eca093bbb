// wowsim cluster: several processes on one message bus that run the same game as `serve` does in one.
//
//   wowsim cluster up --hosts 3 --gateways 2        # all of it on this machine, until Ctrl-C
//   wowsim cluster status                           # who runs what, how far behind, and who would take over
//   wowsim cluster move 3 b                         # host b runs zone 3 from the next tick on

import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Option } from "commander";
import type { Command } from "commander";
import type { ServerProgram } from "../../server/protocol/server-options.ts";
import { parseServerName } from "../client/server-name.ts";
import type { ServerName } from "../client/server-name.ts";
import type { StatusWish } from "../cluster/status.ts";
import type { ClusterEvent, ClusterReady, RunningCluster } from "../cluster/up.ts";
import { addFormatFlag, parseInteger, parsePort } from "../ui/flags.ts";
import type { OutputFormat } from "../ui/flags.ts";
import { exitCodes } from "../ui/help.ts";
import { err, EXIT, fail, note, out, outJson } from "../ui/output.ts";
import { progressBar } from "../ui/progress.ts";
import { nextSignal, removeAtExit, scratchFolder, untilParentIsGone } from "./serve-ends.ts";

interface UpFlags {
  hosts: number;
  gateways: number;
  zones?: number;
  world?: string;
  host: string;
  port: number;
  controlPort: number;
  natsPort: number;
  dataDir: string;
  tlsCert?: string;
  tlsKey?: string;
  tlsCa?: string;
  scratch?: boolean;
  withParent?: boolean;
  format: OutputFormat;
}

interface StatusFlags {
  server?: ServerName;
  dataDir: string;
  token?: string;
  format: OutputFormat;
}

interface ConfigFlags {
  host: string;
  port: number;
  dataDir: string;
  tlsCert?: string;
  tlsKey?: string;
}

const HOSTS_MAX = 16;
const GATEWAYS_MAX = 16;
const ZONES_MAX = 64;
const DATA_DIR = ".wowsim/cluster";
const LOOPBACK = "127.0.0.1";
/** Zones of a world that nobody chose. */
const ZONES_PER_HOST = 2;

export function register(program: Command, server: ServerProgram): void {
  const command = program
    .command("cluster")
    .description(
      "Run the game in several processes that survive each other: hosts, gateways, a nats-server between them.",
    )
    .addHelpText("after", "\nHow it works, and what survives what: docs/CLUSTER.md");
  registerUp(command, server);
  registerStatus(command);
  registerMove(command);
  registerConfig(command);
}

function registerUp(command: Command, server: ServerProgram): void {
  const up = command
    .command("up")
    .description("Start a cluster on this machine, with a nats-server of its own, until Ctrl-C or SIGTERM.")
    .option("--hosts <n>", "zone hosts", parseInteger(1, HOSTS_MAX), 3)
    .option("--gateways <n>", "gateways, which players connect to", parseInteger(1, GATEWAYS_MAX), 2)
    .addOption(
      new Option("--zones <n>", "write a world with so many zones; default: two for each host")
        .argParser(parseInteger(1, ZONES_MAX))
        .conflicts("world"),
    )
    .option("--world <file>", "world file (TOML) instead")
    .option("--host <address>", "address that everything listens on", LOOPBACK)
    .option("--port <n>", "game port of the first gateway, the others have the next; 0: free ones", parsePort, 0)
    .option("--control-port <n>", "the controller's port; 0: any free one", parsePort, 0)
    .option("--nats-port <n>", "the nats-server's port; 0: any free one", parsePort, 0)
    .option("--data-dir <dir>", "where journals, telemetry and passwords go", DATA_DIR)
    .option("--tls-cert <file>", "certificate of the nats-server (PEM): the bus is encrypted then")
    .option("--tls-key <file>", "its private key")
    .option("--tls-ca <file>", "certificate that its clients trust; default: the system's")
    .option("--scratch", "data in a temporary folder that is removed at the end, instead of --data-dir")
    .option("--with-parent", "stop when stdin ends, so that it never outlives the program that started it")
    .addHelpText(
      "after",
      "\nThe nats-server is the one that NATS_SERVER names, or that of PATH.\n\nWith --format json the first line on stdout, once every zone runs, is\n" +
        '  {"ready":true,"gateways":[{"game":n,"http":n,"pid":n}],\n   "hosts":[{"pid":n,"zones":[n]}],"control":n,"nats":{"port":n,"pid":n}}\n' +
        "and each further line is something that happened: a process that ended, a zone\nthat was taken over. What ends is not started again.\n" +
        exitCodes({
          0: "stopped in order",
          1: "could not start: no nats-server, a port in use (stderr says why)",
          4: "there is no such world file",
          64: "wrong usage, or a wrong world file",
          130: "Ctrl-C twice",
        }),
    );
  addFormatFlag(up).action(async (flags: UpFlags) => {
    if ((flags.tlsCert === undefined) !== (flags.tlsKey === undefined))
      up.error("error: --tls-cert and --tls-key go together", { exitCode: EXIT.usage });
    await runUp(flags, server);
  });
}

async function runUp(flags: UpFlags, { startController }: ServerProgram): Promise<void> {
  const stopped = Promise.race([nextSignal(), ...(flags.withParent === true ? [untilParentIsGone()] : [])]);
  const dataDir = flags.scratch === true ? scratchFolder() : resolve(flags.dataDir);
  if (flags.scratch === true) removeAtExit(dataDir);
  const bar = progressBar("starting");
  const isJson = flags.format === "json";
  try {
    const { findNatsServer } = await import("../cluster/nats-server.ts");
    const { RunningCluster } = await import("../cluster/up.ts");
    const nats = await findNatsServer();
    mkdirSync(dataDir, { recursive: true });
    const world = await worldOf(flags, dataDir);
    await buildKernel();
    const cluster = await RunningCluster.start(
      {
        ...flags,
        dataDir,
        world,
        nats,
        startController,
        certificates: certificatesOf(flags),
        env: process.env,
        onProgress: (done, of, what) => bar.update(done / of, what),
        onEvent: (event) => (isJson ? outJson(event) : out(eventText(event))),
        onSaid: (line, speaker) => bar.interrupt(() => note(isJson ? `${speaker}: ${line}` : line, speaker)),
      },
      stopped,
    );
    bar.done();
    if (cluster !== null) await untilStopped(cluster, stopped, flags, dataDir);
    process.exit(EXIT.ok);
  } catch (error) {
    bar.done();
    fail(error);
    process.exit();
  }
}

async function untilStopped(
  cluster: RunningCluster,
  stopped: Promise<string>,
  flags: UpFlags,
  dataDir: string,
): Promise<void> {
  if (flags.format === "json") outJson(cluster.ready);
  else for (const line of readyText(cluster.ready, cluster.hostNames, flags, dataDir)) out(line);
  const reason = await stopped;
  if (flags.format === "text") err(`\nwowsim: ${reason}, stopping`);
  await cluster.stop();
}

function readyText(ready: ClusterReady, names: readonly string[], flags: UpFlags, dataDir: string): string[] {
  const { gateways, hosts, control, nats } = ready;
  const zones = hosts.reduce((sum, host) => sum + host.zones.length, 0);
  return [
    `wowsim runs ${zones} zones on ${hosts.length} hosts behind ${gateways.length} gateways.`,
    ...gateways.map(
      ({ game, http, pid }, index) =>
        `  gateway ${index + 1}   game ${flags.host}:${game}   http :${http}   pid ${pid}`,
    ),
    ...hosts.map(
      ({ pid, zones: owned }, index) =>
        `  host ${names[index]}      zones ${owned.join(", ") || "none: a standby"}   pid ${pid}`,
    ),
    `  nats-server :${nats.port}   pid ${nats.pid}`,
    `  control :${control}: wowsim cluster status --server ${flags.host}:${control}`,
    `  data in ${dataDir}. kill -9 any of them and see who takes over. Ctrl-C stops all.`,
  ];
}

function eventText(event: ClusterEvent): string {
  switch (event.event) {
    case "zone":
      return `Zone ${event.zone} runs on host ${event.to} now${event.from === null ? "" : `, not on ${event.from}`} (epoch ${event.epoch}).`;
    case "nats_ended":
      return `The nats-server (pid ${event.pid}) is gone (${event.how}): nothing ticks until it is back. Start it again with: ${event.again}`;
    case "ended": {
      const left = event.zones.length === 0 ? "" : ` Others take over its zones: ${event.zones.join(", ")}.`;
      return `${event.role === "host" ? "Host" : "Gateway"} ${event.name} (pid ${event.pid}) is gone (${event.how}).${left} Start it again with: ${event.again}`;
    }
  }
}

/** The file of the world: the one given, or one that is written into the data directory. */
async function worldOf({ world, zones, hosts }: UpFlags, dataDir: string): Promise<string> {
  const { loadWorld } = await import("../../server/protocol/content/load.ts");
  const { worldOf: textOf } = await import("../cluster/world-file.ts");
  if (world !== undefined) {
    await loadWorld(world);
    return resolve(world);
  }
  const file = join(dataDir, "world.toml");
  if (zones !== undefined || !(await Bun.file(file).exists()))
    writeFileSync(file, textOf(zones ?? hosts * ZONES_PER_HOST));
  return file;
}

/** Before the children need it, and each begins to build it. */
async function buildKernel(): Promise<void> {
  const { ensureKernel, kernelState } = await import("../../assembly/toolchain/build.ts");
  if ((await kernelState()) !== "fresh") note("the kernel is built first, which takes some seconds.");
  await ensureKernel();
}

function certificatesOf({ tlsCert, tlsKey, tlsCa }: Pick<UpFlags, "tlsCert" | "tlsKey" | "tlsCa">) {
  if (tlsCert === undefined || tlsKey === undefined) return undefined;
  return { cert: resolve(tlsCert), key: resolve(tlsKey), ...(tlsCa === undefined ? {} : { ca: resolve(tlsCa) }) };
}

function registerStatus(command: Command): void {
  const status = addControllerFlags(
    command
      .command("status")
      .description("Show hosts, gateways and zones: who runs what, how far behind, and who would take over."),
  ).addHelpText(
    "after",
    exitCodes({ 0: "every zone runs", 1: "a zone has no owner, or does not tick", 3: "no controller answers" }),
  );
  addFormatFlag(status).action(async (flags: StatusFlags) => {
    try {
      await showStatus(flags);
    } catch (error) {
      fail(error);
    }
  });
}

async function showStatus(flags: StatusFlags): Promise<void> {
  const { askStatus, statusLines } = await import("../cluster/status.ts");
  const { runs } = await import("../../server/protocol/cluster.ts");
  const status = await askStatus(wishOf(flags));
  if (!status.zones.every(runs)) process.exitCode = EXIT.degraded;
  if (flags.format === "json") return outJson(status);
  for (const line of statusLines(status)) out(line);
}

function registerMove(command: Command): void {
  const move = addControllerFlags(
    command
      .command("move")
      .argument("<zone>", "number of the zone", parseInteger(1, 0xffff_ffff))
      .argument("<host>", "name of the host, as in cluster status")
      .description(
        "Give a zone to another host between two of its ticks. Its players stay connected, and lose nothing.",
      ),
  ).addHelpText(
    "after",
    "\nTo empty a host before you stop it there is no need for this: it gives its zones\naway by itself on SIGTERM.\n" +
      exitCodes({
        0: "the zone ticks on that host",
        1: "it could not be moved (stderr says why and who runs it now)",
        3: "no controller answers",
        64: "wrong usage, or no such zone or host",
      }),
  );
  addFormatFlag(move).action(async (zone: number, host: string, flags: StatusFlags) => {
    try {
      const { askMove } = await import("../cluster/status.ts");
      const moved = await askMove(wishOf(flags), zone, host);
      if (flags.format === "json") return outJson(moved);
      const { from, to, epoch, still_ms: stillMs } = moved;
      out(`Zone ${zone} runs on host ${to} now, not on ${from} (epoch ${epoch}). It stood still for ${stillMs} ms.`);
    } catch (error) {
      fail(error);
    }
  });
}

/** Where the controller is. */
function addControllerFlags(command: Command): Command {
  return command
    .addOption(
      new Option(
        "--server <host:port>",
        "the controller, by its port; default: that of the cluster of --data-dir",
      ).argParser(parseServerName),
    )
    .option("--data-dir <dir>", "data directory of the cluster", DATA_DIR)
    .option("--token <secret>", "the operators' token, where there is one; also from WOWSIM_TOKEN");
}

function wishOf(flags: StatusFlags): StatusWish {
  return { ...flags, token: flags.token ?? (process.env["WOWSIM_TOKEN"] || undefined) };
}

function registerConfig(command: Command): void {
  command
    .command("nats-config")
    .description("Print a configuration for a nats-server that you run yourself, with a user for each role.")
    .option("--host <address>", "address that it listens on", LOOPBACK)
    .option("--port <n>", "its port", parsePort, 4_222)
    .option("--data-dir <dir>", "where it keeps its streams", "/var/lib/wowsim-nats")
    .option("--tls-cert <file>", "its certificate (PEM)")
    .option("--tls-key <file>", "its private key")
    .addHelpText(
      "after",
      "\nRoles get WOWSIM_BUS_USER (host, gateway or controller) and WOWSIM_BUS_PASSWORD,\nand --bus nats://HOST:PORT. Check it with: wowsim doctor --bus nats://HOST:PORT\n" +
        exitCodes({ 0: "printed" }),
    )
    .action(async (flags: ConfigFlags) => {
      const { natsConfig, newPasswords, usersOf } = await import("../cluster/nats-config.ts");
      const { host, port, dataDir: folder } = flags;
      process.stdout.write(
        natsConfig({ folder, host, port, users: usersOf(newPasswords()), certificates: certificatesOf(flags) }),
      );
    });
}
