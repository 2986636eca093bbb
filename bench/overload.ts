// Measures a zone with twice as much work as time, and its effect on others: four zones, a crowd in the first. A
// kernel that costs many times as much in a crowd (lib/costly-kernel.ts; the factor is measured first) is deployed to the first zone
// alone, by the usual commands; the zone raises its overload level until it keeps up. Then the kernel is rolled back.
//
//   bun bench/overload.ts --crowd 300 --seconds 10
//
// Figures come from the server's own telemetry and from the players. Load is the zone's own processor time as a share of the
// time it has: 1 is the most it can carry. One player, the timekeeper, casts all the time and compares each cast, and the number of
// ticks, with its own clock and the rate of game time that the zone sent.

import { LADDER } from "../server/shared/overload.ts";
import type { TelemetryLine } from "../server/protocol/telemetry-line.ts";
import { difference, isAbove, mapped, measured, ratio, sum } from "../tools/analysis/measured.ts";
import type { Measured } from "../tools/analysis/measured.ts";
import { measuredOf } from "../tools/analysis/telemetry-text.ts";
import { ControlClient } from "../tools/client/control-client.ts";
import type { Percentiles } from "../tools/client/client-stats.ts";
import { out, outJson } from "../tools/ui/output.ts";
import { tableLines } from "../tools/ui/table.ts";
import { fixed, p99Max, printChecks } from "../server/testing/checks.ts";
import type { Check } from "../server/testing/checks.ts";
import { integer, rateFlag, runBench, seedFlag } from "./lib/bench.ts";
import type { FlagsOf } from "./lib/bench.ts";
import { buildCostlyKernel } from "./lib/costly-kernel.ts";
import { OverloadPlayers } from "./lib/overload-players.ts";
import type { Stretch } from "./lib/overload-players.ts";
import { startServerChild } from "../server/testing/server-child.ts";
import type { ServerChild } from "../server/testing/server-child.ts";
import { greatestOf, isAtMost, Most, quantile } from "../server/testing/statistics.ts";
import { readWindow } from "../server/testing/telemetry-window.ts";
import type { Span } from "../server/testing/telemetry-window.ts";

const WORLD = "server/protocol/content/worlds/four-zones.toml";
const ZONE = 1;
const OTHER_ZONES = [2, 3, 4];
const SETTLE_SECONDS = 5;
/** At one pace for longer than its slowest steps take: it has found its place. */
const STEADY_MS = 6_000;
const CLIMB_MS_MAX = 60_000;
/** What the checks hold the figures to. */
const LIMITS = {
  returnMs: 120_000,
  /** Of what the zone is given to do: what counts as twice of what it can. */
  loadMin: 1.8,
  /** A round trip may take so many ticks, at the pace the zone has: one to wait for, one to be in, and what the machine takes. */
  roundTripTicks: 4,
  /** By how much game time may differ from the clock at the rate that was told. */
  clockShare: 0.03,
} as const;
const LEASE_MS = 600_000;
const LOOK_MS = 100;
/** What the zone is given to do. */
const LOAD_MEANT = 2.3;
/** Kernels that cost little to such a crowd, and so many times more each, are tried until one adds that much. */
const TRIAL = {
  crowd: 300,
  factor: 3,
  loadMin: 0.15,
  ms: 1_500,
} as const;
const LOOKS = 15;

const FLAGS = {
  crowd: integer("players in the zone that is overloaded", 10, 3_000, 300),
  others: integer("players in the three others together", 3, 3_000, 60),
  rate: rateFlag("player"),
  seconds: integer("of each stretch that is measured: before, overloaded, and after", 2, 600, 10),
  tickRate: integer("of the server", 5, 100, 20),
  seed: seedFlag("server and players"),
};
type Flags = FlagsOf<typeof FLAGS>;

await runBench("overload", FLAGS, overload);

async function overload(flags: Flags): Promise<Check[]> {
  await using server = await startServerChild({ world: WORLD, seed: flags.seed, tickRateHz: flags.tickRate });
  const { crowd, others, rate, seed } = flags;
  const order = { port: server.ports.game, crowd, others, zone: ZONE, otherZones: OTHER_ZONES, rate, seed };
  await using players = await OverloadPlayers.start(order);
  const play = await drive(server, players, flags);
  const totals = await players.stop();
  await server.stop();
  const report = await reportOf(server, play, totals);
  const checks = judge(report, 1_000 / flags.tickRate);
  if (flags.format === "json") outJson({ flags, ...report, checks });
  else print(flags, report, checks);
  return checks;
}

