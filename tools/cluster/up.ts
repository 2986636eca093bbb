// `wowsim cluster up`: starts a nats-server, a controller, hosts and gateways on one machine, tells what becomes of them, and ends
// them in order.
//
//   const cluster = await RunningCluster.start({ dataDir, hosts: 3, gateways: 2, world: "world.toml", ... }, program)
//   cluster.ready()            // the ready line
//   await cluster.stop()
//
// What dies is told, and not started again: failures are what one practises here.

import { join } from "node:path";
import { z } from "zod";
import { assert } from "../../server/protocol/assert.ts";
import { WowsimError } from "../../server/protocol/errors.ts";
import { runs } from "../../server/protocol/cluster.ts";
import type { RunningController, StartController, ZoneStatus } from "../../server/protocol/cluster.ts";
import { clusterFileIn, readClusterFile, writeClusterFile } from "./cluster-file.ts";
import { newPasswords, usersOf } from "./nats-config.ts";
import type { Certificates } from "./nats-config.ts";
import { NatsProcess } from "./nats-process.ts";
import type { NatsProgram } from "./nats-server.ts";
import { OwnerWatch } from "./owner-watch.ts";
import type { OwnerChange } from "./owner-watch.ts";
import { RoleChild } from "./role-child.ts";

const LOOK_MS = 50;
/** All zones run by then, or something is wrong. */
const ALL_RUN_MS_MAX = 120_000;
/** A gateway takes leave of its players; a host hands over its zones, which takes longer. */
const STOP_MS_MAX = { gateway: 5_000, host: 10_000 } as const;
const HOST_NAMES = "abcdefghijklmnop";

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
  /** The command line of a child, from its arguments; default: this program's. */
  command?: (...args: string[]) => string[];
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
  readonly #passwords = newPasswords();
  readonly #hosts: RoleChild[] = [];
  readonly #gateways: { child: RoleChild; game: number; http: number }[] = [];
  #base: { nats: NatsProcess; controller: RunningController } | null = null;
  #watch: OwnerWatch | null = null;
  #started: Promise<void> = Promise.resolve();
  /** What ends nats-server and controller, and removes the file; the newest first. */
  readonly #undo: (() => Promise<void> | void)[] = [];
  #stopping: Promise<void> | null = null;

  /** Resolves when every zone runs; with null when `stopped` does so first. Throws WowsimError, with nothing left running. */
  static async start(options: UpOptions, stopped: Promise<unknown>): Promise<RunningCluster | null> {
    const other = readClusterFile(options.dataDir);
    if (other !== null)
      throw new WowsimError(
        "cluster_runs",
        `A cluster (pid ${other.pid}) has its data in ${options.dataDir}. Stop it, or choose another --data-dir or --scratch.`,
      );
    const cluster = new RunningCluster(options);
    cluster.#started = cluster.#start();
    try {
      const started = cluster.#started.then(() => "started" as const);
      const first = await Promise.race([started, stopped.then(() => "stopped" as const)]);
      if (first === "started") return cluster;
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
    const { nats, controller } = this.#running;
    const { hosts, zones } = controller.status();
    const owned = (child: RoleChild): number[] => {
      const host = hosts.find(({ pid }) => pid === child.pid)?.host;
      return zones.filter((zone) => host !== undefined && zone.host === host).map(({ zone }) => zone);
    };
    return {
      ready: true,
      gateways: this.#gateways.map(({ child: { pid }, game, http }) => ({ game, http, pid })),
      hosts: this.#hosts.map((child) => ({ pid: child.pid, zones: owned(child) })),
      control: controller.control,
      nats: { port: nats.port, pid: nats.pid },
    };
  }

  /** In the order of the ready line. */
  get hostNames(): string[] {
    return HOST_NAMES.slice(0, this.#options.hosts).split("");
  }

  get zones(): ZoneStatus[] {
    return this.#running.controller.status().zones;
  }

  get #running(): { nats: NatsProcess; controller: RunningController } {
    assert(this.#base !== null, "nats-server and controller run");
    return this.#base;
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #start(): Promise<void> {
    const { dataDir, host, natsPort, controlPort, certificates, startController, onSaid, world } = this.#options;
    const steps = 2 + this.#options.hosts + this.#options.gateways;
    this.#options.onProgress(0, steps, "nats-server");
    const place = { folder: join(dataDir, "nats"), host, port: natsPort, certificates };
    const nats = await NatsProcess.start(this.#options.nats, { ...place, users: usersOf(this.#passwords) });
    this.#undo.push(() => nats.stop());
    this.#goOn();
    this.#tellEndOf(nats);
    const url = `${certificates === undefined ? "nats" : "tls"}://${host}:${nats.port}`;
    const ca = certificates?.ca;
    const controller = await startController({
      bus: url,
      user: "controller",
      password: this.#passwords.controller,
      ca,
      host,
      controlPort,
      token: this.#options.env["WOWSIM_TOKEN"] || undefined,
      worldFile: world,
      onWarning: (warning) => onSaid(warning, "controller"),
    });
    this.#undo.push(() => controller.stop());
    this.#base = { nats, controller };
    const bus = { url, passwords: this.#passwords, ...(ca === undefined ? {} : { ca }) };
    this.#undo.push(writeClusterFile(dataDir, { host, control: controller.control, bus }));
    this.#goOn();
    await this.#startRoles(steps);
    await this.#allRun(steps);
    this.#watch = new OwnerWatch(this.zones, (change) => this.#options.onEvent({ event: "zone", ...change }));
    this.#watch.follow(() => this.zones);
  }

  async #startRoles(steps: number): Promise<void> {
    const { gateways, onProgress } = this.#options;
    let done = 1;
    const isUp = (): void => onProgress(++done, steps, `${done - 1} of ${steps - 2} processes`);
    const each = async (child: RoleChild): Promise<Record<string, unknown>> => {
      const line = await child.ready();
      isUp();
      return line;
    };
    const starting = this.hostNames.map((name) => this.#startHost(name));
    const opening = Array.from({ length: gateways }, (_, index) => this.#startGateway(index));
    const [, lines] = await Promise.all([Promise.all(starting.map(each)), Promise.all(opening.map(each))]);
    for (const [index, child] of opening.entries()) this.#gateways.push({ child, ...GatewayLine.parse(lines[index]) });
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
      this.#tellEnd({ event: "ended", role: "host", name, pid: child.pid, how, zones, again: typed(args) });
    });
    return child;
  }

  #startGateway(index: number): RoleChild {
    const { dataDir, host, port } = this.#options;
    const name = String(index + 1);
    const place = ["gateway", "--bus", clusterFileIn(dataDir), "--host", host, ...this.#world];
    place.push("--data-dir", join(dataDir, "gateways", name));
    const at = (game: number, http: number): string[] => [
      ...place,
      "--port",
      String(game),
      "--http-port",
      String(http),
    ];
    const child = this.#child(`gateway ${name}`, at(port === 0 ? 0 : port + index, 0));
    void child.ended.then((how) => {
      // On the ports that it had: its players know no others.
      const { game = 0, http = 0 } = this.#gateways.find((one) => one.child === child) ?? {};
      const again = typed(at(game, http));
      this.#tellEnd({ event: "ended", role: "gateway", name, pid: child.pid, how, zones: [], again });
    });
    return child;
  }

  get #world(): string[] {
    const { world } = this.#options;
    return world === undefined ? [] : ["--world", world];
  }

  #child(name: string, args: string[]): RoleChild {
    const { env, command, onSaid } = this.#options;
    const child = new RoleChild({ name, args, env, command, onSaid: (line) => onSaid(line, name) });
    this.#children.push(child);
    return child;
  }

  /** Until every zone runs, and every gateway is heard. */
  async #allRun(steps: number): Promise<void> {
    const untilMs = performance.now() + ALL_RUN_MS_MAX;
    const { controller } = this.#running;
    for (;;) {
      const { zones, gateways } = controller.status();
      const running = zones.filter(runs).length;
      this.#options.onProgress(steps - 1, steps, `${running} of ${zones.length} zones`);
      if (running === zones.length && gateways.length >= this.#options.gateways) return;
      const dead = this.#children.find(({ isRunning }) => !isRunning);
      if (dead !== undefined) throw new WowsimError("role_start_failed", `${dead.name} ended: ${await dead.ended}.`);
      if (performance.now() > untilMs) throw notRunning(zones);
      await Bun.sleep(LOOK_MS);
      this.#goOn();
    }
  }

  #tellEndOf(nats: NatsProcess): void {
    const again = `${this.#options.nats.path} -c ${nats.config}`;
    void nats.ended.then(({ pid, how }) => this.#tellEnd({ event: "nats_ended", pid, how, again }));
  }

  /** Throws when the start is to end: what began meanwhile is undone by the stop. */
  #goOn(): void {
    if (this.#stopping !== null) throw new WowsimError("stopped", "The start was stopped.");
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
    // A start that is under way fails now, since its children are gone; whoever waits for it is told, not this.
    await this.#started.catch(() => {});
    for (const step of this.#undo.toReversed()) await step();
  }
}

function notRunning(zones: readonly ZoneStatus[]): WowsimError {
  const idle = zones.filter((zone) => !runs(zone)).map(({ zone, state }) => `${zone} (${state})`);
  return new WowsimError(
    "zones_not_running",
    `After ${ALL_RUN_MS_MAX / 1_000} s not everything runs. Zones that do not: ${idle.join(", ") || "none"}. The telemetry of hosts and gateways tells more.`,
  );
}

const typed = (args: readonly string[]): string => ["wowsim", ...args].join(" ");
