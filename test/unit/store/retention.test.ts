import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bytesUsed, EVENTS_MAX, MODULE_MS, Retention, SNAPSHOTS_MIN } from "../../../server/store/retention.ts";
import { WorldReader } from "../../../server/store/world-reader.ts";
import { WORLD_FILE, WorldWriter } from "../../../server/store/world-writer.ts";
import { writeJournal } from "../../../server/testing/journal-truth.ts";
import { judge } from "../../../server/testing/journal-verdict.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "wowsim-retention-"));
  folders.push(folder);
  return folder;
}

const SECOND_MS = 1_000;
const forever = { ageMs: Number.MAX_SAFE_INTEGER, bytesMax: Number.MAX_SAFE_INTEGER };

/** Runs all steps that are due; how many there were. */
function run(retention: Retention, writer: WorldWriter): number {
  for (let steps = 0; ; steps++) if (!retention.step(writer)) return steps;
}

/** A journal of a tick a second, with retention between the commits. */
function play(
  limits: { ageMs?: number; bytesMax?: number },
  commits = 400,
): { folder: string; pages: number[]; changes: number[] } {
  const folder = newFolder();
  let now = 0;
  const retention = new Retention({ ...forever, ...limits, clock: () => now });
  const pages: number[] = [];
  const changes: number[] = [];
  const onCommit = (writer: WorldWriter): void => {
    now += SECOND_MS;
    const total = (): number => writer.database.query<{ n: number }, []>("SELECT total_changes() AS n").get()!.n;
    for (let before = total(); retention.step(writer); before = total()) changes.push(total() - before);
    pages.push(bytesUsed(writer.database));
  };
  const truth = writeJournal(folder, { seed: 5, commits, clock: () => now, onCommit });
  expect(judge(folder, truth)).toEqual({ outcome: "unharmed", lostTicks: 0, wrong: [], told: [] });
  truth.close();
  return { folder, pages, changes };
}

/** Ticks of a zone that can be replayed. */
function replayable(folder: string, zone: number): { snapshots: number; oldest: number; newest: number } {
  const reader = WorldReader.open(folder)!;
  const snapshots = reader.snapshots(zone);
  const oldest = snapshots.at(-1)!.tick;
  const history = reader.history(zone);
  const first = reader.history(zone, oldest);
  expect(first.problems).toEqual([]);
  expect(reader.history(zone, oldest - 1)).toMatchObject({ snapshot: null, lostTicks: 0 });
  reader.close();
  return { snapshots: snapshots.length, oldest, newest: "ticks" in history ? history.ticks.at(-1)!.tick : 0 };
}

test("history older than the age goes, and what is left can be replayed from its first tick to its last", () => {
  const { folder, changes } = play({ ageMs: 120 * SECOND_MS });
  for (const zone of [1, 2, 3]) {
    const { oldest, newest } = replayable(folder, zone);
    expect(newest - oldest).toBeGreaterThanOrEqual(120);
    expect(newest - oldest).toBeLessThan(220);
  }
  // Rows of a step, and the tally.
  expect(Math.max(...changes)).toBeLessThanOrEqual(65);
  expect(changes.length).toBeGreaterThan(10);
});

test("used pages stay below the size, as long as every zone has its last snapshots", () => {
  const bytesMax = 700_000;
  const { folder, pages } = play({ bytesMax });
  expect(Math.max(...pages)).toBeLessThan(bytesMax * 1.3);
  expect(statSync(join(folder, WORLD_FILE)).size).toBeLessThan(bytesMax * 1.5);
  const tiny = play({ bytesMax: 1 });
  for (const zone of [1, 2, 3]) expect(replayable(tiny.folder, zone).snapshots).toBeLessThanOrEqual(SNAPSHOTS_MIN + 1);
});

