// What every journal of zones promises, whatever is behind it: the journal thread with its SQLite file, or a stream on the bus. And what
// only a stream can: one owner of several who want the zone.

import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { Bus } from "../../../server/bus/bus.ts";
import { BusNames } from "../../../server/bus/subjects.ts";
import { findZone } from "../../../server/bus/zone-found.ts";
import { ZoneStream } from "../../../server/bus/zone-stream.ts";
import { StreamJournal } from "../../../server/main/cluster/stream-journal.ts";
import { JournalHost } from "../../../server/main/journal/journal-host.ts";
import { workers } from "../../../server/main/workers.ts";
import type { FoundZone } from "../../../server/shared/journal-messages.ts";
import { Ring } from "../../../server/shared/ring.ts";
import { AnsweredTickets, ticketOf } from "../../../server/shared/tickets.ts";
import type { Crossing } from "../../../server/shared/transfer.ts";
import { Wake } from "../../../server/shared/wake.ts";
import type { ZoneJournal } from "../../../server/shared/zone-journal.ts";
import { tempFolder } from "../../../server/testing/temp-folder.ts";
import { RingWriter } from "../../../server/zone/ring-writer.ts";
import { TRANSFER_WORDS } from "../../../assembly/abi.ts";
import { Nats, NATS } from "../../helpers/nats.ts";

setDefaultTimeout(60_000);

const ZONE = 1;
const AT = { zoneId: ZONE, epoch: 1, module: 1n };
const STATE = Bun.zstdCompressSync(new Uint8Array(4_096).fill(7));
const RETENTION = { hours: 24, megabytes: 100 };
const cleanups: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** Writes what a zone's worker writes. */
class Worker {
  readonly #writer: RingWriter;

  constructor(journal: ZoneJournal) {
    const { ring, bell, isFenced } = journal.accessOf(0);
    this.#writer = new RingWriter(new Ring(ring), new Wake(bell), isFenced);
  }

  snapshot(tick: number, epoch = 1, tickets = [0]): number {
    const { words } = new AnsweredTickets(tickets);
    const place = this.#writer.snapshot(
      { ...AT, epoch, tick, hash: BigInt(tick), tickets: words, lostFrom: null },
      STATE,
      [],
    );
    this.#writer.send();
    return place;
  }

  tick(tick: number, epoch = 1, crossings: Crossing[] = []): number {
    const place = this.#writer.append({ ...AT, epoch, tick, hash: BigInt(tick) }, batchOf(tick), crossings);
    this.#writer.send();
    return place;
  }

  isSafe(place: number): boolean {
    return this.#writer.isSafe(place);
  }

  async safe(place: number): Promise<void> {
    while (!this.#writer.isSafe(place)) await Bun.sleep(2);
  }
}

const batchOf = (tick: number): Uint8Array => new Uint8Array(32).fill(tick);
const crossingOf = (session: number): Crossing => {
  return { session, from: ZONE, to: 2, at: { x: 1, y: 2, z: 3 }, words: new Uint32Array(TRANSFER_WORDS).fill(session) };
};

function ticksOf({ history }: FoundZone): number[] {
  for (const { tick, batch } of history?.ticks ?? []) expect([...batch]).toEqual([...batchOf(tick)]);
  return history?.ticks.map(({ tick }) => tick) ?? [];
}

interface Kind {
  name: string;
  isThere: boolean;
  begin(): Promise<ZoneJournal>;
}

async function newNats(): Promise<Nats> {
  const nats = await Nats.start();
  cleanups.push(() => nats[Symbol.asyncDispose]());
  return nats;
}

async function streamOn(nats: Nats): Promise<ZoneStream> {
  const bus = await Bus.connect({ servers: nats.url, name: "test" });
  cleanups.push(() => bus.close());
  return await ZoneStream.open(bus, new BusNames(), ZONE);
}

async function taken(stream: ZoneStream, host: string, onLost: (why: string) => void = () => {}) {
  const found = await StreamJournal.take(stream, { host, retention: RETENTION, onLost });
  cleanups.push(() => found.journal.close());
  return found;
}

