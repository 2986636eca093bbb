// `wowsim cluster up` as a child process, whose hosts, gateways and nats-server are killed, stopped and started again by their pids.
//
//   await using cluster = await ClusterChild.start({ hosts: 3, gateways: 2, zones: 6 })
//   cluster.gamePorts                          // [40123, 40130]
//   await cluster.kill("host a")
//   await cluster.status()                     // server/protocol/cluster.ts
//   await cluster.startAgain("host a")         // what was killed, with the command that it said

import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { join } from "node:path";
import type { Subprocess } from "bun";
import { at } from "../protocol/assert.ts";
import type { ClusterStatus } from "../protocol/cluster.ts";
import { messageOf, WowsimError } from "../protocol/errors.ts";
import { firstLine, lastLines } from "../../tools/client/child-output.ts";
import { clusterFileIn } from "../../tools/cluster/cluster-file.ts";
import { askStatus } from "../../tools/cluster/status.ts";
import type { ClusterEvent, ClusterReady } from "../../tools/cluster/up.ts";
import { selfCommand } from "../../tools/ui/self.ts";
import { tempFolder } from "./temp-folder.ts";
import type { TempFolderOf } from "./temp-folder.ts";

const START_MS_MAX = 180_000;
const STOP_MS_MAX = 30_000;
const EVENTS_MAX = 10_000;
const LOOK_MS = 5;
const NATS = "nats-server";

export interface ClusterChildOptions {
  hosts?: number;
  gateways?: number;
  /** Writes a world with so many zones; or `world`, a file. */
  zones?: number;
  world?: string;
  /** More flags of `wowsim cluster up`. */
  flags?: readonly string[];
}

export type RoleName = `host ${string}` | `gateway ${number}` | typeof NATS;
type Child = Subprocess<"pipe", "pipe", "pipe">;

export class ClusterChild implements AsyncDisposable {
  readonly dataDir: string;
  ready: ClusterReady = { ready: true, gateways: [], hosts: [], control: 0, nats: { port: 0, pid: 0 } };
  /** What it told since it was ready, oldest first. */
  readonly events: ClusterEvent[] = [];
  readonly #folder: TempFolderOf;
  readonly #child: Child;
  readonly #complaints: () => string[];
  /** What was started again, and how what has ended is. */
  readonly #again = new Map<string, Child>();
  readonly #commands = new Map<string, string[]>();
  readonly #onExit = (): void => void this.#child.kill("SIGKILL");

  /** Throws WowsimError("cluster_start_failed") with what it said. */
  static async start(options: ClusterChildOptions = {}): Promise<ClusterChild> {
    const cluster = new ClusterChild(options);
    try {
      await cluster.#untilReady();
    } catch (cause) {
      const said = cluster.stderr;
      await cluster[Symbol.asyncDispose]();
      throw new WowsimError("cluster_start_failed", `The cluster did not start (${messageOf(cause)}): ${said}`, {
        cause,
      });
    }
    return cluster;
  }

