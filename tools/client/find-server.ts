// Finds the server that a command means, from as little information as possible; the first source that is given wins:
//
//   flags of a single port or host  >  --server  >  WOWSIM_SERVER  >  the server of this folder's data directory  >  the usual ports
//
//   const server = await findServer({ server: { host: "10.0.0.7", port: null }, ports: {} }, ["game", "telemetry"])
//   // { host: "10.0.0.7", ports: { game: 8080, control: 8081, http: 8082, telemetry: 9090 }, ... }
//
// A server is named by its control port, which reports the other ports (the control command `server`). It is asked only for
// ports that the command needs and that were not given.

import { z } from "zod";
import { WowsimError } from "../../server/protocol/errors.ts";
import { readServerFile } from "../../server/protocol/server-file.ts";
import { ControlClient } from "./control-client.ts";
import { DEFAULT_HOST, DEFAULT_PORTS, FLAG_OF, hostAndPort, parseServerName } from "./server-name.ts";
import type { PortName, ServerName, ServerPorts } from "./server-name.ts";

/** The data directory of a server that is started in this folder without --data-dir. */
export const DATA_DIR = ".wowsim";

/** What the user gave to a command. */
export interface ServerWish {
  server?: ServerName | undefined;
  host?: string | undefined;
  ports: Partial<ServerPorts>;
  token?: string | undefined;
  playerToken?: string | undefined;
}

export interface FoundServer {
  host: string;
  /** Ports that the command does not need may be the default ones, because nobody asked for them. */
  ports: ServerPorts;
  /** The operators' token. */
  token?: string;
  /** The players' token. */
  playerToken?: string;
  /** The ports that were given by their own flags. */
  told: Partial<ServerPorts>;
  /** Its control port is known, or at least named; false when only other ports were given, or nothing. */
  isNamed: boolean;
}

export interface Around {
  env: Record<string, string | undefined>;
  /** The data directory of the server that is used when none is named. */
  dataDir: string;
}

/** Throws WowsimError: usage (WOWSIM_SERVER is not a valid name), control_unreachable, wrong_token, token_required. */
export async function findServer(
  wish: ServerWish,
  needs: readonly PortName[],
  { env, dataDir }: Around = { env: process.env, dataDir: DATA_DIR },
): Promise<FoundServer> {
  const told = wish.ports;
  const token = wish.token ?? (env["WOWSIM_TOKEN"] || undefined);
  const playerToken = wish.playerToken ?? (env["WOWSIM_PLAYER_TOKEN"] || undefined);
  const name = wish.server ?? (wish.host === undefined ? nameFrom(env) : null);
  const isNamed = name !== null || told.control !== undefined;
  const folder = isNamed || wish.host !== undefined ? null : readServerFile(dataDir);
  const host = wish.host ?? name?.host ?? reachable(folder?.host) ?? DEFAULT_HOST;
  const control = told.control ?? name?.port ?? folder?.ports.control ?? DEFAULT_PORTS.control;
  const missing = needs.filter((port) => port !== "control" && told[port] === undefined);
  const access = { host, port: control, ...(token === undefined ? {} : { token }) };
  const asked = isNamed && missing.length > 0 ? await askPorts(access, missing) : null;
  return {
    host,
    ports: { ...DEFAULT_PORTS, ...folder?.ports, ...asked, ...told, control },
    ...(token === undefined ? {} : { token }),
    ...(playerToken === undefined ? {} : { playerToken }),
    told,
    isNamed: isNamed || folder !== null,
  };
}

/** WOWSIM_SERVER; null when it is not set. */
function nameFrom(env: Around["env"]): ServerName | null {
  const text = env["WOWSIM_SERVER"];
  if (text === undefined || text === "") return null;
  try {
    return parseServerName(text);
  } catch (cause) {
    if (!(cause instanceof WowsimError)) throw cause;
    throw new WowsimError(cause.code, `WOWSIM_SERVER is ${JSON.stringify(text)}. ${cause.message}`, { cause });
  }
}

/** For a server that listens on all addresses: one of them. */
function reachable(host: string | undefined): string | undefined {
  if (host === "0.0.0.0") return DEFAULT_HOST;
  return host === "::" ? "::1" : host;
}

const port = z.number().int().min(1).max(65_535);
const Answer = z.object({ ports: z.object({ game: port, control: port, http: port, telemetry: port }) });

/** The other ports, as the control port reports them; null when the server is too old to report them. */
async function askPorts(
  access: { host: string; port: number; token?: string },
  missing: readonly PortName[],
): Promise<ServerPorts | null> {
  await using control = await ControlClient.connect(access);
  const answer = await control.request({ command: "server" });
  if (answer.code === "unknown_command") return null;
  if (!answer.success)
    throw new WowsimError(answer.code ?? "refused", answer.error ?? "The server does not report its ports.");
  const { ports } = Answer.parse(answer);
  if (ports.control === access.port) return ports;
  // Behind a container's port map or a tunnel, the server only knows the address that is used inside.
  const name = hostAndPort(access.host, access.port);
  const flags = missing.map((each) => FLAG_OF[each]).join(" and ");
  const message = `${name} is forwarded to port ${ports.control}, so the server does not know how its other ports are reached; give them with ${flags}.`;
  throw new WowsimError("usage", message);
}
