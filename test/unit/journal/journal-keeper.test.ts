// The journal keeper over a real file: bursts are whole or not there, a burst that failed is written again, and only what is safe is
// freed.

import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { JournalKeeper } from "../../../server/journal/journal-keeper.ts";
import type { JournalKeeperOptions } from "../../../server/journal/journal-keeper.ts";
import { EVENT, NOTHING_LOST, PUT, SNAPSHOT, TICK } from "../../../server/shared/journal-records.ts";
import { Ring } from "../../../server/shared/ring.ts";
import { Wake } from "../../../server/shared/wake.ts";
import { Witness } from "../../../server/store/witness.ts";
import { WorldReader } from "../../../server/store/world-reader.ts";
import { WITNESS_FILE, WorldWriter } from "../../../server/store/world-writer.ts";
import { LANES } from "../../../server/shared/tickets.ts";

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0).toReversed()) cleanup();
});

const STATE = Bun.zstdCompressSync(new Uint8Array(4_096).fill(7));

/** A keeper of so many rings over a real file, and what it says. */
class KeeperBench {
  readonly folder = mkdtempSync(join(tmpdir(), "wowsim-keeper-"));
  readonly writer = WorldWriter.open(this.folder, { synchronous: "NORMAL", clock: () => 1_000 });
  readonly producers: { ring: SharedArrayBuffer; wake: SharedArrayBuffer }[];
  readonly rings: Ring[];
  readonly keeper: JournalKeeper;
  readonly states: (string | null)[] = [];
  readonly bad: string[] = [];
  ms = 0;
  beforeCommit = (): void => {};

  constructor(rings = 1, options: Partial<JournalKeeperOptions> = {}) {
    cleanups.push(() => {
      this.writer.close();
      rmSync(this.folder, { recursive: true });
    });
    this.producers = Array.from({ length: rings }, () => ({ ring: Ring.allocate(1 << 16), wake: Wake.allocate() }));
    this.rings = this.producers.map(({ ring }) => new Ring(ring));
    this.keeper = new JournalKeeper({
      writer: this.writer,
      producers: this.producers,
      now: () => this.ms,
      onState: (failing) => void this.states.push(failing),
      onBadRecord: (why) => void this.bad.push(why),
      beforeCommit: () => this.beforeCommit(),
      ...options,
    });
  }

  snapshot(zone: number, tick: number, { ring = 0, epoch = 1, lostFrom = NOTHING_LOST } = {}): number {
    const to = this.rings[ring]!;
    const at = to.reserve(SNAPSHOT.bytes + STATE.length);
    SNAPSHOT.write(to.view, at, {
      zoneId: zone,
      epoch,
      tick,
      module: 1n,
      hash: 2n,
      tickets: new Uint32Array(LANES),
      lostFrom,
    });
    to.bytes.set(STATE, at + SNAPSHOT.bytes);
    to.commit();
    return to.written;
  }

  ticks(zone: number, from: number, to: number, { ring = 0, epoch = 1 } = {}): number {
    const into = this.rings[ring]!;
    for (let tick = from; tick <= to; tick++) {
      const at = into.reserve(TICK.bytes + 32);
      TICK.write(into.view, at, { zoneId: zone, epoch, tick, module: 1n, hash: 3n });
    }
    into.commit();
    return into.written;
  }

  raw(bytes: Uint8Array | string, table = PUT, ring = 0): void {
    const to = this.rings[ring]!;
    const body = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
    const at = to.reserve(table.bytes + body.length);
    table.write(to.view, at, {});
    to.bytes.set(body, at + table.bytes);
    to.commit();
  }

  /** The ticks that the file has of a zone, after its snapshot. */
  stored(zone = 1): number[] {
    const history = new WorldReader(this.writer.database, this.folder).history(zone);
    expect(history.problems).toEqual([]);
    return "ticks" in history ? history.ticks.map(({ tick }) => tick) : [];
  }

  events(): { kind: string; json: string }[] {
    return this.writer.database.query<{ kind: string; json: string }, []>("SELECT kind, json FROM event").all();
  }
}

