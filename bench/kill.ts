// Kills the tools that break servers, with -9 and at random moments. A lease and 2 s later, no server, folder or fault
// that they started may be left.
//
//   bun bench/kill.ts                       50 kills in about a minute
//   bun bench/kill.ts --kills 6 --seed 7
//
//   tool                          kills  with a fault active  until no fault, ms  until no process, ms  left something
//   scenario run on a server         16                   11                1812                    24               0
//
// Four lanes at once: scenario run on a server that stays, and with a server of their own each scenario run, the demo, and the
// wizard, driven by its Enter key on a pseudo-terminal.

import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Subprocess } from "bun";
import { mapped } from "../tools/analysis/measured.ts";
import type { Measured } from "../tools/analysis/measured.ts";
import { seededRandom, seedOf } from "../server/protocol/seeded-random.ts";
import type { FaultStatus } from "../server/protocol/faults/status.ts";
import { ControlClient } from "../tools/client/control-client.ts";
import { LEASE_MS } from "../tools/client/fault-leases.ts";
import { selfCommand } from "../tools/ui/self.ts";
import { tableLines } from "../tools/ui/table.ts";
import { childrenOf, isRunning } from "../server/testing/processes.ts";
import { greatestOf } from "../server/testing/statistics.ts";
import { startServerChild } from "../server/testing/server-child.ts";
import type { ServerChild } from "../server/testing/server-child.ts";
import { integer, runBench, seedFlag } from "./lib/bench.ts";
import type { FlagsOf } from "./lib/bench.ts";

const GRACE_MS = 2_000;
const LOOK_MS = 20;
/** Killed at a moment up to that long after the start: every step of SCENARIO lies within. */
const LIFE_MS_MAX = 5_500;
const ENTER_MS = 250;

interface Lane {
  tool: string;
  /** Whether its faults could outlive it. */
  hasFaults: boolean;
  start(tmp: string): Subprocess;
  /** How many faults are active. */
  faults(): Promise<number>;
}

interface Kill {
  hadFault: boolean;
  /** Missing when it was still there at the last look. */
  faultMs: Measured;
  processMs: Measured;
  left: string[];
}

async function killOnce(lane: Lane, lifeMs: number): Promise<Kill> {
  const tmp = mkdtempSync(join(tmpdir(), "wowsim-kill-"));
  const child = lane.start(tmp);
  await Promise.race([Bun.sleep(lifeMs), child.exited]);
  const family = [child.pid, ...childrenOf(child.pid)];
  const hadFault = (await lane.faults()) > 0;
  child.kill("SIGKILL");
  const killedMs = performance.now();
  const since = (): number => performance.now() - killedMs;
  let faultMs: Measured = null;
  let processMs: Measured = null;
  while ((faultMs === null || processMs === null) && since() < LEASE_MS + GRACE_MS) {
    if (faultMs === null && (await lane.faults()) === 0) faultMs = since();
    if (processMs === null && !family.some(isRunning) && readdirSync(tmp).length === 0) processMs = since();
    await Bun.sleep(LOOK_MS);
  }
  const left = [
    ...(faultMs === null ? ["a fault"] : []),
    ...family.filter(isRunning).map((pid) => `process ${pid}`),
    ...readdirSync(tmp),
  ];
  rmSync(tmp, { recursive: true, force: true });
  return { hadFault, faultMs, processMs, left };
}

async function runLane(lane: Lane, kills: number, random: () => number): Promise<Kill[]> {
  const results: Kill[] = [];
  for (let done = 0; done < kills; done++) results.push(await killOnce(lane, LIFE_MS_MAX * random()));
  return results;
}

/** One fault after the other, and both at a time. */
const SCENARIO = `
title = "Killed in the middle"
story = "Made to be killed."
players = { count = 4 }
[[steps]]
activate = { fault = "zone-trap", zone = 1 }
[[steps]]
sleep = "1s"
[[steps]]
activate = { fault = "latency-spike", zone = 2 }
[[steps]]
sleep = "1s"
[[steps]]
deactivate = "zone-trap"
[[steps]]
sleep = "3s"
[[rollback]]
deactivate = "latency-spike"
`;

