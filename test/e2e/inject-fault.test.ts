// wowsim inject-fault against a real server: what it says is broken is broken, and every flag its help offers works.

import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { startServerChild } from "../../server/testing/server-child.ts";
import type { ServerChild } from "../../server/testing/server-child.ts";
import { FAULTS } from "../../server/protocol/faults/catalogue.ts";
import { describeParams } from "../../server/protocol/faults/params.ts";
import type { FaultStatus } from "../../server/protocol/faults/status.ts";
import { startOnTerminal, startWowsim, until, wowsim } from "../helpers/command.ts";
import type { Finished } from "../helpers/command.ts";
import { tempFolder } from "../helpers/telemetry.ts";

setDefaultTimeout(120_000);

let server: ServerChild;
beforeAll(async () => {
  server = await startServerChild({ world: "server/protocol/content/worlds/four-zones.toml" });
});
afterAll(() => server[Symbol.asyncDispose]());
afterEach(async () => {
  await inject("deactivate-all");
});

const inject = (...args: string[]): Promise<Finished> =>
  wowsim("inject-fault", ...args, "--control-port", String(server.ports.control));

async function statusOf(fault: string): Promise<FaultStatus> {
  const { stdout } = await inject("status", fault, "--format", "json");
  return (JSON.parse(stdout) as { status: FaultStatus }).status;
}

describe("every fault", () => {
  test.each(FAULTS.map((fault) => [fault.id, fault] as const))("%s takes all its flags", async (id, fault) => {
    const params = describeParams(fault);
    // Neither the default nor a bound, and harmless: one more than the default, if that is allowed.
    const values = params.map(({ name, default: value, max }) => [name, Math.min(value + 1, max)] as const);
    const flags = values.flatMap(([name, value]) => [`--${name.replaceAll("_", "-")}`, String(value)]);
    const { code, stdout, stderr } = await inject(
      "activate",
      id,
      ...flags,
      "--duration",
      "400t",
      "--probability",
      "0.5",
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain(`${id} is active on `);
    expect(stdout).toContain(`End it: wowsim inject-fault deactivate ${id}`);
    expect(await statusOf(id)).toMatchObject({
      active: true,
      config: Object.fromEntries(values),
      probability: 0.5,
    });
    expect(await inject("deactivate", id)).toMatchObject({ code: 0, stdout: `${id} is ended.\n` });
    expect(await statusOf(id)).toMatchObject({ active: false });
  });

  test.each(FAULTS.map((fault) => [fault.id, fault] as const))(
    "%s explains itself in 80 columns",
    async (id, fault) => {
      const { code, stdout } = await wowsim("inject-fault", "activate", id, "--help");
      expect(code).toBe(0);
      for (const { name } of describeParams(fault)) expect(stdout).toContain(`--${name.replaceAll("_", "-")} <n>`);
      for (const words of ["--duration <time>", "Exit codes:", `deactivate ${id}`]) expect(stdout).toContain(words);
      expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
    },
  );
});

describe("targets", () => {
  test("--zone picks one, 0 all, and the answer says which", async () => {
    expect((await inject("activate", "latency-spike", "--zone", "3", "--delay-ms", "1")).stdout).toContain(
      "on zone 3 for",
    );
    expect((await statusOf("latency-spike")).targets).toEqual([3]);
    expect((await inject("activate", "latency-spike", "--delay-ms", "1")).stdout).toContain("on zones 1-4 for 600 s");
    expect((await inject("activate", "memory-pressure", "--megabytes", "1")).stdout).toContain("on the whole server");
  });

  test("faults that choose their own zones do not pretend to take one", async () => {
    for (const id of ["cascading-zone-failure", "memory-pressure"]) {
      const { code, stderr } = await inject("activate", id, "--zone", "1");
      expect({ code, stderr }).toEqual({
        code: 64,
        stderr: expect.stringContaining("unknown option '--zone'") as string,
      });
    }
  });

  test("a zone that is not there is refused with those that are", async () => {
    const { code, stdout, stderr } = await inject("activate", "latency-spike", "--zone", "9");
    expect({ code, stdout }).toEqual({ code: 64, stdout: "" });
    expect(stderr).toContain("There is no zone 9; choose from 1 (Elwynn Forest)");
  });
});

test("--duration takes time and ticks, and the fault ends by itself", async () => {
  await inject("activate", "latency-spike", "--delay-ms", "1", "--duration", "5s");
  expect((await statusOf("latency-spike")).ticks_left).toBeLessThanOrEqual(100);
  await inject("activate", "latency-spike", "--delay-ms", "1", "--duration", "10t");
  await until(async () => !(await statusOf("latency-spike")).active, "its ten ticks are over");
});

test("what it reports as hit was hit: the ticks are that much slower", async () => {
  await inject("activate", "latency-spike", "--delay-ms", "120", "--zone", "2");
  await until(async () => (await statusOf("latency-spike")).affected >= 3, "three ticks are hit");
  let slow = 0;
  for await (const { message, data } of server.telemetry()) {
    if (message === "Zone tick completed" && data["zone_id"] === 2 && Number(data["duration_ms"]) >= 120) slow++;
  }
  expect(slow).toBeGreaterThan(0);
  const { stdout } = await inject("status", "latency-spike");
  expect(stdout).toMatch(/^hit +\d+ of \d+ chances$/m);
});

describe("list", () => {
  test("has every fault, active ones first, in 80 columns", async () => {
    for (const id of ["split-brain", "cascading-zone-failure"]) await inject("activate", id);
    await until(async () => (await statusOf("cascading-zone-failure")).affected > 0, "it hits something");
    const { stdout } = await inject("list");
    const [head = "", ...lines] = stdout.trimEnd().split("\n");
    expect(head).toMatch(/^FAULT +STATE +ZONES +LEFT +RUNS +HIT$/);
    expect(lines.map((line) => line.split(" ")[0]).toSorted()).toEqual(FAULTS.map(({ id }) => id).toSorted());
    expect(lines.map((line) => / active /.test(line))).toEqual(lines.map((_, at) => at < 2));
    expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  test("is coloured on a terminal, unless colour is not wanted", async () => {
    const args = ["inject-fault", "list", "--control-port", String(server.ports.control)];
    await inject("activate", "split-brain");
    await using coloured = startOnTerminal(args);
    await coloured.child.exited;
    await coloured.draws(/zone-runaway/);
    expect(coloured.drawn).toContain("\x1b[33msplit-brain");
    await using plain = startOnTerminal(args, { env: { NO_COLOR: "1" } });
    await plain.child.exited;
    await plain.draws(/zone-runaway/);
    expect(plain.drawn).not.toContain("\x1b[");
  });

  test("as JSON is the server's whole answer", async () => {
    const { stdout } = await inject("list", "--format", "json");
    const answer = JSON.parse(stdout) as { success: boolean; halted: boolean; faults: FaultStatus[] };
    expect(answer).toMatchObject({ success: true, halted: false });
    expect(answer.faults.map(({ id }) => id)).toEqual(FAULTS.map(({ id }) => id));
  });
});

test("halt ends all and holds until resume", async () => {
  await inject("activate", "split-brain");
  expect((await inject("halt")).stdout).toStartWith("Ended: split-brain.");
  const refused = await inject("activate", "split-brain");
  expect(refused).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("resume") as string });
  expect((await inject("list")).stdout).toContain("Halted");
  expect((await inject("resume")).code).toBe(0);
  expect((await inject("activate", "split-brain")).code).toBe(0);
});

describe("help reaches all the way down", () => {
  test.each([
    [["help", "inject-fault", "activate", "slow-leak"], "--increment-every"],
    [["inject-fault", "help", "activate", "slow-leak"], "--increment-every"],
    [["inject-fault", "activate", "help", "slow-leak"], "--increment-every"],
    [["inject-fault", "help", "halt"], "Kill switch"],
  ])("%p", async (args, words) => {
    expect(await wowsim(...args)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(words) as string,
      stderr: "",
    });
  });
});

