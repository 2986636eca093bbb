// The flags that choose a server, for every command that talks to one, and the same flags for printed hints: a pasted hint
// must reach the same server.
//
//   addServerFlags(command, "deploy")                       // --server, --host, --control-port, --telemetry-port, --token
//   const server = await serverOf("deploy", flags)          // its host and ports
//   pasteable("wowsim diagnose", server)                    // "wowsim diagnose --server 127.0.0.1:40124"

import { dirname } from "node:path";
import { InvalidArgumentError, Option } from "commander";
import type { Command } from "commander";
import { messageOf, WowsimError } from "../../server/protocol/errors.ts";
import type { FoundServer, ServerWish } from "./find-server.ts";
import { DEFAULT_HOST, DEFAULT_PORTS, FLAG_OF, hostAndPort, parseServerName, shellWord } from "./server-name.ts";
import type { PortName, ServerName } from "./server-name.ts";
import { parsePort } from "../ui/flags.ts";

/** The ports that each command talks to. */
const PORTS = {
  "spawn-clients": ["game"],
  dashboard: ["game", "control", "http", "telemetry"],
  wizard: ["game", "control", "http", "telemetry"],
  "inject-fault": ["control"],
  health: ["http", "telemetry"],
  diagnose: ["telemetry"],
  deploy: ["control", "telemetry"],
  /** For the subcommands of deploy that need no telemetry; not a name that a user types. */
  "deploy control": ["control"],
  scenario: ["game", "control", "http", "telemetry"],
  benchmark: ["game", "telemetry"],
} as const satisfies Record<string, readonly PortName[]>;

export type ServerCommand = keyof typeof PORTS;

/** The flags as commander parses them. */
export interface ServerFlags {
  server?: ServerName;
  host?: string;
  port?: number;
  controlPort?: number;
  httpPort?: number;
  telemetryPort?: number;
  token?: string;
  playerToken?: string;
}

/** What a command does without a named server, where it does not use the server of this folder. */
const UNNAMED: Partial<Record<ServerCommand, string>> = {
  scenario: "a server of its own",
  benchmark: "a server of its own",
  wizard: "it asks",
};

const DESCRIPTIONS: Record<PortName, string> = {
  game: "its game port (TCP)",
  control: "its control port (TCP)",
  http: "its HTTP port (/metrics, /healthz, /readyz)",
  telemetry: "its telemetry feed (UDP)",
};

/** The flags of a server, as commander parses them. */
export interface ListenFlags {
  host: string;
  port: number;
  controlPort: number;
  httpPort: number;
  telemetryPort: number;
  dataDir: string;
}

/** Adds the flags of a command that listens, or checks whether it could: an address, four ports, and the data directory. */
export function addListenFlags(command: Command, host: string, data: string): Command {
  return command
    .option("--host <address>", host, DEFAULT_HOST)
    .option("--port <n>", "game port (TCP); 0 takes any free one", parsePort, DEFAULT_PORTS.game)
    .option("--control-port <n>", "control port (TCP)", parsePort, DEFAULT_PORTS.control)
    .option("--http-port <n>", "HTTP port: /metrics, /healthz, /readyz", parsePort, DEFAULT_PORTS.http)
    .option("--telemetry-port <n>", "telemetry feed (UDP)", parsePort, DEFAULT_PORTS.telemetry)
    .option("--data-dir <dir>", data, parseFolder, ".wowsim");
}

/** An empty name is a variable that was not set, and not the current folder. */
function parseFolder(text: string): string {
  if (text.trim() !== "") return text;
  throw new InvalidArgumentError("Name a folder; . is the current one.");
}

/** Adds --server, --host, --token, and the flags of the ports that the command talks to. */
export function addServerFlags(command: Command, name: ServerCommand): Command {
  command
    .addOption(
      new Option(
        "--server <host:port>",
        `the server, by its control port (which reports the other ports); also from WOWSIM_SERVER; default: ${UNNAMED[name] ?? "the server of this folder"}`,
      ).argParser(serverName),
    )
    .option("--host <address>", "its address; ports without a flag are the usual ones");
  for (const port of PORTS[name]) {
    const flag = `${FLAG_OF[port]} <n>`;
    command.addOption(new Option(flag, `${DESCRIPTIONS[port]}, usually ${DEFAULT_PORTS[port]}`).argParser(parsePort));
  }
  command.option("--token <secret>", "the operators' token, where the server has one; also from WOWSIM_TOKEN");
  const ports: readonly PortName[] = PORTS[name];
  if (!ports.includes("game")) return command;
  const playerToken = "the players' token, where the server has one; also from WOWSIM_PLAYER_TOKEN";
  return command.option("--player-token <secret>", playerToken);
}

