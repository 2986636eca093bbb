// A nats-server as a child process. It never outlives this process: a shell waits with it, whose stdin ends with us.
//
//   await using nats = await NatsProcess.start(await findNatsServer(), { folder, host: "127.0.0.1", port: 0 })
//   nats.port                // 40123
//   await nats.ended         // { pid, how } once it is gone

import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { join, resolve } from "node:path";
import type { Subprocess } from "bun";
import { WowsimError } from "../../server/protocol/errors.ts";
import { LOG, natsConfig } from "./nats-config.ts";
import type { NatsOptions } from "./nats-config.ts";
import type { NatsProgram } from "./nats-server.ts";

const LOOK_MS = 5;
/** It recovers its streams before it listens. */
const START_MS_MAX = 60_000;
const STOP_MS_MAX = 5_000;
const LOG_LINES_SHOWN = 5;
const PORTS_FILE = /^nats-server_(\d+)\.ports$/;
/** Its first argument ends with this process, whose end closes the shell's stdin: `read` then comes back. */
const WITH_PARENT = `exec 3<&0
"$@" </dev/null & child=$!
{ read -r _ <&3; kill "$child"; } 2>/dev/null & watcher=$!
wait "$child"; code=$?
kill "$watcher" 2>/dev/null
exit "$code"`;

type Child = Subprocess<"pipe", "ignore", Bun.BunFile>;

export interface NatsEnd {
  pid: number;
  /** "SIGKILL", or "code 1". */
  how: string;
}

export class NatsProcess implements AsyncDisposable {
  readonly port: number;
  readonly pid: number;
  /** Its configuration file: whoever starts it again with it goes on with the same port and streams. */
  readonly config: string;
  readonly ended: Promise<NatsEnd>;
  readonly #child: Child;

  /** Resolves when it takes connections. Throws WowsimError("nats_server_failed") with what it says. */
  static async start(program: NatsProgram, given: NatsOptions): Promise<NatsProcess> {
    const options = { ...given, folder: resolve(given.folder) };
    const { folder } = options;
    mkdirSync(folder, { recursive: true });
    for (const name of readdirSync(folder).filter((each) => PORTS_FILE.test(each) || each === LOG))
      rmSync(join(folder, name));
    const file = join(folder, "nats.conf");
    writeFileSync(file, natsConfig(options), { mode: 0o600 });
    // It may have been there with other rights.
    chmodSync(file, 0o600);
    // In a session of its own: Ctrl-C is for this process, which ends the others in order.
    const child = Bun.spawn(["sh", "-c", WITH_PARENT, "sh", program.path, "-c", file], {
      stdin: "pipe",
      stdout: "ignore",
      stderr: Bun.file(join(folder, "nats.stderr")),
      detached: true,
    });
    const place = await listening(folder, child);
    if (place !== null) {
      // Started again by this file, it has the same port.
      writeFileSync(file, natsConfig({ ...options, port: place.port }));
      return new NatsProcess(child, { ...place, config: file });
    }
    child.stdin.end();
    const said = lastWords(folder);
    throw new WowsimError(
      "nats_server_failed",
      `${program.path} did not start: ${said} ${mendOf(said, join(folder, LOG))}`,
    );
  }

  private constructor(child: Child, { pid, port, config }: { pid: number; port: number; config: string }) {
    this.#child = child;
    this.pid = pid;
    this.port = port;
    this.config = config;
    this.ended = child.exited.then((code) => {
      child.stdin.end();
      return { pid, how: howOf(code) };
    });
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null;
  }

  signal(signal: "SIGTERM" | "SIGKILL" | "SIGSTOP" | "SIGCONT"): void {
    if (this.isRunning) process.kill(this.pid, signal);
  }

  /** Resolves when it is gone. */
  async stop(): Promise<void> {
    this.signal("SIGTERM");
    const timer = setTimeout(() => this.signal("SIGKILL"), STOP_MS_MAX);
    await this.ended;
    clearTimeout(timer);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/** A shell tells a signal as 128 and its number. */
function howOf(code: number): string {
  const [name] = Object.entries(constants.signals).find(([, number]) => number === code - 128) ?? [];
  return name ?? `code ${code}`;
}

/** Null when it ended instead, or took too long. */
async function listening(folder: string, child: Subprocess): Promise<{ pid: number; port: number } | null> {
  const untilMs = performance.now() + START_MS_MAX;
  while (child.exitCode === null && performance.now() < untilMs) {
    const place = placeIn(folder);
    if (place !== null) return place;
    await Bun.sleep(LOOK_MS);
  }
  return null;
}

/** It writes the file once it listens: {"nats":["nats://127.0.0.1:40123"]}. */
function placeIn(folder: string): { pid: number; port: number } | null {
  for (const name of readdirSync(folder)) {
    const pid = PORTS_FILE.exec(name)?.[1];
    const port = pid === undefined ? undefined : /:(\d+)"/.exec(readFileSync(join(folder, name), "utf8"))?.[1];
    if (pid !== undefined && port !== undefined) return { pid: Number(pid), port: Number(port) };
  }
  return null;
}

/** What it complains about: in the log, or before it had one. */
function lastWords(folder: string): string {
  const lines = [LOG, "nats.stderr"].map((name) => join(folder, name)).flatMap((path) => linesOf(path));
  const loud = lines.filter((line) => /\[(?:ERR|FTL)\]|^nats-server: /.test(line));
  const shown = (loud.length > 0 ? loud : lines).slice(-LOG_LINES_SHOWN);
  return shown.length === 0 ? "it said nothing." : shown.map((line) => line.replace(/^\[\d+\] \S+ \S+ /, "")).join(" ");
}

function linesOf(path: string): string[] {
  return existsSync(path)
    ? readFileSync(path, "utf8")
        .split("\n")
        .filter((line) => line.trim() !== "")
    : [];
}

function mendOf(said: string, log: string): string {
  if (/address already in use/.test(said)) return "Choose another port, or stop what listens there.";
  if (/store directory|jetstream.*(?:permission|disk|in use)/i.test(said)) return "Choose another data directory.";
  if (/tls|certificate|private key/i.test(said)) return "Give a certificate and the key that belongs to it, as PEM.";
  return `Its log is ${log}.`;
}
