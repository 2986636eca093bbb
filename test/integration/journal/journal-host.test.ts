// The journal thread and its host, for real: a thread that dies, a disk that is slow or full, files that are removed, an end in order.

import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { JournalHost } from "../../../server/main/journal/journal-host.ts";
import type { JournalHostOptions } from "../../../server/main/journal/journal-host.ts";
import { workers } from "../../../server/main/workers.ts";
import { Ring } from "../../../server/shared/ring.ts";
import { Wake } from "../../../server/shared/wake.ts";
import { BALLAST_BYTES, BALLAST_FILE } from "../../../server/store/ballast.ts";
import { GAP_FILE, GapMark } from "../../../server/store/gap-mark.ts";
import { WorldReader } from "../../../server/store/world-reader.ts";
import { RingWriter } from "../../../server/zone/ring-writer.ts";
import { LANES } from "../../../server/shared/tickets.ts";

setDefaultTimeout(90_000);

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

const STATE = Bun.zstdCompressSync(new Uint8Array(4_096).fill(7));
const MB = 2 ** 20;
const AT = { zoneId: 1, epoch: 1, module: 1n, hash: 2n };

class HostBench {
  readonly threads: Worker[] = [];
  readonly states: (string | null)[] = [];
  readonly trouble: string[] = [];

  private constructor(
    readonly folder: string,
    readonly options: Partial<JournalHostOptions>,
  ) {}

  host!: JournalHost;
  writer!: RingWriter;

  static async start(options: Partial<JournalHostOptions> = {}): Promise<HostBench> {
    const folder = options.folder ?? mkdtempSync(join(tmpdir(), "wowsim-journal-host-"));
    const bench = new HostBench(folder, options);
    bench.host = await JournalHost.start({
      folder,
      workers: 1,
      durability: "process",
      retention: { hours: 24, megabytes: 1_000 },
      onState: (failing) => void bench.states.push(failing),
      onTrouble: (what) => void bench.trouble.push(what),
      ...options,
      newWorker: () => {
        const thread = (options.newWorker ?? workers.journal)();
        bench.threads.push(thread);
        return thread;
      },
    });
    const { ring, bell, isFenced } = bench.host.accessOf(0);
    bench.writer = new RingWriter(new Ring(ring), new Wake(bell), isFenced);
    cleanups.push(async () => {
      await bench.host.stop();
      rmSync(folder, { recursive: true, force: true });
    });
    return bench;
  }

  snapshot(tick: number): number {
    const place = this.writer.snapshot({ ...AT, tick, tickets: new Uint32Array(LANES), lostFrom: null }, STATE, []);
    this.writer.send();
    return place;
  }

  tick(tick: number): number {
    const place = this.writer.append({ ...AT, tick }, new Uint8Array(64).fill(tick), []);
    this.writer.send();
    return place;
  }

  async isSafe(place: number): Promise<void> {
    while (!this.writer.isSafe(place)) await Bun.sleep(2);
  }

  get files(): string[] {
    return readdirSync(this.folder).toSorted();
  }

  /** What the file has, after the end. */
  read(): { ticks: number[]; events: number; facts: Map<string, string>; problems: string[] } {
    const reader = WorldReader.open(this.folder);
    if (reader === null) throw new Error("no journal");
    const history = reader.history(1);
    const problems = [...history.problems, ...reader.problems()];
    const facts = new Map(reader.facts("session", problems).map(({ key, json }) => [key, json]));
    const ticks = "ticks" in history ? history.ticks.map(({ tick }) => tick) : [];
    const events = reader.events().length;
    reader.close();
    return { ticks, events, facts, problems };
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await Bun.sleep(5);
}

const upTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);

test("an end in order writes everything, and leaves one file without a log beside it", async () => {
  const bench = await HostBench.start();
  bench.snapshot(0);
  for (const tick of upTo(500)) bench.tick(tick);
  bench.host.put("session", "1", { name: "Ann" });
  bench.host.event("stop", {});
  await bench.host.stop();
  expect(bench.files.filter((file) => /-wal|-shm/.test(file))).toEqual([]);
  expect(bench.read()).toEqual({
    ticks: upTo(500),
    events: 1,
    facts: new Map([["1", '{"name":"Ann"}']]),
    problems: [],
  });
});

