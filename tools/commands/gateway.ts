// wowsim gateway: runs one gateway of a cluster in this process until a signal asks it to stop. Its players go on at the others.

import { resolve } from "node:path";
import type { Command } from "commander";
import type { Failure } from "../../server/protocol/endings.ts";
import { messageOf, WowsimError } from "../../server/protocol/errors.ts";
import type { StartGateway } from "../../server/protocol/gateway-options.ts";
import { busOf } from "../cluster/cluster-file.ts";
import { DEFAULT_HOST, hostAndPort } from "../client/server-name.ts";
import { addLimitFlags, limitsFrom } from "./serve-limits.ts";
import type { LimitFlags } from "./serve-limits.ts";
import { nextSignal, removeAtExit, scratchFolder, untilParentIsGone } from "./serve-ends.ts";
import { addFormatFlag, parseInteger, parsePort } from "../ui/flags.ts";
import type { OutputFormat } from "../ui/flags.ts";
import { exitCodes } from "../ui/help.ts";
import { err, EXIT, fail, note, out } from "../ui/output.ts";

interface GatewayFlags extends LimitFlags {
  bus?: string;
  prefix: string;
  host: string;
  port: number;
  httpPort: number;
  world?: string;
  tickRate: number;
  dataDir: string;
  scratch?: boolean;
  token?: string;
  playerToken?: string;
  guests: boolean;
  withParent?: boolean;
  format: OutputFormat;
}

const DEFAULT_BUS = "nats://127.0.0.1:4222";

/** `program` is passed in by the main program, because tools do not import the server. */
export function register(program: Command, { startGateway }: { startGateway: StartGateway }): void {
  const command = program
    .command("gateway")
    .description("Run one gateway of a cluster: players' sockets and sessions, with zones on a message bus.")
    .option(
      "--bus <where>",
      `the nats-server, or the cluster.json of a running cluster; also from WOWSIM_BUS; default: ${DEFAULT_BUS}`,
    )
    .option("--prefix <name>", "of the cluster's subjects and buckets on the bus", "w")
    .option("--host <address>", "address to listen on; off loopback a --token is required", DEFAULT_HOST)
    .option("--port <n>", "game port (TCP); 0 takes any free one", parsePort, 0)
    .option("--http-port <n>", "HTTP port: /metrics, /healthz, /readyz; 0 takes any free one", parsePort, 0)
    .option("--world <file>", "world file (TOML), the same as that of the zone hosts; default: two zones")
    .option("--tick-rate <hz>", "ticks a second of the zones", parseInteger(1, 100), 20)
    .option("--data-dir <dir>", "where telemetry.jsonl goes", ".wowsim/gateway")
    .option("--scratch", "data in a temporary folder that is removed with the gateway, instead of --data-dir")
    .option("--token <secret>", "operators' token, for /metrics; also from WOWSIM_TOKEN")
    .option("--player-token <secret>", "players' token, for the game port; also from WOWSIM_PLAYER_TOKEN")
    .option("--no-guests", "refuse clients of the earlier simulator, which send no hello")
    .option("--with-parent", "stop when stdin ends, so that it never outlives the program that started it")
    .addHelpText(
      "after",
      "\nA user and a password for the bus come from WOWSIM_BUS_USER and\nWOWSIM_BUS_PASSWORD. With --format json the first line on stdout, once\neverything listens, is\n" +
        '  {"ready":true,"role":"gateway","gateway":n,"game":n,"http":n,"telemetry":n,\n   "pid":n,"data_dir":"..."}\n' +
        exitCodes({
          0: "stopped in order",
          1: "could not start: no nats-server answers, or a port or the data is in use",
          4: "there is no such world file",
          64: "wrong usage, a wrong world file, or no token where one is required",
          75: "other gateways have its players, because it was silent for too long",
          130: "Ctrl-C twice",
        }),
    );
  addFormatFlag(addLimitFlags(command)).action(async (flags: GatewayFlags) => await run(flags, startGateway));
}

async function run(flags: GatewayFlags, startGateway: StartGateway): Promise<void> {
  const restart = Promise.withResolvers<{ reason: string; ending: Failure | null }>();
  const folder = flags.scratch === true ? scratchFolder() : null;
  if (folder !== null) removeAtExit(folder);
  const asked = flags.withParent === true ? [nextSignal(), untilParentIsGone()] : [nextSignal()];
  const stopped = Promise.race(asked).then((reason) => ({ reason, ending: null }));
  try {
    const { servers: bus, ...login } = busOf(flags.bus ?? process.env["WOWSIM_BUS"] ?? DEFAULT_BUS, "gateway");
    const gateway = await startGateway({
      ...limitsFrom(flags),
      bus,
      ...login,
      prefix: flags.prefix,
      host: flags.host,
      port: flags.port,
      httpPort: flags.httpPort,
      dataDir: resolve(folder ?? flags.dataDir),
      worldFile: flags.world,
      tickRateHz: flags.tickRate,
      token: flags.token ?? process.env["WOWSIM_TOKEN"],
      playerToken: flags.playerToken ?? process.env["WOWSIM_PLAYER_TOKEN"],
      guests: flags.guests,
      onMustRestart: (reason, ending) => restart.resolve({ reason, ending }),
    });
    const { gateway: number, ports, dataDir } = gateway;
    if (flags.format === "json")
      out(
        JSON.stringify({
          ready: true,
          role: "gateway",
          gateway: number,
          ...ports,
          pid: process.pid,
          data_dir: dataDir,
        }),
      );
    else {
      out(`wowsim gateway ${number} has zones ${gateway.zones.map(({ id, name }) => `${id} ${name}`).join(", ")}.`);
      out(`  game ${hostAndPort(flags.host, ports.game)}   http :${ports.http}   telemetry udp :${ports.telemetry}`);
      out(`  telemetry in ${dataDir}/telemetry.jsonl. Ctrl-C stops.`);
    }
    for (const warning of gateway.warnings) note(warning);
    const { reason, ending } = await Promise.race([stopped, restart.promise]);
    if (ending !== null) note(`${reason} The gateway stops, and has to be started again.`);
    else if (flags.format === "text") err(`\nwowsim: ${reason}, stopping`);
    await gateway.stop();
    process.exit(ending === null ? EXIT.ok : EXIT[ending]);
  } catch (error) {
    if (error instanceof WowsimError) fail(error);
    else fail(`the gateway could not run: ${messageOf(error)}`, EXIT.degraded);
    process.exit();
  }
}
