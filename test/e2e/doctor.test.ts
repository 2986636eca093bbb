// wowsim doctor as somebody runs it before, or instead of, asking why nothing works.

import { expect, setDefaultTimeout, test } from "bun:test";
import { startServerChild } from "../../server/testing/server-child.ts";
import type { Check } from "../../tools/doctor/check.ts";
import { ROOT, startOnTerminal, wowsim } from "../helpers/command.ts";
import { tempFolder } from "../helpers/telemetry.ts";

setDefaultTimeout(120_000);

interface Report {
  ok: boolean;
  missing: number;
  warnings: number;
  checks: Check[];
}

const anyPorts = ["--port", "--control-port", "--http-port", "--telemetry-port"].flatMap((flag) => [flag, "0"]);

test("with all that is needed it exits 0, and every line that is not ok says what to do", async () => {
  const { code, stdout, stderr } = await wowsim("doctor", ...anyPorts, "--format", "json");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const { ok, missing, checks } = JSON.parse(stdout) as Report;
  expect({ ok, missing }).toEqual({ ok: true, missing: 0 });
  for (const { id, state, mend } of checks) expect([id, mend !== undefined]).toEqual([id, state !== "ok"]);
  const ids = ["bun", "packages", "kernel", "open-files", "port-0", "hyperfine", "wasm2c", "gcc", "tmux"];
  expect(checks.map(({ id }) => id)).toEqual(expect.arrayContaining(ids));
});

test("what is needed and missing is exit code 1", async () => {
  const { code, stdout } = await wowsim("doctor", ...anyPorts, "--data-dir", "/etc/passwd/telemetry");
  expect(code).toBe(1);
  expect(stdout).toMatch(/^MISSING {2}data-dir +.*\/etc\/passwd is a file$/m);
  expect(stdout).toContain("Choose another with --data-dir");
  expect(stdout).toContain("1 needed and missing");
});

test("a running server is recognised by its ports", async () => {
  await using server = await startServerChild();
  const { game, control, http, telemetry } = server.ports;
  const flags = ["--port", `${game}`, "--control-port", `${control}`, "--http-port", `${http}`];
  const { code, stdout } = await wowsim("doctor", ...flags, "--telemetry-port", `${telemetry}`);
  expect(code).toBe(0);
  for (const port of [game, control, http, telemetry]) {
    expect(stdout).toMatch(new RegExp(`^warning +port-${port} +taken by pid ${server.pid}: `, "m"));
  }
  expect(stdout).toContain("That is a wowsim server");
});

test("a reader that goes after the first line is no error", async () => {
  const command = `${process.execPath} server/wowsim.ts doctor --port 0 2>"$0" | head -n 1; echo "\${PIPESTATUS[0]}"`;
  using folder = tempFolder();
  const errors = folder.file("stderr");
  for (let round = 0; round < 5; round++) {
    const child = Bun.spawn(["bash", "-c", command, errors], { cwd: ROOT, stdin: "ignore", stdout: "pipe" });
    expect(await child.stdout.text()).toMatch(/^ok +bun .*\n0\n$/);
    expect(await Bun.file(errors).text()).toBe("");
  }
});

test("on a terminal of 80 columns nothing runs over the edge", async () => {
  using taken = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  await using tty = startOnTerminal(["doctor", ...anyPorts.slice(2), "--port", String(taken.port)], {
    env: { NO_COLOR: "1" },
  });
  await tty.child.exited;
  await tty.draws(/All that is needed is there/);
  const mends = tty.drawn.split("\r\n").filter((line) => line.startsWith("     "));
  expect(mends.length).toBeGreaterThan(0);
  for (const line of mends) expect(line.length).toBeLessThanOrEqual(80);
});
