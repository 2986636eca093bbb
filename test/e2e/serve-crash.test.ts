// How `wowsim serve` ends when it can not go on: by an error that nothing caught, or because of a thread that can not be ended.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { ENDING_CODE } from "../../server/protocol/endings.ts";
import { until } from "../helpers/control-live.ts";
import { failing } from "../helpers/failing-serve.ts";
import { player } from "../helpers/serve-peers.ts";
import { ServeProcess } from "../helpers/serve-process.ts";
import { readReport, Supervised } from "../helpers/supervised.ts";

setDefaultTimeout(180_000);

describe("an error that nothing caught", () => {
  test.each(["throw", "reject"] as const)("by a %s ends the server with its code and a report", async (mistake) => {
    await using server = new ServeProcess([], failing(mistake));
    const { pid, data_dir, http } = await server.untilReady();
    // Before its first tick a worker is in no zone.
    await until("its zones tick", async () => (await fetch(`http://127.0.0.1:${http}/readyz?zone=all`)).ok);
    process.kill(pid, "SIGUSR2");
    const { code, stderr } = await server.ended();
    expect(code).toBe(ENDING_CODE.crash);
    const [name, ...others] = readdirSync(join(data_dir, "crashes"));
    expect(others).toEqual([]);
    const report = readReport(join(data_dir, "crashes", name!));
    expect(report).toMatchObject({ ending: "crash", exit_code: ENDING_CODE.crash, pid, signal: null });
    expect(report.reason).toContain("a mistake in the host");
    expect(report.doing.map(({ zone_id }) => zone_id).toSorted()).toEqual([1, 2]);
    expect(report.replay[0]).toContain(`--data-dir ${data_dir} --zone`);
    expect(report.telemetry.map(({ message }) => message)).toContain("Server started");
    expect(report.telemetry.at(-1)).toMatchObject({ type: "error", message: "Server crashed" });
    expect(report.telemetry.at(-1)?.data["error"]).toContain("a mistake in the host");
    const [error] = stderr.split("\n");
    expect(JSON.parse(error!)).toMatchObject({ error: { code: "crash" } });
    expect(stderr).toContain(name!);
  });

  test("in a supervised server is in the parent's report, and there is one", async () => {
    await using parent = await Supervised.with(failing("throw"));
    process.kill(parent.server.pid, "SIGUSR2");
    await parent.restarted(1);
    const { report } = await parent.event("server_ended");
    expect(readdirSync(join(parent.dataDir, "crashes"))).toHaveLength(1);
    expect(readReport(report)).toMatchObject({ ending: "crash", exit_code: ENDING_CODE.crash });
    expect(readReport(report).reason).toContain("a mistake in the host");
    expect(readReport(report).telemetry.at(-1)?.message).toBe("Server crashed");
    expect(readReport(report).stderr.join("\n")).toContain("a mistake in the host");
  });
});

describe("a zone worker that hangs in WebAssembly, where nothing can end it,", () => {
  test("stops the server in order, with the code of the watchdog", async () => {
    await using server = new ServeProcess([], failing("wasm"));
    const { pid, game } = await server.untilReady();
    const ann = await player(game);
    process.kill(pid, "SIGUSR2");
    const { code, stderr } = await server.ended();
    expect(code).toBe(ENDING_CODE.watchdog);
    expect(stderr).toContain("zone worker 1 is in an endless loop");
    expect(ann.received.at(-1)).toMatchObject({ type: "error", code: "server_stopping" });
    const lines = server.telemetry();
    expect(lines.at(-1)?.message).toBe("Server stopped");
    const told = lines.filter(({ message }) => message === "Server must restart");
    expect(told).toMatchObject([{ type: "error", data: { ending: "watchdog" } }]);
  });

  test("is gone with the process that the parent starts anew", async () => {
    await using parent = await Supervised.with(failing("wasm"));
    process.kill(parent.server.pid, "SIGUSR2");
    const next = await parent.restarted(1);
    expect(next.game).toBe(parent.ports.game);
    const ended = await parent.event("server_ended");
    expect(ended).toMatchObject({ ending: "watchdog", exit_code: ENDING_CODE.watchdog });
    const report = readReport(ended.report);
    expect(report.reason).toContain("zone worker 1");
    if (existsSync("/dev/shm")) expect(report.counters).toMatchObject({ workers_hung: 1, burning_threads: 1 });
    expect(report.telemetry.map(({ message }) => message)).toContain("Zone worker lost");
  });
});
