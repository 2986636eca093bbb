// `wowsim serve` as its operator meets it: what it says when it runs, how it stops, and what it says when it can not run.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { createSocket } from "node:dgram";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import type { FaultStatus } from "../../server/protocol/faults/status.ts";
import { ControlClient } from "../../tools/client/control-client.ts";
import { FeedClient } from "../../tools/client/feed-client.ts";
import { EXIT } from "../../tools/ui/output.ts";
import { RawClient, until } from "../helpers/net.ts";
import { isRunning } from "../../server/testing/processes.ts";
import { FREE_PORTS, readLines, ServeProcess, TempFolder } from "../helpers/serve-process.ts";

setDefaultTimeout(120_000);

/** A tick of the longest that latency-spike can make it. */
const DRAWN_OUT_MS = 5_000;

/** A player in the world who is told things. */
async function player(port: number, name = "Ann"): Promise<RawClient> {
  const client = await RawClient.connect(port);
  client.send({ type: "hello", v: 1, name });
  await until(() => client.last("state") !== undefined);
  return client;
}

/** A command of the tools, with no token but those of `env`: its exit code, and all it said. */
async function run(env: Record<string, string>, ...words: string[]): Promise<[code: number, said: string]> {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "../../server/wowsim.ts"), ...words], {
    env: { ...process.env, WOWSIM_TOKEN: "", WOWSIM_PLAYER_TOKEN: "", ...env },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  return [await child.exited, out + err];
}

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

describe("a server that is stopped", () => {
  test.each(["SIGTERM", "SIGINT"] as const)(
    "by %s tells its players, records its last words, and ends with 0",
    async (signal) => {
      await using server = await ServeProcess.ready();
      const [ann, bob] = await Promise.all([player(server.ports.game, "Ann"), player(server.ports.game, "Bob")]);
      const ended = await server.stop(signal);
      expect(ended).toMatchObject({ code: 0, stderr: "" });
      for (const client of [ann, bob]) {
        expect(client.received.at(-1)).toMatchObject({ type: "error", code: "server_stopping" });
        expect(client.closed).toBe(true);
      }
      const lines = server.telemetry();
      const messages = lines.map(({ message }) => message);
      expect(messages.at(-1)).toBe("Server stopped");
      const told = lines.filter(({ message }) => message === "Client disconnected").map(({ data }) => data["reason"]);
      expect(told).toEqual(["shutdown", "shutdown"]);
      expect(messages.indexOf("Server started")).toBeLessThan(messages.indexOf("Game loop stopped"));
      expect(lines.filter(({ type }) => type === "error")).toEqual([]);
    },
  );

  test("while it still starts, comes to an end in order too", async () => {
    await using server = new ServeProcess([]);
    await until(() => existsSync(join(server.dataDir, "telemetry.jsonl")), undefined, 20_000);
    expect(await server.stop("SIGTERM")).toMatchObject({ code: 0, stderr: "" });
    expect(server.telemetry().at(-1)?.message).toBe("Server stopped");
  });

  test("ends the tick that a fault draws out, and does not sit it out", async () => {
    await using server = await ServeProcess.ready();
    const control = await ControlClient.connect({ host: "127.0.0.1", port: server.ports.control });
    await control.ask({ command: "activate", fault_id: "latency-spike", params: { delay_ms: DRAWN_OUT_MS } });
    const eligible = async (): Promise<number> => {
      const { status } = await control.ask({ command: "status", fault_id: "latency-spike" });
      return (status as FaultStatus).eligible;
    };
    while ((await eligible()) === 0) await Bun.sleep(10);
    expect(await server.stop()).toMatchObject({ code: 0, stderr: "" });
    control.close();
    const lines = server.telemetry();
    expect(lines.at(-1)?.message).toBe("Server stopped");
    const ticks = lines.filter(({ message }) => message === "Zone tick completed");
    expect(ticks.filter(({ data }) => Number(data["duration_ms"]) >= DRAWN_OUT_MS)).toEqual([]);
  });

  test("waits for a player who does not hang up, but not for long, and not after a second signal", async () => {
    await using server = await ServeProcess.ready();
    const stubborn = await stubbornPlayer(server.ports.game);
    server.child.kill("SIGINT");
    await until(() => stubborn.told.includes("server_stopping"));
    expect(await server.stop("SIGINT")).toMatchObject({ code: 130 });
    await using next = await ServeProcess.ready();
    const another = await stubbornPlayer(next.ports.game);
    expect(await next.stop("SIGTERM")).toMatchObject({ code: 0, stderr: "" });
    expect(another.told).toContain("server_stopping");
    expect(next.telemetry().at(-1)?.message).toBe("Server stopped");
  });
});

