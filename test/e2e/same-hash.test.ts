// The same seed and commands give the same state at every tick: in small what bench/same-hash.ts holds to a million ticks,
// and what of it a whole server promises.

import { expect, test } from "bun:test";
import { join } from "node:path";
import { ControlClient } from "../../tools/client/control-client.ts";
import { ServeProcess } from "../helpers/serve-process.ts";

const ROOT = join(import.meta.dir, "../..");
const HAS_NODE = Bun.which("node") !== null;

interface Report {
  runs: { run: string; ticks: number; differsFromTick: number; digest: string }[];
  restored: { restores: number; inFights: number; traps: number; repeated: number };
  notRun: string[];
  checks: { what: string; holds: boolean; shown: string }[];
}

async function sameHash(...flags: string[]): Promise<{ code: number; report: Report; stderr: string }> {
  const command = [process.execPath, "bench/same-hash.ts", "--format", "json", ...flags];
  const child = Bun.spawn(command, { cwd: ROOT, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code: await child.exited, report: JSON.parse(stdout) as Report, stderr };
}

test("a played zone has the same hash at every tick: twice, in another process, restored, in Node", async () => {
  const { code, report, stderr } = await sameHash("--ticks", "20000");
  expect(report.checks.filter(({ holds }) => !holds)).toEqual([]);
  expect(report.runs.map(({ ticks, differsFromTick }) => [ticks, differsFromTick])).toEqual(
    report.runs.map(() => [20_000, 0]),
  );
  expect(new Set(report.runs.map(({ digest }) => digest)).size).toBe(1);
  const { restores, inFights, traps, repeated } = report.restored;
  expect(Math.min(restores, inFights, traps, repeated)).toBeGreaterThan(0);
  expect(report.runs).toHaveLength(HAS_NODE ? 5 : 4);
  expect({ code, stderr }).toEqual(
    HAS_NODE
      ? { code: 0, stderr: "" }
      : { code: 3, stderr: expect.stringContaining("NOT RUN: in Node") as unknown as string },
  );
});

test("one command more is found, in the very tick", async () => {
  const { code, report } = await sameHash("--ticks", "2000", "--spoil-tick", "1234");
  const [once, beside, ...others] = report.runs.map(({ differsFromTick }) => differsFromTick);
  expect([once, beside]).toEqual([0, 0]);
  expect(others).toEqual(others.map(() => 1_234));
  expect(code).toBe(1);
});

/** A server, and the state hashes of its first zone by tick, as somebody who looks now and then sees them. */
class Looker implements AsyncDisposable {
  readonly hashes = new Map<number, string>();
  readonly #server: ServeProcess;
  readonly #control: ControlClient;

  static async start(seed: number): Promise<Looker> {
    const server = await ServeProcess.ready("--seed", String(seed), "--tick-rate", "5", "--workers", "1");
    return new Looker(server, await ControlClient.connect({ host: "127.0.0.1", port: server.ports.control }));
  }

  private constructor(server: ServeProcess, control: ControlClient) {
    this.#server = server;
    this.#control = control;
  }

  async look(): Promise<void> {
    const { success, tick, hash } = await this.#control.request({ command: "inspect_zone", zone_id: 1 });
    if (success && Number(tick) > 0) this.hashes.set(Number(tick), String(hash)); // else the zone had no time just then
  }

  /** Ticks of which both have seen the hash, and whether it was the same. */
  shared(other: Looker): boolean[] {
    return [...this.hashes].flatMap(([tick, hash]) => {
      const others = other.hashes.get(tick);
      return others === undefined ? [] : [others === hash];
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#control[Symbol.asyncDispose]();
    await this.#server[Symbol.asyncDispose]();
  }
}

test("servers of the same seed and world are the same tick for tick while nobody acts in them; another seed's is not", async () => {
  const started = await Promise.all([7, 7, 8].map(Looker.start));
  await using one = started[0]!;
  await using same = started[1]!;
  await using other = started[2]!;
  while (one.shared(same).length < 3 || one.shared(other).length < 3) {
    await Promise.all([one, same, other].map((server) => server.look()));
    await Bun.sleep(50);
  }
  expect(new Set(one.shared(same))).toEqual(new Set([true]));
  expect(new Set(one.shared(other))).toEqual(new Set([false]));
  expect(new Set(one.hashes.values()).size).toBe(one.hashes.size); // and each tick has a state of its own
});
