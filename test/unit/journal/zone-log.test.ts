// What a zone writes to its journal: epochs begin with snapshots, gaps are closed and on record, silence is kept.

import { expect, test } from "bun:test";
import type { Crossing } from "../../../server/shared/transfer.ts";
import { NO_ROOM } from "../../../server/shared/zone-journal.ts";
import type { AppliedTick, TakenSnapshot, ZoneWriter } from "../../../server/shared/zone-journal.ts";
import { NO_JOURNAL, ZoneLog } from "../../../server/zone/zone-log.ts";
import type { Zone } from "../../../server/zone/zone.ts";
import { LANES } from "../../../server/shared/tickets.ts";

const HASH = "00000000000000ab";

const left = (crossings: readonly Crossing[]): string => crossings.map(({ session }) => ` -${session}`).join("");

/** A log over a zone of which only the tick changes. */
class LogBench {
  tick = 100;
  hasRoom = true;
  kernelHash = HASH;
  readonly written: string[] = [];
  readonly log: ZoneLog;
  #place = 0;

  constructor(epoch = 4) {
    const now = { tick: () => this.tick, hash: () => this.kernelHash };
    const zone = {
      id: 3,
      get tick() {
        return now.tick();
      },
      hash: 7n,
      get kernel() {
        return { hash: now.hash() };
      },
      segment: { ticks: 1, batch: () => new Uint8Array(8) },
      bytes: new Uint8Array(64),
      at: { stateBase: 0, stateEnd: 64 },
    } as unknown as Zone;
    const take = (line: string): number => {
      if (!this.hasRoom) return NO_ROOM;
      this.written.push(line);
      return (this.#place += 10);
    };
    const writer: ZoneWriter = {
      ...NO_JOURNAL,
      append: ({ epoch: of, tick }: AppliedTick, _batch, crossings) => take(`tick ${of}:${tick}${left(crossings)}`),
      snapshot: ({ epoch: of, tick, lostFrom, module }: TakenSnapshot, _state, crossings) =>
        take(`snapshot ${of}:${tick} m${module}${lostFrom === null ? "" : ` lost ${lostFrom}`}${left(crossings)}`),
    };
    this.log = new ZoneLog({ zone, writer, epoch, tickets: () => new Uint32Array(LANES) });
  }

  run(ticks = 1, crossings: Crossing[] = []): number {
    let place = 0;
    for (let done = 0; done < ticks; done++) {
      this.tick++;
      place = this.log.tickDone(crossings);
      this.log.takeSnapshotIfDue();
    }
    return place;
  }

  take(): string[] {
    return this.written.splice(0);
  }
}

test("the first record begins an epoch, with a snapshot; that tick itself and the next ones follow", () => {
  const bench = new LogBench();
  bench.run(3);
  expect(bench.take()).toEqual(["snapshot 5:101 m171", "tick 5:101", "tick 5:102", "tick 5:103"]);
});

test("a snapshot of the same epoch is taken every 100 ticks", () => {
  const bench = new LogBench();
  bench.run(1);
  bench.take();
  bench.run(100);
  const written = bench.take();
  expect(written).toHaveLength(101);
  expect(written.slice(-2)).toEqual(["tick 5:201", "snapshot 5:201 m171"]);
});

test("history that is rewritten begins another epoch, with the module that runs then", () => {
  const bench = new LogBench();
  bench.run(2);
  bench.take();
  bench.log.begins();
  bench.kernelHash = "00000000000000cd";
  bench.run(2);
  expect(bench.take()).toEqual(["snapshot 6:103 m205", "tick 6:103", "tick 6:104"]);
});

test("ticks that find no room are named by the snapshot that closes the gap", () => {
  const bench = new LogBench();
  bench.run(1);
  const place = bench.log.place;
  bench.hasRoom = false;
  expect([bench.run(), bench.run(), bench.log.place]).toEqual([NO_ROOM, NO_ROOM, place]);
  bench.hasRoom = true;
  bench.take();
  expect(bench.run()).toBe(place + 20);
  bench.run();
  expect(bench.take()).toEqual(["snapshot 6:104 m171 lost 102", "tick 6:104", "tick 6:105"]);
});

test("a snapshot that is owed and finds no room stays owed, and its epoch is used once", () => {
  const bench = new LogBench();
  bench.hasRoom = false;
  bench.run(5);
  bench.hasRoom = true;
  bench.run(2);
  expect(bench.take()).toEqual(["snapshot 5:106 m171 lost 101", "tick 5:106", "tick 5:107"]);
});

test("a silent log writes nothing, not even a snapshot that is due, and then closes the gap", () => {
  const bench = new LogBench();
  bench.run(1);
  bench.take();
  bench.log.isSilent = true;
  bench.run(300);
  expect(bench.take()).toEqual([]);
  bench.log.isSilent = false;
  bench.run(2);
  expect(bench.take()).toEqual(["snapshot 6:402 m171 lost 102", "tick 6:402", "tick 6:403"]);
});

test("room that was there all the time changes nothing", () => {
  const bench = new LogBench();
  bench.run(1);
  bench.log.isSilent = false;
  bench.run(1);
  expect(bench.take()).toEqual(["snapshot 5:101 m171", "tick 5:101", "tick 5:102"]);
});

test("who left in a tick is written with the tick, or with the snapshot in its place", () => {
  const bench = new LogBench();
  bench.run(1, [{ session: 8 } as Crossing]);
  bench.run(1, [{ session: 9 } as Crossing]);
  expect(bench.take()).toEqual(["snapshot 5:101 m171 -8", "tick 5:101", "tick 5:102 -9"]);
});

test("who left in ticks that found no room is written with the snapshot that covers them, once", () => {
  const bench = new LogBench();
  bench.run(1);
  bench.take();
  bench.hasRoom = false;
  bench.run(1, [{ session: 8 } as Crossing]);
  bench.run(1, [{ session: 9 } as Crossing]);
  bench.hasRoom = true;
  bench.run(1, [{ session: 10 } as Crossing]);
  bench.run(1);
  expect(bench.take()).toEqual(["snapshot 6:104 m171 lost 102 -8 -9 -10", "tick 6:104", "tick 6:105"]);
});
