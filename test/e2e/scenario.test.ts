// `wowsim scenario` as it is typed, on real servers: what is not true is found out, and whatever ends it, nothing is left
// behind. What comes with wowsim is run by scenario-library.test.ts.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startServerChild } from "../../server/testing/server-child.ts";
import type { ServerChild } from "../../server/testing/server-child.ts";
import type { FaultStatus } from "../../server/protocol/faults/status.ts";
import { ControlClient } from "../../tools/client/control-client.ts";
import { LIBRARY } from "../../tools/scenario/library.ts";
import { startWowsim, until, wowsim } from "../helpers/command.ts";
import { childrenOf, isRunning } from "../../server/testing/processes.ts";

setDefaultTimeout(120_000);

interface Journal {
  verdict: string;
  reason: string;
  server: { started: boolean; ports: Record<string, number> };
  steps: { phase: string; name: string; kind: string; outcome: string; text: string }[];
}

class Folder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "wowsim-test-"));

  /** A scenario of these lines. */
  scenario(lines: string, head = 'title = "T"\nstory = "S"\nplayers = { count = 3 }\n'): string {
    return this.write("my.toml", head + lines);
  }

  write(name: string, text: string): string {
    writeFileSync(join(this.path, name), text);
    return join(this.path, name);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** The flags that make a scenario run on this server. */
const on = ({ ports: { game, control, http, telemetry } }: ServerChild): string[] =>
  Object.entries({ "--port": game, "--control-port": control, "--http-port": http, "--telemetry-port": telemetry })
    .flat()
    .map(String);

async function active(server: ServerChild): Promise<string[]> {
  await using control = await ControlClient.connect({ host: "127.0.0.1", port: server.ports.control });
  const { faults } = await control.ask({ command: "list" });
  return (faults as FaultStatus[]).filter(({ active: isActive }) => isActive).map(({ id }) => id);
}

const outcomes = ({ steps }: Journal, phase: string): string[] =>
  steps.filter((step) => step.phase === phase).map(({ outcome }) => outcome);

describe("on a server that runs already", () => {
  test("what is not true is deviated, tells the number, and all is put back", async () => {
    await using server = await startServerChild();
    using folder = new Folder();
    const file = folder.scenario(`
[[steps]]
activate = { fault = "latency-spike", zone = 1, params = { delay_ms = 100 } }
[[steps]]
name = "nobody feels it"
assert = { measure = "tick_ms_p50", zone = 1, below = 50, over = "2s" }
[[steps]]
name = "later"
sleep = "1s"
[[rollback]]
name = "undo"
deactivate = "latency-spike"
`);
    const journal = join(folder.path, "journal.json");
    const { code, stdout } = await wowsim("scenario", "run", file, ...on(server), "--journal", journal);
    expect(code).toBe(1);
    expect(stdout).toMatch(/NO {3}nobody feels it/);
    expect(stdout).toMatch(
      /DEVIATED after .* s: nobody feels it: tick_ms_p50 of zone 1 is 10\d.* ms over 2\.. s, wanted below 50 ms/,
    );
    const told = (await Bun.file(journal).json()) as Journal;
    expect(told.server.started).toBe(false);
    expect(outcomes(told, "steps")).toEqual(["done", "untrue", "not_run"]);
    expect(outcomes(told, "rollback")).toEqual(["done"]);
    expect(await active(server)).toEqual([]);
    expect(server.exitCode).toBeNull();
  });

  test("what can not be carried out is failed, and so is what nobody measured", async () => {
    await using server = await startServerChild();
    using folder = new Folder();
    const noZone = folder.scenario('[[steps]]\nactivate = { fault = "zone-trap", zone = 77 }');
    const refused = await wowsim("scenario", "run", noZone, ...on(server));
    expect(refused.code).toBe(2);
    expect(refused.stdout).toContain("FAILED");
    expect(refused.stdout).toContain("There is no zone 77");
    const noPlayers = folder.scenario(
      '[[steps]]\nassert = { measure = "player_drops", equals = 0 }',
      HEAD_WITHOUT_PLAYERS,
    );
    const unmeasured = await wowsim("scenario", "run", noPlayers, ...on(server));
    expect(unmeasured.code).toBe(2);
    expect(unmeasured.stdout).toMatch(/FAILED after .*player_drops was not measured/);
  });

  test("Ctrl-C makes it aborted: the rollback runs, faults end, players leave, the server stays", async () => {
    await using server = await startServerChild();
    using folder = new Folder();
    const file = folder.scenario(BREAK_AND_SLEEP);
    await using run = startWowsim(["scenario", "run", file, ...on(server), "--format", "json"]);
    await until(async () => (await active(server)).length === 2, "both faults are active");
    run.child.kill("SIGINT");
    expect(await run.child.exited).toBe(130);
    await run.drained;
    expect(run.stderr).toContain("putting everything back");
    const journal = JSON.parse(run.stdout) as Journal;
    expect(journal.verdict).toBe("aborted");
    expect(outcomes(journal, "steps")).toEqual(["done", "done", "aborted"]);
    expect(outcomes(journal, "rollback")).toEqual(["done"]);
    expect(outcomes(journal, "end")).toEqual(["done", "done", "done"]);
    expect(await active(server)).toEqual([]);
    expect(await server.metric("wowsim_sessions")).toBe(0);
    expect(server.exitCode).toBeNull();
  });

  test("killed, its faults end by themselves", async () => {
    await using server = await startServerChild();
    using folder = new Folder();
    const file = folder.scenario(BREAK_AND_SLEEP);
    await using run = startWowsim(["scenario", "run", file, ...on(server)]);
    await until(async () => (await active(server)).length === 2, "both faults are active");
    run.child.kill("SIGKILL");
    await until(async () => (await active(server)).length === 0, "no fault is active any more");
    expect(server.exitCode).toBeNull();
  });
});

test("killed with a server of its own, that ends too, and its folder is gone", async () => {
  using folder = new Folder();
  const file = folder.scenario(BREAK_AND_SLEEP);
  for (const said of [EARLY, /players come in/, /zone-trap strikes/]) {
    await using run = startWowsim(["scenario", "run", file], { TMPDIR: folder.path });
    await run.says(said);
    const children = childrenOf(run.child.pid);
    if (said !== EARLY) expect(children).toHaveLength(1);
    run.child.kill("SIGKILL");
    await until(() => !children.some((pid) => isRunning(pid)), `the servers ${children.join(", ")} are gone`);
    expect(readdirSync(folder.path).filter((name) => name !== "my.toml")).toEqual([]);
  }
});

test("Ctrl-C while its server still starts makes it aborted, and the server is gone", async () => {
  using folder = new Folder();
  const kept = folder.write("journal.json", '{"verdict":"completed"}');
  await using run = startWowsim(["scenario", "run", "latency-spike", "--format", "json", "--journal", kept]);
  let children: number[] = [];
  await until(() => {
    children = childrenOf(run.child.pid);
    return children.length > 0;
  }, "the server is being started");
  run.child.kill("SIGINT");
  expect(await run.child.exited).toBe(130);
  await run.drained;
  expect(JSON.parse(run.stdout)).toMatchObject({ verdict: "aborted" });
  // What was there before is not taken for what became of this run.
  expect(await Bun.file(kept).json()).toEqual(JSON.parse(run.stdout));
  expect(children.filter((pid) => isRunning(pid))).toEqual([]);
});

test("no server where one is said to be is told with exit code 3", async () => {
  const { code, stderr } = await wowsim("scenario", "run", "latency-spike", "--control-port", "1");
  expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringContaining("No server answers") });
});

