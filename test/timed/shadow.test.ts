// A module that runs beside live zones, on a real server with players: on the journal while it grows, without touching a zone.

import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { buildCandidate } from "../../assembly/toolchain/candidates.ts";
import { ShadowStatus } from "../../server/protocol/shadow.ts";
import type { ShadowReport } from "../../server/protocol/shadow.ts";
import { startServerChild } from "../../server/testing/server-child.ts";
import type { ServerChild } from "../../server/testing/server-child.ts";
import { ControlClient } from "../../tools/client/control-client.ts";
import { Swarm } from "../../tools/client/swarm.ts";
import { DeployRemote } from "../../tools/deploy/remote.ts";
import { until } from "../helpers/control-live.ts";

setDefaultTimeout(120_000);

const host = "127.0.0.1";
const NEVER = new AbortController().signal;
const ZONES = [1, 2];

let server: ServerChild;
let swarm: Swarm;
let control: ControlClient;
let remote: DeployRemote;
/** The newest shadow; 0: none. */
let latest = 0;

beforeAll(async () => {
  server = await startServerChild();
  control = await ControlClient.connect({ host, port: server.ports.control });
  remote = new DeployRemote(control);
  swarm = await Swarm.start({ host, port: server.ports.game, count: 40, rate: 4, seed: 5 });
}, 120_000);

afterEach(async () => {
  if (latest === 0) return;
  await control.ask({ command: "shadow_abort", shadow: latest });
  await ended(latest);
});

afterAll(async () => {
  await swarm?.stop();
  control?.close();
  await server?.[Symbol.asyncDispose]();
});

const load = async (candidate: string, on = remote): Promise<string> =>
  on.load((await buildCandidate(candidate)).wasm, candidate, NEVER);

async function begin(request: Record<string, unknown>, on = control): Promise<number> {
  const shadow = Number((await on.ask({ command: "shadow_module", by: "test", ...request }))["shadow"]);
  if (on === control) latest = shadow;
  return shadow;
}

async function statusOf(shadow: number, on = control): Promise<ShadowStatus> {
  return ShadowStatus.parse(await on.ask({ command: "shadow_status", shadow }));
}

/** Waits until it has ended. */
async function ended(shadow: number, on = control): Promise<ShadowStatus> {
  return await seen(shadow, "it ends", ({ state }) => state !== "running", on);
}

async function seen(
  shadow: number,
  what: string,
  isSeen: (status: ShadowStatus) => boolean,
  on = control,
): Promise<ShadowStatus> {
  let status = await statusOf(shadow, on);
  await until(what, async () => isSeen((status = await statusOf(shadow, on))));
  return status;
}

const reportOf = ({ report }: ShadowStatus): ShadowReport => report!;
const sum = ({ shadow }: ShadowReport, of: (zone: ShadowReport["shadow"]["zones"][number]) => number): number =>
  shadow.zones.reduce((total, zone) => total + of(zone), 0);

test("a module that does the same passes: every tick of every zone is equal", async () => {
  const status = await ended(await begin({ hash: await load("refactoring"), ticks: 260 }));
  expect(status).toMatchObject({ state: "done", role: "candidate", share: 1, error: null });
  const report = reportOf(status);
  expect(report).toMatchObject({ verdict: "pass", class: "identical", zones: ZONES.length, fuel_ratio: 1 });
  expect(report.reason).toMatch(/^pass: everything equal in [\d,]+ ticks$/);
  expect(report.equal).toBe(report.ticks);
  expect(report.ticks).toBe(sum(report, ({ compared }) => compared));
  expect(report.shadow).toMatchObject({ yielded: { times: 0, ticks: 0 }, terms: [], problems: [] });
  for (const zone of report.shadow.zones) {
    expect(zone).toMatchObject({ mismatched: 0, skipped: 0, own: 0, compared: 260 });
    expect(zone.to_tick - zone.from_tick).toBe(259);
  }
  expect(report.shadow.time_ratio).toBeGreaterThan(0.8);
  expect(report.shadow.time_ratio).toBeLessThan(1.25);
  expect(report.shadow.time_blocks.length).toBeGreaterThan(0);
  expect(report.shadow.core_share).toBeGreaterThan(0);
});