  private constructor({ hosts = 3, gateways = 2, zones, world, flags = [] }: ClusterChildOptions) {
    this.#folder = tempFolder("wowsim-cluster-");
    this.dataDir = join(this.#folder.path, "data");
    const size = ["--hosts", String(hosts), "--gateways", String(gateways)];
    const content = world !== undefined ? ["--world", world] : zones !== undefined ? ["--zones", String(zones)] : [];
    const place = ["--data-dir", this.dataDir, "--format", "json", "--with-parent"];
    this.#child = spawn(selfCommand("cluster", "up", ...size, ...content, ...place, ...flags));
    this.#complaints = lastLines(this.#child.stderr);
    process.on("exit", this.#onExit);
  }

  get pid(): number {
    return this.#child.pid;
  }

  get gamePorts(): number[] {
    return this.ready.gateways.map(({ game }) => game);
  }

  /** For --bus. */
  get busFile(): string {
    return clusterFileIn(this.dataDir);
  }

  /** The last lines of its stderr. */
  get stderr(): string {
    return this.#complaints().join("\n");
  }

  /** Of "host a", "gateway 1" or "nats-server": the one that runs, or ran last. */
  pidOf(name: RoleName): number {
    const again = this.#again.get(name)?.pid;
    if (again !== undefined) return again;
    if (name === NATS) return this.ready.nats.pid;
    const [role, which = ""] = name.split(" ");
    const index = role === "host" ? which.charCodeAt(0) - "a".charCodeAt(0) : Number(which) - 1;
    return at<{ pid: number }>(role === "host" ? this.ready.hosts : this.ready.gateways, index).pid;
  }

  signal(name: RoleName, signal: "SIGSTOP" | "SIGCONT" | "SIGTERM"): void {
    process.kill(this.pidOf(name), signal);
  }

  /** Kills it with -9; resolves when it is gone. */
  async kill(name: RoleName): Promise<void> {
    process.kill(this.pidOf(name), "SIGKILL");
    await this.untilEnded(name);
  }

  /** Resolves when it is gone; one that `cluster up` started has then been told. */
  async untilEnded(name: RoleName): Promise<void> {
    const again = this.#again.get(name);
    if (again !== undefined) return void (await again.exited);
    while (!this.#commands.has(name) && this.#child.exitCode === null) await Bun.sleep(LOOK_MS);
  }

  status(): Promise<ClusterStatus> {
    return askStatus({ dataDir: this.dataDir });
  }

  /** Starts what ended, with the command that `cluster up` told. Resolves when a host or a gateway says that it runs. */
  async startAgain(name: RoleName): Promise<void> {
    const command = this.#commands.get(name);
    if (command === undefined) throw new WowsimError("not_ended", `${name} has not ended.`);
    if (name === NATS) return void this.#again.set(name, spawn(command));
    const child = spawn(selfCommand(...command.slice(1), "--with-parent", "--format", "json"));
    const complaints = lastLines(child.stderr);
    this.#again.set(name, child);
    try {
      await firstLine(child.stdout, START_MS_MAX);
    } catch (cause) {
      const said = complaints().join("\n");
      throw new WowsimError("role_start_failed", `${name} did not start (${messageOf(cause)}): ${said}`, { cause });
    }
  }

  /** Stops it in order; resolves to the exit code. */
  async stop(): Promise<number> {
    for (const [name, child] of this.#again) {
      // It may be stopped, or the nats-server that the others need to end.
      if (name === NATS) continue;
      child.kill("SIGKILL");
      await child.exited;
    }
    this.#child.kill("SIGTERM");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), STOP_MS_MAX);
    const code = await this.#child.exited;
    clearTimeout(timer);
    this.#again.get(NATS)?.kill("SIGKILL");
    await this.#again.get(NATS)?.exited;
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    process.off("exit", this.#onExit);
    this.#folder.remove();
  }

  async #untilReady(): Promise<void> {
    const ready = Promise.withResolvers<void>();
    const timer = setTimeout(() => ready.reject(new Error("not ready in time")), START_MS_MAX);
    void this.#read(ready);
    await ready.promise.finally(() => clearTimeout(timer));
  }

  async #read(ready: PromiseWithResolvers<void>): Promise<void> {
    const lines = createInterface({ input: Readable.fromWeb(this.#child.stdout as never) });
    for await (const line of lines) {
      const said = JSON.parse(line) as ClusterReady | ClusterEvent;
      if ("ready" in said) {
        this.ready = said;
        ready.resolve();
      } else this.#tell(said);
    }
    ready.reject(new Error("it ended"));
  }

  #tell(event: ClusterEvent): void {
    if (event.event === "ended") this.#commands.set(`${event.role} ${event.name}`, event.again.split(" "));
    if (event.event === "nats_ended") this.#commands.set(NATS, event.again.split(" "));
    if (this.events.push(event) > EVENTS_MAX) this.events.shift();
  }
}

function spawn(command: string[]): Child {
  return Bun.spawn(command, {
    // This process holds the other end and never writes: the child ends when this process does, however it ends.
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
    env: { ...process.env, WOWSIM_TOKEN: "", WOWSIM_PLAYER_TOKEN: "" },
  });
}
