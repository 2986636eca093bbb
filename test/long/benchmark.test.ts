// wowsim benchmark in small: against a server of its own and a given one, in every format, holding and not holding.

import { expect, setDefaultTimeout, test } from "bun:test";
import { startServerChild } from "../../server/testing/server-child.ts";
import type { BenchmarkReport } from "../../tools/benchmark/report.ts";
import { CHROMIUM, DRAWN_PLOTS, shownPage } from "../helpers/chromium.ts";
import { startWowsim, until, wowsim } from "../helpers/command.ts";
import { tempFolder } from "../helpers/telemetry.ts";

setDefaultTimeout(120_000);

/** On a busy machine ticks are late; what is tested here is not how late. */
const lenient = ["--max-avg-tick", "60000", "--max-p99-tick", "60000", "--max-overrun-pct", "100"];
const short = ["--duration", "2s", ...lenient];

test("measures each load, with the cost of server and players told apart", async () => {
  const { code, stdout, stderr } = await wowsim("benchmark", "--counts", "0,8", ...short, "--format", "json");
  const { steps, pass } = JSON.parse(stdout) as BenchmarkReport;
  expect({ code, stderr, pass }).toEqual({ code: 0, stderr: "", pass: true });
  expect(steps.map(({ clients, connects }) => [clients, connects])).toEqual([
    [0, 0],
    [8, 8],
  ]);
  for (const { ticks, tick_ms: tick, server } of steps) {
    expect(ticks).toBeGreaterThan(20);
    expect(tick.p50!).toBeLessThanOrEqual(tick.p99!);
    expect(server.rss_mb).toBeGreaterThan(10);
    expect(server.cores).toBeGreaterThan(0);
  }
  expect(steps[0]?.players).toBeNull();
  expect(steps[1]?.players?.rss_mb).toBeGreaterThan(10);
  expect(steps[1]?.actions).toBeGreaterThan(8);
  expect(steps[1]?.round_trip_ms.p50).toBeGreaterThan(0);
  expect(steps[1]?.bytes_to_clients).toBeGreaterThan(steps[1]?.bytes_from_clients ?? 0);
});

test("a limit that is not kept is exit code 1, and the page says so", async () => {
  using folder = tempFolder();
  const file = folder.file("report.html");
  const flags = ["--counts", "4", "--duration", "2s", "--max-avg-tick", "0", "--format", "html", "--out", file];
  const { code, stdout } = await wowsim("benchmark", ...flags);
  expect(code).toBe(1);
  expect(stdout).toStartWith("FAIL: 1 of 1 steps");
  expect(await Bun.file(file).text()).toContain("average tick");
});

/** Sets the title to the ground's colour, and to how many plots have something of each of their lines on them. */
const PROBE = `
  ${DRAWN_PLOTS}
  document.title = [getComputedStyle(document.body).backgroundColor, drawn.filter((lines) => lines > 0).length, document.documentElement.scrollWidth <= innerWidth].join(" ");
`;

test.skipIf(CHROMIUM === null)("the page draws all its plots in a browser, in either scheme, and fits", async () => {
  using folder = tempFolder();
  const file = folder.file("report.html");
  await wowsim("benchmark", "--counts", "2,5", ...short, "--format", "html", "--out", file);
  const html = await Bun.file(file).text();
  for (const [scheme, ground] of [
    ["light", "rgb(255, 255, 255)"],
    ["dark", "rgb(18, 20, 24)"],
  ] as const) {
    const page = await shownPage(CHROMIUM ?? "", html, { scheme, probe: PROBE });
    expect({ scheme, ...page }).toEqual({ scheme, title: `${ground} 8 true`, complaints: [] });
  }
});

test("a running server is measured as it stands, players of others included", async () => {
  await using server = await startServerChild();
  const { game, telemetry } = server.ports;
  await using others = startWowsim(["spawn-clients", "--port", `${game}`, "--count", "3", "--duration", "120"]);
  await until(async () => (await server.metric("wowsim_gateway_accepted_total")) === 3, "the others are in");
  const attach = ["--attach", "--port", `${game}`, "--telemetry-port", `${telemetry}`];
  for (const protocol of ["json", "binary"]) {
    const how = ["--protocol", protocol, "--format", "markdown"];
    const { code, stdout } = await wowsim("benchmark", "--counts", "5", ...attach, ...short, ...how);
    expect([protocol, code]).toEqual([protocol, 0]);
    expect(stdout).toMatch(/^\| 5 \|/m);
  }
  expect(server.exitCode).toBeNull();
  others.child.kill("SIGINT");
  await others.child.exited;
});

test("nobody there is exit code 3", async () => {
  await using server = await startServerChild();
  await server.stop();
  const { code, stderr } = await wowsim("benchmark", "--attach", "--telemetry-port", `${server.ports.telemetry}`);
  expect(code).toBe(3);
  expect(stderr).toContain("wowsim serve");
});

test("Ctrl-C leaves neither server nor players", async () => {
  await using run = startWowsim(["benchmark", "--counts", "5", "--duration", "60s"]);
  let children: string[] = [];
  await until(async () => (children = await childrenOf(run.child.pid)).length >= 2, "server and players run");
  run.child.kill("SIGINT");
  expect(await run.child.exited).toBe(130);
  await until(
    async () => (await Bun.$`ps -o pid= -p ${children.join(",")}`.nothrow().text()).trim() === "",
    "they have gone",
  );
});

async function childrenOf(pid: number): Promise<string[]> {
  const listed = await Bun.$`ps -o pid= --ppid ${pid}`.nothrow().text();
  return listed.split("\n").flatMap((line) => line.trim() || []);
}