test("one turn makes all rings safe, tells the witness, and only then frees the records", () => {
  const bench = new KeeperBench(2);
  const places = [bench.snapshot(1, 10), bench.snapshot(2, 20, { ring: 1 })];
  bench.ticks(1, 11, 13);
  let isFreed = false;
  bench.beforeCommit = () => (isFreed = bench.rings[0]!.isFreed(places[0]!));
  expect([bench.keeper.turn(), bench.keeper.turn()]).toEqual([true, false]);
  expect(isFreed).toBe(false);
  expect(bench.rings.map((ring, index) => ring.isFreed(places[index]!))).toEqual([true, true]);
  expect(bench.stored()).toEqual([11, 12, 13]);
  expect(Witness.read(join(bench.folder, WITNESS_FILE))?.heads.get(1)?.tick).toBe(13);
});

test("a burst that fails leaves nothing, is tried again later and later, and is then written once", () => {
  const bench = new KeeperBench();
  bench.snapshot(1, 10);
  bench.keeper.turn();
  const place = bench.ticks(1, 11, 12);
  bench.raw('{"kind":"start","zone":0,"tick":0,"data":{}}', EVENT);
  bench.beforeCommit = () => {
    throw Object.assign(new Error("database or disk is full"), { code: "SQLITE_FULL", errno: 13 });
  };
  expect([bench.keeper.turn(), bench.keeper.failing]).toEqual([false, "database or disk is full"]);
  expect([bench.rings[0]!.isFreed(place), bench.stored()]).toEqual([false, []]);
  const tried: number[] = [];
  bench.beforeCommit = () => {
    tried.push(bench.ms);
    throw Object.assign(new Error("database or disk is full"), { code: "SQLITE_FULL", errno: 13 });
  };
  for (; bench.ms < 8_000; bench.ms += 10) bench.keeper.turn();
  expect(tried).toEqual([100, 300, 700, 1_500, 3_100, 5_100, 7_100]);
  bench.beforeCommit = () => {};
  expect(bench.keeper.turn()).toBe(false);
  expect(bench.keeper.turn(true)).toBe(true);
  expect([bench.keeper.failing, bench.states]).toEqual([null, ["database or disk is full", null]]);
  expect([bench.stored(), bench.events().length]).toEqual([[11, 12], 1]);
});

test("a real full disk is the same, and needs no other connection when there is room again", () => {
  const bench = new KeeperBench();
  bench.snapshot(1, 10);
  bench.keeper.turn();
  bench.writer.limitPages(1);
  for (let tick = 11; bench.keeper.failing === null; tick++) {
    bench.ticks(1, tick, tick);
    bench.snapshot(1, tick);
    bench.keeper.turn();
    expect(tick).toBeLessThan(500);
  }
  expect(bench.keeper.failing).toMatch(/full/);
  bench.writer.limitPages(0);
  expect(bench.keeper.turn(true)).toBe(true);
  expect(bench.rings[0]!.isEmpty).toBe(true);
});

test("a witness that can not be written holds the records back, and the rows are not written twice", () => {
  const bench = new KeeperBench();
  bench.snapshot(1, 10);
  bench.keeper.turn();
  const testify = bench.writer.testify.bind(bench.writer);
  let failures = 2;
  bench.writer.testify = () => {
    if (failures-- > 0) throw new Error("EIO");
    testify();
  };
  const place = bench.ticks(1, 11, 11);
  bench.raw('{"kind":"start","zone":0,"tick":0,"data":{}}', EVENT);
  expect([bench.keeper.turn(), bench.rings[0]!.isFreed(place)]).toEqual([false, false]);
  const later = bench.ticks(1, 12, 12);
  expect([bench.keeper.turn(true), bench.rings[0]!.isFreed(place)]).toEqual([false, false]);
  expect([bench.keeper.turn(true), bench.rings[0]!.isFreed(place), bench.rings[0]!.isFreed(later)]).toEqual([
    true,
    true,
    false,
  ]);
  expect(bench.keeper.turn()).toBe(true);
  expect([bench.stored(), bench.events().length]).toEqual([[11, 12], 1]);
});

