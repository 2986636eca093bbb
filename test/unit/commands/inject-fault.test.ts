// wowsim inject-fault as it is typed: what it prints, how it exits.

import { describe, expect, test } from "bun:test";
import { FAULTS } from "../../../server/protocol/faults/catalogue.ts";
import { startWowsim } from "../../helpers/command.ts";
import { startControl } from "../../helpers/control-server.ts";

const WOWSIM = new URL("../../../server/wowsim.ts", import.meta.url).pathname;

async function injectFault(port: number, ...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const where = port === 0 ? [] : ["--control-port", String(port)];
  const child = Bun.spawn([process.execPath, WOWSIM, "inject-fault", ...args, ...where], {
    stdout: "pipe",
    stderr: "pipe",
    env: { ...process.env, NO_COLOR: "1" },
  });
  const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { code, stdout, stderr };
}

test("activate, list, status and deactivate tell what is going on", async () => {
  await using control = startControl();
  const run = (...args: string[]) => injectFault(control.port, ...args);
  const activated = await run("activate", "latency-spike", "--delay-ms", "300", "--zone", "2", "--duration", "30s");
  expect(activated).toMatchObject({ code: 0, stderr: "" });
  expect(activated.stdout).toStartWith("latency-spike is active on zone 2 for 30 s.\n");
  expect(control.bench.registry.status("latency-spike")).toMatchObject({
    config: { delay_ms: 300 },
    targets: [2],
    ticks_left: 600,
  });
  const list = await run("list");
  expect(list.stdout.split("\n")[1]).toMatch(/^latency-spike +active +2 +30 s +1  0 of 0$/);
  expect((await run("status", "latency-spike")).stdout).toMatch(/^delay_ms +300$/m);
  expect(await run("deactivate", "latency-spike")).toMatchObject({ code: 0, stdout: "latency-spike is ended.\n" });
  expect((await run("deactivate-all")).stdout).toBe("No fault was active.\n");
});

test("an active one is replaced only when it is active", async () => {
  await using control = startControl();
  const activate = async (): Promise<string> => (await injectFault(control.port, "activate", "slow-leak")).stdout;
  expect(await activate()).not.toContain("ctivation number");
  expect(await activate()).toContain("It was already active and restarts: activation number 2.");
  control.bench.registry.deactivate("slow-leak");
  const again = await activate();
  expect(again).toContain("Activation number 3.");
  expect(again).not.toContain("already");
});

test("halt and resume are the kill switch", async () => {
  await using control = startControl();
  control.bench.registry.activate({ fault_id: "zone-trap" });
  const halted = await injectFault(control.port, "halt");
  expect(halted.stdout).toBe(
    `Ended: zone-trap.\nNo fault can be activated until: wowsim inject-fault resume --server 127.0.0.1:${control.port}\n`,
  );
  const refused = await injectFault(control.port, "activate", "zone-trap");
  expect(refused).toMatchObject({ code: 1, stdout: "" });
  expect(refused.stderr).toContain("halted");
  expect(refused.stderr).toContain(`wowsim inject-fault resume --server 127.0.0.1:${control.port}`);
  expect(await injectFault(control.port, "resume")).toMatchObject({ code: 0 });
});

test("with --format json stdout has the server's answer, and stderr its refusal with its code", async () => {
  await using control = startControl();
  const good = await injectFault(control.port, "activate", "slow-leak", "--duration", "100t", "--format", "json");
  expect(JSON.parse(good.stdout)).toMatchObject({ success: true, fault_id: "slow-leak", ticks_left: 100 });
  const bad = await injectFault(control.port, "status", "slowleak", "--format", "json");
  expect({ code: bad.code, stdout: bad.stdout }).toEqual({ code: 64, stdout: "" });
  expect(JSON.parse(bad.stderr)).toEqual({
    error: { code: "unknown_fault", message: expect.stringContaining('Did you mean "slow-leak"?') as string },
  });
});

describe("exit codes", () => {
  test.each([
    [["activate", "latency-spike", "--delay-ms", "0"], "from 1 to 5000"],
    [["activate", "latency-spike", "--duration", "11m"], "12000t"],
    [["activate", "latency-spike", "--duration", "soon"], "12000t"],
    [["activate", "latncy-spike"], "Did you mean latency-spike?"],
    [["activate", "zone-trap", "--delay-ms", "1"], "unknown option '--delay-ms'"],
    [["status"], "missing required argument"],
    [["explode"], "unknown command"],
  ])("64 for wrong usage: %p", async (args, words) => {
    const { code, stdout, stderr } = await injectFault(0, ...args);
    expect({ code, stdout }).toEqual({ code: 64, stdout: "" });
    expect(stderr).toContain(words);
  });

  test("3 when no server answers, with what to do", async () => {
    const control = startControl();
    await control.server.stop();
    const { code, stderr } = await injectFault(control.port, "list");
    expect(code).toBe(3);
    expect(stderr).toContain("wowsim serve");
  });
});

test("help names every fault, and each parameter with its range and default", async () => {
  const all = await injectFault(0, "activate", "--help");
  for (const { id } of FAULTS) expect(all.stdout).toContain(id);
  const one = await injectFault(0, "activate", "cascading-zone-failure", "--help");
  for (const words of [
    "--source-zone <n>",
    "--target-zone <n>",
    "--flood-multiplier <n>",
    "1 to 1000",
    "(default: 10)",
  ]) {
    expect(one.stdout.replace(/\s+/g, " ")).toContain(words);
  }
  expect((await injectFault(0, "--help")).stdout).toContain("\n  1    the server refused");
});

const held = (port: number, ...args: string[]) =>
  startWowsim(["inject-fault", "activate", "zone-trap", "--hold", "--control-port", String(port), ...args]);

describe("--hold", () => {
  test("keeps the fault until Ctrl-C, and ends it then", async () => {
    await using control = startControl();
    await using run = held(control.port);
    await run.says(/Held: Ctrl-C ends it\./);
    expect(control.bench.registry.status("zone-trap").active).toBe(true);
    run.child.kill("SIGINT");
    expect(await run.child.exited).toBe(0);
    await run.drained;
    expect(run.stdout).toEndWith("zone-trap is ended: asked for\n");
    expect(control.bench.registry.status("zone-trap").active).toBe(false);
  });

  test("killed, it can not end the fault any more: that ends by itself within two seconds", async () => {
    await using control = startControl();
    await using run = held(control.port);
    await run.says(/Held/);
    run.child.kill("SIGKILL");
    await run.child.exited;
    control.bench.tick(40);
    expect(control.bench.registry.status("zone-trap").active).toBe(false);
  });

  test("ends with the fault, and says why in JSON", async () => {
    await using control = startControl();
    await using run = held(control.port, "--duration", "5t", "--format", "json");
    await run.says(/"activations":1/);
    control.bench.tick(5);
    expect(await run.child.exited).toBe(0);
    await run.drained;
    expect(JSON.parse(run.stdout.trimEnd().split("\n").at(-1) ?? "")).toMatchObject({
      fault_id: "zone-trap",
      ended: expect.stringContaining("is over"),
    });
  });
});