describe("bad values are told what would be right", () => {
  test.each([
    [["activate", "latency-spike", "--delay-ms", "5001"], "from 1 to 5000"],
    [["activate", "latency-spike", "--delay-ms", "1.5"], "whole number"],
    [["activate", "latency-spike", "--zone", "-1"], "from 0 to 65535"],
    [["activate", "latency-spike", "--duration", "1h"], "at most 10 min"],
    [["activate", "latency-spike", "--probability", "2"], "from 0 to 1"],
    [["activate", "latency-spik"], "Did you mean latency-spike?"],
    [["activate", "latency-spike", "--dely-ms", "1"], "Did you mean --delay-ms?"],
    [["lst"], "(Did you mean list?)\n(wowsim inject-fault --help tells more)"],
    [["deactivate"], "missing required argument 'fault'"],
  ])("64: %p", async (args, words) => {
    const { code, stdout, stderr } = await inject(...args);
    expect({ code, stdout }).toEqual({ code: 64, stdout: "" });
    expect(stderr).toContain(words);
  });

  test("64 for no fault at all, with the list of them", async () => {
    const { code, stderr } = await wowsim("inject-fault", "activate");
    expect(code).toBe(64);
    for (const { id } of FAULTS) expect(stderr).toContain(id);
  });

  test("64 for a fault that the server does not have, with the nearest one", async () => {
    const { code, stderr } = await inject("deactivate", "slow-leek");
    expect(code).toBe(64);
    expect(stderr).toContain('Did you mean "slow-leak"?');
  });

  test("3 when the port is another service's, or nobody's", async () => {
    const { code, stderr } = await wowsim("inject-fault", "list", "--control-port", String(server.ports.http));
    expect(code).toBe(3);
    expect(stderr).toContain("is that the control port?");
  });
});

test("a server with a token is told it by flag or environment, and says so when it is wrong", async () => {
  using folder = tempFolder();
  const ports = ["--port", "--control-port", "--http-port", "--telemetry-port"].flatMap((flag) => [flag, "0"]);
  const args = ["serve", ...ports, "--data-dir", folder.path, "--format", "json", "--token", "sesame"];
  await using guarded = startWowsim(args);
  await guarded.says(/"ready":true/);
  const { control } = JSON.parse(guarded.stdout) as { control: number };
  const list = ["inject-fault", "list", "--control-port", String(control)];
  expect((await wowsim(...list, "--token", "sesame")).code).toBe(0);
  await using byEnv = startWowsim(list, { WOWSIM_TOKEN: "sesame" });
  expect(await byEnv.child.exited).toBe(0);
  for (const wrong of [[], ["--token", "sesam"]]) {
    const { code, stderr } = await wowsim(...list, ...wrong);
    expect(code).toBe(64);
    expect(stderr).toContain("--token or WOWSIM_TOKEN");
  }
});
