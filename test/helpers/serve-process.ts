// `wowsim serve` as a user starts it: the real program as a child process, with whatever flags a test wants to see.
//
//   await using server = await ServeProcess.ready("--seed", "7")     // free ports and a data folder of its own
//   server.ports.game                                                // 40123
//   const { code, stderr } = await ServeProcess.failing("--port", "80x")

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Subprocess } from "bun";
import type { TelemetryLine } from "../../server/protocol/telemetry-line.ts";

const ROOT = join(import.meta.dir, "../..");

export interface ReadyLine {
  ready: true;
  game: number;
  control: number;
  http: number;
  telemetry: number;
  pid: number;
  data_dir: string;
  notices?: string[];
}

export interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** Flags that let any number of servers run side by side. */
export const FREE_PORTS = ["--port", "--control-port", "--http-port", "--telemetry-port"].flatMap((flag) => [
  flag,
  "0",
]);

/** A folder that is removed with the test. */
export class TempFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "wowsim-test-"));

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

export class ServeProcess implements AsyncDisposable {
  readonly child: Subprocess<"pipe", "pipe", "pipe">;
  readonly #folder = new TempFolder();
  readonly dataDir: string;
  readonly #stdout: Stream;
  readonly #stderr: Stream;

  /**
   * Starts it with these flags, behind free ports, --format json and a folder of its own, which they may override; by way
   * of a shell that first runs `before`.
   */
  constructor(flags: string[], env: Record<string, string> = {}, before = ":") {
    this.dataDir = join(this.#folder.path, "data");
    const all = ["serve", ...FREE_PORTS, "--format", "json", "--data-dir", this.dataDir, ...flags];
    const program = [process.execPath, join(ROOT, "server/wowsim.ts"), ...all];
    this.child = Bun.spawn(["sh", "-c", `${before}; exec "$@"`, "sh", ...program], {
      cwd: this.#folder.path,
      env: { ...process.env, ...env },
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
    });
    this.#stdout = new Stream(this.child.stdout);
    this.#stderr = new Stream(this.child.stderr);
  }

  /** One that listens. Throws with what it said when it does not come to that. */
  static async ready(...flags: string[]): Promise<ServeProcess> {
    const server = new ServeProcess(flags);
    await server.untilReady();
    return server;
  }

  /** One that is expected to end by itself. */
  static async failing(...flags: string[]): Promise<Ended> {
    await using server = new ServeProcess(flags);
    return await server.ended();
  }

  async untilReady(): Promise<ReadyLine> {
    const line = await this.#stdout.firstLine();
    if (line === null) throw new Error(`The server did not start: ${this.#stderr.text}`);
    return JSON.parse(line) as ReadyLine;
  }

  /** What it said on stdout when everything listened. */
  get ports(): ReadyLine {
    return JSON.parse(this.stdout.split("\n")[0]!) as ReadyLine;
  }

  get stdout(): string {
    return this.#stdout.text;
  }

  closeStdout(): Promise<void> {
    return this.#stdout.close();
  }

  get stderr(): string {
    return this.#stderr.text;
  }

  get telemetryFile(): string {
    return join(this.dataDir, "telemetry.jsonl");
  }

  /** Its folder of data, or another file's path, as lines; throws on a line that is no JSON. */
  telemetry(file = this.telemetryFile): TelemetryLine[] {
    return readLines(file);
  }

  async ended(): Promise<Ended> {
    const code = await this.child.exited;
    await Promise.all([this.#stdout.done, this.#stderr.done]);
    return { code, stdout: this.stdout, stderr: this.stderr };
  }

  /** Signals it and waits for its end. */
  stop(signal: "SIGTERM" | "SIGINT" | "SIGKILL" = "SIGTERM"): Promise<Ended> {
    this.child.kill(signal);
    return this.ended();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill("SIGKILL");
    await this.ended();
    this.#folder[Symbol.dispose]();
  }
}

/** A file of JSON lines, which must be whole. */
export function readLines(file: string): TelemetryLine[] {
  const text = readFileSync(file, "utf8");
  if (!text.endsWith("\n")) throw new Error(`${file} ends in the middle of a line.`);
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as TelemetryLine);
}

/** A stream read to its end as it comes. */
class Stream {
  text = "";
  readonly done: Promise<void>;
  #changed = Promise.withResolvers<void>();
  #isDone = false;
  #reader: { cancel(): Promise<void> } | null = null;

  constructor(stream: ReadableStream<Uint8Array>) {
    this.done = this.#read(stream);
  }

  /** The first line, or null when there never is one. */
  async firstLine(): Promise<string | null> {
    while (!this.text.includes("\n") && !this.#isDone) await this.#changed.promise;
    return this.text.includes("\n") ? (this.text.split("\n")[0] ?? null) : null;
  }

  /** Closes our end, as a reader that has seen enough does. */
  async close(): Promise<void> {
    await this.#reader?.cancel();
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    const reader = stream.getReader();
    this.#reader = reader;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      this.text += decoder.decode(value, { stream: true });
      this.#wake();
    }
    this.#isDone = true;
    this.#wake();
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}
