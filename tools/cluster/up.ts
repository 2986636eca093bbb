// `wowsim cluster up`: starts a nats-server, a controller, hosts and gateways on one machine, tells what becomes of them, and ends
// them in order.
//
//   const cluster = await RunningCluster.start({ dataDir, hosts: 3, gateways: 2, world: "world.toml", ... }, program)
//   cluster.ready()            // the ready line
//   await cluster.stop()
//
// What dies is told, and not started again: failures are what one practises here.

import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { z } from "zod";
import { WowsimError } from "../../server/protocol/errors.ts";
import type { RunningController, StartController, ZoneStatus } from "../../server/protocol/cluster.ts";
import { clusterFileIn, readClusterFile, writeClusterFile } from "./cluster-file.ts";
import { usersOf } from "./nats-config.ts";
import type { Certificates, Passwords } from "./nats-config.ts";
import { NatsProcess } from "./nats-process.ts";
import type { NatsProgram } from "./nats-server.ts";
import { OwnerWatch } from "./owner-watch.ts";
import type { OwnerChange } from "./owner-watch.ts";
import { RoleChild } from "./role-child.ts";

const LOOK_MS = 50;
/** All zones have an owner by then, or something is wrong. */
const ZONES_MS_MAX = 120_000;
/** A gateway takes leave of its players; a host hands over its zones, which takes longer. */
const STOP_MS_MAX = { gateway: 5_000, host: 10_000 } as const;
const PASSWORD_BYTES = 18;
export const HOST_NAMES = "abcdefghijklmnop";

export interface UpOptions {
  dataDir: string;
  hosts: number;
  gateways: number;
  /** World file; absent: the built-in world. */
  world?: string | undefined;
  host: string;
  /** Game port of the first gateway; the others have the next ones. 0: free ones. */
  port: number;
  controlPort: number;
  natsPort: number;
  certificates?: Certificates | undefined;
  env: Record<string, string | undefined>;
  nats: NatsProgram;
  startController: StartController;
  onProgress(done: number, of: number, what: string): void;
  onEvent(event: ClusterEvent): void;
  /** A line that one of the processes said. */
  onSaid(line: string, speaker: string): void;
}

/** Something that happened to a running cluster. */
export type ClusterEvent =
  | { event: "ended"; role: "host" | "gateway"; name: string; pid: number; how: string; zones: number[]; again: string }
  | { event: "nats_ended"; pid: number; how: string; again: string }
  | ({ event: "zone" } & OwnerChange);

/** The ready line of `wowsim cluster up --format json`. */
export interface ClusterReady {
  ready: true;
  gateways: { game: number; http: number; pid: number }[];
  hosts: { pid: number; zones: number[] }[];
  control: number;
  nats: { port: number; pid: number };
}

const GatewayLine = z.object({ game: z.number(), http: z.number() });

export class RunningCluster {
  readonly #options: UpOptions;
  readonly #passwords: Passwords = { host: password(), gateway: password(), controller: password() };
  readonly #hosts: RoleChild[] = [];
  readonly #gateways: { child: RoleChild; game: number; http: number }[] = [];
  #nats!: NatsProcess;
  #controller!: RunningController;
  #watch: OwnerWatch | null = null;
  #removeFile: () => void = () => {};
  #stopping: Promise<void> | null = null;

