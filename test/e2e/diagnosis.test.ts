// Every fault in a real server with real players, and the diagnosis from that server's telemetry file alone; and the
// commands that show it.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { buildCandidate } from "../../assembly/toolchain/candidates.ts";
import type { TelemetryLine } from "../../server/protocol/telemetry-line.ts";
import { causesWithin, diagnose } from "../../tools/analysis/diagnosis.ts";
import type { Diagnosis } from "../../tools/analysis/diagnosis.ts";
import { assessHealth } from "../../tools/analysis/health.ts";
import { IncidentLog } from "../../tools/analysis/incident-log.ts";
import { readLines } from "../../tools/analysis/line-stream.ts";
import { Timeline } from "../../tools/analysis/timeline.ts";
import { DeployRemote } from "../../tools/deploy/remote.ts";
import { startOnTerminal, startWowsim, wowsim } from "../helpers/command.ts";
import { LiveServer, until } from "../helpers/control-live.ts";
import { ServeProcess } from "../helpers/serve-process.ts";
import { readTelemetryDoc } from "../helpers/telemetry-doc.ts";

setDefaultTimeout(120_000);

const PLAYERS = 6;
/** What a rule needs to know of before, and a little more. */
const CALM_MS = 2_000;
const SURE = 0.6;
const LEASE_MS = 60_000;

let live: LiveServer;

beforeAll(async () => {
  live = await LiveServer.start({ players: PLAYERS });
});
afterAll(() => live[Symbol.asyncDispose]());

/** What the file says of the time since then. */
async function timelineSince(sinceMs: number, log?: IncidentLog, { child } = live): Promise<Timeline> {
  const timeline = new Timeline();
  const onLine = (line: TelemetryLine): void => {
    timeline.take(line);
    log?.advance(timeline);
  };
  await readLines(child.telemetryFile, { onLine, sinceMs });
  return timeline;
}

/** Lets a calm while pass, in which nothing is found; since when it was calm. */
async function calm(): Promise<number> {
  let sinceMs = Date.now();
  await until("nothing is found", async () => {
    const timeline = await timelineSince(sinceMs);
    if (causesWithin(diagnose(timeline)).length > 0) sinceMs = Date.now();
    return timeline.nowMs! - sinceMs > CALM_MS && timeline.traffic.length > 1;
  });
  return sinceMs;
}

/** Waits until this cause, in these zones, is the first diagnosis of the time since then. */
async function diagnosed(cause: string, zones: number[], sinceMs: number): Promise<Diagnosis> {
  let found: Diagnosis[] = [];
  await until(`${cause} is diagnosed`, async () => {
    found = causesWithin(diagnose(await timelineSince(sinceMs)));
    const [best] = found;
    return best?.cause === cause && best.confidence >= SURE && String(best.zones) === String(zones);
  }).catch((error: unknown) => {
    throw new Error(`Found was: ${JSON.stringify(found, null, 1)}`, { cause: error });
  });
  return found[0]!;
}

const feedPort = (): string[] => ["--telemetry-port", String(live.child.ports.telemetry)];
const ports = (): string[] => ["--http-port", String(live.child.ports.http), ...feedPort()];

describe("a healthy server", () => {
  test("has no diagnosis in any second, and is healthy", async () => {
    await using fresh = await LiveServer.start({ players: PLAYERS });
    const all = (log?: IncidentLog): Promise<Timeline> => timelineSince(0, log, fresh);
    await until("it has run for some seconds", async () => (await all()).traffic.length > 3);
    const log = new IncidentLog();
    const timeline = await all(log);
    expect(causesWithin(log.incidents.map(({ diagnosis }) => diagnosis))).toEqual([]);
    expect(timeline.counts).toMatchObject({ fault: 0, stray: 0, timeless: 0, incomplete: 0 });
    await until("it is healthy", async () => assessHealth(await all()).status === "healthy");
  });

  test("health exits 0 with every zone, diagnose exits 0", async () => {
    const listening = wowsim("diagnose", "--watch-for", "2s", ...feedPort());
    let health = await wowsim("health", "--format", "json", ...ports());
    // A busy machine may make a tick or two late just now.
    await until("health says so", async () => {
      if (health.code !== 0) health = await wowsim("health", "--format", "json", ...ports());
      return health.code === 0;
    });
    expect(JSON.parse(health.stdout)).toMatchObject({ status: "healthy", reasons: [], zones: [{ id: 1 }, { id: 2 }] });
    const diagnosis = await listening;
    expect(diagnosis).toMatchObject({ code: 0, stdout: "Nothing wrong was found.\n", stderr: "" });
  });

  test("health --watch says a line a second in a pipe, and draws on a terminal and leaves it clean", async () => {
    await using piped = startWowsim(["health", "--watch", ...ports()]);
    await using drawn = startOnTerminal(["health", "--watch", ...ports()]);
    await piped.says(/^\d\d:\d\d:\d\d healthy \d.* players\n.*\n/m);
    await drawn.draws(/healthy.*Westfall.*Ctrl-C ends/s);
    piped.child.kill("SIGINT");
    drawn.type("\x03");
    await Promise.all([piped.child.exited, drawn.child.exited]);
    await piped.drained;
    const lastSaid = piped.stdout.trimEnd().split("\n").at(-1)?.split(" ")[1] ?? "";
    expect(piped.child.exitCode).toBe(["healthy", "degraded", "critical"].indexOf(lastSaid));
    expect(drawn.drawn).toEndWith("\x1b[?7h\x1b[?25h\x1b[?1049l");
  });
});