/** One stretch of time: what the players say of it, and when it was. */
interface Timed {
  span: Span;
  stretch: Stretch;
}

interface Play {
  calm: Timed;
  /** From the bad kernel's swap until the ladder had found its place. */
  climb: Timed;
  overloaded: Timed;
  /** From the rollback until the zone left out nothing any more; how long that took, or null when it did not come to that. */
  return: Timed;
  returnMs: number | null;
  after: Timed;
}

async function drive(server: ServerChild, players: OverloadPlayers, { crowd, seconds }: Flags): Promise<Play> {
  await using control = await ControlClient.connect({ host: "127.0.0.1", port: server.ports.control });
  await Bun.sleep(SETTLE_SECONDS * 1_000);
  const hash = await twiceTheLoad(server, control, crowd);
  await players.endStretch();
  const measure = async (wait: () => Promise<unknown>): Promise<Timed> => {
    const fromMs = Date.now();
    await wait();
    return { span: { fromMs, toMs: Date.now() }, stretch: await players.endStretch() };
  };
  const calm = await measure(() => Bun.sleep(seconds * 1_000));
  const climb = await measure(async () => {
    await swap(control, hash);
    await steadyLevel(server);
  });
  const overloaded = await measure(() => Bun.sleep(seconds * 1_000));
  let returnMs: number | null = null;
  const back = await measure(async () => {
    await control.ask({ command: "deploy_rollback", zone_id: ZONE });
    returnMs = await levelZero(server);
  });
  const after = await measure(() => Bun.sleep(seconds * 1_000));
  return { calm, climb, overloaded, return: back, returnMs, after };
}

/** A kernel that gives the zone LOAD_MEANT; its hash. Costs are in proportion: tried with little, reckoned for more. */
async function twiceTheLoad(server: ServerChild, control: ControlClient, crowd: number): Promise<string> {
  const without = await meanLoad(server);
  let [times, added] = [Math.ceil((TRIAL.crowd / crowd) ** 2), 0];
  while (added < TRIAL.loadMin) {
    times *= TRIAL.factor;
    await swap(control, await send(control, times));
    await Bun.sleep(TRIAL.ms);
    added = (await meanLoad(server)) - without;
    await control.ask({ command: "deploy_rollback", zone_id: ZONE });
  }
  const hash = await send(control, Math.round((times * (LOAD_MEANT - without)) / added));
  await Bun.sleep(TRIAL.ms);
  return hash;
}

async function meanLoad(server: ServerChild): Promise<number> {
  const loads: number[] = [];
  for (let look = 0; look < LOOKS; look++) {
    loads.push(await zoneGauge(server, "load"));
    await Bun.sleep(LOOK_MS);
  }
  return loads.reduce((all, one) => all + one, 0) / loads.length;
}

/** Sends a kernel that costs so many times as much; its hash, once the server has checked it. */
async function send(control: ControlClient, times: number): Promise<string> {
  const module = Buffer.from(await buildCostlyKernel(times)).toString("base64");
  const { hash } = await control.ask({ command: "deploy_load", module, label: `costly, ${times} times` });
  for (;;) {
    const { modules } = await control.ask({ command: "deploy_status", hash });
    const [known] = modules as { state: string; problems: string[] }[];
    if (known?.state === "ready") return String(hash);
    if (known?.state !== "checking") throw new Error(`The kernel was refused: ${known?.problems.join("; ")}`);
    await Bun.sleep(LOOK_MS);
  }
}

/** The first zone runs that kernel when this is over. */
async function swap(control: ControlClient, hash: string): Promise<void> {
  await control.ask({ command: "deploy_swap", hash, zone_id: ZONE, lease_ms: LEASE_MS });
  for (;;) {
    const { zones } = await control.ask({ command: "deploy_status" });
    const zone = (zones as { zone_id: number; hash: string; phase: string; last_error: string | null }[]).find(
      ({ zone_id }) => zone_id === ZONE,
    );
    if (zone?.hash === hash) return;
    if (zone?.phase !== "swapping")
      throw new Error(`The kernel was not swapped in: ${zone?.last_error ?? "no reason"}`);
    await Bun.sleep(LOOK_MS);
  }
}

async function zoneGauge(server: ServerChild, name: string): Promise<number> {
  const value = (await server.metricByLabel(`wowsim_zone_${name}`)).get(String(ZONE));
  if (value === undefined) throw new Error(`/metrics has no wowsim_zone_${name} of zone ${ZONE}.`);
  return value;
}