test("a thread that dies again and again is started on the same rings: nothing is lost, and no tick or fact is doubled", async () => {
  const bench = await HostBench.start();
  bench.snapshot(0);
  let tick = 0;
  for (let death = 0; death < 5; death++) {
    for (let more = 0; more < 40; more++) bench.tick(++tick);
    bench.host.put("session", String(death), { tick });
    bench.threads.at(-1)?.terminate();
    for (let more = 0; more < 40; more++) bench.tick(++tick);
    await bench.isSafe(bench.tick(++tick));
    await until(() => bench.host.failing === null);
  }
  expect([bench.host.restarts, bench.threads.length]).toEqual([5, 6]);
  expect(bench.trouble).toHaveLength(5);
  expect(bench.trouble[0]).toMatch(/journal thread died.*started again/);
  expect(bench.states).toHaveLength(10);
  expect(await bench.host.safe()).toBe(true);
  await bench.host.stop();
  const { ticks, facts, problems } = bench.read();
  expect([ticks, facts.size, problems]).toEqual([upTo(tick), 5, []]);
});

test("an end while no thread runs still writes what the rings hold", async () => {
  const bench = await HostBench.start();
  bench.snapshot(0);
  bench.threads[0]!.terminate();
  await until(() => bench.host.restarts === 1);
  for (const tick of upTo(20)) bench.tick(tick);
  await bench.host.stop();
  expect(bench.read().ticks).toEqual(upTo(20));
});

test("a thread that can not start again is told, and tried again until it can", async () => {
  let isBroken = false;
  const broken = new URL("data:text/javascript,throw new Error('no such disk')").href;
  const bench = await HostBench.start({ newWorker: () => (isBroken ? new Worker(broken) : workers.journal()) });
  bench.snapshot(0);
  expect(await bench.host.safe()).toBe(true);
  isBroken = true;
  bench.threads[0]!.terminate();
  await until(() => bench.host.restarts >= 3);
  expect(bench.host.failing).toMatch(/journal thread died/);
  expect(await bench.host.safe()).toBe(false);
  const place = bench.tick(1);
  isBroken = false;
  await bench.isSafe(place);
  expect(bench.host.failing).toBeNull();
});

test("facts that find no room are kept, the newest of each only, and safe() waits for them", async () => {
  const bench = await HostBench.start();
  bench.host.trouble.set({ stallMs: 60_000, isFull: false });
  bench.snapshot(0);
  const big = "x".repeat(100_000);
  for (let round = 0; round < 60; round++) for (const key of ["a", "b"]) bench.host.put("session", key, { round, big });
  bench.host.event("start", {});
  expect(await bench.host.safe()).toBe(false);
  bench.threads[0]!.terminate();
  bench.host.trouble.set({ stallMs: 0, isFull: false });
  await until(() => {
    bench.host.flush();
    return bench.host.waitingBytes === 0 && bench.host.failing === null;
  });
  expect(await bench.host.safe()).toBe(true);
  await bench.host.stop();
  const { facts, events } = bench.read();
  expect([...facts.values()].map((json) => JSON.parse(json).round)).toEqual([59, 59]);
  expect(events).toBe(1);
});

test("safe() does not call facts safe that were put while there was no room and are written just now", async () => {
  const bench = await HostBench.start();
  await bench.host.safe();
  bench.host.trouble.set({ stallMs: 300, isFull: false });
  const big = "x".repeat(1_000_000);
  for (let key = 0; key < 8; key++) bench.host.put("session", String(key), { big });
  const told = bench.host.safe();
  const flushing = setInterval(() => bench.host.flush(), 10);
  const isSafe = await told;
  clearInterval(flushing);
  if (isSafe) expect(bench.host.waitingBytes).toBe(0);
  else expect(bench.host.waitingBytes).toBeGreaterThan(0);
});

