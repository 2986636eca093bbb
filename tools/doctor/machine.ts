// Checks the machine and the process: processors, memory, open files, folders to write to, a terminal.

import { accessSync, constants, existsSync, readFileSync, statfsSync, statSync } from "node:fs";
import { availableParallelism, freemem, tmpdir } from "node:os";
import { dirname, resolve } from "node:path";
import { messageOf } from "../../server/protocol/errors.ts";
import { missing, ok, warning } from "./check.ts";
import type { Check } from "./check.ts";

const MIB = 2 ** 20;
/** A server with two zones and its players uses about 250 MB; the clients' process and the kernel's compiler need more. */
const MEMORY_MIB_MIN = 512;
const DISK_MIB_MIN = 256;
/** Besides its players' sockets, the server has some dozens of files open. */
const FILES_OVERHEAD = 64;
/** With fewer, not even the default 50 players fit. */
const FILES_MIN = 128;
const FILES_WANTED = 5_000 + FILES_OVERHEAD;

export function checkMachine(dataDir: string): Check[] {
  return [
    checkProcessors(availableParallelism()),
    checkMemory(process.availableMemory?.() ?? freemem()),
    checkOpenFiles(openFilesMax()),
    checkFolder("data-dir", resolve(dataDir), "--data-dir"),
    checkFolder("temp-dir", tmpdir(), "TMPDIR"),
    checkTerminal(process.env, process.stdout.isTTY === true),
  ];
}

export function checkProcessors(count: number): Check {
  if (count >= 2) return ok("processors", `${count}`);
  return warning(
    "processors",
    `${count}`,
    "Server and players share it: ticks will overrun earlier. Give it two or more, or measure with fewer players.",
  );
}

export function checkMemory(bytes: number): Check {
  const mib = Math.floor(bytes / MIB);
  if (mib >= MEMORY_MIB_MIN) return ok("memory", `${mib} MB available`);
  return warning(
    "memory",
    `${mib} MB available`,
    `Close something: a server with its players wants ${MEMORY_MIB_MIN} MB.`,
  );
}

/** `max`: files that this process may have open; null when it can not be determined here. */
export function checkOpenFiles(max: number | null): Check {
  if (max === null) return ok("open-files", "not known on this system");
  const players = Math.max(0, max - FILES_OVERHEAD);
  const found = `${max}, enough for ${players} players a process`;
  const mend = `Raise it before you start wowsim: ulimit -n ${FILES_WANTED * 2} (or the "nofile" limit of the service or container).`;
  if (max < FILES_MIN) return missing("open-files", found, mend);
  return max < FILES_WANTED ? warning("open-files", found, mend) : ok("open-files", found);
}

/** Bun raises the soft limit to the hard one when it starts, so this process's limit is the one that matters. */
function openFilesMax(): number | null {
  if (!existsSync("/proc/self/limits")) return null;
  const line = readFileSync("/proc/self/limits", "utf8")
    .split("\n")
    .find((text) => text.startsWith("Max open files"));
  const max = line?.trim().split(/\s+/)[3];
  return max === "unlimited" ? Number.MAX_SAFE_INTEGER : max === undefined ? null : Number(max);
}

/** Checks a folder that will be written to, or its nearest existing parent. */
export function checkFolder(id: string, folder: string, setting: string): Check {
  let there = folder;
  while (!existsSync(there) && dirname(there) !== there) there = dirname(there);
  const mend = `Choose another with ${setting}, or change its rights.`;
  if (!statSync(there).isDirectory()) return missing(id, `${folder} can not be made: ${there} is a file`, mend);
  try {
    accessSync(there, constants.W_OK | constants.X_OK);
  } catch (error) {
    return missing(id, `${folder} can not be written to (${messageOf(error)})`, mend);
  }
  const { bavail, bsize } = statfsSync(there);
  const mib = Math.floor((bavail * bsize) / MIB);
  if (mib >= DISK_MIB_MIN) return ok(id, `${folder}, ${mib} MB free`);
  return warning(
    id,
    `${folder}, ${mib} MB free`,
    `Telemetry needs room: free some, or choose another with ${setting}.`,
  );
}

export function checkTerminal(env: Record<string, string | undefined>, isTty: boolean): Check {
  if (!isTty) return ok("terminal", "none: plain text");
  const term = env["TERM"] ?? "";
  if (term === "" || term === "dumb")
    return warning("terminal", `TERM=${term}`, "Set TERM to what the terminal is, such as xterm-256color.");
  const locale = env["LC_ALL"] || env["LC_CTYPE"] || env["LANG"] || "";
  if (!/utf-?8/i.test(locale))
    return warning("terminal", `${term}, locale ${locale || "not set"}`, "Bars need UTF-8: export LANG=C.UTF-8.");
  return ok("terminal", `${term}, UTF-8${env["NO_COLOR"] ? ", no colour wanted" : ""}`);
}
