// Commands that nobody gave: all that a client or the host can cause is done, in numbers and sessions as real ones have, and the rare traps
// that players of a recording never meet are met within seconds.

import { beforeAll, expect, test } from "bun:test";
import fc from "fast-check";
import * as abi from "../../../assembly/abi.ts";
import { createMemory } from "../../../assembly/toolchain/instance.ts";
import type { Kernel } from "../../../assembly/toolchain/kernel.ts";
import { Lane } from "../../../server/lockstep/lane.ts";
import type { FreeStretch } from "../../../server/validate/free-samples.ts";
import { RandomCommands } from "../../../server/validate/random-commands.ts";
import { ZoneTrap } from "../../../server/zone/trap.ts";
import { candidateKernel, stretchOf } from "../../helpers/judged-kernels.ts";
import { testKernel } from "../../helpers/kernel-zone.ts";

const OPS: number[] = [
  abi.OP_JOIN,
  abi.OP_LEAVE,
  abi.OP_MOVE,
  abi.OP_CAST,
  abi.OP_CANCEL_CAST,
  abi.OP_ATTACK,
  abi.OP_STOP_ATTACK,
  abi.OP_RELEASE,
  abi.OP_WATCH,
  abi.OP_UNWATCH,
  abi.OP_RECLAIM,
  abi.OP_TRADE_OFFER,
  abi.OP_TRADE_ACCEPT,
  abi.OP_TRADE_CANCEL,
  abi.OP_DEPART,
  abi.OP_ARRIVE,
  abi.OP_SPAWN,
  abi.OP_DESPAWN,
  abi.OP_PLACE,
  abi.OP_NUDGE,
  abi.OP_SET_OVERLOAD,
];
const ascending = (numbers: Iterable<number>): number[] => [...numbers].toSorted((one, other) => one - other);

const note = (counts: Map<number, number>, key: number) => counts.set(key, (counts.get(key) ?? 0) + 1);

let stretch: FreeStretch;
let memory: WebAssembly.Memory;

beforeAll(async () => {
  memory = createMemory(await testKernel());
  stretch = await stretchOf({ entities: 40, ticks: 100, seed: 5 });
});

interface Play {
  ticks: number;
  seed: number;
  perTick: number;
  kernel?: Kernel;
  /** What a tick was given, and the lane after it. */
  see?: (lane: Lane, batch: Uint8Array, more: Uint8Array) => void;
}

/** The batches of the stretch, then none. */
async function play({ ticks, seed, perTick, kernel, see }: Play): Promise<ReadonlyMap<number, number>> {
  const lane = new Lane(kernel ?? (await testKernel()), memory, true);
  lane.adopt(stretch.state, stretch.tick);
  const commands = new RandomCommands(lane, { seed, perTick, batches: stretch.batches });
  for (let tick = 0; tick < ticks; tick++) {
    const batch = stretch.batches[tick] ?? new Uint8Array();
    const all = commands.add(batch);
    lane.step(all);
    see?.(lane, batch, all);
  }
  return commands.given;
}

/** What the server commands for its players has no number. */
const UNNUMBERED: number[] = [abi.OP_JOIN, abi.OP_LEAVE, abi.OP_WATCH, abi.OP_UNWATCH];

const fieldsOf = (records: Uint8Array): { op: number; session: number; seq: number }[] =>
  Array.from({ length: records.length / abi.COMMAND_BYTES }, (_, index) => {
    const view = new DataView(records.buffer, records.byteOffset + index * abi.COMMAND_BYTES);
    const [session, seq] = [view.getUint32(abi.COMMAND_SESSION, true), view.getUint32(abi.COMMAND_SEQ, true)];
    return { op: view.getUint16(abi.COMMAND_OP, true), session, seq };
  });
const opsOf = (records: Uint8Array): number[] => fieldsOf(records).map(({ op }) => op);

test("all that clients and the host can cause is given, nothing else, and it comes to something", async () => {
  const counted = new Map<number, number>();
  const events = new Map<number, number>();
  let bad = 0;
  const see = ({ view, at }: Lane, batch: Uint8Array, all: Uint8Array): void => {
    expect(opsOf(all.subarray(0, batch.length))).toEqual(opsOf(batch));
    for (const op of opsOf(all.subarray(batch.length))) note(counted, op);
    for (let index = 0; index < view.getUint32(at.eventCount, true); index++) {
      const event = at.events + index * abi.EVENT_BYTES;
      const [kind, info] = [view.getUint16(event, true), view.getUint16(event + abi.EVENT_INFO, true)];
      note(events, kind === abi.EVENT_TRADE ? 1_000 + info : kind);
      if (kind === abi.EVENT_REFUSED && info === abi.REFUSED_BAD_COMMAND) bad++;
    }
  };
  const given = await play({ ticks: 4_000, seed: 3, perTick: 2, see });
  expect(ascending(given.keys())).toEqual(ascending(OPS));
  expect(Math.min(...given.values())).toBeGreaterThanOrEqual(25);
  for (const op of OPS) expect(counted.get(op)).toBe(given.get(op));
  expect(ascending(counted.keys()).filter((op) => !OPS.includes(op))).toEqual([abi.OP_CARRY]);
  expect(bad).toBe(0);
  const happened = [
    abi.EVENT_CAST_COMPLETED,
    abi.EVENT_CAST_INTERRUPTED,
    abi.EVENT_KILLED,
    abi.EVENT_HEALED,
    abi.EVENT_REVIVED,
    abi.EVENT_AURA_APPLIED,
    abi.EVENT_EVADED,
    abi.EVENT_LOOT,
    abi.EVENT_EXPERIENCE,
    ...[abi.TRADE_OFFERED, abi.TRADE_DONE, abi.TRADE_DECLINED, abi.TRADE_CANCELLED].map((info) => 1_000 + info),
  ];
  expect(happened.filter((kind) => (events.get(kind) ?? 0) === 0)).toEqual([]);
});

