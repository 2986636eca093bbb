// wowsim serve: runs the server in this process until a signal asks it to stop.

import type { Command } from "commander";
import { messageOf, WowsimError } from "../../server/errors.ts";
import { addFormatFlag, DEFAULT_PORTS, parseInteger, parsePort } from "../ui/flags.ts";
import type { OutputFormat } from "../ui/flags.ts";
import { exitCodes } from "../ui/help.ts";
import { err, EXIT, fail, out, outJson } from "../ui/output.ts";

interface ServeFlags {
  host: string;
  port: number;
  controlPort: number;
  httpPort: number;
  telemetryPort: number;
  dataDir: string;
  telemetryFile?: string;
  telemetryMaxMb: number;
  world?: string;
  workers?: number;
  tickRate: number;
  seed: number;
  token?: string;
  guests: boolean;
  format: OutputFormat;
}

const BYTES_PER_MB = 2 ** 20;

export function register(program: Command): void {
  const command = program
    .command("serve")
    .description("Run the game server until Ctrl-C or SIGTERM.")
    .option("--host <address>", "address to listen on; off loopback a --token is required", "127.0.0.1")
    .option("--port <n>", "game port (TCP); 0 takes any free one", parsePort, DEFAULT_PORTS.game)
    .option("--control-port <n>", "control port (TCP)", parsePort, DEFAULT_PORTS.control)
    .option("--http-port <n>", "HTTP port: /metrics, /healthz, /readyz", parsePort, DEFAULT_PORTS.http)
    .option("--telemetry-port <n>", "telemetry feed (UDP)", parsePort, DEFAULT_PORTS.telemetry)
    .option("--data-dir <dir>", "where telemetry.jsonl goes", ".wowsim")
    .option("--telemetry-file <file>", "telemetry somewhere else than in the data directory")
    .option("--telemetry-max-mb <n>", "size of a telemetry file; 4 are kept", parseInteger(1, 65_536), 256)
    .option("--world <file>", "world file (TOML); default: two zones")
    .option("--workers <n>", "zone workers; default: one a zone, at most 8", parseInteger(1, 64))
    .option("--tick-rate <hz>", "ticks a second", parseInteger(1, 100), 20)
    .option("--seed <n>", "seed of everything random", parseInteger(0, 0xffff_ffff), 1)
    .option("--token <secret>", "what the control channel asks for; also from WOWSIM_TOKEN")
    .option("--no-guests", "only players who say hello")
    .addHelpText(
      "after",
      "\nWith --format json the first line on stdout, once everything listens, is\n" +
        '  {"ready":true,"game":n,"control":n,"http":n,"telemetry":n,"pid":n,\n   "data_dir":"..."}\n' +
        exitCodes({ 0: "stopped in order", 1: "could not start (stderr says why)", 130: "Ctrl-C twice" }),
    );
  addFormatFlag(command).action(serve);
}

async function serve(flags: ServeFlags): Promise<void> {
  // From here on, so that a signal stops it in order even before everything listens.
  const signalled = nextSignal();
  const { startServer } = await import("../../server/main.ts");
  const { format, token = process.env["WOWSIM_TOKEN"], tickRate: tickRateHz, world: worldFile, ...options } = flags;
  const telemetryBytesMax = flags.telemetryMaxMb * BYTES_PER_MB;
  try {
    const server = await startServer({ ...options, telemetryBytesMax, tickRateHz, worldFile, token });
    const { ports, dataDir } = server;
    if (format === "json") outJson({ ready: true, ...ports, pid: process.pid, data_dir: dataDir });
    else {
      out(`wowsim serves ${server.zones.map((zone) => `${zone.id} ${zone.name}`).join(", ")} at ${tickRateHz} Hz.`);
      out(
        `  game ${flags.host}:${ports.game}   control :${ports.control}   http :${ports.http}   telemetry udp :${ports.telemetry}`,
      );
      out(`  telemetry in ${server.telemetryFile}. Ctrl-C stops.`);
    }
    const signal = await signalled;
    if (format === "text") err(`\nwowsim: ${signal}, stopping`);
    await server.stop();
    process.exit(EXIT.ok);
  } catch (error) {
    if (!(error instanceof WowsimError)) err(`wowsim: the server could not run: ${messageOf(error)}`);
    else fail(error, EXIT.degraded);
    process.exit(EXIT.degraded);
  }
}

/** The first SIGINT or SIGTERM. A second one, should stopping hang, ends the process at once. */
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
