// The players of bench/overload.ts, a process of their own: a crowd in one zone, some players in the others, and one in the
// crowd who holds game time against the clock. Orders are one JSON argument; each line on stdin ends a stretch of time, and
// what it was like is answered with a line of JSON. Ends with stdin.
//
//   bun bench/lib/overload-process.ts '{"port":41000,"crowd":300,"others":60,"zone":1,"otherZones":[2,3,4],"rate":2,"seed":1}'
//   < {"playing":561,...}                          all are in
//   > calm
//   < {"crowd":{"count":9800,"p50":31.2,...},"timers":{"casts":9,...},"clock":{"ticks":400,"expected":399.8,...}}

import { createInterface } from "node:readline";
import { seededRandom, seedOf } from "../../server/protocol/seeded-random.ts";
import { ClientStats } from "../../tools/client/client-stats.ts";
import { GameClient } from "../../tools/client/game-client.ts";
import type { GameEvent } from "../../tools/client/wire.ts";
import { Swarm } from "../../tools/client/swarm.ts";

export interface OverloadOrder {
  port: number;
  /** How many play in the zone that is to be overloaded, and how many in all of the others together. */
  crowd: number;
  others: number;
  zone: number;
  otherZones: number[];
  /** Actions a second of each. */
  rate: number;
  seed: number;
}

const CAST_EVERY_MS = 4_000;
const LOOK_MS = 20;
/** A spell with a cast time, which needs no target: it then completes without effect. */
const SPELL = 200;

const order = JSON.parse(process.argv[2] ?? "{}") as OverloadOrder;
const now = (): number => performance.now();
const { port, rate, seed } = order;
const common = { host: "127.0.0.1", port, rate, protocol: "binary", now } as const;

const crowd = await Swarm.start({ ...common, count: order.crowd, zone: order.zone, seed });
const others: Swarm[] = [];
for (const [index, zone] of order.otherZones.entries()) {
  const count = Math.max(1, Math.round(order.others / order.otherZones.length));
  others.push(await Swarm.start({ ...common, count, zone, seed: seedOf(seed, index), namePrefix: `Other ${zone}` }));
}

/** Casts of the timekeeper in this stretch: game time, and time by the clock. */
let casts: { gameMs: number; clockMs: number; rate: number }[] = [];
let begun: { tick: number; atMs: number } | null = null;
/** Ticks the zone went on by, and what the rate that clients were told makes of the time that went by. */
let clock = { ticks: 0, expected: 0, rateMin: 1 };
let last = { tick: 0, atMs: now() };

const timekeeper = new GameClient({
  host: common.host,
  port,
  name: "Timekeeper",
  zone: order.zone,
  playerClass: "Mage",
  protocol: "binary",
  random: seededRandom(seed),
  stats: new ClientStats(),
  onEvent,
  onlyEvents: new Set(["cast_started", "cast_completed", "cast_interrupted"]),
});
await timekeeper.connect();
const casting = setInterval(() => {
  if (timekeeper.world.self?.health === 0) timekeeper.release();
  else timekeeper.cast(SPELL);
}, CAST_EVERY_MS);
const looking = setInterval(keepTime, LOOK_MS);

function onEvent({ event, tick, source_id }: GameEvent): void {
  if (source_id !== timekeeper.entityId) return;
  const started = begun;
  begun = event === "cast_started" ? { tick, atMs: now() } : null;
  if (event !== "cast_completed" || started === null) return;
  const gameMs = ((tick - started.tick) * 1_000) / timekeeper.tickRateHz;
  casts.push({ gameMs, clockMs: now() - started.atMs, rate: timekeeper.world.pace.rate });
}

/** Adds up the time since the last look, at the rate it was told. */
function keepTime(): void {
  const { tick, pace } = timekeeper.world;
  const atMs = now();
  clock.expected += ((atMs - last.atMs) / 1_000) * timekeeper.tickRateHz * pace.rate;
  if (last.tick > 0 && tick > last.tick) clock.ticks += tick - last.tick;
  clock.rateMin = Math.min(clock.rateMin, pace.rate);
  last = { tick, atMs };
}

function endStretch(): Record<string, unknown> {
  const report = {
    playing: crowd.playing + others.reduce((sum, swarm) => sum + swarm.playing, 0),
    crowd: crowd.stats.roundTripMs,
    others: others.map(({ stats }) => stats.roundTripMs),
    casts,
    clock,
    pending: crowd.clients.reduce((sum, client) => sum + client.pendingActions, 0),
    ...totals(),
  };
  for (const { stats } of [crowd, ...others]) stats.resetRoundTrips();
  casts = [];
  clock = { ticks: 0, expected: 0, rateMin: 1 };
  return report;
}

/** Since the beginning, of everybody. */
function totals(): Record<string, number> {
  const stats = [crowd, ...others].map((swarm) => swarm.stats);
  const sum = (read: (one: ClientStats) => number): number => stats.reduce((total, one) => total + read(one), 0);
  return {
    actions: sum((one) => one.actions),
    acks: sum((one) => one.acks),
    busy: sum((one) => one.busy),
    lost: sum((one) => one.lost),
    drops: sum((one) => one.drops),
    protocol_errors: sum((one) => one.protocolErrors),
  };
}

const answer = (report: unknown): void => void process.stdout.write(`${JSON.stringify(report)}\n`);
answer(endStretch());
const lines = createInterface({ input: process.stdin }).on("line", () => answer(endStretch()));
await new Promise((resolve) => lines.once("close", resolve));
clearInterval(casting);
clearInterval(looking);
await Promise.all([crowd, ...others].map((swarm) => swarm.stop()));
await timekeeper.leave();
answer(totals());
process.exit(0);