describe("a server with a parent", () => {
  const OWN = ["--scratch", "--with-parent"];

  test("stops in order when its stdin ends, and takes its scratch folder with it", async () => {
    await using server = new ServeProcess(OWN);
    const { data_dir } = await server.untilReady();
    const ann = await player(server.ports.game);
    expect(existsSync(join(data_dir, "telemetry.jsonl"))).toBe(true);
    await server.child.stdin.end();
    expect(await server.ended()).toMatchObject({ code: 0, stderr: "" });
    expect(ann.received.at(-1)).toMatchObject({ type: "error", code: "server_stopping" });
    expect(existsSync(data_dir)).toBe(false);
    expect(existsSync(server.dataDir)).toBe(false);
  });

  test("does not outlive one that is killed, neither while it starts nor while it runs", async () => {
    const serve = ["serve", ...FREE_PORTS, "--format", "json", ...OWN];
    const script = `
      const [bun, command, ...args] = ${JSON.stringify([process.execPath, command, ...serve])};
      const spawn = () => Bun.spawn([bun, command, ...args], { stdin: "pipe", stdout: "pipe", stderr: "pipe" });
      const running = spawn();
      const { value } = await running.stdout.getReader().read();
      const starting = spawn();
      console.log(JSON.stringify({ pids: [running.pid, starting.pid], ready: new TextDecoder().decode(value) }));
      await new Promise(() => setInterval(() => {}, 1000));`;
    const parent = Bun.spawn([process.execPath, "-e", script], { stdin: "ignore", stdout: "pipe", stderr: "inherit" });
    const { pids, ready } = JSON.parse(await firstLineOf(parent.stdout)) as { pids: number[]; ready: string };
    parent.kill("SIGKILL");
    await until(() => !pids.some((pid) => isRunning(pid)), undefined, 20_000);
    expect(existsSync((JSON.parse(ready) as { data_dir: string }).data_dir)).toBe(false);
  });
});

