// Which server a command means, from the least that it is told:
//
//   flags of a single port or host  >  --server  >  WOWSIM_SERVER  >  the server of this folder's data directory  >  the usual ports
//
//   const server = await findServer({ server: { host: "10.0.0.7", port: null }, ports: {} }, ["game", "telemetry"])
//   // { host: "10.0.0.7", ports: { game: 8080, control: 8081, http: 8082, telemetry: 9090 }, ... }
//
// A server is named by its control port, and that tells the others (the control command `server`). It is asked only for what
// the command needs and was not told.

import { z } from "zod";
import { WowsimError } from "../../server/protocol/errors.ts";
import { readServerFile } from "../../server/protocol/server-file.ts";
import { ControlClient } from "./control-client.ts";
import { DEFAULT_HOST, DEFAULT_PORTS, FLAG_OF, hostAndPort, parseServerName } from "./server-name.ts";
import type { PortName, ServerName, ServerPorts } from "./server-name.ts";

/** Of a server that is started in this folder and not told another. */
export const DATA_DIR = ".wowsim";

/** What a command was told. */
export interface ServerWish {
  server?: ServerName | undefined;
  host?: string | undefined;
  ports: Partial<ServerPorts>;
  token?: string | undefined;
  playerToken?: string | undefined;
}

export interface FoundServer {
  host: string;
  /** Those that were not needed may be the usual ones, for want of a better word. */
  ports: ServerPorts;
  /** The operators'. */
  token?: string;
  /** The players'. */
  playerToken?: string;
  /** What was told by flags of their own. */
  told: Partial<ServerPorts>;
  /** Its control port is known, or was at least named; false when only other ports were, or nothing was. */
  isNamed: boolean;
}

export interface Around {
  env: Record<string, string | undefined>;
  /** Whose server is taken when none is named. */
  dataDir: string;
}

/** Throws WowsimError: usage (WOWSIM_SERVER is no name), control_unreachable, wrong_token, token_required. */
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

/** Of a server that listens on all addresses, one of them. */
function reachable(host: string | undefined): string | undefined {
  if (host === "0.0.0.0") return DEFAULT_HOST;
  return host === "::" ? "::1" : host;
}

const port = z.number().int().min(1).max(65_535);
const Answer = z.object({ ports: z.object({ game: port, control: port, http: port, telemetry: port }) });

/** What the control port says of the others; null when the server is too old to say. */
async function askPorts(
  access: { host: string; port: number; token?: string },
  missing: readonly PortName[],
): Promise<ServerPorts | null> {
  await using control = await ControlClient.connect(access);
  const answer = await control.request({ command: "server" });
  if (answer.code === "unknown_command") return null;
  if (!answer.success)
    throw new WowsimError(answer.code ?? "refused", answer.error ?? "The server does not say where it is.");
  const { ports } = Answer.parse(answer);
  if (ports.control === access.port) return ports;
  // A container's port map, or a tunnel: what the server knows is how it is reached from inside.
  const name = hostAndPort(access.host, access.port);
  const flags = missing.map((each) => FLAG_OF[each]).join(" and ");
  const message = `${name} is forwarded to port ${ports.control}, so its server can not tell how its other ports are reached; say it with ${flags}.`;
  throw new WowsimError("usage", message);
}