/** Waits until the zone has climbed as far as it has to, and has kept its pace since. */
async function steadyLevel(server: ServerChild): Promise<void> {
  const giveUpAt = Date.now() + CLIMB_MS_MAX;
  let [pace, sinceMs] = ["", Date.now()];
  while (Date.now() < giveUpAt) {
    const [level, rate] = [await zoneGauge(server, "overload_level"), await zoneGauge(server, "game_time_rate")];
    const seen = `${level} ${rate}`;
    if (seen !== pace) [pace, sinceMs] = [seen, Date.now()];
    if (level > 0 && Date.now() - sinceMs >= STEADY_MS) return;
    await Bun.sleep(LOOK_MS);
  }
}

async function levelZero(server: ServerChild): Promise<number | null> {
  const fromMs = Date.now();
  while (Date.now() - fromMs < LIMITS.returnMs) {
    if ((await zoneGauge(server, "overload_level")) === 0) return Date.now() - fromMs;
    await Bun.sleep(LOOK_MS);
  }
  return null;
}

interface Report {
  /** Load, level and rate of game time, every second from the swap on. */
  course: { atS: number; load: Measured; level: Measured; rate: Measured; ticksPerS: number }[];
  /** The highest load before the zone did less than all of its work: holding state back saves bytes, not work. */
  loadAtFirst: Measured;
  othersP99: { before: Measured; meanwhile: Measured; after: Measured };
  crowd: { before: Percentiles; meanwhile: Percentiles; after: Percentiles };
  /** Game time against the clock, while the ladder kept its place. */
  clock: { ticks: number; expected: number; rate: number };
  casts: { gameMs: number; clockMs: number; rate: number }[];
  returnMs: number | null;
  othersLevelMax: Measured;
  totals: Record<string, number>;
}

async function reportOf(server: ServerChild, play: Play, totals: Record<string, number>): Promise<Report> {
  const others = async ({ span }: Timed): Promise<Measured> => {
    const { zones } = await readWindow(server.telemetry(), span);
    return quantile(
      OTHER_ZONES.flatMap((id) => zones.get(id)?.durationMs ?? []),
      0.99,
    );
  };
  const { course, loadAtFirst, othersLevelMax } = await readCourse(server.telemetry(), play);
  const { overloaded } = play;
  return {
    course,
    loadAtFirst,
    othersLevelMax,
    othersP99: {
      before: await others(play.calm),
      meanwhile: await others(overloaded),
      after: await others(play.after),
    },
    crowd: { before: play.calm.stretch.crowd, meanwhile: overloaded.stretch.crowd, after: play.after.stretch.crowd },
    clock: {
      ticks: overloaded.stretch.clock.ticks,
      expected: overloaded.stretch.clock.expected,
      rate: overloaded.stretch.clock.rateMin,
    },
    casts: overloaded.stretch.casts,
    returnMs: play.returnMs,
    totals,
  };
}

async function readCourse(
  lines: AsyncIterable<TelemetryLine>,
  play: Play,
): Promise<Pick<Report, "course" | "loadAtFirst" | "othersLevelMax">> {
  const course: Report["course"] = [];
  const [loadAtFirst, othersLevel] = [new Most(), new Most()];
  const { fromMs } = play.climb.span;
  for await (const { message, timestamp, data } of lines) {
    if (message !== "Zone tick completed") continue;
    const level = measuredOf(data, "overload_level");
    const load = measuredOf(data, "load");
    const rate = measuredOf(data, "game_time_rate");
    if (data["zone_id"] !== ZONE) {
      othersLevel.add(level);
      continue;
    }
    const second = Math.floor((Date.parse(timestamp) - fromMs) / 1_000);
    if (second < 0) continue;
    if (course.every((row) => isAtMost(row.level, 1))) loadAtFirst.add(load);
    const row = course.at(-1);
    if (row?.atS === second) Object.assign(row, { load, level, rate, ticksPerS: row.ticksPerS + 1 });
    else course.push({ atS: second, load, level, rate, ticksPerS: 1 });
  }
  return { course, loadAtFirst: loadAtFirst.value, othersLevelMax: othersLevel.value };
}