const http = (path: string) => ({
  type: "http",
  url: `http://\${wowsim_host}:\${wowsim_http_port}${path}`,
  timeout: 3,
});

const experiment = (spikeMs: number) => ({
  version: "1.0.0",
  title: "Ticks stay short",
  description: "Whatever happens next door.",
  configuration: { spike: spikeMs },
  controls: [{ name: "tracing", provider: { type: "python", module: "chaostracing.control" } }],
  "steady-state-hypothesis": {
    title: "the server is well",
    probes: [
      { type: "probe", name: "alive", tolerance: 200, provider: http("/healthz") },
      {
        type: "probe",
        name: "ticks are short",
        tolerance: { type: "range", range: [0, 40] },
        provider: { type: "wowsim", read: "tick_ms_p50", zone: 1, over: "1s" },
      },
    ],
  },
  method: [
    { type: "action", name: "players", provider: { type: "wowsim", step: { spawn: { count: 2 } } } },
    {
      type: "action",
      name: "spike",
      pauses: { after: 1 },
      provider: {
        type: "process",
        path: "wowsim",
        arguments:
          "inject-fault activate latency-spike --zone 1 --delay-ms ${spike} --control-port ${wowsim_control_port}".split(
            " ",
          ),
        timeout: 10,
      },
    },
    { ref: "alive" },
  ],
  rollbacks: [
    {
      type: "action",
      name: "mend",
      provider: { type: "wowsim", step: { deactivate: "latency-spike" } },
    },
  ],
});

