// wowsim spawn-clients against a real server: what it reports is what happened, also when links break, the server dies,
// or somebody presses Ctrl-C.

import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { startServerChild } from "../../server/testing/server-child.ts";
import type { ServerChild } from "../../server/testing/server-child.ts";
import { ControlClient } from "../../tools/client/control-client.ts";
import { BEHAVIOURS } from "../../tools/client/roles.ts";
import { startOnTerminal, startWowsim, until, wowsim } from "../helpers/command.ts";
import { tempFolder } from "../helpers/telemetry.ts";

setDefaultTimeout(120_000);

/** What the progress bar wipes its line with. */
const WIPE = "\x1b[2K";

interface Report {
  elapsed_s: number;
  playing_at_end: number;
  connects: number;
  actions: number;
  acks: number;
  busy: number;
  lost: number;
  turns_out: number;
  turns_late: number;
  deaths: number;
  revivals: number;
  drops: number;
  resumed: number;
  restarted: number;
  protocol_errors: number;
  protocol_error_examples: string[];
  round_trip_ms: { count: number; p50: number; max: number };
}

const players = (server: ServerChild, ...more: string[]): string[] => [
  "spawn-clients",
  "--port",
  String(server.ports.game),
  ...more,
];

/** Waits until the server has so many players in the world. */
const inWorld = (server: ServerChild, count: number): Promise<void> =>
  until(async () => {
    const page = await (await fetch(`http://127.0.0.1:${server.ports.http}/metrics`)).text();
    return page.includes(`wowsim_sessions{state="in_world"} ${count}\n`);
  }, `${count} players in the world`);

/** Waits until so many play: they begin to act when all of them know that they are in. */
async function playing(server: ServerChild, count: number): Promise<void> {
  await inWorld(server, count);
  const before = await server.metric("wowsim_gateway_commands_total");
  await until(async () => (await server.metric("wowsim_gateway_commands_total")) > before, "they act");
}

async function activate(server: ServerChild, fault: string, params: Record<string, number> = {}): Promise<void> {
  await using control = await ControlClient.connect({ host: "127.0.0.1", port: server.ports.control });
  await control.ask({ command: "activate", fault_id: fault, params });
}

