// A real server whose disk is slow, full, or gone: play goes on and says so, no restart is needed, and an end comes in order.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ControlClient } from "../../tools/client/control-client.ts";
import { ClientStats } from "../../tools/client/client-stats.ts";
import { GameClient } from "../../tools/client/game-client.ts";
import { WorldReader } from "../../server/store/world-reader.ts";
import { ENDING_CODE } from "../../server/protocol/endings.ts";
import { assessHealth } from "../../tools/analysis/health.ts";
import { diagnose } from "../../tools/analysis/diagnosis.ts";
import { Timeline } from "../../tools/analysis/timeline.ts";
import type { TelemetryLine } from "../../server/protocol/telemetry-line.ts";
import { RawClient, until } from "../helpers/net.ts";
import { readLines, ServeProcess, TempFolder } from "../helpers/serve-process.ts";

setDefaultTimeout(180_000);

/** Whether this machine lets a test mount a small disk of its own. */
const CAN_MOUNT =
  process.platform === "linux" &&
  process.getuid?.() === 0 &&
  Bun.spawnSync(["unshare", "--mount", "sh", "-c", "mount -t tmpfs none /mnt"]).exitCode === 0;

function linesOf(file: string): TelemetryLine[] {
  try {
    return readLines(file);
  } catch {
    // It is being written just now.
    return [];
  }
}

const messagesOf = (file: string): string[] => linesOf(file).map(({ message }) => message);
const hasSaid = (file: string, message: string) => (): boolean => messagesOf(file).includes(message);

function timelineOf(file: string): Timeline {
  const timeline = new Timeline();
  for (const line of linesOf(file)) timeline.take(line);
  return timeline;
}

/** A player by JSON lines and one by the binary encoding, who walk about, so that each tick has something to tell. */
class Walkers implements Disposable {
  private constructor(
    readonly json: RawClient,
    readonly binary: GameClient,
    readonly timer: Timer,
  ) {}

  static async join(port: number): Promise<Walkers> {
    const json = await RawClient.connect(port);
    json.send({ type: "hello", v: 1, name: "Ann" });
    const bob = { name: "Bob", protocol: "binary", random: () => 0.5, stats: new ClientStats() } as const;
    const binary = new GameClient({ host: "127.0.0.1", port, ...bob });
    await binary.connect();
    await until(() => json.last("state") !== undefined);
    let step = 0;
    const walk = (): void => {
      const at = (++step % 10) / 5;
      json.send({ type: "movement", seq: step, position: { x: at, y: 0, z: 0 } });
      binary.move(0, at, 0);
    };
    return new Walkers(json, binary, setInterval(walk, 50));
  }

  /** Both were told last that what they hear is kept. */
  get areKept(): boolean {
    return this.json.last("state")?.["durable"] !== false && this.binary.world.durable;
  }

  /** Both were told last that it is not. */
  get areNotKept(): boolean {
    return this.json.last("state")?.["durable"] === false && !this.binary.world.durable;
  }

  async leave(): Promise<void> {
    clearInterval(this.timer);
    await this.binary.leave();
  }

  [Symbol.dispose](): void {
    clearInterval(this.timer);
  }
}