  /** Resolves when every zone has an owner. Throws WowsimError, with nothing left running. */
  static async start(options: UpOptions, stopped: Promise<unknown>): Promise<RunningCluster | null> {
    const other = readClusterFile(options.dataDir);
    if (other !== null)
      throw new WowsimError(
        "cluster_runs",
        `A cluster (pid ${other.pid}) has its data in ${options.dataDir}. Stop it, or choose another --data-dir or --scratch.`,
      );
    const cluster = new RunningCluster(options);
    const started = cluster.#start().then(() => "started" as const);
    try {
      const first = await Promise.race([started, stopped.then(() => "stopped" as const)]);
      if (first === "started") return cluster;
      // What the end of the children makes of the start is not told.
      started.catch(() => {});
      await cluster.stop();
      return null;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  private constructor(options: UpOptions) {
    this.#options = options;
  }

  get ready(): ClusterReady {
    const { hosts, zones } = this.#controller.status();
    const owned = (child: RoleChild): number[] => {
      const host = hosts.find(({ pid }) => pid === child.pid)?.host;
      return zones.filter((zone) => host !== undefined && zone.host === host).map(({ zone }) => zone);
    };
    return {
      ready: true,
      gateways: this.#gateways.map(({ child: { pid }, game, http }) => ({ game, http, pid })),
      hosts: this.#hosts.map((child) => ({ pid: child.pid, zones: owned(child) })),
      control: this.#controller.control,
      nats: { port: this.#nats.port, pid: this.#nats.pid },
    };
  }

  get zones(): ZoneStatus[] {
    return this.#controller.status().zones;
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #start(): Promise<void> {
    const { dataDir, host, natsPort, controlPort, certificates, nats, startController, onSaid, world } = this.#options;
    const steps = 2 + this.#options.hosts + this.#options.gateways;
    this.#options.onProgress(0, steps, "nats-server");
    const users = usersOf(this.#passwords);
    this.#nats = await NatsProcess.start(nats, {
      folder: join(dataDir, "nats"),
      host,
      port: natsPort,
      users,
      certificates,
    });
    this.#tellEndOfNats();
    const url = `${certificates === undefined ? "nats" : "tls"}://${host}:${this.#nats.port}`;
    this.#controller = await startController({
      bus: url,
      user: "controller",
      password: this.#passwords.controller,
      ca: certificates?.ca,
      host,
      controlPort,
      token: this.#options.env["WOWSIM_TOKEN"] || undefined,
      worldFile: world,
      onWarning: (warning) => onSaid(warning, "controller"),
    });
    this.#removeFile = writeClusterFile(dataDir, {
      host,
      control: this.#controller.control,
      bus: {
        url,
        passwords: this.#passwords,
        ...(certificates?.ca === undefined ? {} : { ca: certificates.ca }),
      },
    });
    await this.#startRoles(steps);
    await this.#everyZoneRuns(steps);
    this.#watch = new OwnerWatch(this.zones, (change) => this.#options.onEvent({ event: "zone", ...change }));
    this.#watch.follow(() => this.zones);
  }

  async #startRoles(steps: number): Promise<void> {
    const { hosts, gateways, onProgress } = this.#options;
    let done = 1;
    const isUp = (): void => onProgress(++done, steps, `${done - 1} of ${steps - 2} processes`);
    const each = async (child: RoleChild): Promise<Record<string, unknown>> => {
      const line = await child.ready();
      isUp();
      return line;
    };
    const starting = HOST_NAMES.slice(0, hosts)
      .split("")
      .map((name) => this.#startHost(name));
    const opening = Array.from({ length: gateways }, (_, index) => this.#startGateway(index));
    const [, lines] = await Promise.all([Promise.all(starting.map(each)), Promise.all(opening.map(each))]);
    for (const [index, child] of opening.entries())
      this.#gateways.push({ child, ...GatewayLine.parse(lines[index]) });
  }

  /** Children are noted at once, so that a stop meanwhile ends them. */
  readonly #children: RoleChild[] = [];

  #startHost(name: string): RoleChild {
    const { dataDir } = this.#options;
    const args = ["zone-host", "--bus", clusterFileIn(dataDir), "--name", name, ...this.#world];
    args.push("--data-dir", join(dataDir, "hosts", name));
    const child = this.#child(`host ${name}`, args);
    this.#hosts.push(child);
    void child.ended.then((how) => {
      const zones = this.#watch?.ownedBy(name) ?? [];
      this.#tellEnd({ event: "ended", role: "host", name, pid: child.pid, how, zones, again: command(args) });
    });
    return child;
  }

  #startGateway(index: number): RoleChild {
    const { dataDir, host, port } = this.#options;
    const name = String(index + 1);
    const args = ["gateway", "--bus", clusterFileIn(dataDir), "--host", host, ...this.#world];
    args.push("--port", String(port === 0 ? 0 : port + index), "--http-port", "0");
    args.push("--data-dir", join(dataDir, "gateways", name));
    const child = this.#child(`gateway ${name}`, args);
    void child.ended.then((how) =>
      this.#tellEnd({ event: "ended", role: "gateway", name, pid: child.pid, how, zones: [], again: command(args) }),
    );
    return child;
  }

  get #world(): string[] {
    const { world } = this.#options;
    return world === undefined ? [] : ["--world", world];
  }

  #child(name: string, args: string[]): RoleChild {
    const { env, onSaid } = this.#options;
    const child = new RoleChild({ name, args, env, onSaid: (line) => onSaid(line, name) });
    this.#children.push(child);
    return child;
  }

  async #everyZoneRuns(steps: number): Promise<void> {
    const untilMs = performance.now() + ZONES_MS_MAX;
    for (;;) {
      const { zones } = this;
      const running = zones.filter(({ state }) => state === "RUNNING").length;
      this.#options.onProgress(steps - 1, steps, `${running} of ${zones.length} zones`);
      if (running === zones.length) return;
      const dead = this.#children.find(({ isRunning }) => !isRunning);
      if (dead !== undefined) throw new WowsimError("role_start_failed", `${dead.name} ended: ${await dead.ended}.`);
      if (performance.now() > untilMs) throw notOwned(zones);
      await Bun.sleep(LOOK_MS);
    }
  }

  #tellEndOfNats(): void {
    void this.#nats.ended.then(({ pid, how }) => {
      const again = `${this.#options.nats.path} -c ${this.#nats.config}`;
      this.#tellEnd({ event: "nats_ended", pid, how, again });
    });
  }

  /** Ends that were asked for are not told. */
  #tellEnd(event: ClusterEvent): void {
    if (this.#stopping === null && this.#watch !== null) this.#options.onEvent(event);
  }

  async #stop(): Promise<void> {
    this.#watch?.stop();
    const of = (role: "host" | "gateway"): Promise<unknown> =>
      Promise.all(
        this.#children
          .filter(({ name }) => name.startsWith(role))
          .map(async (child) => await child.stop(STOP_MS_MAX[role])),
      );
    await of("gateway");
    await of("host");
    await this.#controller?.stop();
    await this.#nats?.stop();
    this.#removeFile();
  }
}

function notOwned(zones: readonly ZoneStatus[]): WowsimError {
  const idle = zones.filter(({ state }) => state !== "RUNNING").map(({ zone, state }) => `${zone} (${state})`);
  return new WowsimError(
    "zones_not_owned",
    `These zones do not run after ${ZONES_MS_MAX / 1_000} s: ${idle.join(", ")}. The telemetry of the hosts tells more.`,
  );
}

const command = (args: readonly string[]): string => ["wowsim", ...args].join(" ");
const password = (): string => randomBytes(PASSWORD_BYTES).toString("base64url");
