// wowsim controller: the control port of a cluster, in this process until a signal asks it to stop. A cluster plays on without it.

import type { Command } from "commander";
import type { StartController } from "../../server/protocol/cluster.ts";
import { messageOf, WowsimError } from "../../server/protocol/errors.ts";
import { busOf } from "../cluster/cluster-file.ts";
import { DEFAULT_HOST, hostAndPort } from "../client/server-name.ts";
import { nextSignal, untilParentIsGone } from "./serve-ends.ts";
import { addFormatFlag, parsePort } from "../ui/flags.ts";
import type { OutputFormat } from "../ui/flags.ts";
import { exitCodes } from "../ui/help.ts";
import { err, EXIT, fail, note, out } from "../ui/output.ts";

interface ControllerFlags {
  bus?: string;
  prefix: string;
  host: string;
  controlPort: number;
  world?: string;
  token?: string;
  withParent?: boolean;
  format: OutputFormat;
}

const DEFAULT_BUS = "nats://127.0.0.1:4222";
const CONTROL_PORT = 8_081;

/** `program` is passed in by the main program, because tools do not import the server. */
export function register(program: Command, { startController }: { startController: StartController }): void {
  const command = program
    .command("controller")
    .description("Run the control port of a cluster: one view over all, and orders to hosts.")
    .option(
      "--bus <where>",
      `the nats-server, or the cluster.json of a running cluster; also from WOWSIM_BUS; default: ${DEFAULT_BUS}`,
    )
    .option("--prefix <name>", "of the cluster's subjects on the bus", "w")
    .option("--host <address>", "address to listen on; off loopback a --token is required", DEFAULT_HOST)
    .option("--control-port <n>", "control port (TCP); 0 takes any free one", parsePort, CONTROL_PORT)
    .option("--world <file>", "world file (TOML), the same as that of the zone hosts; default: two zones")
    .option("--token <secret>", "operators' token; also from WOWSIM_TOKEN")
    .option("--with-parent", "stop when stdin ends, so that it never outlives the program that started it")
    .addHelpText(
      "after",
      "\nA cluster may have several, or none: zones and players do not need it. wowsim\ncluster up has one of its own. A user and a password for the bus come from\nWOWSIM_BUS_USER and WOWSIM_BUS_PASSWORD. With --format json the first line on\n" +
        'stdout is {"ready":true,"role":"controller","control":n,"pid":n}\n' +
        exitCodes({
          0: "stopped in order",
          1: "could not start: no nats-server answers, or the port is in use",
          4: "there is no such world file",
          64: "wrong usage, a wrong world file, or no token where one is required",
          130: "Ctrl-C twice",
        }),
    );
  addFormatFlag(command).action(async (flags: ControllerFlags) => await run(flags, startController));
}

async function run(flags: ControllerFlags, startController: StartController): Promise<void> {
  const stopped = Promise.race([nextSignal(), ...(flags.withParent === true ? [untilParentIsGone()] : [])]);
  try {
    const { servers: bus, ...login } = busOf(flags.bus ?? process.env["WOWSIM_BUS"] ?? DEFAULT_BUS, "controller");
    const controller = await startController({
      bus,
      ...login,
      prefix: flags.prefix,
      host: flags.host,
      controlPort: flags.controlPort,
      worldFile: flags.world,
      token: flags.token ?? (process.env["WOWSIM_TOKEN"] || undefined),
      onWarning: note,
    });
    const { control } = controller;
    if (flags.format === "json") out(JSON.stringify({ ready: true, role: "controller", control, pid: process.pid }));
    else {
      const server = hostAndPort(flags.host, control);
      out(`wowsim controller listens on ${server}. Ctrl-C stops it, and nothing else.`);
      out(`  wowsim cluster status --server ${server}`);
    }
    const reason = await stopped;
    if (flags.format === "text") err(`\nwowsim: ${reason}, stopping`);
    await controller.stop();
    process.exit(EXIT.ok);
  } catch (error) {
    if (error instanceof WowsimError) fail(error);
    else fail(`the controller could not run: ${messageOf(error)}`, EXIT.degraded);
    process.exit();
  }
}