const quiet = { stdin: "ignore", stdout: "ignore", stderr: "ignore" } as const;
const piped = (tmp: string, ...command: string[]): Subprocess =>
  Bun.spawn(selfCommand(...command), { ...quiet, env: { ...process.env, TMPDIR: tmp } });
const scenario = (flags: string[], tmp: string): Subprocess => piped(tmp, "scenario", "run", ...flags);

/** On a pseudo-terminal, with somebody who only ever presses Enter. */
function wizard(tmp: string): Subprocess {
  const env = { ...process.env, TMPDIR: tmp, TERM: "xterm-256color", CI: undefined };
  const child = Bun.spawn(selfCommand("wizard"), {
    env,
    cwd: tmpdir(),
    terminal: { cols: 80, rows: 24, data: () => {} },
  });
  const timer = setInterval(() => child.terminal?.write("\r"), ENTER_MS);
  void child.exited.finally(() => {
    clearInterval(timer);
    child.terminal?.close();
  });
  return child;
}

/** Faults of a server that goes are gone with it. */
const none = (): Promise<number> => Promise.resolve(0);

const FLAGS = { kills: integer("how often, over all tools", 1, 1_000, 50), seed: seedFlag("the moments") };

await runBench("kill", FLAGS, main, "\nExit codes: 0 nothing was ever left behind, 1 something was, 64 wrong usage.");

async function main({ kills, seed, format }: FlagsOf<typeof FLAGS>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "wowsim-kill-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "scenario.toml");
  await Bun.write(file, SCENARIO);
  await using server = await startServerChild({});
  await using control = await ControlClient.connect({ host: "127.0.0.1", port: server.ports.control });
  const lanes = lanesOn(server, control, file);
  const shares = lanes.map((_, index) => Math.floor((kills + index) / lanes.length));
  const results = await Promise.all(
    lanes.map((lane, index) => runLane(lane, shares[index] ?? 0, seededRandom(seedOf(seed, lane.tool)))),
  );
  const rows = lanes.map(({ tool, hasFaults }, index) => summary(tool, hasFaults, results[index] ?? []));
  const left = results.flat().flatMap((kill) => kill.left);
  if (format === "json") console.log(JSON.stringify({ kills, seed, left, tools: rows }));
  else {
    const head = [
      "tool",
      "kills",
      "with a fault active",
      "until no fault, ms",
      "until no process, ms",
      "left something",
    ];
    console.log(
      tableLines(
        head,
        rows.map((row) => Object.values(row)),
      ).join("\n"),
    );
    console.log(left.length === 0 ? `\nNothing was left behind, ${kills} times.` : `\nLeft behind: ${left.join(", ")}`);
  }
  process.exitCode = left.length === 0 ? 0 : 1;
}

function lanesOn({ ports }: ServerChild, control: ControlClient, file: string): Lane[] {
  const { game, control: controlPort, http, telemetry } = ports;
  const where = { "--port": game, "--control-port": controlPort, "--http-port": http, "--telemetry-port": telemetry };
  const faults = async (): Promise<number> => {
    const { faults: all } = await control.ask({ command: "list" });
    return (all as FaultStatus[]).filter(({ active }) => active).length;
  };
  const flags = [file, ...Object.entries(where).flat().map(String)];
  return [
    { tool: "scenario run on a server", hasFaults: true, start: (tmp) => scenario(flags, tmp), faults },
    { tool: "scenario run, its own server", hasFaults: false, start: (tmp) => scenario([file], tmp), faults: none },
    {
      tool: "demo, its own server",
      hasFaults: false,
      start: (tmp) => piped(tmp, "demo", "--auto"),
      faults: none,
    },
    { tool: "wizard, its own server", hasFaults: false, start: wizard, faults: none },
  ];
}

/** Times are the longest of all kills. */
function summary(tool: string, hasFaults: boolean, of: readonly Kill[]) {
  const longest = (read: (kill: Kill) => Measured): Measured => mapped(greatestOf(of.map(read)), Math.round);
  return {
    tool,
    kills: of.length,
    with_fault: hasFaults ? of.filter(({ hadFault }) => hadFault).length : null,
    until_no_fault_ms: hasFaults ? longest(({ faultMs }) => faultMs) : null,
    until_no_process_ms: longest(({ processMs }) => processMs),
    left: of.filter(({ left }) => left.length > 0).length,
  };
}
