// The error for a port on which the server can not listen.
//
//   throw listenError(cause, { port: 8080, host: "127.0.0.1", name: "Port", flag: "--port" })
//   // Port 8080 is in use; choose another with --port, or see who has it: wowsim doctor --port 8080

import { messageOf, WowsimError } from "../protocol/errors.ts";

export interface ListenAttempt {
  host: string;
  port: number;
  /** The name with which a sentence begins: "UDP port". */
  name: string;
  /** The flag that chooses another port. */
  flag: string;
}

export function listenError(cause: unknown, { host, port, name, flag }: ListenAttempt): WowsimError {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  if (code === "EADDRINUSE") {
    const message = `${name} ${port} is in use; choose another with ${flag}, or see who has it: wowsim doctor ${flag} ${port}`;
    return new WowsimError("port_in_use", message, { cause });
  }
  const message = `${name} ${port} can not be listened on at ${host} (${messageOf(cause)}); see --host and ${flag}.`;
  return new WowsimError("listen_failed", message, { cause });
}