describe("with a healthy server", () => {
  let server: ServerChild;
  beforeAll(async () => {
    server = await startServerChild();
  });
  afterEach(() => inWorld(server, 0));
  afterAll(() => server[Symbol.asyncDispose]());

  test("every turn is accounted for, and the server counted the same", async () => {
    const before = await server.metric("wowsim_gateway_commands_total");
    const flags = ["--count", "10", "--duration", "3", "--rate", "5", "--format", "json"];
    const { code, stdout, stderr } = await wowsim(...players(server, ...flags));
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const report = JSON.parse(stdout) as Report;
    expect(report).toMatchObject({ connects: 10, playing_at_end: 10, drops: 0, protocol_errors: 0, lost: 0, busy: 0 });
    const turns = report.actions + report.turns_out + report.turns_late;
    expect(Math.abs(turns - 10 * 5 * report.elapsed_s)).toBeLessThan(10);
    expect(report.acks).toBe(report.actions);
    expect(report.round_trip_ms.count).toBe(report.actions);
    expect((await server.metric("wowsim_gateway_commands_total")) - before).toBe(report.actions);
  });

  test("Ctrl-C ends it early, with the summary", async () => {
    await using run = startWowsim(players(server, "--count", "2", "--duration", "30", "--zone", "2"));
    await playing(server, 2);
    run.child.kill("SIGINT");
    expect(await run.child.exited).toBe(0);
    await run.drained;
    expect(run.stdout).toStartWith("2 of 2 clients got in; 2 were playing at the end");
  });

  test("a pipe gets the summary and nothing else", async () => {
    const conditions = ["--fail-if", "p99>30s", "--fail-if", "errors>0"];
    const { code, stdout, stderr } = await wowsim(
      ...players(server, "--count", "3", "--duration", "1s", ...conditions),
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/ok +p99>30s: p99 is [\d.]+ ms\nok +errors>0: errors is 0\n/);
    for (const drawing of ["\x1b", "\r", "░"]) expect(stdout).not.toContain(drawing);
    for (const what of ["actions", "round trip", "deaths", "drops", "reconnects", "protocol errors  0"]) {
      expect(stdout).toContain(what);
    }
  });

  test("a terminal sees the bar move, and Ctrl-C leaves the summary and no bar", async () => {
    await using tty = startOnTerminal(players(server, "--count", "3", "--duration", "60s"));
    await tty.draws(/players .*connected 3 of 3/);
    await tty.draws(/players ░+ \d s, 3 playing/);
    await tty.draws(/players ░+ \d+ s, 3 playing, [\d.]+\/s, p50 \d+ p99 \d+ ms, 0 drops/);
    tty.type("\x03");
    expect(await tty.child.exited).toBe(0);
    await tty.draws(/protocol errors +0/);
    // What stands on the screen is what follows the last wipe; no mode was switched on that would have to be switched off.
    expect(tty.drawn.split(WIPE).at(-1)).toMatch(/^(?:\^C)?3 of 3 clients got in/);
    expect(tty.drawn).not.toContain("\x1b[?");
  });

  test("a narrow terminal gets a bar that fits", async () => {
    await using tty = startOnTerminal(players(server, "--count", "1", "--duration", "60s"), { cols: 30 });
    await tty.draws(/players ░+/);
    tty.type("\x03");
    await tty.child.exited;
    const bars = tty.drawn.split(WIPE).filter((line) => line.startsWith("players"));
    for (const bar of bars) expect(bar.replace(/\^C|\r/g, "").length).toBeLessThan(30);
  });

  test("a herd that is driven off comes back to its sessions", async () => {
    await using run = startWowsim(
      players(server, "--count", "6", "--duration", "60", "--rate", "5", "--format", "json"),
    );
    await playing(server, 6);
    const before = await server.metric("wowsim_gateway_resumed_total");
    await activate(server, "thundering-herd", { reconnect_delay_ticks: 5 });
    await until(async () => (await server.metric("wowsim_gateway_resumed_total")) - before === 6, "6 resumed");
    // So long that everybody acts again.
    const commands = await server.metric("wowsim_gateway_commands_total");
    await until(async () => (await server.metric("wowsim_gateway_commands_total")) - commands > 12, "they play again");
    run.child.kill("SIGINT");
    expect(await run.child.exited).toBe(0);
    await run.drained;
    const report = JSON.parse(run.stdout) as Report;
    expect(report).toMatchObject({ drops: 6, resumed: 6, restarted: 0, protocol_errors: 0, playing_at_end: 6 });
    expect(report.turns_out).toBeGreaterThan(0);
    expect(report.acks + report.lost + report.busy).toBe(report.actions);
  });

  test("one crashed session is one drop and one resume", async () => {
    await using run = startWowsim(players(server, "--count", "4", "--duration", "60", "--format", "json"));
    await playing(server, 4);
    const before = await server.metric("wowsim_gateway_resumed_total");
    await activate(server, "session-crash");
    await until(async () => (await server.metric("wowsim_gateway_resumed_total")) - before === 1, "one resumed");
    await inWorld(server, 4);
    run.child.kill("SIGINT");
    expect(await run.child.exited).toBe(0);
    await run.drained;
    expect(JSON.parse(run.stdout)).toMatchObject({ drops: 1, resumed: 1, restarted: 0, protocol_errors: 0 });
  });

  test("each behaviour plays without a contradiction, and with few refusals", async () => {
    for (const behaviour of BEHAVIOURS) {
      const flags = ["--behaviour", behaviour, "--count", "6", "--duration", "2", "--rate", "5", "--format", "json"];
      const { code, stdout } = await wowsim(...players(server, ...flags));
      expect([behaviour, code]).toEqual([behaviour, 0]);
      const report = JSON.parse(stdout) as Report & { refusals: Record<string, number> };
      expect(report).toMatchObject({ connects: 6, protocol_errors: 0 });
      expect(report.acks).toBe(report.actions);
      const refused = Object.values(report.refusals).reduce((sum, count) => sum + count, 0);
      expect(refused).toBeLessThan(report.actions / 4);
    }
  });

  test("guests send without ever being answered, and the server counts what they say they sent", async () => {
    const before = await server.metric("wowsim_gateway_messages_total");
    const conditions = ["--fail-if", "drops>0", "--fail-if", "p99>30s"];
    const flags = ["--guests", "--count", "5", "--duration", "2", "--rate", "5", "--format", "json", ...conditions];
    const { code, stdout, stderr } = await wowsim(...players(server, ...flags));
    expect(code).toBe(1);
    expect(stderr).toContain("--fail-if 'p99>30s': p99 was not measured");
    expect(JSON.parse(stdout)).toMatchObject({
      fail_if: [
        { condition: "drops>0", value: 0, failed: false },
        { condition: "p99>30s", value: null, failed: true },
      ],
    });
    const { messages, connects } = JSON.parse(stdout) as { messages: number; connects: number };
    expect(connects).toBe(5);
    await until(
      async () => (await server.metric("wowsim_gateway_messages_total")) - before === messages,
      "the server has read every message",
    );
  });
});

