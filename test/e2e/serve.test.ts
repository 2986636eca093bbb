// `wowsim serve` as its operator meets it: what it says when it runs.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ControlClient } from "../../tools/client/control-client.ts";
import { RawClient, until } from "../helpers/net.ts";
import { readLines, ServeProcess, TempFolder } from "../helpers/serve-process.ts";
import { player, command, firstLineOf, wrapped } from "../helpers/serve-peers.ts";

setDefaultTimeout(120_000);

describe("a server that runs", () => {
  test("says so in one line of JSON, and listens on all four ports it names", async () => {
    await using server = await ServeProcess.ready();
    const ready = server.ports;
    expect(ready).toEqual({
      ready: true,
      game: expect.any(Number) as number,
      control: expect.any(Number) as number,
      http: expect.any(Number) as number,
      telemetry: expect.any(Number) as number,
      pid: server.child.pid,
      data_dir: server.dataDir,
    });
    const [health, page] = await Promise.all(
      ["healthz", "metrics"].map((path) => fetch(`http://127.0.0.1:${ready.http}/${path}`)),
    );
    expect([health?.status, page?.status]).toEqual([200, 200]);
    const ann = await player(ready.game);
    expect(ann.last("welcome")).toMatchObject({ session_id: 1, tick_rate_hz: 20 });
    ann.close();
    const operator = await RawClient.connect(ready.control);
    operator.send({ command: "list" });
    await until(() => operator.received.length === 1);
    expect(operator.received[0]).toMatchObject({ success: true });
    operator.close();
    expect(server.stderr).toBe("");
    expect(server.stdout.split("\n")).toHaveLength(2);
  });

  test("tells people where it is, without colour in a pipe", async () => {
    await using server = new ServeProcess(["--format", "text"], { FORCE_COLOR: "" });
    await until(() => server.stdout.includes("Ctrl-C stops"), undefined, 20_000);
    expect(server.stdout).toContain("1 Elwynn Forest, 2 Westfall at 20 Hz");
    expect(server.stdout).toMatch(/game 127\.0\.0\.1:\d+ {3}control :\d+ {3}http :\d+ {3}telemetry udp :\d+/);
    expect(server.stdout).toContain(join(server.dataDir, "telemetry.jsonl"));
    expect(server.stdout).not.toContain("\u001b");
    expect(await server.stop("SIGINT")).toMatchObject({ code: 0, stderr: "\nwowsim: SIGINT, stopping\n" });
  });

  test("takes its tick rate, worker count and guests' ban from flags, also with an equals sign", async () => {
    await using server = await ServeProcess.ready("--tick-rate=40", "--workers=1", "--no-guests");
    const ann = await player(server.ports.game);
    expect(ann.last("welcome")).toMatchObject({ tick_rate_hz: 40 });
    const guest = await RawClient.connect(server.ports.game);
    guest.send({ type: "movement", session_id: 1, position: { x: 1, y: 0, z: 0 } });
    await until(() => guest.closed);
    expect(guest.received).toMatchObject([{ type: "error", code: "guests_off" }]);
    const told = server.telemetry().find(({ message }) => message === "Server starting");
    expect(told?.data).toMatchObject({ tick_rate_hz: 40 });
    ann.close();
  });

  test("goes on when nobody reads its output any more, and when its input is closed", async () => {
    await using folder = wrapped(new TempFolder());
    const serve = `"$0" "$1" serve --port 0 --control-port 0 --http-port 0 --telemetry-port 0 --data-dir "$2" --format json`;
    // The shell prints the server's pid, and head closes the pipe after the first line.
    const script = `{ ${serve} <&- & echo $! >&2; wait $!; echo "exit $?" >&2; } | head -n 1`;
    const shell = Bun.spawn(["sh", "-c", script, process.execPath, command, folder.path], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    const ready = JSON.parse(await firstLineOf(shell.stdout)) as { game: number; pid: number };
    const ann = await player(ready.game);
    process.kill(ready.pid, "SIGTERM");
    await until(() => ann.closed);
    expect(await new Response(shell.stderr).text()).toContain("exit 0");
  });

  test("writes its telemetry where it is told, and begins a new file when it is long enough", async () => {
    using folder = new TempFolder();
    const file = join(folder.path, "logs", "wowsim.jsonl");
    const flags = ["--telemetry-file", file, "--telemetry-max-mb", "1", "--tick-rate", "100"];
    await using server = await ServeProcess.ready(...flags);
    await until(() => existsSync(join(folder.path, "logs", "wowsim.1.jsonl")), undefined, 25_000);
    await server.stop();
    const [older, newer] = [readLines(join(folder.path, "logs", "wowsim.1.jsonl")), readLines(file)];
    expect(older[0]?.message).toBe("Server starting");
    expect(newer.at(-1)?.message).toBe("Server stopped");
    const ticks = [...older, ...newer]
      .filter(({ message, data }) => message === "Zone tick completed" && data["zone_id"] === 1)
      .map(({ data }) => Number(data["tick"]));
    expect(ticks).toEqual(ticks.map((_, index) => (ticks[0] ?? 0) + index));
    expect(existsSync(join(server.dataDir, "telemetry.jsonl"))).toBe(false);
  });

  test("writes its telemetry to stdout, nothing else, for as long as somebody reads it, and goes on after that", async () => {
    await using server = new ServeProcess(["--telemetry-file", "-", "--tick-rate", "100"]);
    await until(() => server.stderr.includes('"ready":true'));
    const { game, http } = JSON.parse(server.stderr.split("\n")[0]!) as { game: number; http: number };
    await until(() => server.stdout.includes('"Zone tick completed"'));
    const whole = server.stdout.slice(0, server.stdout.lastIndexOf("\n")).split("\n");
    expect(whole.map((line) => (JSON.parse(line) as { v: number }).v)).not.toContain(undefined as never);
    expect(existsSync(join(server.dataDir, "telemetry.jsonl"))).toBe(false);
    await server.closeStdout();
    await until(() => server.stderr.includes("Telemetry can not be written to -"));
    (await player(game)).close();
    expect((await fetch(`http://127.0.0.1:${http}/healthz`)).status).toBe(200);
    expect(await server.stop()).toMatchObject({ code: 0 });
  });

  test("does not mind another beside it, but does not share its data folder", async () => {
    await using server = await ServeProcess.ready();
    await using other = await ServeProcess.ready();
    const players = await Promise.all([player(server.ports.game), player(other.ports.game)]);
    expect(players.map((client) => client.last("welcome")?.["session_id"])).toEqual([1, 1]);
    const third = await ServeProcess.failing("--data-dir", server.dataDir);
    expect(third).toMatchObject({ code: 1, stdout: "" });
    expect(third.stderr).toContain(`Another server keeps its data in ${server.dataDir}`);
    expect(third.stderr).toContain("--data-dir");
    const fourth = await ServeProcess.failing("--telemetry-file", server.telemetryFile);
    expect(fourth.stderr).toContain(`Another server writes its telemetry to ${server.telemetryFile}`);
    // The folder goes, and the locks with it: that is told, and still nobody shares it.
    rmSync(server.dataDir, { recursive: true });
    await until(() => server.stderr.includes("was removed while the server runs"));
    await until(() => existsSync(server.telemetryFile) && existsSync(join(server.dataDir, "server.json")));
    const fifth = await ServeProcess.failing("--data-dir", server.dataDir);
    expect(fifth.stderr).toContain(`Another server keeps its data in ${server.dataDir}`);
    await until(() => server.telemetry().some(({ message }) => message === "Telemetry file changed by somebody else"));
    await server.stop();
    await using again = await ServeProcess.ready("--data-dir", server.dataDir);
    expect(again.ports.data_dir).toBe(server.dataDir);
    for (const client of players) client.close();
  });

  test("that was killed leaves nothing that keeps the next one from running in its folder", async () => {
    await using server = await ServeProcess.ready();
    await until(() => existsSync(join(server.dataDir, "telemetry.jsonl")));
    await server.stop("SIGKILL");
    writeFileSync(join(server.dataDir, "telemetry.jsonl"), '{"v":1,"half', { flag: "a" });
    const promoted = {
      v: 1,
      event: "promoted",
      timestamp: "2026-01-01T00:00:00.000Z",
      zone_id: 2,
      label: "hotfix.wasm",
    };
    const hashes = {
      from_hash: "7e6a3cdb083f8056",
      to_hash: "9f3c000000000000",
      reason: "canary passed",
      by: "anna@desk",
    };
    const history = `${JSON.stringify({ ...promoted, ...hashes })}\n{"v":1,"half`;
    writeFileSync(join(server.dataDir, "deploys.jsonl"), history, { flag: "a" });
    await using next = await ServeProcess.ready("--data-dir", server.dataDir);
    // What the one before was given live is gone, and that is said where whoever starts it looks, and where readers do.
    const gone = expect.stringContaining(
      "hotfix.wasm (9f3c000000000000), promoted at 2026-01-01T00:00:00.000Z by anna@desk",
    );
    expect(next.ports.notices).toEqual([gone]);
    await using control = await ControlClient.connect({ host: "127.0.0.1", port: next.ports.control });
    expect(await control.ask({ command: "deploy_status" })).toMatchObject({
      lost: [{ hash: hashes.to_hash, zones: [2] }],
    });
    const { code, stderr } = await next.stop();
    expect([code, stderr]).toEqual([0, gone]);
    expect(await Bun.file(join(server.dataDir, "telemetry.jsonl")).text()).toContain('"Promoted module lost"');
    const broken = (await Bun.file(join(server.dataDir, "telemetry.jsonl")).text())
      .trimEnd()
      .split("\n")
      .filter((line) => !line.endsWith("}"));
    expect(broken).toEqual(['{"v":1,"half']);
  });
});

describe("a server that may only have few files open", () => {
  test("says how many players it can take, refuses those beyond, counted, and serves the others", async () => {
    await using server = new ServeProcess([], {}, "ulimit -n 200");
    const { game, http } = await server.untilReady();
    await until(() => server.stderr.includes("at most 100 players"));
    expect(server.stderr).toContain("ulimit -n");
    const tried = await Promise.allSettled(Array.from({ length: 150 }, () => RawClient.connect(game)));
    // One that is refused may see that before or after it is connected.
    const clients = tried.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
    await until(() => clients.filter(({ closed }) => !closed).length === 100);
    const taken = clients.filter(({ closed }) => !closed);
    for (const client of taken) client.send({ type: "hello", v: 1 });
    await until(() => taken.every((client) => client.last("state") !== undefined));
    const page = await (await fetch(`http://127.0.0.1:${http}/metrics`)).text();
    expect(page).toContain('wowsim_gateway_refused_total{reason="connections"} 50');
    // Everybody came in as they should: nothing was to be mended.
    for (const what of ["ghost", "refused", "quarantined", "absent"])
      expect(page).toContain(`wowsim_membership_mended_total{what="${what}"} 0`);
    for (const client of taken) client.close();
    await until(() => taken.every(({ closed }) => closed));
    const late = await player(game);
    late.close();
    await server.stop();
    expect(server.telemetry().filter(({ type }) => type === "error")).toEqual([]);
  });
});