test("a disk that refuses writes is told once, and told again when it is well; safe() does not wait for it", async () => {
  const bench = await HostBench.start();
  bench.snapshot(0);
  await bench.host.safe();
  bench.host.trouble.set({ stallMs: 0, isFull: true });
  let tick = 0;
  while (bench.host.failing === null) {
    bench.snapshot(++tick);
    bench.writer.append({ ...AT, tick: ++tick }, new Uint8Array(8_192), []);
    bench.writer.send();
    await Bun.sleep(1);
  }
  expect(bench.host.failing).toMatch(/full/);
  // One that waited as long as for a healthy disk would take many minutes for all of them.
  for (let many = 0; many < 1_000; many++) expect(await bench.host.safe()).toBe(false);
  const place = bench.tick(++tick);
  bench.host.trouble.set({ stallMs: 0, isFull: false });
  await bench.isSafe(place);
  await until(() => bench.host.failing === null);
  expect(bench.states).toEqual(["database or disk is full", null]);
  expect(bench.host.figures.failures).toBeGreaterThan(0);
  expect(bench.host.figures.commits).toBeGreaterThan(0);
});

test("an end in order on a full disk says what is not kept; one with nothing to write says nothing", async () => {
  const bench = await HostBench.start();
  await bench.isSafe(bench.snapshot(0));
  bench.host.trouble.set({ stallMs: 0, isFull: true });
  let tick = 1;
  for (; bench.host.failing === null; tick++) {
    bench.tick(tick);
    await Bun.sleep(1);
  }
  // A checksum of fewer digits makes a row shorter by two bytes, and one row may fit in the second try: many never do.
  for (const more of upTo(500)) bench.tick(tick + more);
  expect(await bench.host.stop()).toMatch(
    /bytes of what was played are not in the journal: database or disk is full\./,
  );
  const other = await HostBench.start();
  await other.isSafe(other.snapshot(0));
  expect(await other.host.stop()).toBeNull();
});

test("files that are removed or replaced are told; with the files back it goes on", async () => {
  const bench = await HostBench.start();
  bench.snapshot(0);
  await bench.host.safe();
  const aside = `${bench.folder}-aside`;
  renameSync(bench.folder, aside);
  const place = bench.tick(1);
  // The file system may complain before the thread has looked.
  await until(() => /world\.sqlite was removed or replaced.*put it back/.test(bench.host.failing ?? ""));
  expect(existsSync(bench.folder)).toBe(false);
  renameSync(aside, bench.folder);
  await bench.isSafe(place);
  await until(() => bench.host.failing === null);
  await bench.host.stop();
  expect(bench.read().ticks).toEqual([1]);
});

test("with a disk that hangs the end does not wait for it, and what was safe is still there", async () => {
  const bench = await HostBench.start();
  bench.snapshot(0);
  await bench.isSafe(bench.tick(1));
  bench.host.trouble.set({ stallMs: 3_600_000, isFull: false });
  bench.host.event("stop", {});
  await until(() => bench.host.waitingBytes > 0);
  bench.tick(2);
  expect(await bench.host.stop()).toMatch(/^The newest \d+ bytes of what was played are not in the journal: /);
  const { ticks, problems } = bench.read();
  expect([ticks[0], problems]).toEqual([1, []]);
});

test("a worker's successor gets everything that the worker wrote, also when the thread dies meanwhile", async () => {
  const bench = await HostBench.start();
  bench.snapshot(0);
  for (const tick of upTo(30)) bench.tick(tick);
  bench.threads[0]!.terminate();
  const [found] = await bench.host.succeed(0, [1]);
  expect(found?.history?.ticks.map(({ tick }) => tick)).toEqual(upTo(30));
  const { ring, bell, isFenced } = bench.host.accessOf(0);
  bench.writer = new RingWriter(new Ring(ring), new Wake(bell), isFenced);
  await bench.isSafe(bench.tick(31));
  await bench.host.stop();
  expect(bench.read().ticks).toEqual(upTo(31));
});