describe("a server that can not run", () => {
  test.each([
    ["game", "--port"],
    ["control", "--control-port"],
    ["http", "--http-port"],
    ["telemetry", "--telemetry-port"],
  ] as const)("because its %s port is taken names the port and %s, and leaves nothing behind", async (kind, flag) => {
    await using taken = wrapped(await takePort(kind));
    const { code, stdout, stderr } = await ServeProcess.failing(flag, String(taken.port));
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(String(taken.port));
    expect(stderr).toContain("choose another");
    expect(stderr).toContain(flag);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  });

  test.each([
    ["is not there", null, ["world.toml", "--world"]],
    ["is no TOML", "name = ", ["world.toml"]],
    ["has no zone", 'name = "Empty"', ["world.toml", "zone"]],
    [
      "has a wrong field",
      'name = "W"\n[[zone]]\nid = 1\nname = "Here"\n[[zone.pack]]\nkind = "Timber Wolf"\ncount = -3\nx = 0\ny = 0\nradius_yd = 9',
      ["world.toml", "Here", "count"],
    ],
    [
      "names an unknown creature",
      'name = "W"\n[[zone]]\nid = 1\nname = "Here"\n[[zone.creature]]\nkind = "Ragnaros"\nentity_id = 1000001\nx = 0\ny = 0',
      ["world.toml", "Here", "Ragnaros"],
    ],
  ])("because its world file %s says which, and where in it", async (_, text, named) => {
    using folder = new TempFolder();
    const file = join(folder.path, "world.toml");
    if (text !== null) writeFileSync(file, text);
    const { code, stdout, stderr } = await ServeProcess.failing("--world", file);
    expect({ code, stdout }).toEqual({ code: text === null ? 4 : 64, stdout: "" });
    for (const word of named) expect(stderr).toContain(word);
  });

  test("because strangers could break it: off loopback it wants a token, which it then asks for", async () => {
    const { code, stdout, stderr } = await ServeProcess.failing("--host", "0.0.0.0");
    expect({ code, stdout }).toEqual({ code: EXIT.usage, stdout: "" });
    expect(stderr).toContain("--token");
    await using server = new ServeProcess(["--host", "0.0.0.0"], { WOWSIM_TOKEN: "hush" });
    const { control, http, telemetry, game } = await server.untilReady();
    await until(() => server.stderr.includes("--player-token") && server.stderr.includes("/healthz"));
    const shown: Record<string, string>[] = [{}, { authorization: "Bearer hush" }];
    const asked = shown.map((headers) => fetch(`http://127.0.0.1:${http}/metrics`, { headers }));
    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([401, 200]);
    const feed = { host: "127.0.0.1", port: telemetry };
    await expect(FeedClient.connect(feed)).rejects.toMatchObject({ code: "token_required" });
    await using watcher = await FeedClient.connect({ ...feed, token: "hush" });
    expect(watcher.lines).toBeGreaterThan(0);
    (await player(game)).close();
    const operator = await RawClient.connect(control);
    operator.send({ command: "list" }, { command: "auth", token: "hush" }, { command: "list" });
    await until(() => operator.received.length === 3);
    expect(operator.received.map(({ success }) => success)).toEqual([false, true, true]);
    operator.close();
  });

  test("because a player showed no token, says so, and lets in who does; its tools show theirs", async () => {
    const tokens = { WOWSIM_TOKEN: "hush", WOWSIM_PLAYER_TOKEN: "sesame" };
    await using server = new ServeProcess(["--new-sessions-per-address", "3"], tokens);
    const { game, control, http, telemetry } = await server.untilReady();
    const guest = await RawClient.connect(game);
    guest.send({ type: "movement", position: { x: 1, y: 0, z: 0 } });
    await until(() => guest.closed);
    expect(guest.last("error")).toMatchObject({ code: "guests_off" });
    const spawn = ["spawn-clients", "--port", String(game), "--count", "3", "--duration", "1s"];
    const health = ["health", "--http-port", String(http), "--telemetry-port", String(telemetry), "--for", "2s"];
    // However the server is named, and whichever port says no first.
    const named = ["--server", `127.0.0.1:${control}`];
    const looks = [
      ["health", "--http-port", String(http), "--telemetry-port", String(telemetry)],
      ["health", ...named],
      ["diagnose", "--telemetry-port", String(telemetry)],
      ["diagnose", ...named],
    ];
    const refusals = await Promise.all(
      looks.flatMap((look) => [
        run({}, ...look, "--format", "json"),
        run({ WOWSIM_TOKEN: "hash" }, ...look, "--format", "json"),
      ]),
    );
    expect(refusals.map(([code, said]) => [code, JSON.parse(said).error.code])).toEqual(
      looks.flatMap(() => [
        [EXIT.usage, "token_required"],
        [EXIT.usage, "wrong_token"],
      ]),
    );
    const [strangers, players, stranger, operator, ownServer] = await Promise.all([
      run({}, ...spawn),
      run({ WOWSIM_PLAYER_TOKEN: "sesame" }, ...spawn),
      run({}, ...health),
      run({}, ...health, "--token", "hush"),
      // A server that a tool starts for itself is not the one whose tokens the environment has.
      run(tokens, "benchmark", "--counts", "1", "--duration", "1s", "--max-p99-tick", "5000", "--max-avg-tick", "5000"),
    ]);
    expect(strangers[0]).not.toBe(0);
    expect(strangers[1]).toContain("token");
    expect(players[0]).toBe(0);
    expect(stranger[0]).not.toBe(0);
    expect(stranger[1]).toContain("--token");
    expect(operator[1]).not.toContain("401");
    expect(operator[1]).toContain("Elwynn");
    expect(ownServer[1]).not.toContain("token");
  });

  test("because its data folder can not be written names it and the flag", async () => {
    using folder = new TempFolder();
    const file = join(folder.path, "file");
    writeFileSync(file, "");
    const notADirectory = await ServeProcess.failing("--data-dir", join(file, "data"));
    expect(notADirectory).toMatchObject({ code: 1, stdout: "" });
    expect(notADirectory.stderr).toContain(join(file, "data"));
    expect(notADirectory.stderr).toContain("--data-dir");
    const directory = join(folder.path, "telemetry.jsonl");
    mkdirSync(directory);
    const aDirectory = await ServeProcess.failing("--telemetry-file", directory);
    expect(aDirectory).toMatchObject({ code: 1, stdout: "" });
    expect(aDirectory.stderr).toContain("--telemetry-file");
    expect(readdirSync(directory)).toEqual([]);
  });

  test.each([
    [["--prot", "1"], "--port"],
    [["--port", "70000"], "0 to 65535"],
    [["--port", "http"], "0 to 65535"],
    [["--workers", "0"], "1 to 64"],
    [["--tick-rate", "0"], "1 to 100"],
    [["--seed", "-1"], "0 to 4294967295"],
    [["--format", "xml"], "text, json"],
    [["elwynn"], "too many arguments"],
  ])("because of %j is told what is right, with exit code 64", async (flags, hint) => {
    const { code, stdout, stderr } = await ServeProcess.failing(...flags);
    expect({ code, stdout }).toEqual({ code: 64, stdout: "" });
    expect(stderr).toContain(hint);
  });
});

const command = join(import.meta.dir, "../../server/wowsim.ts");

async function firstLineOf(stream: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  for await (const chunk of stream) {
    text += new TextDecoder().decode(chunk);
    if (text.includes("\n")) break;
  }
  return text.split("\n")[0] ?? "";
}

/** A player who reads, but never closes its side of the connection. */
async function stubbornPlayer(port: number): Promise<{ told: string }> {
  const client = { told: "" };
  const socket = connect({ host: "127.0.0.1", port, allowHalfOpen: true });
  socket.on("data", (bytes) => {
    client.told += bytes.toString();
  });
  socket.on("error", () => {});
  socket.write('{"type":"hello","v":1}\n');
  await until(() => client.told.includes('"type":"state"'));
  return client;
}

/** Takes a port of the kind; closed when disposed. */
async function takePort(kind: "game" | "control" | "http" | "telemetry"): Promise<{ port: number; close(): void }> {
  if (kind !== "telemetry") {
    const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => {} } });
    return { port: listener.port, close: () => listener.stop(true) };
  }
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  return { port: socket.address().port, close: () => socket.close() };
}

/** Something with an end, for `await using`. */
function wrapped<T extends { close(): void } | Disposable>(thing: T): T & AsyncDisposable {
  return Object.assign(thing, {
    async [Symbol.asyncDispose](): Promise<void> {
      if ("close" in thing) thing.close();
      else thing[Symbol.dispose]();
    },
  });
}
