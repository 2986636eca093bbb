// Finds the process that uses a port of this machine, as far as this user may know: on Linux by the socket's inode, which /proc
// shows among the open files of its process; elsewhere with lsof, if it is installed.
//
//   await portOwner("tcp", 8080)   // { pid: 4711, command: "bun wowsim.ts serve" }

import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { basename } from "node:path";

export interface PortOwner {
  pid: number;
  command: string;
}

/** State of a listening TCP socket in /proc/net/tcp; a bound UDP socket has 07. */
const LISTENING = { tcp: "0A", udp: "07" } as const;
const COMMAND_LENGTH_MAX = 60;

/** Null when no process uses it, or one that this user may not inspect. */
export async function portOwner(protocol: "tcp" | "udp", port: number): Promise<PortOwner | null> {
  const pid = existsSync("/proc/net/tcp") ? pidByInode(inodesOf(protocol, port)) : await pidByLsof(protocol, port);
  return pid === null ? null : { pid, command: await commandOf(pid) };
}

/** Inodes of the sockets that are bound to the port, of both address families. */
function inodesOf(protocol: "tcp" | "udp", port: number): Set<string> {
  const inodes = new Set<string>();
  for (const table of [protocol, `${protocol}6`]) {
    for (const line of linesOf(`/proc/net/${table}`)) {
      // sl, local address, remote address, state, queues, timer, retransmits, uid, timeout, inode
      const [, local = "", , state, , , , , , inode = ""] = line.trim().split(/\s+/);
      if (state === LISTENING[protocol] && Number.parseInt(local.split(":")[1] ?? "", 16) === port) inodes.add(inode);
    }
  }
  return inodes;
}

function pidByInode(inodes: Set<string>): number | null {
  if (inodes.size === 0) return null;
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    if (openFiles(pid).some((file) => inodes.has(/^socket:\[(\d+)\]$/.exec(file)?.[1] ?? ""))) return Number(pid);
  }
  return null;
}

/** The open files of a process; files closed meanwhile, and processes that can not be read, are left out. */
function openFiles(pid: string): string[] {
  const folder = `/proc/${pid}/fd`;
  return orElse([], () => readdirSync(folder)).map((fd) => orElse("", () => readlinkSync(`${folder}/${fd}`)));
}

function linesOf(path: string): string[] {
  return orElse([], () => readFileSync(path, "utf8").split("\n"));
}

/** The result of `read`, or `otherwise` when the file is gone or may not be read. */
function orElse<T>(otherwise: T, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (isOutOfReach(error)) return otherwise;
    throw error;
  }
}

function isOutOfReach(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return ["ENOENT", "EACCES", "EPERM", "ESRCH", "ENOTDIR"].includes(code);
}

async function pidByLsof(protocol: "tcp" | "udp", port: number): Promise<number | null> {
  const lsof = Bun.which("lsof");
  if (lsof === null) return null;
  const only = protocol === "tcp" ? ["-sTCP:LISTEN"] : [];
  const child = Bun.spawn([lsof, "-nP", `-i${protocol.toUpperCase()}:${port}`, ...only, "-Fp"], { stderr: "ignore" });
  const pid = /^p(\d+)$/m.exec(await new Response(child.stdout).text())?.[1];
  return pid === undefined ? null : Number(pid);
}

/** The command line, shortened: programs and files without their folders. */
async function commandOf(pid: number): Promise<string> {
  const [line = ""] = linesOf(`/proc/${pid}/cmdline`);
  const words = line === "" ? (await commandByPs(pid)).split(" ") : line.split("\0");
  const command = words
    .map((word) => (word.startsWith("/") ? basename(word) : word))
    .join(" ")
    .trim();
  return command.length <= COMMAND_LENGTH_MAX ? command : `${command.slice(0, COMMAND_LENGTH_MAX - 3)}...`;
}

async function commandByPs(pid: number): Promise<string> {
  const child = Bun.spawn(["ps", "-o", "command=", "-p", String(pid)], { stderr: "ignore" });
  return (await new Response(child.stdout).text()).trim();
}
