// A server that a tool starts for itself: the real one, as a child process on free ports, with its data in a temporary
// folder. It never outlives the tool, also when that is killed (tools/ui/parent.ts).
//
//   await using server = await ServerProcess.start(["--seed", "7"])
//   server.ports.control     // from the line it prints when everything listens

import { rm } from "node:fs/promises";
import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Subprocess } from "bun";
import { z } from "zod";
import { WowsimError } from "../../server/errors.ts";
import { selfCommand } from "../self.ts";

const Ready = z.object({
  ready: z.literal(true),
  game: z.number(),
  control: z.number(),
  http: z.number(),
  telemetry: z.number(),
  pid: z.number(),
  data_dir: z.string(),
});

const READY_MS_MAX = 30_000;
const STOP_MS_MAX = 4_000;
const STDERR_LINES_MAX = 20;

export interface ServerPorts {
  game: number;
  control: number;
  http: number;
  telemetry: number;
}

export class ServerProcess implements AsyncDisposable {
  readonly ports: ServerPorts;
  readonly pid: number;
  readonly dataDir: string;
  readonly telemetryFile: string;
  readonly #child: Subprocess<"pipe", "pipe", "pipe">;
  readonly #onExit: () => void;

  /** Starts `wowsim serve` and waits until it listens. Throws WowsimError("server_failed") with what it said. */
  static async start(flags: readonly string[]): Promise<ServerProcess> {
    const ports = ["--port", "--control-port", "--http-port", "--telemetry-port"].flatMap((flag) => [flag, "0"]);
    const child = Bun.spawn(
      selfCommand("serve", ...ports, "--format", "json", "--scratch", "--with-parent", ...flags),
      // Detached: Ctrl-C on our terminal is for us, who then still need the server to put things in order.
      { stdin: "pipe", stdout: "pipe", stderr: "pipe", detached: true },
    );
    const errors = collectLines(child.stderr);
    try {
      const first = await firstLine(child.stdout, READY_MS_MAX);
      return new ServerProcess(child, Ready.parse(JSON.parse(first)));
    } catch (cause) {
      await ended(child);
      const said = errors().join("\n") || "nothing";
      throw new WowsimError("server_failed", `The server did not start; it said: ${said}`, { cause });
    }
  }

  private constructor(child: Subprocess<"pipe", "pipe", "pipe">, ready: z.infer<typeof Ready>) {
    this.#child = child;
    this.pid = child.pid;
    this.ports = { game: ready.game, control: ready.control, http: ready.http, telemetry: ready.telemetry };
    this.dataDir = ready.data_dir;
    this.telemetryFile = join(ready.data_dir, "telemetry.jsonl");
    // The last resort, should this process end without having come to stop().
    this.#onExit = () => {
      child.kill("SIGKILL");
      rmSync(ready.data_dir, { recursive: true, force: true });
    };
    process.on("exit", this.#onExit);
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Stops the server in order and removes its folder; its exit code and how long it took. May be called again. */
  async stop(): Promise<{ exitCode: number; tookMs: number }> {
    const startedMs = performance.now();
    const exitCode = await ended(this.#child);
    process.off("exit", this.#onExit);
    await rm(this.dataDir, { recursive: true, force: true });
    return { exitCode, tookMs: performance.now() - startedMs };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** Stops it in order, or else by force; its exit code. */
async function ended(child: Subprocess): Promise<number> {
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS_MAX);
  return await child.exited.finally(() => clearTimeout(timer));
}

/** The first line of a stream, and the rest read and dropped, so that the writer never waits. */
async function firstLine(stream: ReadableStream<Uint8Array>, msMax: number): Promise<string> {
  const found = Promise.withResolvers<string>();
  const timer = setTimeout(() => found.reject(new Error(`not ready within ${msMax / 1_000} s`)), msMax);
  void (async () => {
    let text = "";
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      if (text.includes("\n")) continue;
      text += decoder.decode(chunk, { stream: true });
      if (text.includes("\n")) found.resolve(text.slice(0, text.indexOf("\n")));
    }
    found.reject(new Error("it ended"));
  })();
  return await found.promise.finally(() => clearTimeout(timer));
}

/** Reads a stream to its end; the last lines so far. */
function collectLines(stream: ReadableStream<Uint8Array>): () => string[] {
  let lines: string[] = [];
  void (async () => {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of stream) {
      const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = parts.pop() ?? "";
      lines = [...lines, ...parts].slice(-STDERR_LINES_MAX);
    }
  })();
  return () => lines;
}