const KINDS: Kind[] = [
  {
    name: "a file",
    isThere: true,
    begin: async () => {
      const folder = tempFolder("wowsim-journal-contract-");
      cleanups.push(() => folder.remove());
      const host = await JournalHost.start({
        newWorker: workers.journal,
        folder: folder.path,
        workers: 1,
        durability: "process",
        retention: RETENTION,
        onState: () => {},
        onTrouble: () => {},
      });
      cleanups.push(() => host.stop());
      return host;
    },
  },
  {
    name: "a stream",
    isThere: NATS !== null,
    begin: async () => (await taken(await streamOn(await newNats()), "a")).journal,
  },
];

for (const { name, isThere, begin } of KINDS) {
  describe.skipIf(!isThere)(`a journal in ${name}`, () => {
    test("has all that its writer was told to be safe, for the successor of a lost worker", async () => {
      const journal = await begin();
      const worker = new Worker(journal);
      worker.snapshot(10, 1, [7, ticketOf(1, 3)]);
      for (let tick = 11; tick < 40; tick++) worker.tick(tick);
      await worker.safe(worker.tick(40));
      const [found] = await journal.succeed(0, [ZONE]);
      expect(found?.history?.snapshot).toMatchObject({ tick: 10, hash: "000000000000000a" });
      expect(found?.history?.snapshot.tickets[0]).toBe(7);
      expect(ticksOf(found!)).toEqual(Array.from({ length: 30 }, (_, index) => 11 + index));
      expect(found).toMatchObject({ zone: ZONE, epoch: 1, lostTicks: 0, problems: [] });
    });

    test("takes what the lost worker had written and nobody had waited for, and then only its successor", async () => {
      const journal = await begin();
      const worker = new Worker(journal);
      worker.snapshot(1);
      for (let tick = 2; tick <= 20; tick++) worker.tick(tick);
      const [found] = await journal.succeed(0, [ZONE]);
      expect(ticksOf(found!).at(-1)).toBe(20);
      worker.tick(21);
      const next = new Worker(journal);
      next.snapshot(20, 2);
      await next.safe(next.tick(21, 2));
      const [after] = await journal.succeed(0, [ZONE]);
      expect(after?.history?.snapshot.tick).toBe(20);
      expect([after?.epoch, ticksOf(after!)]).toEqual([2, [21]]);
    });

    test("begins an epoch with a snapshot; the tick of the snapshot may stand there too", async () => {
      const journal = await begin();
      const worker = new Worker(journal);
      worker.snapshot(5);
      worker.tick(6);
      worker.snapshot(7, 2);
      worker.tick(7, 2);
      worker.tick(8, 2);
      await worker.safe(worker.tick(9, 2));
      const [found] = await journal.succeed(0, [ZONE]);
      expect(found?.history?.snapshot.tick).toBe(7);
      expect([ticksOf(found!), found?.problems]).toEqual([[8, 9], []]);
    });
  });
}

