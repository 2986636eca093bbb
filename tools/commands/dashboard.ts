// wowsim dashboard: shows a running server on the whole terminal, and controls it by keys and mouse.

import { join } from "node:path";
import { Option } from "commander";
import type { Command } from "commander";
import { DATA_DIR } from "../client/find-server.ts";
import type { FoundServer } from "../client/find-server.ts";
import { readServerFile } from "../../server/protocol/server-file.ts";
import type { Place } from "../dashboard/whereabouts.ts";
import { exitCodes } from "../ui/help.ts";
import { addServerFlags, serverOf, wishedServer } from "../client/server-flags.ts";
import type { ServerFlags } from "../client/server-flags.ts";
import { EXIT, exitCodeOf, fail, hasColor } from "../ui/output.ts";

interface DashboardFlags extends ServerFlags {
  telemetryFile?: string;
  candidate: string[];
  ascii?: boolean;
}

const HERE = new Set(["127.0.0.1", "::1", "localhost"]);

export function register(program: Command): void {
  const command = program
    .command("dashboard")
    .description(
      "Watch and drive a running server on the whole terminal: tick times, zones, the likely cause, faults, players, deploys, a map.",
    )
    .option(
      "--telemetry-file <file>",
      "the server's telemetry file, for earlier events; default: that of this folder's server",
    )
    .addOption(
      new Option("--candidate <file>", "a kernel (.wasm) to offer for deploys; can be repeated")
        .argParser(appended)
        .default([], "those in this folder"),
    )
    .option("--ascii", "draw with ASCII only; the default where the locale or the terminal has no UTF-8")
    .addHelpText(
      "after",
      "\nStart a server in one terminal (wowsim serve), this in another. The server may\n" +
        "come later, and go and come back. h shows every key; q quits. What is begun here\n" +
        "(players, faults, a deploy) ends with it, also when it is killed. NO_COLOR is\n" +
        "respected.\n" +
        exitCodes({ 0: "quit", 1: "it failed", 64: "no terminal, or wrong usage", 130: "interrupted" }),
    );
  addServerFlags(command, "dashboard");
  command.action(dashboard);
}

function appended(file: string, before: string[]): string[] {
  return [...before, file];
}

async function dashboard(flags: DashboardFlags): Promise<void> {
  const { candidate, ascii } = flags;
  try {
    const [{ runDashboard }, { showsUnicode }] = await Promise.all([
      import("../dashboard/dashboard.ts"),
      import("../dashboard/glyphs.ts"),
    ]);
    const find = (): Promise<Place> => placeOf(flags);
    const isAscii = ascii === true || !showsUnicode(process.env);
    const exitCode = await runDashboard({
      ...(await find()),
      find,
      candidates: candidate,
      hasColor: hasColor(),
      isAscii,
    });
    // There is no need to wait for sockets and timers that are being closed.
    process.exit(exitCode);
  } catch (error) {
    fail(error);
  }
}

async function placeOf(flags: DashboardFlags): Promise<Place> {
  const { host, ports, token, playerToken } = await server(flags);
  const { game: port, control: controlPort, http: httpPort, telemetry: telemetryPort } = ports;
  const telemetryFile = flags.telemetryFile ?? fileOf(host, controlPort);
  return { host, port, controlPort, httpPort, telemetryPort, telemetryFile, token, playerToken };
}

/** The telemetry file of the server whose data is in this folder; null when the server is another one. */
function fileOf(host: string, controlPort: number): string | null {
  const folder = readServerFile(DATA_DIR);
  const isHere = HERE.has(host) || host === folder?.host;
  return isHere && folder?.ports.control === controlPort ? join(DATA_DIR, "telemetry.jsonl") : null;
}

/** The server's address now or later: while it does not answer, the ports that were not given are the default ones. */
async function server(flags: ServerFlags): Promise<FoundServer> {
  try {
    return await serverOf("dashboard", flags);
  } catch (error) {
    if (exitCodeOf(error) !== EXIT.unreachable) throw error;
    return await wishedServer(flags);
  }
}
