// `wowsim cluster up` as a child process, whose hosts, gateways and nats-server are killed, stopped and started again by their pids.
//
//   await using cluster = await ClusterChild.start({ hosts: 3, gateways: 2, zones: 6 })
//   cluster.gamePorts                          // [40123, 40130]
//   cluster.kill(cluster.ready.hosts[0].pid)
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

export interface ClusterChildOptions {
  hosts?: number;
  gateways?: number;
  /** Writes a world with so many zones; or `world`, a file. */
  zones?: number;
  world?: string;
  /** More flags of `wowsim cluster up`. */
  flags?: readonly string[];
}

type Child = Subprocess<"pipe", "pipe", "pipe">;

export class ClusterChild implements AsyncDisposable {
  readonly dataDir: string;
  ready: ClusterReady = { ready: true, gateways: [], hosts: [], control: 0, nats: { port: 0, pid: 0 } };
  /** What it told since it was ready, oldest first. */
  readonly events: ClusterEvent[] = [];
  readonly #folder: TempFolderOf;
  readonly #child: Child;
  readonly #complaints: () => string[];
  /** What was started again, by name. */
  readonly #again = new Map<string, Child>();
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
    this.#child = spawn(["cluster", "up", ...size, ...content, ...place, ...flags]);
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

  /** The newest pid of that host, also after it was started again. */
  hostPid(name: string): number {
    const again = this.#again.get(`host ${name}`)?.pid;
    return again ?? at(this.ready.hosts, name.charCodeAt(0) - "a".charCodeAt(0)).pid;
  }

  status(): Promise<ClusterStatus> {
    return askStatus({ dataDir: this.dataDir });
  }

  /** Starts what ended with the command that `cluster up` told; "host a" or "gateway 1". Resolves with its ready line. */
  async startAgain(name: string): Promise<Record<string, unknown>> {
    const told = this.events.findLast((event) => event.event === "ended" && `${event.role} ${event.name}` === name);
    if (told === undefined || told.event !== "ended") throw new WowsimError("not_ended", `${name} has not ended.`);
    const [, ...args] = told.again.split(" ");
    await this.#end(name);
    const child = spawn([...args, "--with-parent", "--format", "json"]);
    const complaints = lastLines(child.stderr);
    this.#again.set(name, child);
    try {
      return JSON.parse(await firstLine(child.stdout, START_MS_MAX)) as Record<string, unknown>;
    } catch (cause) {
      const said = complaints().join("\n");
      throw new WowsimError("role_start_failed", `${name} did not start (${messageOf(cause)}): ${said}`, { cause });
    }
  }

  /** Stops it in order; resolves to the exit code. */
  async stop(): Promise<number> {
    for (const name of this.#again.keys()) await this.#end(name);
    this.#child.kill("SIGTERM");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), STOP_MS_MAX);
    const code = await this.#child.exited;
    clearTimeout(timer);
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
      } else if (this.events.push(said) > EVENTS_MAX) this.events.shift();
    }
    ready.reject(new Error("it ended"));
  }

  async #end(name: string): Promise<void> {
    const child = this.#again.get(name);
    child?.kill("SIGKILL");
    await child?.exited;
    this.#again.delete(name);
  }
}

function spawn(args: readonly string[]): Child {
  return Bun.spawn(selfCommand(...args), {
    // This process holds the other end and never writes: the child ends when this process does, however it ends.
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
    env: { ...process.env, WOWSIM_TOKEN: "", WOWSIM_PLAYER_TOKEN: "" },
  });
}
