// Checks whether the ports that a server would listen on are free; if not, which process uses them.

import { messageOf } from "../../server/protocol/errors.ts";
import { ok, warning } from "./check.ts";
import type { Check } from "./check.ts";
import { portOwner } from "./port-owner.ts";

export interface WantedPort {
  protocol: "tcp" | "udp";
  port: number;
  /** Its purpose, and the flag of wowsim serve that chooses another port. */
  use: string;
  flag: string;
}

export async function checkPort(host: string, wanted: WantedPort): Promise<Check> {
  const { protocol, port, use, flag } = wanted;
  const id = `port-${port}`;
  const problem = await listenProblem(host, protocol, port);
  if (problem === null) return ok(id, `free (${use})`);
  const owner = await portOwner(protocol, port);
  const who = owner === null ? problem : `taken by pid ${owner.pid}: ${owner.command}`;
  const isOurs = owner !== null && /wowsim(\.ts)?\b.*\bserve\b/.test(owner.command);
  if (isOurs) return warning(id, who, `That is a wowsim server; another one needs ${flag} 0 (any free port).`);
  return warning(id, who, `Choose another for wowsim serve with ${flag}, or stop that process.`);
}

/** Null when the port is free now. */
async function listenProblem(hostname: string, protocol: "tcp" | "udp", port: number): Promise<string | null> {
  try {
    if (protocol === "tcp") Bun.listen({ hostname, port, socket: { data() {} } }).stop(true);
    else (await Bun.udpSocket({ hostname, port })).close();
    return null;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    return code === "EADDRINUSE" ? "taken" : messageOf(error);
  }
}
