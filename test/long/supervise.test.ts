// `wowsim serve --supervise` with the real program: a server that dies or does not answer is started again on its ports, and
// leaves a report; what must not be started again is not; and nothing is left behind.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { ENDING_CODE } from "../../server/protocol/endings.ts";
import { readServerFile } from "../../server/protocol/server-file.ts";
import { childrenOf, isRunning } from "../../server/testing/processes.ts";
import { failing } from "../helpers/failing-serve.ts";
import { until } from "../helpers/net.ts";
import { player, stubbornPlayer, takePort, wrapped } from "../helpers/serve-peers.ts";
import { ServeProcess, TempFolder } from "../helpers/serve-process.ts";
import { readReport, Supervised } from "../helpers/supervised.ts";

setDefaultTimeout(180_000);

const portsOf = ({ game, control, http, telemetry }: Record<"game" | "control" | "http" | "telemetry", number>) => ({
  game,
  control,
  http,
  telemetry,
});
const memoryFolders = (): string[] =>
  existsSync("/dev/shm") ? readdirSync("/dev/shm").filter((name) => name.startsWith("wowsim-")) : [];

/** Whether a process has got this signal and not handled it yet; where the system does not tell, true. */
function isPending(pid: number, signal: "SIGINT"): boolean {
  if (process.platform !== "linux") return true;
  const pending = /^ShdPnd:\s*([\da-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "0";
  return ((BigInt(`0x${pending}`) >> BigInt(constants.signals[signal] - 1)) & 1n) === 1n;
}

/** A start that must end at once, with one line on stderr and without a report. */
async function refused(...flags: string[]) {
  await using parent = new Supervised(["--supervise", ...flags]);
  const ended = await parent.ended();
  expect({ stdout: ended.stdout, crashes: existsSync(join(parent.dataDir, "crashes")) }).toEqual({
    stdout: "",
    crashes: false,
  });
  expect(ended.stderr.trimEnd().split("\n")).toHaveLength(1);
  return ended;
}

/** Waits for the end of these processes, which this one has not started. */
const gone = (...pids: number[]): Promise<void> => until(() => !pids.some((pid) => isRunning(pid)), undefined, 30_000);

describe("a server that is lost", () => {
  test("by kill -9 is back on the same ports, and a report tells what it was at", async () => {
    await using parent = await Supervised.ready();
    const { pid, restarts, data_dir, ...first } = parent.server;
    expect(restarts).toBe(0);
    expect(readServerFile(data_dir)).toMatchObject({ pid, ports: portsOf(parent.ports) });
    const ann = await player(first.game);
    await until(() => parent.telemetry().some(({ message }) => message === "Zone tick completed"));
    process.kill(pid, "SIGKILL");
    const next = await parent.restarted(1);
    expect(portsOf(next)).toEqual(portsOf(parent.ports));
    expect(next.pid).not.toBe(pid);
    expect(readServerFile(data_dir)?.pid).toBe(next.pid);
    await until(() => ann.closed);
    (await player(next.game)).close();
    const ended = await parent.event("server_ended");
    expect(ended).toMatchObject({ pid, ending: "crash", how: "ended by SIGKILL", restart_in_ms: 0 });
    const report = readReport(ended.report);
    expect(report).toMatchObject({ v: 1, ending: "crash", signal: "SIGKILL", exit_code: null, pid, restarts: 0 });
    expect(report.telemetry.map(({ message }) => message)).toContain("Server started");
    if (existsSync("/dev/shm")) {
      expect(report.doing.map(({ worker, zone_id }) => [worker, zone_id]).toSorted()).toEqual([
        [1, 1],
        [2, 2],
      ]);
      for (const { tick } of report.doing) expect(tick).toBeGreaterThan(0);
      expect(report.counters["sessions"]).toBe(1);
      for (const command of report.replay) expect(command).toContain(`--data-dir ${data_dir} --zone`);
      expect(report.replay.length).toBeGreaterThan(0);
    }
    expect(await parent.stop()).toMatchObject({ code: 0, stderr: "" });
    await gone(pid, next.pid);
  });

  test("because it does not answer is ended and back, and the report says so", async () => {
    await using parent = await Supervised.ready();
    const { pid } = parent.server;
    process.kill(pid, "SIGSTOP");
    expect(await parent.event("server_silent")).toMatchObject({ pid });
    const next = await parent.restarted(1);
    expect(portsOf(next)).toEqual(portsOf(parent.ports));
    const ended = await parent.event("server_ended");
    expect(ended).toMatchObject({ pid, ending: "watchdog" });
    expect(readReport(ended.report)).toMatchObject({ ending: "watchdog", signal: "SIGKILL" });
    expect(ended.how).toContain("did not answer");
    expect(isRunning(pid)).toBe(false);
  });

  test("keeps its scratch folder and its way of telling telemetry", async () => {
    await using parent = new Supervised(["--supervise", "--scratch", "--with-parent", "--telemetry-file", "-"]);
    const readyLines = () => parent.stderr.split("\n").filter((line) => line.startsWith('{"ready"'));
    const servers = () => readyLines().map((line) => JSON.parse(line) as { pid: number; data_dir: string });
    await until(() => servers().length === 1, undefined, 60_000);
    const [first] = servers();
    writeFileSync(join(first!.data_dir, "kept"), "");
    process.kill(first!.pid, "SIGKILL");
    await until(() => servers().length === 2, undefined, 60_000);
    expect(servers()[1]!.data_dir).toBe(first!.data_dir);
    expect(existsSync(join(first!.data_dir, "kept"))).toBe(true);
    expect(readdirSync(join(first!.data_dir, "crashes"))).toHaveLength(1);
    await parent.child.stdin.end();
    const { code, stdout } = await parent.ended();
    expect(code).toBe(0);
    expect(existsSync(first!.data_dir)).toBe(false);
    const types = stdout
      .trimEnd()
      .split("\n")
      .map((line) => (JSON.parse(line) as { type: string }).type);
    expect(types.length).toBeGreaterThan(10);
    expect(types).not.toContain(undefined as unknown as string);
  });

  test("waits for its port, which somebody else took meanwhile", async () => {
    await using parent = await Supervised.ready();
    const { pid, game } = parent.server;
    process.kill(pid, "SIGSTOP");
    process.kill(pid, "SIGKILL");
    let taken: { stop(force: boolean): void } | null = null;
    while (taken === null) {
      try {
        taken = Bun.listen({ hostname: "127.0.0.1", port: game, socket: { data: () => {} } });
      } catch {
        // The dead server still has it.
        await Bun.sleep(1);
      }
    }
    const ended = await parent.event("server_ended", 1);
    expect(ended).toMatchObject({ ending: "refused", exit_code: 1, report: null, restart_in_ms: 1_000 });
    expect(parent.stderr).toContain(String(game));
    taken.stop(true);
    await until(() => parent.servers.length === 2, undefined, 60_000);
    expect(parent.server.game).toBe(game);
  });

  test("again and again as soon as it starts is given up", async () => {
    await using parent = new Supervised(["--supervise"], failing("start"));
    const { code, stderr } = await parent.ended();
    expect(code).toBe(ENDING_CODE.crash);
    const delays = parent.events.map(({ restart_in_ms }) => restart_in_ms);
    expect(delays.slice(0, 5)).toEqual([0, 1_000, 2_000, 4_000, null]);
    expect(parent.events.at(-1)).toMatchObject({
      event: "gave_up",
      text: expect.stringContaining("5 servers") as string,
    });
    const report = readReport(parent.events[4]!.report);
    expect(report).toMatchObject({ ending: "crash", exit_code: ENDING_CODE.crash, restarts: 4 });
    expect(report.stderr.join("\n")).toContain("a mistake in the host");
    expect(stderr).toContain("a mistake in the host");
    expect(readdirSync(join(parent.dataDir, "crashes"))).toHaveLength(5);
  });
});

describe("a server that can not run as it was told is not started again", () => {
  test("with a wrong world file, or none", async () => {
    using folder = new TempFolder();
    const file = join(folder.path, "world.toml");
    writeFileSync(file, "name = ");
    expect(await refused("--world", file)).toMatchObject({ code: 64 });
    expect(await refused("--world", "/nowhere.toml")).toMatchObject({ code: 4 });
  });

  test("with a port or a data directory that is in use, or a token that is missing", async () => {
    await using taken = wrapped(await takePort("game"));
    const { code, stderr } = await refused("--port", String(taken.port));
    expect(code).toBe(1);
    expect(stderr).toContain(String(taken.port));
    await using other = await ServeProcess.ready();
    expect(await refused("--data-dir", other.dataDir)).toMatchObject({ code: 1 });
    expect(await refused("--host", "0.0.0.0")).toMatchObject({ code: 64 });
    expect(await refused("--no-such-flag")).toMatchObject({ code: 64 });
  });
});

describe("a parent that ends leaves nothing running", () => {
  test.each(["SIGTERM", "SIGINT"] as const)("by %s, after which its server has stopped in order", async (signal) => {
    const before = memoryFolders();
    await using parent = await Supervised.ready();
    const { pid } = parent.server;
    expect(childrenOf(parent.child.pid)).toEqual([pid]);
    const ann = await player(parent.ports.game);
    expect(await parent.stop(signal)).toMatchObject({ code: 0, stderr: "" });
    expect(ann.received.at(-1)).toMatchObject({ type: "error", code: "server_stopping" });
    expect(isRunning(pid)).toBe(false);
    expect(parent.telemetry().at(-1)?.message).toBe("Server stopped");
    expect(memoryFolders().filter((name) => !before.includes(name))).toEqual([]);
  });

  test("by two signals, at once, even when a player does not hang up or the server does nothing any more", async () => {
    await using parent = await Supervised.ready();
    const stubborn = await stubbornPlayer(parent.ports.game);
    parent.child.kill("SIGINT");
    await until(() => stubborn.told.includes("server_stopping"));
    expect(await parent.stop("SIGINT")).toMatchObject({ code: 130 });
    expect(isRunning(parent.server.pid)).toBe(false);
    await using another = await Supervised.ready();
    process.kill(another.server.pid, "SIGSTOP");
    another.child.kill("SIGINT");
    await until(() => isPending(another.server.pid, "SIGINT"));
    expect(await another.stop("SIGINT")).toMatchObject({ code: 130 });
    expect(isRunning(another.server.pid)).toBe(false);
  });

  test("by kill -9, while its server runs and while it starts, and takes the folders along", async () => {
    const before = memoryFolders();
    await using parent = await Supervised.ready("--scratch");
    await using starting = new Supervised(["--supervise", "--scratch"]);
    await until(() => childrenOf(starting.child.pid).length > 0);
    const pids = [parent.server.pid, ...childrenOf(starting.child.pid)];
    for (const each of [parent, starting]) each.child.kill("SIGKILL");
    await gone(...pids);
    expect(existsSync(parent.server.data_dir)).toBe(false);
    expect(memoryFolders().filter((name) => !before.includes(name))).toEqual([]);
  });

  test("while it waits to start the next one", async () => {
    await using parent = new Supervised(["--supervise"], failing("start"));
    await until(() => parent.events.some(({ restart_in_ms }) => restart_in_ms === 2_000), undefined, 60_000);
    const { code } = await parent.stop();
    expect([0, ENDING_CODE.crash]).toContain(code);
  });

  test("when somebody stops its server in order", async () => {
    await using parent = await Supervised.ready();
    process.kill(parent.server.pid, "SIGTERM");
    expect(await parent.ended()).toMatchObject({ code: 0, stderr: "" });
    expect(parent.events).toEqual([]);
  });
});
