// How `wowsim serve` stops, and what it says when it can not run.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { FaultStatus } from "../../server/protocol/faults/status.ts";
import { ControlClient } from "../../tools/client/control-client.ts";
import { FeedClient } from "../../tools/client/feed-client.ts";
import { EXIT } from "../../tools/ui/output.ts";
import { RawClient, until } from "../helpers/net.ts";
import { isRunning } from "../../server/testing/processes.ts";
import { FREE_PORTS, ServeProcess, TempFolder } from "../helpers/serve-process.ts";
import {
  DRAWN_OUT_MS,
  player,
  run,
  command,
  firstLineOf,
  stubbornPlayer,
  takePort,
  wrapped,
} from "../helpers/serve-peers.ts";

setDefaultTimeout(120_000);

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

  test("says with code 74 that the newest play is not kept, when the disk takes no more", async () => {
    // No file may grow beyond 400 blocks, as on a disk that is full.
    await using server = new ServeProcess([], {}, "trap '' XFSZ; ulimit -f 400");
    await server.untilReady();
    await player(server.ports.game, "Ann");
    await until(() => server.stderr.includes("The journal can not be written"), undefined, 60_000);
    const { code, stderr } = await server.stop("SIGTERM");
    expect(code).toBe(EXIT.disk);
    expect(stderr).toMatch(/journal_unkept.*The newest \d+ bytes of what was played are not in the journal/);
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
