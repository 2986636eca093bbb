// The benches run, in small: each starts what it measures, ends by itself, and prints what it says it prints.

import { describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { BENCHES } from "../../server/testing/benches.ts";
import { findOnPath } from "../../server/testing/hyperfine.ts";

import { broken, reportOf } from "../helpers/bench-report.ts";
import { TempFolder } from "../helpers/serve-process.ts";

const ROOT = join(import.meta.dir, "../..");
const scripts = readdirSync(join(ROOT, "bench")).filter((name) => name.endsWith(".ts") && !name.includes("-process"));

async function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = Bun.spawn([process.execPath, ...args], { cwd: ROOT, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code: await child.exited, stdout, stderr };
}

const tiny = ["--entities", "200", "--zones", "2", "--entity-ticks", "20000", "--runs", "2"];

test.if(findOnPath("hyperfine") === null)("without hyperfine the kernel bench says how to install it", async () => {
  const { code, stderr } = await run("bench/run.ts", ...tiny);
  expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringContaining("apt-get install hyperfine") as string });
});

test.if(findOnPath("hyperfine") !== null)(
  "the kernel bench measures every setting, and all runners end in the same state",
  async () => {
    using folder = new TempFolder();
    const saved = join(folder.path, "before.json");
    const { code, stdout, stderr } = await run("bench/run.ts", ...tiny, "--save", saved, "--format", "json");
    expect(stderr).toBe("");
    const report = JSON.parse(stdout) as Record<"by_entities" | "by_zones", { hash: string; entities: number }[]> & {
      checks: { holds: boolean }[];
    };
    expect(report.by_entities.map(({ entities }) => entities)).toEqual([200]);
    expect(report.by_zones.map(({ entities, hash }) => [entities, hash.length])).toEqual([[2_000, 33]]);
    // So little work may be lost in noise; the exit code says the same as the report.
    expect(code).toBe(report.checks.every(({ holds }) => holds) ? 0 : 1);
    expect({ ...((await Bun.file(saved).json()) as object), checks: report.checks }).toEqual(report);

    const again = await run("bench/run.ts", ...tiny, "--compare", saved);
    for (const part of ["By entities, one zone", "By zones, 1000 entities each", `Now against ${saved} of 20`])
      expect(again.stdout).toContain(part);
    expect(again.stderr).toContain("2 × 1000 entities, a tick: players 500");
  },
  120_000,
);

test("the kernel bench refuses a file that is no saved run", async () => {
  const { code, stderr } = await run("bench/run.ts", "--compare", "package.json");
  if (findOnPath("hyperfine") === null) return;
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: expect.stringMatching(/^wowsim: package\.json is no saved run: .*bun run bench --save FILE\.\n$/) as string,
  });
});

test("help and README name every bench there is", async () => {
  const commands = scripts.map((name) => (name === "run.ts" ? "bun run bench" : `bun bench/${name}`)).toSorted();
  expect(Object.keys(BENCHES).toSorted()).toEqual(commands);
  const [{ stdout }, readme] = await Promise.all([
    run("bench/run.ts", "--help"),
    Bun.file(join(ROOT, "bench/README.md")).text(),
  ]);
  for (const command of commands) {
    expect(stdout).toContain(`  ${command} `);
    expect(readme).toContain(`| \`${command}`);
  }
});

describe.each(scripts)("bench/%s", (script) => {
  test("explains itself, and refuses a flag it does not have", async () => {
    const help = await run(`bench/${script}`, "--help");
    expect(help.code).toBe(0);
    expect(help.stdout).toContain("Exit codes:");
    expect((await run(`bench/${script}`, "--nonsense")).code).toBe(64);
  });
});

test("the load bench measures ticks while all guests are connected", async () => {
  const { code, stdout, stderr } = await run(
    "bench/load.ts",
    ..."--clients 20 --rate 10 --seconds 3 --format json".split(" "),
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const report = JSON.parse(stdout) as {
    ticks: number;
    zones: unknown[];
    messagesPerSecond: number;
    disconnects: number;
  };
  expect(report.ticks).toBeGreaterThan(20);
  expect(report.zones).toHaveLength(2);
  expect(report.messagesPerSecond).toBeGreaterThan(50);
  expect(report.disconnects).toBe(0);
}, 120_000);

test("the crowd bench finds that players of either encoding know what their zones know", async () => {
  for (const protocol of ["binary", "json"]) {
    const crowd = ["--clients", "40", "--zones", "2", "--seconds", "2", "--warm-up", "2", "--protocol", protocol];
    const { stdout, stderr } = await run("bench/crowd.ts", ...crowd, "--format", "json");
    expect(stderr).toBe("");
    const { report, ticks } = JSON.parse(stdout) as {
      report: {
        compared: { clients: number; entities: number; examples: string[] };
        stats: { protocol_error_examples: string[]; drops: number };
      };
      ticks: { players: number }[];
    };
    expect(ticks.map(({ players }) => players)).toEqual([20, 20]);
    expect(report.stats).toMatchObject({ protocol_error_examples: [], drops: 0 });
    expect(report.compared).toMatchObject({ clients: 40, examples: [] });
    expect(report.compared.entities).toBeGreaterThan(400);
  }
}, 120_000);

test("the soak bench judges a short run", async () => {
  const { code, stdout, stderr } = await run("bench/soak.ts", ..."--minutes 0.1 --clients 10 --format json".split(" "));
  expect(stderr).toBe("");
  const report = JSON.parse(stdout) as { checks: { what: string; holds: boolean }[]; ticks: { count: number } };
  expect(report.ticks.count).toBeGreaterThan(20);
  expect(report.checks).toHaveLength(7);
  expect(code).toBe(report.checks.every(({ holds }) => holds) ? 0 : 1);
}, 120_000);

test("a fuzzed server lives, stays in touch, and counts what it refuses", async () => {
  const report = await reportOf("bench/fuzz.ts", "--messages", "6000");
  const tallies = report["tallies"] as Record<
    string,
    { sent: Record<string, number>; answered: number; refusals: Record<string, number> }
  >;
  for (const { answered, refusals } of Object.values(tallies)) {
    expect(answered).toBeGreaterThan(10);
    expect(Object.keys(refusals).length).toBeGreaterThan(0);
  }
  const { valid, "wrong length": wrongLength, "huge length": hugeLength, truncated, split } = tallies["binary"]!.sent;
  expect(Math.min(valid!, wrongLength!, hugeLength!, truncated!, split!)).toBeGreaterThan(0);
  expect(broken(report)).toEqual([]);
}, 120_000);

test("of twenty deploys under every load no bad one comes through", async () => {
  const report = await reportOf("bench/deploys.ts", "--deploys", "20");
  expect(broken(report)).toEqual([]);
  expect(report["runs"]).toHaveLength(20);
}, 1_800_000);

test("a module beside two zones full of players takes little and says what it took", async () => {
  const report = await reportOf("bench/shadow.ts", "--zones", "2", "--clients", "8", "--rounds", "2", "--seconds", "4");
  expect(report.checks).toHaveLength(4);
  expect(broken(report)).toEqual([]);
  const rows = report["rows"] as { coreShare: number | null; compared: number | null; p99With: number | null }[];
  for (const { coreShare, compared, p99With } of rows)
    expect([coreShare === null, compared === null, p99With === null]).toEqual([false, false, false]);
}, 180_000);