describe.skipIf(NATS === null)("a stream with several who want it", () => {
  test("belongs to whoever fenced it last: nothing of the one before gets in, and it is told once", async () => {
    const nats = await newNats();
    const lost: string[] = [];
    const first = await taken(await streamOn(nats), "a", (why) => void lost.push(why));
    const old = new Worker(first.journal);
    old.snapshot(1);
    await old.safe(old.tick(2));
    const second = await taken(await streamOn(nats), "b");
    expect([second.epoch, ticksOf(second.found)]).toEqual([first.epoch + 1, [2]]);
    const refused = old.tick(3);
    while (lost.length === 0) await Bun.sleep(2);
    expect(lost).toEqual(["Zone 1 belongs to another host now."]);
    expect(old.isSafe(refused)).toBe(false);
    const next = new Worker(second.journal);
    next.snapshot(2, 2);
    await next.safe(next.tick(3, 2));
    expect(ticksOf((await second.journal.succeed(0, [ZONE]))[0]!)).toEqual([3]);
    expect(lost).toHaveLength(1);
  });

  test("of many who try at once, one has it", async () => {
    const nats = await newNats();
    const streams = await Promise.all(Array.from({ length: 6 }, () => streamOn(nats)));
    const { sequence: after } = await streams[0]!.last();
    const tries = await Promise.allSettled(
      streams.map((stream, index) =>
        StreamJournal.take(stream, { host: String(index), retention: RETENTION, onLost: () => {}, after }),
      ),
    );
    const owners = tries.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    for (const { journal } of owners) cleanups.push(() => journal.close());
    expect(owners).toHaveLength(1);
    for (const one of tries) if (one.status === "rejected") expect(one.reason).toMatchObject({ code: "fenced" });
  });

  test("has every player who left and has not arrived, however many snapshots later", async () => {
    const nats = await newNats();
    const first = await taken(await streamOn(nats), "a");
    const worker = new Worker(first.journal);
    worker.snapshot(1);
    worker.tick(2, 1, [crossingOf(12), crossingOf(13)]);
    worker.snapshot(2);
    worker.tick(3, 1, [crossingOf(14)]);
    await worker.safe(worker.snapshot(3));
    first.journal.settle(13);
    await worker.safe(worker.tick(4));
    await first.journal.release("b");
    const second = await taken(await streamOn(nats), "b");
    expect(second.crossings.map(({ session }) => session).toSorted()).toEqual([12, 14]);
    expect(second.crossings[0]).toMatchObject({ from: ZONE, to: 2, at: { x: 1, y: 2, z: 3 } });
    expect(second.crossings.every(({ session, words }) => words.every((word) => word === session))).toBe(true);
  });

  test("loses nothing and has nothing twice when the server is killed again and again", async () => {
    const nats = await newNats();
    const stream = await streamOn(nats);
    const { journal } = await taken(stream, "a");
    const worker = new Worker(journal);
    worker.snapshot(0);
    let tick = 0;
    let last = 0;
    const play = async (count: number): Promise<void> => {
      for (let index = 0; index < count; index++) {
        last = worker.tick(++tick);
        await Bun.sleep(1);
      }
    };
    for (let round = 0; round < 3; round++) {
      await play(20);
      await Promise.all([nats.kill(), play(10)]);
      await Promise.all([nats.restart(), play(20)]);
    }
    await worker.safe(last);
    const { sequence } = await stream.last();
    const { found } = await findZone(stream, sequence);
    expect(ticksOf(found)).toEqual(Array.from({ length: tick }, (_, index) => index + 1));
    expect(found.problems).toEqual([]);
  });

  test("whatever owners do in whatever order, what was told to be safe is one history", async () => {
    const nats = await newNats();
    const streams = [await streamOn(nats), await streamOn(nats), await streamOn(nats)];
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 5 })), {
          minLength: 1,
          maxLength: 12,
        }),
        async (steps) => {
          const told = new Map<number, number>();
          const owners: { worker: Worker; epoch: number; tick: number; journal: StreamJournal }[] = [];
          for (const [who, ticks] of steps) {
            const { journal, found, epoch } = await StreamJournal.take(streams[who]!, {
              host: String(who),
              retention: RETENTION,
              onLost: () => {},
            });
            const from = found.history?.ticks.at(-1)?.tick ?? found.history?.snapshot.tick ?? 0;
            // All that earlier owners told is there.
            expect(from).toBeGreaterThanOrEqual(Math.max(0, ...told.values()));
            const worker = new Worker(journal);
            const owner = { worker, epoch, tick: from, journal };
            const places: [number, number][] = [[worker.snapshot(from, epoch), from]];
            for (let tick = from + 1; tick <= from + ticks; tick++) places.push([worker.tick(tick, epoch), tick]);
            // Those before write on, and nobody is told of it.
            const stale = owners.map((other) => [other, other.worker.tick(other.tick + 1, other.epoch)] as const);
            for (const [place, tick] of places) {
              await worker.safe(place);
              told.set(epoch, tick);
            }
            for (const [other, place] of stale) expect(other.worker.isSafe(place)).toBe(false);
            owners.push(owner);
          }
          for (const { journal } of owners) await journal.close();
        },
      ),
      { numRuns: 15 },
    );
  });
});