test("snapshots are thinned with their age, and the first of each epoch stays", () => {
  const folder = newFolder();
  let now = 0;
  const writer = WorldWriter.open(folder, { synchronous: "NORMAL", clock: () => now });
  const state = new Uint8Array(100);
  let tick = 0;
  for (let minute = 0; minute < 180; minute++)
    for (const second of [0, 20, 40]) {
      now = (minute * 60 + second) * SECOND_MS;
      writer.begin();
      writer.tick({ zone: 1, epoch: minute < 90 ? 1 : 2, tick: ++tick, module: "aa", hash: "00", batch: state });
      writer.snapshot({ zone: 1, epoch: minute < 90 ? 1 : 2, tick, module: "aa", hash: "00", ticket: 0, state });
      writer.commit();
    }
  writer.testify();
  run(new Retention({ ...forever, clock: () => now }), writer);
  writer.close();
  const ages = WorldReader.open(folder)!
    .snapshots(1)
    .map(({ at, epoch }) => ({ age: (now - at) / 60_000, epoch }));
  const between = (from: number, to: number): number => ages.filter(({ age }) => age >= from && age < to).length;
  expect(between(0, 5)).toBe(15);
  expect(between(6, 60)).toBe(54);
  expect(between(70, 170)).toBeLessThanOrEqual(11);
  expect(ages.find(({ epoch, age }) => epoch === 2 && age > 89)).toBeDefined();
  expect(WorldReader.open(folder)!.problems()).toEqual([]);
});

test("old events go when there are too many; modules go when nothing has referred to them for a while", () => {
  const folder = newFolder();
  let now = 0;
  const writer = WorldWriter.open(folder, { synchronous: "NORMAL", clock: () => now });
  writer.begin();
  for (let count = 0; count < EVENTS_MAX + 30; count++)
    writer.event({ kind: "fault", zone: 0, tick: 0, json: "{}", body: new Uint8Array(0) });
  for (const hash of ["aa", "bb", "cc", "dd"]) writer.module({ hash, label: "", wasm: new Uint8Array(9) });
  writer.snapshot({ zone: 1, epoch: 1, tick: 0, module: "aa", hash: "00", ticket: 0, state: new Uint8Array(1) });
  writer.put("zone", "1", '{"module":"bb"}');
  writer.event({ kind: "deploy", zone: 1, tick: 0, json: '{"module":"cc"}', body: new Uint8Array(0) });
  writer.commit();
  now = 3_600_000;
  const retention = new Retention({ ...forever, ageMs: 1_800_000, clock: () => now });
  run(retention, writer);
  // A zone may still be about to run it.
  now += MODULE_MS / 2;
  run(retention, writer);
  expect(
    WorldReader.open(folder)!
      .modules()
      .map(({ hash }) => hash),
  ).toEqual(["aa", "bb", "cc", "dd"]);
  now += 3_600_000;
  run(retention, writer);
  const reader = WorldReader.open(folder)!;
  expect(reader.modules().map(({ hash }) => hash)).toEqual(["aa", "bb", "cc"]);
  expect(reader.events().length).toBe(EVENTS_MAX);
  expect(reader.problems().filter((problem) => !problem.includes("witness"))).toEqual([]);
  writer.close();
});

test("a step that fails changes nothing, and works later", () => {
  const folder = newFolder();
  let now = 0;
  const truth = writeJournal(folder, { seed: 5, commits: 200, clock: () => (now += SECOND_MS) });
  truth.close();
  const writer = WorldWriter.open(folder, { synchronous: "NORMAL", clock: () => now });
  const retention = new Retention({ ageMs: 1, bytesMax: 1, clock: () => now });
  writer.database.run(
    "CREATE TEMP TRIGGER full BEFORE DELETE ON record BEGIN SELECT RAISE(ABORT, 'disk is full'); END",
  );
  expect(() => retention.step(writer)).toThrow("disk is full");
  expect(judge(folder, truth).outcome).toBe("unharmed");
  writer.database.run("DROP TRIGGER full");
  expect(run(retention, writer)).toBeGreaterThan(1);
  writer.close();
  expect(judge(folder, truth).outcome).toBe("unharmed");
  expect(replayable(folder, 1).snapshots).toBe(SNAPSHOTS_MIN);
});
