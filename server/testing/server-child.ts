// A server for one measurement: the real program as a child process on free ports, with its data in a temporary
// folder that is removed when the server stops.
//
//   await using server = await startServerChild({ world: "server/protocol/content/worlds/four-zones.toml" })
//   server.ports.game                                    // 41234
//   for await (const line of server.telemetry()) ...     // the telemetry recorded so far, oldest first

import { createReadStream, readdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { messageOf, WowsimError } from "../protocol/errors.ts";
import { firstLine, lastLines } from "../../tools/client/child-output.ts";
import type { TelemetryLine } from "../protocol/telemetry-line.ts";
import { tempFolder } from "./temp-folder.ts";

const START_MS_MAX = 60_000;
const STOP_MS_MAX = 10_000;
const ROOT = join(import.meta.dir, "../..");

export interface ServerChildOptions {
  /** World file; absent: the built-in world. */
  world?: string;
  seed?: number;
  /** Default 20. */
  tickRateHz?: number;
  /** More flags of `serve`. */
  flags?: readonly string[];
}

export interface ServerChild extends AsyncDisposable {
  readonly ports: { game: number; control: number; http: number; telemetry: number };
  readonly pid: number;
  /** Null while the server runs. */
  readonly exitCode: number | null;
  /** The last lines of its stderr. */
  stderr(): string;
  /** The current telemetry file; rotated files are in the same folder. */
  readonly telemetryFile: string;
  /** All recorded telemetry, rotated files first. An unfinished last line is left out. */
  telemetry(): AsyncGenerator<TelemetryLine>;
  /** The sum of a metric's samples (all labels). Throws when /metrics has no such name. */
  metric(name: string): Promise<number>;
  /** A metric's samples by the value of its only label. */
  metricByLabel(name: string): Promise<Map<string, number>>;
  /** Sends SIGTERM; resolves to the exit code. */
  stop(): Promise<number>;
}

/** Throws WowsimError("server_start_failed") with the server's error text. */
export async function startServerChild(options: ServerChildOptions = {}): Promise<ServerChild> {
  const folder = tempFolder("wowsim-bench-");
  const dataDir = folder.path;
  const flags = ["--format", "json", "--with-parent", "--data-dir", dataDir, "--seed", String(options.seed ?? 1)];
  for (const port of ["--port", "--control-port", "--http-port", "--telemetry-port"]) flags.push(port, "0");
  if (options.tickRateHz !== undefined) flags.push("--tick-rate", String(options.tickRateHz));
  if (options.world !== undefined) flags.push("--world", options.world);
  flags.push(...(options.flags ?? []));
  const child = Bun.spawn([process.execPath, join(ROOT, "server/wowsim.ts"), "serve", ...flags], {
    cwd: ROOT,
    // This process holds the other end and never writes: the server ends when this process does, however it ends.
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
    // The environment's tokens are for other servers.
    env: { ...process.env, WOWSIM_TOKEN: "", WOWSIM_PLAYER_TOKEN: "" },
  });
  const complaints = lastLines(child.stderr);
  const exit = (): void => void child.kill("SIGKILL");
  process.on("exit", exit);

  const stop = async (): Promise<number> => {
    child.kill("SIGTERM");
    const timer = setTimeout(exit, STOP_MS_MAX);
    const code = await child.exited;
    clearTimeout(timer);
    process.off("exit", exit);
    return code;
  };
  const dispose = async (): Promise<void> => {
    await stop();
    folder.remove();
  };

  const ready = await firstLine(child.stdout, START_MS_MAX).catch(async (cause: unknown) => {
    await dispose();
    throw new WowsimError(
      "server_start_failed",
      `The server did not start (${messageOf(cause)}): ${complaints().join("\n")}`,
      { cause },
    );
  });
  const { game, control, http, telemetry } = JSON.parse(ready) as ServerChild["ports"];
  return {
    ports: { game, control, http, telemetry },
    pid: child.pid,
    get exitCode() {
      return child.exitCode;
    },
    stderr: () => complaints().join("\n"),
    telemetryFile: join(dataDir, "telemetry.jsonl"),
    telemetry: () => readTelemetry(dataDir),
    metric: async (name) => sumOf(name, await readMetric(http, name)),
    metricByLabel: (name) => readMetric(http, name),
    stop,
    [Symbol.asyncDispose]: dispose,
  };
}

/** telemetry.2.jsonl, telemetry.1.jsonl, telemetry.jsonl: the higher the number, the older. */
async function* readTelemetry(folder: string): AsyncGenerator<TelemetryLine> {
  const names = readdirSync(folder).filter((name) => TELEMETRY_FILE.test(name));
  for (const name of names.toSorted((a, b) => ageOf(b) - ageOf(a))) {
    for await (const text of createInterface({ input: createReadStream(join(folder, name)) })) {
      const line = parseLine(text);
      if (line !== null) yield line;
    }
  }
}

const TELEMETRY_FILE = /^telemetry(?:\.(\d+))?\.jsonl$/;

function ageOf(fileName: string): number {
  return Number(TELEMETRY_FILE.exec(fileName)?.[1] ?? 0);
}

/** Null when the text is not a telemetry line: a running server may have written only half of the last line. */
function parseLine(text: string): TelemetryLine | null {
  try {
    return JSON.parse(text) as TelemetryLine;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Samples by their text between quotation marks; "" for a sample without labels. */
async function readMetric(port: number, name: string): Promise<Map<string, number>> {
  // A connection kept alive would count among the server's open files.
  const headers = { connection: "close" };
  const page = await (await fetch(`http://127.0.0.1:${port}/metrics`, { headers })).text();
  const samples = page.split("\n").filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
  return new Map(samples.map((line) => [line.split('"')[1] ?? "", Number(line.slice(line.lastIndexOf(" ") + 1))]));
}

function sumOf(name: string, samples: ReadonlyMap<string, number>): number {
  if (samples.size === 0) throw new Error(`/metrics has no ${name}.`);
  return [...samples.values()].reduce((sum, value) => sum + value, 0);
}
