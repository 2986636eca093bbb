// The real server as a child process that is killed with -9 and started again, on the same data directory and ports.
//
//   await using server = await KillableServer.start({ world: "worlds/crossroads.toml" })
//   await server.kill()                // no farewell, no last write
//   await server.restart()             // milliseconds until it listens again
//   server.ports.game                  // the same as before

import { cpSync, existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Subprocess } from "bun";
import { at } from "../protocol/assert.ts";
import { messageOf, WowsimError } from "../protocol/errors.ts";
import { firstLine, lastLines } from "../../tools/client/child-output.ts";
import { selfCommand } from "../../tools/ui/self.ts";
import { tempFolder } from "./temp-folder.ts";
import type { TempFolderOf } from "./temp-folder.ts";

const START_MS_MAX = 60_000;
const STOP_MS_MAX = 10_000;
const PORT_FLAGS = { game: "--port", control: "--control-port", http: "--http-port", telemetry: "--telemetry-port" };

export interface ServerPorts {
  game: number;
  control: number;
  http: number;
  telemetry: number;
}

export interface KillableServerOptions {
  /** World file; absent: the built-in world. */
  world?: string;
  seed?: number;
  /** A one-file build; absent: this source. */
  binary?: string | undefined;
  /** More flags of `wowsim serve`. */
  flags?: readonly string[];
}

interface Running {
  child: Subprocess<"pipe", "pipe", "pipe">;
  complaints: () => string[];
}

export class KillableServer implements AsyncDisposable {
  readonly dataDir: string;
  ports: ServerPorts = { game: 0, control: 0, http: 0, telemetry: 0 };
  /** What the newest start had to say: what of the journal was lost. */
  notices: readonly string[] = [];
  readonly #folder: TempFolderOf;
  readonly #options: KillableServerOptions;
  #running: Running | null = null;
  readonly #onExit = (): void => void this.#running?.child.kill("SIGKILL");

  /** Throws WowsimError("server_start_failed") with what the server said. */
  static async start(options: KillableServerOptions = {}): Promise<KillableServer> {
    const server = new KillableServer(options);
    try {
      await server.restart();
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
    return server;
  }

  private constructor(options: KillableServerOptions) {
    this.#options = options;
    this.#folder = tempFolder("wowsim-killed-");
    this.dataDir = join(this.#folder.path, "data");
    process.on("exit", this.#onExit);
  }

  get pid(): number {
    return this.#running?.child.pid ?? 0;
  }

  /** The last lines of its stderr. */
  get stderr(): string {
    return this.#running?.complaints().join("\n") ?? "";
  }

  /** Starts it, with more flags if need be. Returns the milliseconds until it listened. */
  async restart(...flags: string[]): Promise<number> {
    const startedMs = performance.now();
    const running = spawn(this.#flags(flags), this.#options.binary);
    this.#running = running;
    try {
      const ready = JSON.parse(await firstLine(running.child.stdout, START_MS_MAX)) as ServerPorts & {
        notices?: string[];
      };
      const { game, control, http, telemetry, notices = [] } = ready;
      this.ports = { game, control, http, telemetry };
      this.notices = notices;
    } catch (cause) {
      await running.child.exited;
      const said = running.complaints().join("\n");
      throw new WowsimError("server_start_failed", `The server did not start (${messageOf(cause)}): ${said}`, {
        cause,
      });
    }
    return performance.now() - startedMs;
  }

  /** Kills it with -9; resolves when it is gone. */
  async kill(): Promise<void> {
    const { child } = this.#live;
    child.kill("SIGKILL");
    await child.exited;
    this.#running = null;
  }

  /** Stops it in order; resolves to the exit code. */
  async stop(): Promise<number> {
    const { child } = this.#live;
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS_MAX);
    const code = await child.exited;
    clearTimeout(timer);
    this.#running = null;
    return code;
  }

  /** Another start beside the running one, on other ports: what it said, and its exit code. */
  async second(...flags: string[]): Promise<{ code: number; stderr: string }> {
    const ports = Object.values(PORT_FLAGS).flatMap((flag) => [flag, "0"]);
    const { child, complaints } = spawn(["--data-dir", this.dataDir, ...ports, ...flags], this.#options.binary);
    const timer = setTimeout(() => child.kill("SIGKILL"), START_MS_MAX);
    void firstLine(child.stdout, START_MS_MAX).then(
      () => child.kill("SIGTERM"),
      () => {},
    );
    const code = await child.exited;
    clearTimeout(timer);
    return { code, stderr: complaints().join("\n") };
  }

  /** Copies the journal, as the killed server left it, into a folder. */
  copyJournal(into: string): void {
    for (const name of readdirSync(this.dataDir))
      if (name.startsWith("world.")) cpSync(join(this.dataDir, name), join(into, name));
  }

  /** Names of the files in its data directory. */
  files(): string[] {
    return existsSync(this.dataDir) ? readdirSync(this.dataDir) : [];
  }

  /** The samples of a metric, by the value of their only label ("" for none). Null when it does not answer. */
  async metric(name: string): Promise<Map<string, number> | null> {
    try {
      const options = { headers: { connection: "close" } };
      const page = await (await fetch(`http://127.0.0.1:${this.ports.http}/metrics`, options)).text();
      const samples = page.split("\n").filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
      return new Map(
        samples.map((line) => [line.split('"')[1] ?? "", Number(at(line.split(" "), line.split(" ").length - 1))]),
      );
    } catch {
      // It is being killed or started.
      return null;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#running !== null) await this.kill();
    process.off("exit", this.#onExit);
    this.#folder.remove();
  }

  get #live(): Running {
    if (this.#running === null) throw new WowsimError("not_running", "The server is not running; restart it first.");
    return this.#running;
  }

  #flags(more: readonly string[]): string[] {
    const { world, seed = 1, flags = [] } = this.#options;
    const ports = Object.entries(PORT_FLAGS).flatMap(([name, flag]) => [flag, String(this.ports[name as "game"])]);
    const given = ["--data-dir", this.dataDir, "--seed", String(seed), ...ports, ...flags];
    return [...given, ...(world === undefined || more.includes("--world") ? [] : ["--world", world]), ...more];
  }
}

function spawn(flags: readonly string[], binary: string | undefined): Running {
  const args = ["serve", "--format", "json", "--with-parent", ...flags];
  const child = Bun.spawn(binary === undefined ? selfCommand(...args) : [binary, ...args], {
    // This process holds the other end and never writes: the server ends when this process does, however it ends.
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
    env: { ...process.env, WOWSIM_TOKEN: "", WOWSIM_PLAYER_TOKEN: "" },
  });
  return { child, complaints: lastLines(child.stderr) };
}