describe("a slow disk", () => {
  test("delays no tick, is told in both encodings and to operators, and is back without a restart", async () => {
    await using server = await ServeProcess.ready();
    const file = server.telemetryFile;
    await using control = await ControlClient.connect({ host: "127.0.0.1", port: server.ports.control });
    using both = await Walkers.join(server.ports.game);
    await until(() => both.areKept);
    await control.ask({ command: "activate", fault_id: "disk-slow", params: { delay_ms: 10_000 } });
    await until(() => both.areNotKept);
    await until(hasSaid(file, "Journal lost"));
    // The zone's own lines say it some ticks later.
    await until(() => {
      const { status, reasons } = assessHealth(timelineOf(file));
      return status === "critical" && reasons[0]?.text.includes("the journal of zone") === true;
    });
    await until(() => diagnose(timelineOf(file))[0]?.cause === "disk-slow");
    // If a tick waited for a commit, so many would take ten minutes.
    await until(() => {
      const ticks = timelineOf(file).zones.get(1)?.ticks.all() ?? [];
      return ticks.filter(({ durable }) => durable === false).length >= 60;
    });
    await control.ask({ command: "deactivate", fault_id: "disk-slow" });
    await until(() => both.areKept);
    await until(hasSaid(file, "Journal back"));
    const metrics = await (await fetch(`http://127.0.0.1:${server.ports.http}/metrics`)).text();
    expect(metrics).toContain('wowsim_zone_durable{zone="1"} 1');
    expect(metrics).toMatch(/wowsim_journal_commit_seconds_bucket\{le="\+Inf"\} [1-9]/);
    expect(metrics).toContain("wowsim_journal_failing 0");
    await both.leave();
    const { code } = await server.stop();
    expect(code).toBe(0);
    expect(readdirSync(server.dataDir).filter((name) => /-wal|-shm/.test(name))).toEqual([]);
    const reader = WorldReader.open(server.dataDir)!;
    expect(reader.problems()).toEqual([]);
    expect(reader.events().filter(({ kind }) => kind === "loss").length).toBeGreaterThan(0);
    reader.close();
  });

  test("that hangs until the server is killed leaves word of it, and one that is back does not", async () => {
    using place = new TempFolder();
    const flags = ["--data-dir", join(place.path, "data"), "--telemetry-file", join(place.path, "telemetry.jsonl")];
    await using server = await ServeProcess.ready(...flags);
    const mark = join(place.path, "data/world.gap");
    const sinceMs = (): number => Number(readFileSync(mark).readBigUInt64LE());
    const startedMs = Date.now();
    await using control = await ControlClient.connect({ host: "127.0.0.1", port: server.ports.control });
    const hang = { command: "activate", fault_id: "disk-slow", params: { delay_ms: 10_000 } };
    await control.ask(hang);
    await until(() => sinceMs() >= startedMs);
    await control.ask({ command: "deactivate", fault_id: "disk-slow" });
    await until(() => sinceMs() === 0);
    await control.ask(hang);
    await until(() => sinceMs() >= startedMs);
    await server.stop("SIGKILL");
    const said = new Date(sinceMs()).toISOString();
    await using next = await ServeProcess.ready(...flags);
    expect(next.ports.notices).toEqual([
      `The journal could not be written from ${said} on: what was played after that is not in it.`,
    ]);
    await until(() => sinceMs() === 0);
  });

  test("does not hold up an end that somebody asks for", async () => {
    await using server = await ServeProcess.ready();
    await using control = await ControlClient.connect({ host: "127.0.0.1", port: server.ports.control });
    await control.ask({ command: "activate", fault_id: "disk-slow", params: { delay_ms: 10_000 } });
    await until(hasSaid(server.telemetryFile, "Journal lost"));
    expect((await server.stop()).code).toBe(0);
    expect(messagesOf(server.telemetryFile)).toContain("Server stopped");
  });

  test("ends the server in order, with its own exit code, when it is told to", async () => {
    await using server = await ServeProcess.ready("--on-journal-loss", "stop");
    await using control = await ControlClient.connect({ host: "127.0.0.1", port: server.ports.control });
    const ann = await RawClient.connect(server.ports.game);
    ann.send({ type: "hello", v: 1, name: "Ann" });
    await until(() => ann.last("state") !== undefined);
    await control.ask({ command: "activate", fault_id: "disk-slow", params: { delay_ms: 10_000 } });
    const { code, stderr } = await server.ended();
    expect(code).toBe(ENDING_CODE.disk);
    expect(stderr).toContain("journal");
    expect(ann.received.at(-1)).toMatchObject({ type: "error", code: "server_stopping" });
    expect(messagesOf(server.telemetryFile)).toContain("Server stopped");
  });
});

describe("a full disk", () => {
  if (!CAN_MOUNT)
    process.stderr.write("NOT RUN: a really full disk. It needs root on Linux, and unshare, to mount a small one.\n");

  test.skipIf(!CAN_MOUNT)("is a loss while it is full; room is enough, and the gap is on record", async () => {
    using place = new TempFolder();
    const [disk, file] = [join(place.path, "disk"), join(place.path, "telemetry.jsonl")];
    mkdirSync(disk);
    const dataDir = join(disk, "data");
    const within = `exec unshare --mount sh -c 'mount -t tmpfs -o size=24m none ${disk} && exec "$@"' sh "$@"`;
    await using server = new ServeProcess(["--data-dir", dataDir, "--telemetry-file", file], {}, within);
    await server.untilReady();
    // Only the server's own view of the files has the small disk.
    const seen = `/proc/${server.child.pid}/root${dataDir}`;
    using both = await Walkers.join(server.ports.game);
    await until(() => both.areKept);
    const filler = join(seen, "filler");
    fill(filler);
    await until(hasSaid(file, "Journal not written"));
    await until(() => both.areNotKept);
    await until(() => diagnose(timelineOf(file))[0]?.cause === "disk-full");
    await using control = await ControlClient.connect({ host: "127.0.0.1", port: server.ports.control });
    const begin = { command: "deploy_begin", hash: "0123456789abcdef", label: "fix.wasm" };
    expect(await control.request(begin)).toMatchObject({ success: false, code: "incident_open" });
    const { deploy } = await control.ask({ ...begin, force: "it makes room" });
    expect(await control.ask({ command: "deploy_freeze", reason: "disk" })).toMatchObject({ kept: false });
    await until(hasSaid(file, "Deploy record not kept"));
    rmSync(filler);
    await until(hasSaid(file, "Journal back"));
    await until(hasSaid(file, "Deploy record kept again"));
    await control.ask({ command: "deploy_end", deploy, outcome: "refused", reason: "there was no room" });
    const record = join(seen, "deploys", `${deploy}.jsonl`);
    await until(() => existsSync(record) && readFileSync(record, "utf8").includes("there was no room"));
    await until(() => existsSync(join(seen, "deploys", "frozen.json")));
    await until(() => both.areKept);
    await both.leave();
    await Bun.spawn(["cp", "-r", seen, join(place.path, "copy")]).exited;
    const reader = WorldReader.open(join(place.path, "copy"))!;
    expect(reader.events().filter(({ kind }) => kind === "loss").length).toBeGreaterThan(0);
    expect(reader.history(1).lostTicks).toBe(0);
    reader.close();
    expect((await server.stop()).code).toBe(0);
  });
});