test("two stacks are traded for two, and every level of overload is there", async () => {
  const levels = new Set<number>();
  let traded = 0;
  const see = ({ view, words, at }: Lane): void => {
    levels.add(view.getUint32(at.overloadLevel, true));
    for (let index = 0; index < view.getUint32(at.eventCount, true); index++) {
      const event = at.events + index * abi.EVENT_BYTES;
      const isDone = view.getUint32(event, true) === (abi.EVENT_TRADE | (abi.TRADE_DONE << 16));
      const stacks = words.subarray((event + abi.EVENT_A) / 4 + 1, (event + abi.EVENT_A) / 4 + 5);
      if (isDone && stacks.every((stack) => stack !== 0)) traded++;
    }
  };
  await play({ ticks: 1_200, seed: 1, perTick: 2, see });
  expect(ascending(levels)).toEqual([0, 1, 2, 3, 4, 5]);
  expect(traded).toBeGreaterThan(0);
});

test("recorded commands are taken as they were, and those between them have sessions and numbers as real ones have", async () => {
  let [added, refused] = [0, 0];
  const recorded = new Set(stretch.batches.flatMap((batch) => fieldsOf(batch).map(({ session }) => session)));
  const guests = new Set<number>();
  const see = ({ view, at }: Lane, batch: Uint8Array, all: Uint8Array): void => {
    for (const { op, session, seq } of fieldsOf(all.subarray(batch.length))) {
      if (op >= abi.OP_SPAWN || UNNUMBERED.includes(op)) continue;
      expect(seq).toBeGreaterThan(0);
      expect(session).toBeLessThanOrEqual(1_000_000);
      if (!recorded.has(session)) guests.add(session);
      added++;
    }
    for (let index = 0; index < view.getUint32(at.eventCount, true); index++) {
      const event = at.events + index * abi.EVENT_BYTES;
      const info = view.getUint16(event + abi.EVENT_INFO, true);
      if (view.getUint16(event, true) === abi.EVENT_REFUSED && info === abi.REFUSED_REPLAYED) refused++;
    }
  };
  await play({ ticks: 100, seed: 2, perTick: 20, see });
  expect(added).toBeGreaterThan(1_000);
  expect(guests.size).toBeGreaterThan(2);
  expect(refused).toBe(0);
});

async function digestOf(seed: number, perTick: number): Promise<string> {
  const digest = new Bun.CryptoHasher("sha256");
  await play({ ticks: 60, seed, perTick, see: (_, __, all) => void digest.update(all) });
  return digest.digest("hex");
}

test("the same seed gives the same commands, another one others; none gives none", async () => {
  const [one, again, other, none] = [
    await digestOf(1, 2),
    await digestOf(1, 2),
    await digestOf(2, 2),
    await digestOf(1, 0),
  ];
  expect(again).toBe(one);
  expect(other).not.toBe(one);
  const own = new Bun.CryptoHasher("sha256");
  for (const batch of stretch.batches.slice(0, 60)) own.update(batch);
  expect(none).toBe(own.digest("hex"));
});

test("any number of them fits, in a zone of any state", async () => {
  let commands = 0;
  const lane = new Lane(await testKernel(), memory, true);
  const seeds = fc.tuple(fc.integer({ min: 0, max: 2 ** 31 }), fc.constantFrom(1, 7, 200));
  fc.assert(
    fc.property(seeds, ([seed, perTick]) => {
      lane.adopt(stretch.state, stretch.tick);
      const more = new RandomCommands(lane, { seed, perTick, batches: stretch.batches });
      for (let tick = 0; tick < 5; tick++) lane.step(more.add(stretch.batches[tick] ?? new Uint8Array()));
      const given = [...more.given.values()].reduce((sum, count) => sum + count, 0);
      expect(given).toBeLessThanOrEqual(5 * perTick);
      commands += given;
    }),
    { numRuns: 30 },
  );
  expect(commands).toBeGreaterThan(1_000);
});

test("a batch without room stays as it is", async () => {
  const lane = new Lane(await testKernel(), memory);
  lane.adopt(stretch.state, stretch.tick);
  const full = new Uint8Array(lane.at.commandsMax * abi.COMMAND_BYTES);
  const more = new RandomCommands(lane, { seed: 1, perTick: 50, batches: [full] });
  expect(more.add(full)).toHaveLength(full.length);
  expect(more.given.size).toBe(0);
});

test.each([
  ["trap-on-cancel", 100],
  ["crash", 100],
])("%s traps within %i ticks", async (name, ticksMax) => {
  const { kernel } = await candidateKernel(name);
  let ticks = 0;
  const run = play({ ticks: 4_000, seed: 1, perTick: 2, kernel, see: () => void ticks++ });
  expect(
    await run.then(
      () => null,
      (error: unknown) => error,
    ),
  ).toBeInstanceOf(ZoneTrap);
  expect(ticks).toBeLessThan(ticksMax);
});
