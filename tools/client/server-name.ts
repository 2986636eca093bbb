// How a user names a server: by its host, and its control port if that is not the default one.
//
//   parseServerName("[::1]:9081")      // { host: "::1", port: 9081 }
//   hostAndPort("::1", 9081)           // "[::1]:9081"

import { isIPv6 } from "node:net";
import { WowsimError } from "../../server/protocol/errors.ts";

export const DEFAULT_HOST = "127.0.0.1";
export const DEFAULT_PORTS = { game: 8080, control: 8081, http: 8082, telemetry: 9090 } as const;

export type PortName = keyof typeof DEFAULT_PORTS;
export type ServerPorts = Record<PortName, number>;

/** The flag that sets each port by itself. */
export const FLAG_OF: Readonly<Record<PortName, string>> = {
  game: "--port",
  control: "--control-port",
  http: "--http-port",
  telemetry: "--telemetry-port",
};

export interface ServerName {
  host: string;
  /** The control port; null when it was not given. */
  port: number | null;
}

/** HOST or HOST:PORT; an IPv6 address in brackets, or alone. Both are safe on a command line. */
const NAME = /^(?:\[(?<bracketed>[\da-f:.%\w]+)\]|(?<plain>[a-z\d](?:[a-z\d._-]*[a-z\d])?))(?::(?<port>\d+))?$/i;
const PORT_MAX = 65_535;

/** Throws WowsimError("usage") with the form of a valid name. */
export function parseServerName(text: string): ServerName {
  if (isIPv6(text)) return { host: text, port: null };
  const { bracketed, plain, port: digits } = NAME.exec(text)?.groups ?? {};
  const host = bracketed === undefined || isIPv6(bracketed) ? (bracketed ?? plain) : undefined;
  const port = digits === undefined ? null : Number(digits);
  // Digits alone are a port without a host.
  const isGood = host !== undefined && !/^\d+$/.test(host) && (port === null || (port >= 1 && port <= PORT_MAX));
  if (isGood) return { host, port };
  const example = /^:?\d+$/.test(text) ? `127.0.0.1:${text.replace(":", "")}` : "127.0.0.1:8081";
  throw new WowsimError(
    "usage",
    `Give HOST or HOST:PORT, where PORT is the control port, such as ${example} or [::1]:8081.`,
  );
}

/** Quoted as one word of a shell: bash and zsh read a bracket as the begin of a pattern. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** As in an address: IPv6 in brackets. */
export function hostAndPort(host: string, port: number): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}