test("a module that doubles damage fails while it runs, with the first tick and entity; and no zone is touched", async () => {
  const shadow = await begin({ hash: await load("double-damage"), ticks: 0 });
  expect(
    await control.ask({ command: "shadow_module", hash: await load("refactoring") }).catch((error: Error) => error),
  ).toMatchObject({ code: "deploy_busy", message: expect.stringContaining(`shadow ${shadow}`) as string });
  const failed = await seen(shadow, "it has failed", ({ report }) => report?.verdict === "fail");
  expect(failed).toMatchObject({ state: "running", share: 0 });
  const { reason, checks, shadow: seenBy } = reportOf(failed);
  expect(reason).toMatch(/^fail: .* not expected; everything else equal, or following from it, in [\d,]+ ticks$/);
  expect(checks[0]?.shown).toMatch(/not expected \(n \d+, \d+ ticks; first in zone [12] at tick \d+/);
  expect(seenBy.terms[0]).toMatchObject({ what: expect.stringMatching(/^damage\./) as string });
  const { zones } = await remote.status();
  expect(new Set(zones.map(({ label }) => label)).size).toBe(1);
  await control.ask({ command: "shadow_abort", shadow });
  const done = await ended(shadow);
  expect(done).toMatchObject({ state: "done", report: { verdict: "fail" }, error: { code: "aborted" } });
});

test("a module on trial is compared with the one before it from its first tick on, and a zone that goes back is no longer", async () => {
  const [trial, before] = [await load("double-damage"), (await remote.zone(1)).hash];
  await remote.beginSwap(trial, 1, 100_000);
  await remote.swapped(trial, 1, NEVER);
  const shadow = await begin({ hash: before, zone_ids: [1], ticks: 0, role: "incumbent" });
  const failed = await seen(shadow, "it has failed", ({ report }) => report?.verdict === "fail");
  const report = reportOf(failed);
  expect(report.incumbents).toEqual([before]);
  const [swing] = report.shadow.terms.filter(({ what }) => what.startsWith("damage."));
  expect(swing!.candidate).toBeGreaterThan(swing!.incumbent);
  await remote.rollback(trial, 1, "seen", NEVER);
  await until("the zone is back", async () => (await remote.zone(1)).hash === before);
  const back = await seen(
    shadow,
    "its ticks are its own again",
    (status) => sum(reportOf(status), ({ own }) => own) > 20,
  );
  const { compared, own } = reportOf(back).shadow.zones[0]!;
  const later = await seen(shadow, "more of them", (status) => sum(reportOf(status), (zone) => zone.own) > own);
  expect(reportOf(later).shadow.zones[0]).toMatchObject({ compared, mismatched: 0 });
});

test("a zone that traps and recovers is followed on, and every other tick is compared", async () => {
  const shadow = await begin({ hash: await load("refactoring"), zone_ids: [2], ticks: 0 });
  await seen(shadow, "it follows", ({ report }) => (report?.ticks ?? 0) > 20);
  await control.ask({ command: "activate", fault_id: "zone-trap", target_zone_id: 2 });
  await until("it has recovered", async () => {
    const recoveries = await server.metricByLabel("wowsim_zone_recoveries_total");
    return (recoveries.get("2") ?? 0) > 0;
  });
  await control.ask({ command: "deactivate", fault_id: "zone-trap" });
  const at = (await statusOf(shadow)).report?.shadow.zones[0]?.to_tick ?? 0;
  const isFollowed = ({ verdict, shadow: { zones } }: ShadowReport): boolean =>
    verdict === "pass" && (zones[0]?.to_tick ?? 0) > at + 100;
  const status = await seen(shadow, "it follows on", ({ report }) => report !== null && isFollowed(report));
  const [zone] = reportOf(status).shadow.zones;
  expect(zone).toMatchObject({ mismatched: 0 });
  expect(zone!.skipped).toBeLessThan(20);
});

test("what is wrong is refused, and says what to do", async () => {
  const hash = await load("refactoring");
  const refusal = async (request: Record<string, unknown>): Promise<unknown> =>
    control.ask({ command: "shadow_module", hash, ...request }).catch((error: Error) => error);
  expect(await refusal({ hash: "0123456789abcdef" })).toMatchObject({ code: "module_unknown" });
  expect(await refusal({ zone_ids: [1, 99] })).toMatchObject({
    code: "no_such_zone",
    message: "There is no zone 99; there are 1, 2.",
  });
  for (const wrong of [
    { ticks: -1 },
    { ticks: 1e9 },
    { role: "other" },
    { zone_ids: "1" },
    { hash: "x" },
    { expect: 7 },
  ])
    expect(await refusal(wrong)).toMatchObject({ code: "bad_request" });
  expect(await refusal({ expect: "[[expect]]\nwat = 1" })).toMatchObject({ code: "expectations_invalid" });
  expect(await control.ask({ command: "shadow_status", shadow: 9_999 }).catch((error: Error) => error)).toMatchObject({
    code: "no_such_shadow",
  });
});

test("of a zone without players too little is known; and a journal that does not make anybody wait is followed too", async () => {
  await using idle = await startServerChild({ flags: ["--durability", "none"] });
  const alone = await ControlClient.connect({ host, port: idle.ports.control });
  try {
    const hash = await load("refactoring", new DeployRemote(alone));
    const status = await ended(await begin({ hash, ticks: 60 }, alone), alone);
    expect(reportOf(status).reason).toMatch(/^inconclusive: recording: 0 ticks with players \(at least 200\)/);
    expect(sum(reportOf(status), ({ equal }) => equal)).toBe(120);
  } finally {
    alone.close();
  }
});

test("nobody in the game has noticed any of it", () => {
  const { drops, protocolErrors } = swarm.stats;
  expect({ playing: swarm.playing, drops, protocolErrors }).toEqual({ playing: 40, drops: 0, protocolErrors: 0 });
});
