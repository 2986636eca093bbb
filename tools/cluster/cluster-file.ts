// A small file in the data folder of a running cluster: where its bus and its controller are, and the passwords of its roles. So a
// tool in the same folder finds the cluster, and a host that died is started again with one short command.
//
//   wowsim zone-host --bus .wowsim/cluster.json --name b
//   wowsim cluster status                                     // of the cluster of this folder
//
// The file has passwords, and only its owner may read it. That of a killed cluster stays behind, and is ignored, because its
// process is gone.

import { chmodSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { messageOf, WowsimError } from "../../server/protocol/errors.ts";
import type { Role } from "./nats-config.ts";

const FILE = "cluster.json";

const ClusterFile = z.object({
  pid: z.number().int().min(1),
  /** The machine, or container, of that process. */
  machine: z.string(),
  host: z.string(),
  /** The controller's port. */
  control: z.number().int().min(1).max(65_535),
  bus: z.object({
    url: z.string(),
    /** A certificate to trust, as a file. */
    ca: z.string().optional(),
    passwords: z.object({ host: z.string(), gateway: z.string(), controller: z.string() }),
  }),
});
export type ClusterFile = z.infer<typeof ClusterFile>;

/** How to get onto a bus. */
export interface BusPlace {
  servers: string;
  user?: string;
  password?: string;
  ca?: string;
}

export const clusterFileIn = (dataDir: string): string => join(dataDir, FILE);

/** Writes the file at once and whole; returns a function that removes it. Throws the system's error. */
export function writeClusterFile(dataDir: string, place: Omit<ClusterFile, "pid" | "machine">): () => void {
  const path = clusterFileIn(dataDir);
  const whole = `${path}.${process.pid}`;
  const content: ClusterFile = { pid: process.pid, machine: hostname(), ...place };
  writeFileSync(whole, `${JSON.stringify(content)}\n`, { mode: 0o600 });
  chmodSync(whole, 0o600);
  renameSync(whole, path);
  return () => rmSync(path, { force: true });
}

/** The running cluster that keeps its data there; null when there is none, as far as file and process table show. */
export function readClusterFile(dataDir: string): ClusterFile | null {
  try {
    const found = read(clusterFileIn(dataDir));
    return found.machine === hostname() && isRunning(found.pid) ? found : null;
  } catch {
    // There is no file, or it can not be read: no cluster is known.
    return null;
  }
}

/**
 * What --bus means: an address, with WOWSIM_BUS_USER and WOWSIM_BUS_PASSWORD where the bus wants them, or the file of a running
 * cluster. Throws WowsimError("usage").
 */
export function busOf(text: string, role: Role, env: Record<string, string | undefined> = process.env): BusPlace {
  if (/^(?:nats|tls|ws|wss):\/\//.test(text) || /^[\w.-]+:\d+$/.test(text)) {
    const [user, password, ca] = ["WOWSIM_BUS_USER", "WOWSIM_BUS_PASSWORD", "WOWSIM_BUS_CA"].map((key) => env[key]);
    return {
      servers: text,
      ...(user ? { user, password: password ?? "" } : {}),
      ...(ca ? { ca } : {}),
    };
  }
  try {
    const { bus } = read(text);
    return {
      servers: bus.url,
      user: role,
      password: bus.passwords[role],
      ...(bus.ca === undefined ? {} : { ca: bus.ca }),
    };
  } catch (cause) {
    const message = `--bus takes an address such as nats://127.0.0.1:4222, or the cluster.json of a running cluster; ${text} is neither (${messageOf(cause)}).`;
    throw new WowsimError("usage", message, { cause });
  }
}

function read(path: string): ClusterFile {
  return ClusterFile.parse(JSON.parse(readFileSync(path, "utf8")));
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: the process belongs to another user, but it runs.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