test("a start after a kill says since when the disk had refused the journal, and the next one does not", async () => {
  const mark = new GapMark(Date.now);
  const states: (string | null)[] = [];
  const bench = await HostBench.start({
    onState: (failing) => {
      states.push(failing);
      mark.set("refused", failing !== null);
    },
  });
  mark.open(bench.folder);
  const said = (): bigint => {
    const bytes = readFileSync(join(bench.folder, GAP_FILE));
    return bytes.length === 0 ? 0n : bytes.readBigUInt64LE();
  };
  await bench.isSafe(bench.snapshot(1));
  bench.host.trouble.set({ stallMs: 0, isFull: true });
  for (let tick = 2; said() === 0n; tick++) {
    bench.tick(tick);
    await Bun.sleep(2);
  }
  const killed = mkdtempSync(join(tmpdir(), "wowsim-journal-killed-"));
  cleanups.push(() => rmSync(killed, { recursive: true, force: true }));
  cpSync(bench.folder, killed, { recursive: true });
  const problems = async (): Promise<string[]> => (await HostBench.start({ folder: killed })).host.found.problems;
  expect((await problems()).join(" ")).toMatch(/could not be written from 2\d{3}-\d\d-\d\dT\S+ on: what was played/);
  const next = new GapMark(Date.now);
  next.open(killed);
  await next.close(true);
  expect(await problems()).toEqual([]);
  bench.host.trouble.set({ stallMs: 0, isFull: false });
  await until(() => states.at(-1) === null && said() === 0n);
});

test("the files of a journal that is written without a pause keep to the limit on the disk, the ballast too", async () => {
  const megabytes = 24;
  const folder = mkdtempSync(join(tmpdir(), "wowsim-journal-limit-"));
  // From a server with a larger limit.
  writeFileSync(join(folder, BALLAST_FILE), crypto.getRandomValues(new Uint8Array(1 << 16)));
  truncateSync(join(folder, BALLAST_FILE), BALLAST_BYTES);
  const bench = await HostBench.start({ folder, retention: { hours: 24, megabytes } });
  const most = { bytes: 0 };
  let place = bench.snapshot(0);
  let written = 0;
  for (let tick = 1; written < 3 * megabytes * MB; tick++) {
    const batch = crypto.getRandomValues(new Uint8Array(8_192));
    place = bench.writer.append({ ...AT, tick }, batch, []);
    written += batch.length;
    if (tick % 50 === 0) {
      const state = crypto.getRandomValues(new Uint8Array(60_000));
      place = bench.writer.snapshot({ ...AT, tick, tickets: new Uint32Array(LANES), lostFrom: null }, state, []);
      written += state.length;
    }
    bench.writer.send();
    // There is always something that is not written yet.
    if (tick % 20 === 0) await bench.isSafe(place - 100_000);
    if (tick % 20 === 0 && written > MB) most.bytes = Math.max(most.bytes, onDisk(folder));
  }
  await bench.isSafe(place);
  expect(most.bytes).toBeGreaterThan((megabytes * MB) / 2);
  expect(most.bytes).toBeLessThanOrEqual(megabytes * MB);
  const { problems } = bench.read();
  expect(problems).toEqual([]);
});

test("states that can not be packed, one an epoch and as fast as they go, keep to the limit too", async () => {
  const megabytes = 96;
  const folder = mkdtempSync(join(tmpdir(), "wowsim-journal-limit-"));
  const bench = await HostBench.start({ folder, retention: { hours: 24, megabytes } });
  const tickets = new Uint32Array(LANES);
  const most = { bytes: 0 };
  const places: number[] = [];
  for (let epoch = 1; epoch <= 6 * megabytes; epoch++) {
    const at = { ...AT, zoneId: 1 + (epoch % 4), epoch, tick: epoch };
    places.push(
      bench.writer.snapshot({ ...at, tickets, lostFrom: null }, crypto.getRandomValues(new Uint8Array(MB)), []),
    );
    bench.writer.send();
    // Always a few that are not written yet.
    await bench.isSafe(places.at(-4) ?? 0);
    most.bytes = Math.max(most.bytes, onDisk(folder));
  }
  await bench.isSafe(places.at(-1)!);
  expect(most.bytes).toBeGreaterThan((megabytes * MB) / 2);
  expect(most.bytes).toBeLessThanOrEqual(megabytes * MB);
  expect(bench.states).toEqual([]);
});

/** What the files take on the disk, in bytes. */
function onDisk(folder: string): number {
  const sizes = readdirSync(folder).map((name) => statSync(join(folder, name), { throwIfNoEntry: false })?.blocks ?? 0);
  return sizes.reduce((sum, blocks) => sum + blocks * 512, 0);
}
