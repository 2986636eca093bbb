// Some of the players of bench/storm.ts, a process of their own: they walk to where they live, stand about there, and come back by
// themselves when they are dropped. It is asked in lines, and answers each with a line:
//
//   > {"do":"watch"}                      < {"playing":2500}                       from now on it notes who is dropped and who is back
//   > {"do":"result","msMax":30000}       < {"dropped":2500,"back":[812,...],...}  milliseconds from the watch's begin

import { createInterface } from "node:readline";
import { crowdClient } from "./crowd-client.ts";
import { crowdWorld } from "./crowd-world.ts";
import { seededRandom, seedOf } from "../../server/protocol/seeded-random.ts";
import { at } from "../../server/protocol/assert.ts";
import { ClientStats } from "../../tools/client/client-stats.ts";
import { Bot } from "../../tools/client/bot.ts";
import { GameClient } from "../../tools/client/game-client.ts";
import { forEachAtOnce, pace } from "../../tools/client/pacer.ts";

export interface StormOrder {
  port: number;
  first: number;
  count: number;
  zones: number;
  /** In all processes. */
  players: number;
  /** To walk home. */
  warmUpSeconds: number;
  seed: number;
}

export interface StormResult {
  dropped: number;
  /** Milliseconds until each played again. */
  back: number[];
  /** Sessions that were begun anew, though the player wanted to resume one. */
  restarted: number;
  errors: number;
  examples: string[];
  sessions: number[];
}

const LOOK_MS = 20;
/** Each acts now and then: a session that never acted is held for a shorter time. */
const ACTIONS_PER_SECOND = 0.2;
const STEPS_PER_SECOND = 1;
const CONNECTS_AT_ONCE = 16;

const order = JSON.parse(process.argv[2] ?? "{}") as StormOrder;
const stats = new ClientStats();
const { home } = crowdWorld({ zones: order.zones, players: order.players, manner: "living" });
const bots = Array.from({ length: order.count }, (_, index) => newBot(order.first + index));
const clients = bots.map(({ client }) => client);
const act = (index: number): void => void at(bots, index).act(performance.now());
const now = (): number => performance.now();
const walk = pace({ count: order.count, perSecond: STEPS_PER_SECOND, now, visit: act });
await forEachAtOnce(order.count, CONNECTS_AT_ONCE, (index) => at(clients, index).connect());
await Bun.sleep(order.warmUpSeconds * 1_000);
walk();
pace({ count: order.count, perSecond: ACTIONS_PER_SECOND, now, visit: act });

let beganMs = 0;
const out = new Set<GameClient>();
const back = new Map<GameClient, number>();
setInterval(() => {
  if (beganMs === 0) return;
  for (const client of clients) {
    if (!client.isPlaying) {
      out.add(client);
      back.delete(client);
    } else if (out.has(client) && !back.has(client)) back.set(client, performance.now() - beganMs);
  }
}, LOOK_MS);

process.stdout.write(`{"playing":${clients.length}}\n`);
for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line) as { do: "watch" } | { do: "result"; msMax: number };
  process.stdout.write(`${JSON.stringify(request.do === "watch" ? watch() : await result(request.msMax))}\n`);
}
process.exit(0);

function watch(): { playing: number } {
  out.clear();
  back.clear();
  beganMs = performance.now();
  return { playing: clients.filter(({ isPlaying }) => isPlaying).length };
}

async function result(msMax: number): Promise<StormResult> {
  while (back.size < clients.length && performance.now() - beganMs < msMax) await Bun.sleep(LOOK_MS);
  const { restarted, protocolErrors: errors, protocolErrorExamples: examples } = stats;
  const sessions = clients.map(({ sessionId }) => sessionId);
  return { dropped: out.size, back: [...back.values()], restarted, errors, examples, sessions };
}

function newBot(index: number): Bot {
  const client = new GameClient({
    ...crowdClient(order, index),
    protocol: "binary",
    stats,
    onlyEvents: new Set<string>(),
  });
  const place = home(Math.floor(index / order.zones));
  return new Bot(client, seededRandom(seedOf(order.seed, "bot", index)), () => ({ do: "walk", ...place, stopAt: 1 }));
}