/** Runs a program for which the modes of files count: root would write to every file. Null where that can not be had. */
function underModes(): string | null {
  if (process.getuid?.() !== 0) return ":";
  const within = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"];
  const canDrop = Bun.which("setpriv") !== null && Bun.spawnSync([...within, "true"]).exitCode === 0;
  return canDrop ? `exec ${within.join(" ")} sh -c 'exec "$@"' sh "$@"` : null;
}

describe("a journal that can only be read", () => {
  const within = underModes();
  if (within === null) process.stderr.write("NOT RUN: a read-only journal. As root it needs setpriv.\n");

  test.skipIf(within === null)("is told from the start on, and is written once it can be", async () => {
    using place = new TempFolder();
    const [dataDir, file] = [join(place.path, "data"), join(place.path, "telemetry.jsonl")];
    const flags = ["--data-dir", dataDir, "--telemetry-file", file];
    const first = await ServeProcess.ready(...flags);
    // A killed server leaves its log, which has the mode of then.
    await first.stop("SIGKILL");
    await first[Symbol.asyncDispose]();
    const world = join(dataDir, "world.sqlite");
    for (const name of [world, `${world}-wal`, `${world}-shm`]) chmodSync(name, 0o444);
    rmSync(file);
    await using server = new ServeProcess(flags, {}, within ?? ":");
    const { notices } = await server.untilReady();
    expect(notices).toEqual([expect.stringContaining("The journal can not be written") as string]);
    await until(() => server.stderr.includes("world.sqlite is read-only"));
    expect(messagesOf(file)).toContain("Journal not written");
    using both = await Walkers.join(server.ports.game);
    await until(() => both.areNotKept);
    await until(() => assessHealth(timelineOf(file)).status === "critical");
    await until(() => diagnose(timelineOf(file))[0]?.cause === "journal-refused");
    // The log is still as it was: the server gives it the mode of its database.
    chmodSync(world, 0o644);
    await until(hasSaid(file, "Journal back"));
    await until(() => both.areKept);
    await both.leave();
    expect((await server.stop()).code).toBe(0);
    const reader = WorldReader.open(dataDir)!;
    expect(reader.problems()).toEqual([]);
    expect(reader.history(1).lostTicks).toBe(0);
    reader.close();
  });
});

/** Writes until the disk takes nothing more. */
function fill(path: string): void {
  const bytes = new Uint8Array(1 << 16).fill(7);
  for (let size = bytes.length; size >= 1; size = Math.floor(size / 2)) {
    try {
      for (;;) writeFileSync(path, bytes.subarray(0, size), { flag: "a" });
    } catch {
      // It does not take so much any more: perhaps less.
    }
  }
}

describe("a data directory that is removed under the server", () => {
  test("is told, and play goes on without the journal", async () => {
    using place = new TempFolder();
    const file = join(place.path, "telemetry.jsonl");
    await using server = await ServeProcess.ready("--telemetry-file", file);
    using both = await Walkers.join(server.ports.game);
    await until(() => both.areKept);
    rmSync(server.dataDir, { recursive: true });
    await until(() => both.areNotKept);
    await until(hasSaid(file, "Journal not written"));
    const error = linesOf(file).find(({ message }) => message === "Journal not written")?.data["error"];
    expect(error).toMatch(/was removed or replaced while the server runs/);
    await until(() => diagnose(timelineOf(file))[0]?.cause === "journal-refused");
    await both.leave();
    // What was played since is not kept, and the server says so.
    expect((await server.stop()).code).toBe(74);
    expect(existsSync(join(server.dataDir, "world.sqlite"))).toBe(false);
  });
});
