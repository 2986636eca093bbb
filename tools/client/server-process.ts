// A server that a tool starts for itself: the real one, as a child process on free ports, with its data in a temporary
// folder. It never outlives the tool, however the tool ends: it stops when the pipe to its stdin breaks (tools/ui/parent.ts),
// and removes its folder.
//
//   await using server = await ServerProcess.start(["--seed", "7"])
//   server.ports.control     // from the line it prints when everything listens

import { existsSync, rmSync } from "node:fs";
import type { Subprocess } from "bun";
import { z } from "zod";
import { WowsimError } from "../../server/protocol/errors.ts";
import { selfCommand } from "../ui/self.ts";
import { complaintOf, firstLine, lastLines } from "./child-output.ts";
import type { ServerPorts } from "./server-name.ts";

const Ready = z.object({
  ready: z.literal(true),
  game: z.number(),
  control: z.number(),
  http: z.number(),
  telemetry: z.number(),
  pid: z.number(),
  data_dir: z.string(),
});

const READY_MS_MAX = 60_000;
const STOP_MS_MAX = 4_000;

/** How a server ended. */
export interface Stopped {
  exitCode: number;
  tookMs: number;
  /** The data folder was removed. */
  isFolderGone: boolean;
}

type Child = Subprocess<"pipe", "pipe", "pipe">;

export class ServerProcess implements AsyncDisposable {
  readonly ports: ServerPorts;
  readonly pid: number;
  /** A temporary folder that is removed when the server stops. */
  readonly dataDir: string;
  readonly #child: Child;
  readonly #onExit: () => void;
  #stopping: Promise<Stopped> | null = null;

  /** Starts `wowsim serve` and waits until it listens. Throws WowsimError("server_failed") with the server's error. */
  static async start(flags: readonly string[], signal?: AbortSignal): Promise<ServerProcess> {
    const ports = ["--port", "--control-port", "--http-port", "--telemetry-port"].flatMap((flag) => [flag, "0"]);
    const child: Child = Bun.spawn(
      selfCommand("serve", ...ports, "--scratch", "--with-parent", "--format", "json", ...flags),
      // Detached: only this process handles a Ctrl-C at the terminal.
      // The tokens in the environment are removed: they are for another server, and clients of this one would not show them.
      { stdin: "pipe", stdout: "pipe", stderr: "pipe", detached: true, env: withoutTokens() },
    );
    const errors = lastLines(child.stderr);
    const give = (): void => child.kill("SIGTERM");
    signal?.addEventListener("abort", give, { once: true });
    try {
      const first = await firstLine(child.stdout, READY_MS_MAX);
      return new ServerProcess(child, Ready.parse(JSON.parse(first)));
    } catch (cause) {
      await end(child);
      signal?.throwIfAborted();
      throw notStarted(errors(), cause);
    } finally {
      signal?.removeEventListener("abort", give);
    }
  }

  private constructor(child: Child, ready: z.infer<typeof Ready>) {
    this.#child = child;
    this.pid = child.pid;
    this.ports = { game: ready.game, control: ready.control, http: ready.http, telemetry: ready.telemetry };
    this.dataDir = ready.data_dir;
    // For when this process ends without a call of stop().
    this.#onExit = () => {
      child.kill("SIGKILL");
      rmSync(this.dataDir, { recursive: true, force: true });
    };
    process.on("exit", this.#onExit);
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Stops the server in order, for good. May be called again. */
  stop(): Promise<Stopped> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #stop(): Promise<Stopped> {
    const startedMs = performance.now();
    const exitCode = await end(this.#child);
    const tookMs = performance.now() - startedMs;
    process.off("exit", this.#onExit);
    const isFolderGone = !existsSync(this.dataDir);
    rmSync(this.dataDir, { recursive: true, force: true });
    return { exitCode, tookMs, isFolderGone };
  }
}

/** Why a server did not start: its own error text and code (a missing world file has the same code here). */
function notStarted(said: readonly string[], cause: unknown): WowsimError {
  const complaint = complaintOf(said.at(-1) ?? "");
  if (complaint !== null) return new WowsimError(complaint.code, complaint.message, { cause });
  const message = `The server did not start; it said: ${said.join("\n") || "nothing"}`;
  return new WowsimError("server_failed", message, { cause });
}

/** Asks the server to stop; kills it when it does not. */
async function end(child: Child): Promise<number> {
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS_MAX);
  const exitCode = await child.exited;
  clearTimeout(timer);
  return exitCode;
}

function withoutTokens(): Record<string, string | undefined> {
  return { ...process.env, WOWSIM_TOKEN: "", WOWSIM_PLAYER_TOKEN: "" };
}
