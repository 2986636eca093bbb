// The players of bench/crowd.ts, a process of their own: connect, walk to where they play, play there for the time that is
// measured, and now and then compare what they know with what the zones know. Orders come as one JSON argument, the report is one line.
//
//   bun bench/lib/crowd-process.ts '{"port":41000,"control":41001,"count":5000,"zones":8,"rate":2,"seconds":60,...}'

import { messageOf } from "../../server/protocol/errors.ts";
import { loadContent } from "../../server/protocol/content/load.ts";
import { seededRandom, seedOf } from "../../server/protocol/seeded-random.ts";
import { ratio, sum } from "../../tools/analysis/measured.ts";
import { Bot } from "../../tools/client/bot.ts";
import { ControlClient } from "../../tools/client/control-client.ts";
import {
  cast,
  distanceBetween,
  harmfulSpell,
  isFightable,
  isFree,
  isHealing,
  MELEE,
} from "../../tools/client/behaviour.ts";
import type { Action, Behaviour, View } from "../../tools/client/behaviour.ts";
import { ClientStats } from "../../tools/client/client-stats.ts";
import { GameClient } from "../../tools/client/game-client.ts";
import { CONNECTS_AT_ONCE, forEachAtOnce, pace } from "../../tools/client/pacer.ts";
import { SpellBook } from "../../tools/client/spell-book.ts";
import type { Protocol } from "../../tools/client/wire.ts";
import type { KnownEntity, Position } from "../../tools/client/world-model.ts";
import { spentBy } from "./cpu-times.ts";
import { crowdClient } from "./crowd-client.ts";
import { crowdWorld } from "./crowd-world.ts";
import type { CrowdManner } from "./crowd-world.ts";
import { WorldCheck } from "../../server/testing/world-compare.ts";

export interface CrowdOrder {
  port: number;
  control: number;
  serverPid: number;
  count: number;
  zones: number;
  manner: CrowdManner;
  /** Actions a second of each. */
  rate: number;
  /** Walking to where they play, and then what is measured. */
  warmUpSeconds: number;
  seconds: number;
  protocol: Protocol;
  seed: number;
}

const PINGS_PER_SECOND = 0.2;
/** Further from home than this, a player goes back. */
const HOME_YD = 20;
const PREY_YD = 30;
/** Share of its health below which it heals itself. */
const HURT = 0.7;
/** From one look into a zone to the next. */
const CHECK_EVERY_MS = 2_000;
/** The answer waits for this process too, which may have its hands full. */
const ANSWER_MS_MAX = 30_000;
const EVENTS: ReadonlySet<string> = new Set(["refused", "trade"]);

const order = JSON.parse(process.argv[2] ?? "{}") as CrowdOrder;
const stats = new ClientStats();
const book = new SpellBook(loadContent());
const now = (): number => performance.now();
const { home } = crowdWorld({ zones: order.zones, players: order.count, manner: order.manner });