describe("a Chaos Toolkit experiment", () => {
  test("whose hypothesis holds is completed", async () => {
    using folder = new Folder();
    const file = folder.write("ok.json", JSON.stringify(experiment(1)));
    const { code, stdout, stderr } = await wowsim("scenario", "run", file, "--format", "json");
    expect({ code, stderr }).toEqual({ code: 0, stderr: `{"note":"controls are ignored"}\n` });
    const journal = JSON.parse(stdout);
    expect(journal).toMatchObject({
      status: "completed",
      deviated: false,
      verdict: "completed",
      experiment: experiment(1),
      steady_states: { before: { steady_state_met: true }, after: { steady_state_met: true } },
    });
    expect(journal.run.map(({ activity }: { activity: { name: string } }) => activity.name)).toEqual([
      "players",
      "spike",
      "alive",
    ]);
    expect(journal.run[1]).toMatchObject({ status: "succeeded", output: { status: 0, stderr: "" } });
    expect(journal.rollbacks).toMatchObject([{ status: "succeeded" }]);
  });

  test("whose hypothesis does not hold afterwards has deviated, and is rolled back", async () => {
    await using server = await startServerChild();
    using folder = new Folder();
    const file = folder.write("bad.json", JSON.stringify(experiment(120)));
    const journal = join(folder.path, "journal.json");
    const { code } = await wowsim("scenario", "run", file, ...on(server), "--journal", journal);
    expect(code).toBe(1);
    expect(await Bun.file(journal).json()).toMatchObject({
      status: "failed",
      deviated: true,
      verdict: "deviated",
      steady_states: {
        after: { steady_state_met: false, probes: [{ tolerance_met: true }, { tolerance_met: false }] },
      },
      rollbacks: [{ status: "succeeded" }],
    });
    expect(await active(server)).toEqual([]);
  });
});

test("check and list tell before anything is begun", async () => {
  using folder = new Folder();
  const good = await wowsim("scenario", "check", "split-brain");
  expect(good).toMatchObject({
    code: 0,
    stdout: "split-brain.toml can be run: A split brain is noticed, and healed\n",
  });
  const bad = await wowsim("scenario", "check", folder.scenario('[[steps]]\nname = "x"\ndeactivate = "slow-lake"'));
  expect(bad.code).toBe(64);
  expect(bad.stderr).toContain('my.toml: step 1 "x": deactivate: "slow-lake" is none of');
  expect(bad.stderr).toContain('Did you mean "slow-leak"?');
  const listed = await wowsim("scenario", "list", "--format", "json");
  const { scenarios } = JSON.parse(listed.stdout) as { scenarios: { name: string }[] };
  expect(scenarios.map(({ name }) => name)).toEqual([...LIBRARY.keys()]);
});

/** Said before there is a server. */
const EARLY = /^T$/m;

const HEAD_WITHOUT_PLAYERS = 'title = "T"\nstory = "S"\n';

const BREAK_AND_SLEEP = `
[[steps]]
activate = { fault = "zone-trap", zone = 1 }
[[steps]]
activate = { fault = "slow-leak", zone = 2 }
[[steps]]
sleep = "10m"
[[rollback]]
name = "undo"
deactivate = "zone-trap"
`;