test("players die to what is stronger than they are, and come back", async () => {
  using folder = tempFolder();
  const world = folder.file("world.toml");
  writeFileSync(
    world,
    `name = "Hard"
[[zone]]
id = 1
name = "The gnolls' camp"
[[zone.pack]]
kind = "Hogger"
count = 40
x = 2
y = 0
radius_yd = 2
`,
  );
  await using server = await startServerChild({ world });
  await using run = startWowsim(players(server, "--count", "3", "--duration", "60", "--rate", "4", "--format", "json"));
  await until(async () => (await server.metric("wowsim_zone_revived_total")) >= 1, "somebody has come back");
  run.child.kill("SIGINT");
  expect(await run.child.exited).toBe(0);
  await run.drained;
  const report = JSON.parse(run.stdout) as Report;
  expect(report.deaths).toBeGreaterThan(0);
  expect(report.revivals).toBeGreaterThan(0);
  expect(report.revivals).toBeLessThanOrEqual(report.deaths);
  expect(report.protocol_errors).toBe(0);
});

test("wanderers come through portals, and what they are told of the other side fits together", async () => {
  await using server = await startServerChild({ world: "server/protocol/content/worlds/crossroads.toml" });
  const flags = ["--behaviour", "wander", "--count", "8", "--duration", "8", "--rate", "8", "--format", "json"];
  const { code, stdout } = await wowsim(...players(server, ...flags));
  const report = JSON.parse(stdout) as Report & { zone_changes: number };
  expect({ code, errors: report.protocol_error_examples, drops: report.drops }).toEqual({
    code: 0,
    errors: [],
    drops: 0,
  });
  expect(report.zone_changes).toBeGreaterThan(0);
});

test("a server that dies is missed at once, and is what the exit code tells", async () => {
  await using server = await startServerChild();
  await using run = startWowsim(players(server, "--count", "3", "--duration", "60"));
  await playing(server, 3);
  process.kill(server.pid, "SIGKILL");
  await run.says(/every client had lost its link/);
  run.child.kill("SIGINT");
  expect(await run.child.exited).toBe(3);
  await run.drained;
  expect(run.stderr).toContain(`The server at 127.0.0.1:${server.ports.game} is gone`);
  expect(run.stdout).toContain("0 were playing at the end");
  expect(run.stdout).toMatch(/drops +3\n/);
});

test("a server that comes back gets its players back, in new sessions", async () => {
  await using first = await startServerChild();
  const port = String(first.ports.game);
  await using run = startWowsim(players(first, "--count", "3", "--duration", "60", "--format", "json"));
  await playing(first, 3);
  await first.stop();
  await run.says(/every client had lost its link/);
  using folder = tempFolder();
  const ports = ["--port", port, "--control-port", "0", "--http-port", "0", "--telemetry-port", "0"];
  await using second = startWowsim(["serve", ...ports, "--data-dir", folder.path, "--format", "json"]);
  await run.says(/the first were back/);
  await second.says(/"ready":true/);
  const { http } = JSON.parse(second.stdout) as { http: number };
  await inWorld({ ...first, ports: { ...first.ports, http } }, 3);
  run.child.kill("SIGINT");
  expect(await run.child.exited).toBe(0);
  await run.drained;
  expect(JSON.parse(run.stdout)).toMatchObject({ drops: 3, restarted: 3, resumed: 0, protocol_errors: 0 });
});

describe("refuses with what to do", () => {
  test("3 when no server is there", async () => {
    await using server = await startServerChild();
    await server.stop();
    const { code, stdout, stderr } = await wowsim(...players(server, "--count", "2"));
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect(stderr).toContain("wowsim serve");
  });

  test.each([
    [["--count", "0"], "from 1 to 10000"],
    [["--count", "many"], "from 1 to 10000"],
    [["--rate", "0"], "from 0.01 to 90"],
    [["--duration", "soon"], "such as 500ms, 5s, 2m or 1h"],
    [["--seed", "-1"], "from 0 to"],
    [["--format", "xml"], "text, json"],
    [["--fail-if", "p98>3"], "choose from p50, p90, p99"],
  ])("64 for %p", async (flags, words) => {
    const { code, stdout, stderr } = await wowsim("spawn-clients", ...flags);
    expect({ code, stdout }).toEqual({ code: 64, stdout: "" });
    expect(stderr).toContain(words);
  });

  test("64 for a zone that the server does not have", async () => {
    await using server = await startServerChild();
    const { code, stderr } = await wowsim(...players(server, "--count", "2", "--duration", "1", "--zone", "77"));
    expect(code).toBe(64);
    expect(stderr).toContain("There is no zone 77");
  });
});

test("its help names each flag it documents elsewhere, and the exit codes", async () => {
  const { stdout } = await wowsim("spawn-clients", "--help");
  for (const flag of ["--count", "--duration", "--rate", "--port", "--seed", "--format"])
    expect(stdout).toContain(flag);
  expect(stdout).toContain("Exit codes:\n  0    success");
});