function serverName(text: string): ServerName {
  try {
    return parseServerName(text);
  } catch (error) {
    throw new InvalidArgumentError(messageOf(error));
  }
}

/** The server that the flags mean. Throws WowsimError as findServer does. */
export async function serverOf(name: ServerCommand, flags: ServerFlags): Promise<FoundServer> {
  const { findServer } = await import("./find-server.ts");
  return await findServer(wishOf(flags), PORTS[name]);
}

/** The server named by flags or environment, or the one with its data in this folder; null when there is none. */
export async function namedServer(flags: ServerFlags): Promise<FoundServer | null> {
  const server = await wishedServer(flags);
  return server.isNamed || namesServer(flags) ? server : null;
}

/** As serverOf, without a request to the server: ports that were not given are the default ones. */
export async function wishedServer(flags: ServerFlags): Promise<FoundServer> {
  const { findServer } = await import("./find-server.ts");
  return await findServer(wishOf(flags), []);
}

/** Runs `work` with that server; its errors are thrown with hints that can be pasted. */
export async function withServer<Result>(
  name: ServerCommand,
  flags: ServerFlags,
  work: (server: FoundServer) => Promise<Result>,
): Promise<Result> {
  const server = await serverOf(name, flags);
  try {
    return await work(server);
  } catch (error) {
    throw withPasteableHints(error, server);
  }
}

/** The server that wrote a telemetry file, for hints: as the flags say, else the one with its data beside the file. */
export async function serverBeside(file: string, flags: ServerFlags): Promise<FoundServer> {
  const { findServer } = await import("./find-server.ts");
  return await findServer(wishOf(flags), [], { env: process.env, dataDir: dirname(file) });
}

/** Completes the hints of an error, because the code that threw it does not know how the server was named. */
export function withPasteableHints(error: unknown, server: ServerPlace): unknown {
  if (!(error instanceof WowsimError)) return error;
  const message = error.message.replaceAll(BARE_HINT, (hint) => pasteable(hint, server));
  return message === error.message ? error : new WowsimError(error.code, message, { cause: error });
}

/** A command without arguments inside a sentence. */
const BARE_HINT = /\bwowsim (?:health|diagnose|spawn-clients)\b(?! -)/g;

/** Whether the flags or WOWSIM_SERVER choose a server. */
export function namesServer(flags: ServerFlags): boolean {
  const { server, host, ports } = wishOf(flags);
  const isTold = server !== undefined || host !== undefined || Object.keys(ports).length > 0;
  return isTold || (process.env["WOWSIM_SERVER"] ?? "") !== "";
}

function wishOf({
  server,
  host,
  port: game,
  controlPort: control,
  httpPort: http,
  telemetryPort: telemetry,
  token,
  playerToken,
}: ServerFlags): ServerWish {
  const told = Object.entries({ game, control, http, telemetry }).filter(([, port]) => port !== undefined);
  return { server, host, ports: Object.fromEntries(told), token, playerToken };
}

/**
 * A command line with the flags that reach the same server, added to each `wowsim` in it that talks to one. A token is never
 * printed: the user has it in WOWSIM_TOKEN, or the hint says that one is needed.
 */
export function pasteable(commandLine: string, server: ServerPlace): string {
  return commandLine
    .split(" && ")
    .map((part) => [part, ...wordsFor(part.split(" ")[1] ?? "", server)].join(" "))
    .join(" && ");
}

/** The part of a found server that a hint needs. */
export type ServerPlace = Pick<FoundServer, "host" | "ports" | "told" | "isNamed">;

function wordsFor(name: string, { host, ports, told, isNamed }: ServerPlace): string[] {
  const takes: readonly PortName[] = isServerCommand(name) ? PORTS[name] : [];
  if (takes.length === 0) return [];
  const named = isNamed ? [`--server ${shellWord(hostAndPort(host, ports.control))}`] : hostWords(host);
  const flags = takes.filter((port) => told[port] !== undefined && !(isNamed && port === "control"));
  return [...named, ...flags.map((port) => `${FLAG_OF[port]} ${told[port]}`)];
}

const hostWords = (host: string): string[] => (host === DEFAULT_HOST ? [] : [`--host ${host}`]);

const isServerCommand = (name: string): name is ServerCommand => Object.hasOwn(PORTS, name);
