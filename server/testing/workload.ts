// A zone in the middle of play, generated from a seed: half players, half creatures, spread evenly, so that the number of
// neighbours does not depend on the number of entities. Every other player stands beside a creature and fights it; the rest
// walk around, cast at near creatures, and are attacked.
//
//   const { work } = prepareWork(kernel, world.content, { entities: 5_000, ticks: 1_200, seed: 1 })
//   // 2,500 players who all watch, 250 commands a tick, after 100 warm-up ticks of the same kind
//
// Commands are drawn before the measurement, and do not depend on the state: the same work for every build of the kernel.

import * as abi from "../../assembly/abi.ts";
import { at as itemAt } from "../protocol/assert.ts";
import type { Content } from "../protocol/content/content.ts";
import { writeContent } from "../zone/content-tables.ts";
import { seededRandom } from "../protocol/seeded-random.ts";
import { createMemory, instantiate } from "../../assembly/toolchain/instance.ts";
import type { Kernel } from "../../assembly/toolchain/kernel.ts";
import { BatchWriter } from "./batch-writer.ts";
import { runTick } from "./run-tick.ts";
import { addressesOf } from "./work-file.ts";
import type { Work } from "./work-file.ts";

export interface WorkloadOptions {
  /** Players and creatures together; half are players. */
  entities: number;
  /** The number of ticks with commands. */
  ticks: number;
  seed: number;
}

const TICK_RATE_HZ = 20;
/** Entities a square yard: about 30 within the sight range of 100 yd. */
const DENSITY = 30 / (Math.PI * 100 * 100);
/** Each player acts once in this many ticks: once in half a second. */
const TICKS_PER_ACTION = 10;
const WARM_UP_TICKS = 100;
const PLAYER_LEVEL = 10;
const FIRST_CREATURE_ID = 1_000_001;

interface Body {
  id: number;
  x: number;
  y: number;
}

interface Player extends Body {
  classIndex: number;
  seq: number;
  /** The creature nearest to the player's first position: beside the player for those who fight. */
  foe: number;
}

/** The activity in the zone for each tick, averaged over the second half of the warm-up. */
export type Liveliness = Record<keyof typeof WATCHED_COUNTERS, number>;

const WATCHED_COUNTERS = {
  players: abi.COUNTER_PLAYERS,
  creatures: abi.COUNTER_CREATURES,
  fighting: abi.COUNTER_FIGHTING,
  moved: abi.COUNTER_ENTITIES_MOVED,
  castsStarted: abi.COUNTER_CASTS_STARTED,
  damage: abi.COUNTER_DAMAGE,
  kills: abi.COUNTER_KILLS,
  frames: abi.COUNTER_FRAMES,
  framesDeferred: abi.COUNTER_FRAMES_DEFERRED,
};