describe("the commands, on a broken server", () => {
  test("health and diagnose exit with what is wrong, and say the same to scripts", async () => {
    await live.ask({ command: "activate", fault_id: "latency-spike", params: { delay_ms: 200 } });
    await using watching = startWowsim(["diagnose", "--watch", ...feedPort()]);
    const [health, diagnosis] = await Promise.all([
      wowsim("health", "--format", "json", ...ports()),
      wowsim("diagnose", "--watch-for", "6s", "--format", "json", ...feedPort()),
    ]);
    await watching.says(/begins\nlatency-spike {2}\d+ % sure, zone/);
    await live.remove("latency-spike");
    await watching.says(/is over {2}latency-spike, zone.*, after \d+ s/);
    expect(watching.stdout.match(/begins\nlatency-spike/g)).toHaveLength(1);
    watching.child.kill("SIGINT");
    await watching.child.exited;
    expect([0, 1]).toContain(watching.child.exitCode!);
    expect(health.code).toBe(2);
    expect(JSON.parse(health.stdout)).toMatchObject({ status: "critical", tick_rate_hz: { meant: 20 } });
    expect(diagnosis.code).toBe(1);
    expect(JSON.parse(diagnosis.stdout)).toMatchObject({ diagnoses: [{ cause: "latency-spike", zones: [1, 2] }] });
  });

  test.skipIf(!existsSync("/dev/full"))(
    "a telemetry file that can not be written is told by health, and by a short diagnosis",
    async () => {
      await using server = await ServeProcess.ready("--telemetry-file", "/dev/full");
      const { control, http, telemetry } = await server.untilReady();
      const where = ["--http-port", String(http), "--telemetry-port", String(telemetry)];
      let report = { reasons: [] as { level: string; text: string }[] };
      await until("health says so", async () => {
        report = JSON.parse((await wowsim("health", "--for", "2s", "--format", "json", ...where)).stdout);
        return report.reasons.some(({ text }) => text.startsWith("the telemetry file can not be written"));
      });
      const short = ["diagnose", "--watch-for", "2s", "--format", "json", "--server", `127.0.0.1:${control}`];
      const { code, stdout } = await wowsim(...short);
      expect(code).toBe(1);
      const [unknown] = JSON.parse(stdout).diagnoses as Diagnosis[];
      expect(unknown).toMatchObject({ cause: "unknown" });
      expect(unknown!.evidence.join()).toContain("the telemetry file can not be written");
    },
  );

  test("where no server is, both exit 3 and say what to do", async () => {
    const nowhere = ["--telemetry-port", "1", "--http-port", "1"];
    const [health, diagnosis] = await Promise.all([
      wowsim("health", ...nowhere),
      wowsim("diagnose", ...nowhere.slice(0, 2)),
    ]);
    expect(health).toMatchObject({ code: 3, stdout: "" });
    expect(health.stderr).toContain("--http-port");
    expect(diagnosis).toMatchObject({ code: 3, stdout: "" });
    expect(diagnosis.stderr).toContain("--telemetry-port");
  });
});