function judge(report: Report, intervalMs: number): Check[] {
  const { othersP99, crowd, clock, casts, returnMs, totals, loadAtFirst, othersLevelMax } = report;
  const most = p99Max(othersP99.before);
  const roundTripMax = ratio(LIMITS.roundTripTicks * intervalMs, clock.rate);
  const off = mapped(ratio(clock.ticks, clock.expected), (share) => Math.abs(share - 1));
  const worst = greatestOf(casts.map(({ gameMs, clockMs, rate }) => measured(Math.abs(clockMs * rate - gameMs))));
  const number = (field: string): Measured => measuredOf(totals, field);
  const count = (field: string): string => fixed(number(field), 0);
  const answered = sum([number("acks"), number("busy")]);
  const level = greatestOf(report.course.map((row) => row.level));
  return [
    {
      what: "The zone had about twice the work it can carry",
      restsOn: "time",
      holds: loadAtFirst !== null && loadAtFirst >= LIMITS.loadMin,
      shown: `load ${fixed(loadAtFirst)} before its sight shrank (at least ${LIMITS.loadMin})`,
    },
    {
      what: "It climbed the ladder, and no other zone did",
      holds: isAbove(level, 0) && othersLevelMax === 0,
      shown: `level ${fixed(level, 0)} of ${LADDER.at(-1)?.level}; the others ${fixed(othersLevelMax, 0)}`,
    },
    {
      what: "The others keep their tick p99",
      restsOn: "time",
      holds: isAtMost(othersP99.meanwhile, most),
      shown: `${fixed(othersP99.before)} ms before, ${fixed(othersP99.meanwhile)} ms meanwhile (at most ${fixed(most)})`,
    },
    {
      what: "A round trip in the overloaded zone stays bounded",
      restsOn: "time",
      holds: crowd.meanwhile.count > 0 && isAtMost(crowd.meanwhile.p99, roundTripMax),
      shown: `p50 ${fixed(crowd.meanwhile.p50)}, p99 ${fixed(crowd.meanwhile.p99)}, max ${fixed(crowd.meanwhile.max)} ms (p99 at most ${fixed(roundTripMax)}, ${LIMITS.roundTripTicks} of its ticks)`,
    },
    {
      what: "Ticks go by at the rate that clients are told",
      restsOn: "time",
      holds: isAtMost(off, LIMITS.clockShare),
      shown: `${clock.ticks} ticks, ${fixed(clock.expected)} by the clock at rate ${fixed(clock.rate)}`,
    },
    {
      what: "Casts take as long as the dilated clock says",
      restsOn: "time",
      holds: isAtMost(worst, 2 * intervalMs),
      shown: `${casts.length} casts, at most ${fixed(worst)} ms of game time off (${fixed(2 * intervalMs)}, two ticks)`,
    },
    {
      what: "It comes back by itself",
      holds: returnMs !== null,
      shown: returnMs === null ? "it did not" : `level 0 after ${fixed(returnMs / 1_000)} s`,
    },
    {
      what: "No action went without an answer, nobody was disconnected, nobody was told a contradiction",
      holds: difference(number("actions"), answered) === 0 && sum([number("drops"), number("protocol_errors")]) === 0,
      shown: `${count("acks")} of ${count("actions")} acknowledged, ${count("busy")} refused as busy, ${count("drops")} drops, ${count("protocol_errors")} protocol errors`,
    },
  ];
}

function print(flags: Flags, report: Report, checks: Check[]): void {
  const { crowd, others, rate, seconds, tickRate, seed } = flags;
  out(
    `bun bench/overload.ts --crowd ${crowd} --others ${others} --rate ${rate} --seconds ${seconds} --tick-rate ${tickRate} --seed ${seed}`,
  );
  const isNews = ({ level, rate: time }: Report["course"][number], index: number): boolean => {
    const before = report.course[index - 1];
    return before?.level !== level || before.rate !== time || index === report.course.length - 1;
  };
  const rows = report.course
    .filter(isNews)
    .map(({ atS, load, level, rate: time, ticksPerS }) => [atS, fixed(load), fixed(level, 0), fixed(time), ticksPerS]);
  for (const line of tableLines(["second", "load", "level", "game time", "ticks"], rows)) out(line);
  const trips = Object.entries(report.crowd).map(([when, { p50, p99, max, count }]) => {
    return [when, count, ...[p50, p99, max].map((ms) => fixed(ms))];
  });
  for (const line of tableLines(["round trips", "count", "p50 ms", "p99 ms", "max ms"], trips)) out(line);
  const { before, meanwhile, after } = report.othersP99;
  out(`tick p99 of the other zones: ${fixed(before)} ms before, ${fixed(meanwhile)} meanwhile, ${fixed(after)} after`);
  printChecks(checks);
}