/** Builds the zone, runs the warm-up, and draws the commands of the measured ticks. */
export function prepareWork(
  kernel: Kernel,
  content: Content,
  options: WorkloadOptions,
): { work: Work; liveliness: Liveliness } {
  const random = seededRandom(options.seed);
  const playerCount = Math.floor(options.entities / 2);
  const half = Math.sqrt(options.entities / DENSITY) / 2;
  const place = (): number => (random() * 2 - 1) * half;
  const creatures = Array.from({ length: options.entities - playerCount }, (_, index): Body => {
    return { id: FIRST_CREATURE_ID + index, x: place(), y: place() };
  });
  const players = Array.from({ length: playerCount }, (_, index): Player => {
    const beside = index % 2 === 0 ? creatures[index] : undefined;
    const x = beside === undefined ? place() : beside.x + 2;
    const y = beside === undefined ? place() : beside.y + 2;
    const foe = beside?.id ?? nearest(creatures, x, y);
    return { id: index + 1, x, y, classIndex: Math.floor(index / 2) % content.classes.length, seq: 0, foe };
  });

  const memory = createMemory(kernel);
  const exports = instantiate(kernel, memory);
  exports.init(options.seed, 1, TICK_RATE_HZ);
  writeContent(memory, kernel.layout, content, TICK_RATE_HZ);
  const at = addressesOf(kernel.layout);
  runTick(exports, memory, at, 1, entrance(players, creatures, content));
  const draw = commandDrawer(players, content, random);
  const counters = new Uint32Array(memory.buffer, kernel.layout.value("COUNTER_BASE"), abi.COUNTERS);
  const sums = new Float64Array(abi.COUNTERS);
  for (let tick = 2; tick <= WARM_UP_TICKS; tick++) {
    runTick(exports, memory, at, tick, draw(tick));
    if (tick > WARM_UP_TICKS / 2) counters.forEach((value, index) => (sums[index] = itemAt(sums, index) + value));
  }
  const firstTick = WARM_UP_TICKS + 1;
  const batches = Array.from({ length: options.ticks }, (_, index) => draw(firstTick + index));
  const state = new Uint8Array(memory.buffer).slice(at.state, kernel.layout.value("STATE_END"));
  const { entities, seed } = options;
  const perTick = (counter: number): number => itemAt(sums, counter) / (WARM_UP_TICKS / 2);
  const liveliness = Object.fromEntries(
    Object.entries(WATCHED_COUNTERS).map(([name, counter]) => [name, perTick(counter)]),
  ) as Liveliness;
  const work = { entities, players: playerCount, watchers: playerCount, firstTick, seed, state, batches };
  return { work, liveliness };
}

function nearest(bodies: Body[], x: number, y: number): number {
  let best: Body | undefined;
  let bestSquared = Number.POSITIVE_INFINITY;
  for (const body of bodies) {
    const squared = (body.x - x) ** 2 + (body.y - y) ** 2;
    if (squared < bestSquared) [best, bestSquared] = [body, squared];
  }
  return best?.id ?? 0;
}

/** The batch of the first tick: creatures (session 0) before players, as sorted batches have it. */
function entrance(players: Player[], creatures: Body[], content: Content): Uint8Array {
  const batch = new BatchWriter(players.length + creatures.length);
  creatures.forEach((creature, index) => {
    const fields = { a: creature.id, x: creature.x, y: creature.y, e: index % content.creatures.length };
    batch.add(abi.OP_SPAWN, { seq: index + 1, ...fields });
  });
  for (const player of players) {
    const fields = { flags: abi.JOIN_WATCHES | abi.JOIN_GUEST, x: player.x, y: player.y };
    batch.add(abi.OP_JOIN, {
      session: player.id,
      seq: ++player.seq,
      ...fields,
      e: player.classIndex | (PLAYER_LEVEL << 8),
    });
  }
  return batch.bytes();
}

/** Draws the players' commands, tick by tick: three of five walk a few yards, one casts at its creature, one hits it. */
function commandDrawer(players: Player[], content: Content, random: () => number): (tick: number) => Uint8Array {
  return (tick) => {
    const batch = new BatchWriter(Math.ceil(players.length / TICKS_PER_ACTION));
    for (let index = tick % TICKS_PER_ACTION; index < players.length; index += TICKS_PER_ACTION) {
      const player = players[index];
      if (player === undefined) break;
      const [choice, right, up] = [random(), random(), random()];
      const { spells } = itemAt(content.classes, player.classIndex);
      const seq = ++player.seq;
      if (choice < 0.6) {
        const fields = { x: player.x + right * 6 - 3, y: player.y + up * 6 - 3 };
        batch.add(abi.OP_MOVE, { session: player.id, seq, ...fields });
      } else if (choice < 0.8 && spells.length > 0) {
        const spell = itemAt(spells, Math.floor(right * spells.length));
        batch.add(abi.OP_CAST, { session: player.id, seq, a: player.foe, b: spell });
      } else batch.add(abi.OP_ATTACK, { session: player.id, seq, a: player.foe });
    }
    return batch.bytes();
  };
}