test("a kernel that costs more is named, with the zone that runs it, and no more when it is rolled back", async () => {
  const remote = new DeployRemote(live.control);
  const { signal } = new AbortController();
  const { wasm } = await buildCandidate("regression");
  const hash = await remote.load(wasm, "regression.wasm", signal);
  const before = await remote.zone(1);
  const sinceMs = await calm();
  await remote.beginSwap(hash, 1, LEASE_MS);
  await remote.swapped(hash, 1, signal);
  const diagnosis = await diagnosed("bad-kernel", [1], sinceMs).finally(() =>
    remote.rollback(hash, 1, "the test is over", signal),
  );
  expect(diagnosis.evidence[0]).toContain(`kernel ${before.hash} → ${hash}`);
  await calm();
});

describe("each fault is named first, from the telemetry file alone", () => {
  test.each([
    ["latency-spike", { delay_ms: 120 }, 2, [2]],
    ["slow-leak", { increment_ms: 3, increment_every: 10 }, 1, [1]],
    ["event-queue-flood", { multiplier: 5 }, 1, [1]],
    ["memory-pressure", { megabytes: 80 }, 0, []],
    ["split-brain", {}, 0, [1, 2]],
    ["thundering-herd", { reconnect_delay_ticks: 20 }, 0, [1, 2]],
    ["session-crash", {}, 2, [2]],
    ["zone-trap", { every_ticks: 20 }, 2, [2]],
    ["zone-runaway", { every_ticks: 30 }, 1, [1]],
    ["cascading-zone-failure", {}, 0, [1, 2]],
    ["disk-slow", { delay_ms: 2_000 }, 0, []],
    ["disk-full", {}, 0, []],
  ])("%s", async (fault_id, params, target_zone_id, zones) => {
    await until("everybody plays", () => live.swarm.playing === PLAYERS);
    const sinceMs = await calm();
    const injectedMs = Date.now();
    await live.ask({ command: "activate", fault_id, params, target_zone_id });
    const diagnosis = await diagnosed(fault_id, zones, sinceMs).finally(() => live.remove(fault_id));
    // A sample a second: what it says of the begin may be the sample before.
    expect(diagnosis.sinceMs).toBeGreaterThan(injectedMs - 1_500);
    expect(diagnosis.evidence.length).toBeGreaterThan(0);
    expect(diagnosis.runbook.command).toBe(`wowsim inject-fault deactivate ${fault_id}`);
  });
});

describe("docs/TELEMETRY.md", () => {
  const doc = readTelemetryDoc();

  test("says of every line of all these tests which fields it has", async () => {
    const seen = new Set<string>();
    const wrong = new Set<string>();
    const onLine = ({ type, component, message, data }: TelemetryLine): void => {
      const name = `${type} ${component} ${message}`;
      seen.add(name);
      const kind = doc.kinds.get(name);
      if (kind === undefined) return void wrong.add(`${name}: not documented`);
      const { required, optional } = kind;
      for (const field of Object.keys(data)) {
        if (!required.has(field) && !optional.has(field)) wrong.add(`${name}: ${field} is not documented`);
      }
      for (const field of required) if (!(field in data)) wrong.add(`${name}: ${field} is not in every line`);
    };
    const always = [...doc.kinds].filter(([, { when }]) => /^(exact|once a second|about once)/.test(when));
    await until("every regular line came", async () => {
      await readLines(live.child.telemetryFile, { onLine });
      return always.every(([name]) => seen.has(name));
    });
    expect([...wrong]).toEqual([]);
  });

  test("lists the metrics there are", async () => {
    const page = await (await fetch(`http://127.0.0.1:${live.child.ports.http}/metrics`)).text();
    const types = [...page.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, kind]) => `${name} ${kind}`);
    expect(types.toSorted()).toEqual([...doc.metrics].map(([name, kind]) => `${name} ${kind}`).toSorted());
  });

  test("shows how to follow the feed", async () => {
    const command = doc.feedExample.replace("port: 9090", `port: ${live.child.ports.telemetry}`);
    const path = `${dirname(process.execPath)}:${process.env["PATH"]}`;
    // In the shell's place, so that what is killed is not just the shell.
    await using child = Bun.spawn(["sh", "-c", `exec ${command.trim()}`], {
      env: { ...process.env, PATH: path },
      stdout: "pipe",
    });
    const reader = child.stdout.getReader();
    const { value } = await reader.read();
    child.kill("SIGKILL");
    const [line = ""] = new TextDecoder().decode(value).split("\n");
    expect(JSON.parse(line)).toMatchObject({ v: 1, timestamp: expect.any(String), data: expect.any(Object) });
  });
});