const operator = await ControlClient.connect({ host: "127.0.0.1", port: order.control, timeoutMs: ANSWER_MS_MAX });
const bots = Array.from({ length: order.count }, (_, index) => newBot(index));
const clients = bots.map(({ client }) => client);
const refusals: string[] = [];
// Those with the longest way first.
await forEachAtOnce(order.count, CONNECTS_AT_ONCE, async (turn) => {
  const index = order.count - 1 - turn;
  try {
    await clients[index]?.connect();
  } catch (error) {
    refusals.push(messageOf(error));
  }
});
let late = 0;
const onLate = (turns: number): void => {
  late += turns;
};
const act = (index: number): void => void bots[index]?.act(now());
const stops = [
  pace({ count: order.count, perSecond: order.rate, now, visit: act, onLate }),
  pace({ count: order.count, perSecond: PINGS_PER_SECOND, now, visit: (index) => void clients[index]?.ping() }),
];
await Bun.sleep(order.warmUpSeconds * 1_000);
stats.resetRoundTrips();
const before = { bytesIn: stats.bytesIn, actions: stats.actions, states: stats.states, late };
const spent = spentBy({ server: order.serverPid, players: process.pid });
const worlds = new WorldCheck(operator, clients);
const startedAt = Date.now();
const endsAt = now() + order.seconds * 1_000;
for (let check = 0; endsAt - now() > CHECK_EVERY_MS; check++) {
  await Bun.sleep(CHECK_EVERY_MS);
  await worlds.zone((check % order.zones) + 1);
}
await Bun.sleep(Math.max(0, endsAt - now()));
const seconds = (Date.now() - startedAt) / 1_000;
const cpu = spent();
const measured = {
  from_ms: startedAt,
  to_ms: Date.now(),
  connected: clients.filter((client) => client.isPlaying).length,
  not_let_in: refusals[0] ?? "",
  in_sight: ratio(sum(clients.map(({ world }) => world.entities.size)), clients.length),
  at_home: clients.filter((client, index) => distanceBetween(client.position, homeOf(index)) < HOME_YD * 2).length,
  actions_per_second: ratio(stats.actions - before.actions, seconds),
  states_per_second: ratio(stats.states - before.states, seconds),
  bytes_per_second_and_client: ratio(stats.bytesIn - before.bytesIn, seconds * order.count),
  round_trip_ms: stats.roundTripMs,
  ping_ms: stats.pingMs,
  turns_late: late - before.late,
  cpu: { ...cpu, seconds },
};
for (let zoneId = 1; zoneId <= order.zones; zoneId++) await worlds.zone(zoneId);
const compared = worlds.result();
for (const stop of stops) stop();
await Promise.all(clients.map((client) => client.leave()));
process.stdout.write(`${JSON.stringify({ measured, compared, stats: stats.toJson() })}\n`);
process.exit(0);

function homeOf(index: number): Position {
  return { ...home(Math.floor(index / order.zones)), z: 0 };
}

function newBot(index: number): Bot {
  const client = new GameClient({
    ...crowdClient(order, index),
    protocol: order.protocol,
    stats,
    now,
    onEvent: (event) => bot.onEvent(event),
    onlyEvents: EVENTS,
  });
  const bot = new Bot(client, seededRandom(seedOf(order.seed, "bot", index)), playAt(homeOf(index)), book);
  return bot;
}

/** Fights what is near, looks after itself, and never goes far from home. */
function playAt(place: Position): Behaviour {
  return (view): Action => {
    const { position, random, self, spells } = view;
    const prey = preyNear(view);
    if (distanceBetween(position, place) > HOME_YD) return { do: "walk", x: place.x, y: place.y, stopAt: HOME_YD / 2 };
    const heal = self.health < self.max_health * HURT && isFree(view) ? spells.find(isHealing) : undefined;
    if (heal !== undefined) return cast(heal, view.entityId);
    if (prey === null)
      return { do: "walk", x: place.x + (random() - 0.5) * 12, y: place.y + (random() - 0.5) * 12, stopAt: 0 };
    const spell = isFree(view) ? harmfulSpell(view, prey) : null;
    if (spell !== null) return cast(spell, prey.id);
    if (distanceBetween(position, prey) > MELEE) return { do: "walk", x: prey.x, y: prey.y, stopAt: MELEE / 2 };
    return view.attacking === prey.id ? { do: "hold" } : { do: "attack", target: prey.id };
  };
}

/** What it fights already, while that is near; else the nearest. */
function preyNear({ entities, prey, position }: View): KnownEntity | null {
  const current = entities.get(prey);
  const isGood = current !== undefined && isFightable(current) && distanceBetween(position, current) < PREY_YD;
  return isGood ? current : nearestPrey(entities, position);
}

function nearestPrey(entities: ReadonlyMap<number, KnownEntity>, from: Position): KnownEntity | null {
  let nearest: KnownEntity | null = null;
  let least = PREY_YD;
  for (const entity of entities.values()) {
    if (entity.kind !== "creature") continue;
    const distance = distanceBetween(from, entity);
    if (distance >= least || !isFightable(entity)) continue;
    nearest = entity;
    least = distance;
  }
  return nearest;
}