test("records that are none are left out and told, and the others are written", () => {
  const bench = new KeeperBench();
  bench.snapshot(1, 10);
  for (const nonsense of [
    "",
    "{",
    "null",
    "[]",
    "7",
    '{"kind":7}',
    '{"kind":"session"}',
    '{"kind":"session","value":1}',
  ])
    bench.raw(nonsense);
  for (const nonsense of ["null", "{}", '{"kind":"start","zone":"x","tick":{}}', '{"kind":null}'])
    bench.raw(nonsense, EVENT);
  bench.rings[0]!.append(new Uint8Array([99, 0, 0, 0]));
  bench.rings[0]!.append(new Uint8Array([1, 0, 0, 0, 5]));
  bench.rings[0]!.append(new Uint8Array([2, 0, 0, 0]));
  bench.rings[0]!.append(new Uint8Array(0));
  bench.rings[0]!.append(new Uint8Array([7, 0, 0, 0, 255, 255, 255, 255]));
  bench.ticks(1, 11, 11);
  expect([bench.keeper.turn(), bench.states, bench.stored()]).toEqual([true, [], [11]]);
  expect(bench.bad.length).toBeGreaterThanOrEqual(14);
});

test("a ring whose writer is replaced is read to its end before, and the new one is read after", () => {
  const bench = new KeeperBench();
  bench.snapshot(1, 10);
  bench.ticks(1, 11, 11);
  bench.keeper.turn();
  const successor = { ring: Ring.allocate(1 << 16), wake: Wake.allocate() };
  expect(bench.keeper.replace(0, successor)).toBe(0);
  bench.rings[0] = new Ring(successor.ring);
  bench.snapshot(1, 11, { epoch: 2 });
  bench.ticks(1, 12, 12, { epoch: 2 });
  bench.keeper.turn();
  expect(bench.stored()).toEqual([12]);
  bench.ticks(1, 13, 13, { epoch: 2 });
  expect(bench.keeper.replace(0, { ring: Ring.allocate(1 << 16), wake: Wake.allocate() })).toBeGreaterThan(0);
});

test("a gap that a snapshot closes is on record, with its ticks", () => {
  const bench = new KeeperBench();
  bench.snapshot(1, 10);
  bench.ticks(1, 11, 12);
  bench.snapshot(1, 40, { epoch: 2, lostFrom: 13 });
  bench.ticks(1, 41, 41, { epoch: 2 });
  bench.keeper.turn();
  expect(bench.events()).toEqual([{ kind: "gap", json: '{"from_tick":13,"to_tick":40}' }]);
  expect(bench.stored()).toEqual([41]);
});

test("nothing is written while the check before a burst refuses it", () => {
  let isGone = true;
  const bench = new KeeperBench(1, {
    beforeBurst: () => {
      if (isGone) throw new Error("the file is gone");
    },
  });
  const place = bench.snapshot(1, 10);
  expect([bench.keeper.turn(), bench.rings[0]!.isFreed(place), bench.states]).toEqual([
    false,
    false,
    ["the file is gone"],
  ]);
  isGone = false;
  expect([bench.keeper.turn(true), bench.rings[0]!.isFreed(place)]).toEqual([true, true]);
});

test("a crossing that has ended is dropped, and a later one in its place is not", () => {
  const bench = new KeeperBench(2);
  const fact = (value: unknown, from?: number, ring = 0): void => {
    const to = bench.rings[ring]!;
    const bytes = new TextEncoder().encode(JSON.stringify({ kind: "crossing", key: "12", value, from }));
    const at = to.reserve(PUT.bytes + bytes.length);
    PUT.write(to.view, at, {});
    to.bytes.set(bytes, at + PUT.bytes);
    to.commit();
  };
  const kept = (): string[] =>
    WorldReader.open(bench.folder)!
      .facts("crossing")
      .map(({ json }) => json);
  fact({ from: 1, to: 2 });
  bench.keeper.turn();
  // From zone 2 it has gone on already when the main thread hears of its arrival there.
  fact({ from: 2, to: 3 }, undefined, 1);
  fact(null, 1);
  bench.keeper.turn();
  expect(kept()).toEqual(['{"from":2,"to":3}']);
  fact(null, 2);
  bench.keeper.turn();
  expect(kept()).toEqual([]);
});
