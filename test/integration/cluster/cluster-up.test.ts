// What starts, watches and ends the processes of a cluster: with a real nats-server and controller, and hosts and gateways that only
// beat (test/helpers/fake-role.ts). The whole game over it is in test/timed/cluster.test.ts.

import { describe, expect, test } from "bun:test";
import { existsSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startController } from "../../../server/controller.ts";
import { natsInfo } from "../../../tools/cluster/nats-info.ts";
import { readClusterFile } from "../../../tools/cluster/cluster-file.ts";
import { askStatus, statusLines } from "../../../tools/cluster/status.ts";
import { RunningCluster } from "../../../tools/cluster/up.ts";
import type { ClusterEvent, UpOptions } from "../../../tools/cluster/up.ts";
import { worldOf } from "../../../tools/cluster/world-file.ts";
import { until } from "../../helpers/control-live.ts";
import { NATS } from "../../helpers/nats.ts";
import { TempFolder } from "../../helpers/serve-process.ts";

const FAKE = join(import.meta.dir, "../../helpers/fake-role.ts");
const NEVER = new Promise<never>(() => {});

class Started implements AsyncDisposable {
  readonly folder = new TempFolder();
  readonly events: ClusterEvent[] = [];
  readonly said: string[] = [];
  readonly options: UpOptions;
  cluster: RunningCluster | null = null;

  constructor(more: Partial<UpOptions> = {}) {
    const world = join(this.folder.path, "world.toml");
    writeFileSync(world, worldOf(2));
    this.options = {
      dataDir: this.folder.path,
      hosts: 2,
      gateways: 2,
      world,
      host: "127.0.0.1",
      port: 0,
      controlPort: 0,
      natsPort: 0,
      env: { ...process.env, WOWSIM_TOKEN: undefined },
      nats: NATS!,
      startController,
      command: (...args) => [process.execPath, FAKE, ...args],
      onProgress: () => {},
      onEvent: (event) => this.events.push(event),
      onSaid: (line, speaker) => this.said.push(`${speaker}: ${line}`),
      ...more,
    };
  }

  async up(): Promise<RunningCluster> {
    this.cluster = await RunningCluster.start(this.options, NEVER);
    return this.cluster!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cluster?.stop();
    this.folder[Symbol.dispose]();
  }
}

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}

const fails = (started: Started): Promise<unknown> => started.up().catch((error: unknown) => error);

describe.skipIf(NATS === null)("cluster up", () => {
  test("says what runs where once every zone runs, and ends it all", async () => {
    await using started = new Started();
    const cluster = await started.up();
    const { ready } = cluster;
    expect(ready).toEqual({
      ready: true,
      gateways: [1, 2].map((number) => ({ game: 40_000 + number, http: 40_001 + number, pid: expect.any(Number) })),
      hosts: [1, 2].map((zone) => ({ pid: expect.any(Number), zones: [zone] })),
      control: expect.any(Number),
      nats: { port: expect.any(Number), pid: expect.any(Number) },
    });
    await cluster.stop();
    for (const { pid } of [...ready.gateways, ...ready.hosts, ready.nats]) expect(isGone(pid)).toBe(true);
    expect(started.events).toEqual([]);
    expect(readClusterFile(started.folder.path)).toBeNull();
  });

  test("tells the status over the control port, and by the folder", async () => {
    await using started = new Started();
    await started.up();
    const status = await askStatus({ dataDir: started.folder.path });
    expect(status.zones.map(({ host, epoch, next }) => [host, epoch, next])).toEqual([
      ["a", 1, "b"],
      ["b", 1, "a"],
    ]);
    expect(status.gateways.map(({ gateway }) => gateway)).toEqual([1, 2]);
    const text = statusLines(status).join("\n");
    expect(text).toContain("Elwynn Forest");
    expect(text).toMatch(/^a +\d+ +1 /m);
  });

  test("a host that is killed is told, with who has its zones and how to start it again", async () => {
    await using started = new Started();
    const { ready } = await started.up();
    const { pid } = ready.hosts[0]!;
    process.kill(pid, "SIGKILL");
    await until("its end and the takeover are told", () => started.events.length >= 2);
    expect(started.events).toEqual([
      {
        event: "ended",
        role: "host",
        name: "a",
        pid,
        how: "SIGKILL",
        zones: [1],
        again: expect.stringMatching(/^wowsim zone-host --bus \S+cluster\.json --name a /),
      },
      { event: "zone", zone: 1, from: "a", to: "b", epoch: 2 },
    ]);
  });

  test("a nats-server that is killed is told, and its configuration starts it again on the same port", async () => {
    await using started = new Started();
    const { ready } = await started.up();
    process.kill(ready.nats.pid, "SIGKILL");
    await until("its end is told", () => started.events.length > 0);
    const [event] = started.events;
    expect(event).toMatchObject({ event: "nats_ended", pid: ready.nats.pid, how: "SIGKILL" });
    const again = (event as { again: string }).again.split(" ");
    const child = Bun.spawn(again, { stdin: "ignore", stdout: "ignore", stderr: "ignore" });
    try {
      await until("it is back on its port", async () => {
        const info = await natsInfo(`nats://127.0.0.1:${ready.nats.port}`).catch(() => null);
        return info !== null;
      });
      await until("hosts are heard again", async () => {
        const { zones } = await askStatus({ dataDir: started.folder.path });
        return zones.every(({ host }) => host !== null);
      });
    } finally {
      child.kill();
      await child.exited;
    }
  });

  test("a process that does not start ends all, and says why", async () => {
    await using started = new Started({ env: { ...process.env, FAKE_ROLE_FAILS: "b" } });
    expect(await fails(started)).toMatchObject({
      code: "role_start_failed",
      message: expect.stringContaining("zone-host b does not want to."),
    });
    expect(readClusterFile(started.folder.path)).toBeNull();
  });

  test("a folder that another cluster has is refused", async () => {
    await using started = new Started();
    await started.up();
    await using other = new Started({ dataDir: started.folder.path });
    expect(await fails(other)).toMatchObject({ code: "cluster_runs" });
  });

  test("passwords are for the owner's eyes only, and not on any command line", async () => {
    await using started = new Started();
    const { ready } = await started.up();
    const files = ["cluster.json", "nats/nats.conf"].map((name) => join(started.folder.path, name));
    for (const file of files) expect(statSync(file).mode & 0o077).toBe(0);
    const { bus } = readClusterFile(started.folder.path)!;
    if (!existsSync("/proc/self/cmdline")) return;
    for (const { pid } of [...ready.hosts, ...ready.gateways, ready.nats]) {
      const line = await Bun.file(`/proc/${pid}/cmdline`).text();
      for (const secret of Object.values(bus.passwords)) expect(line).not.toContain(secret);
    }
  });

  test("a stop while it starts leaves nothing", async () => {
    await using started = new Started();
    expect(await RunningCluster.start(started.options, Promise.resolve())).toBeNull();
    await until("no file is left", () => readClusterFile(started.folder.path) === null);
  });
});
