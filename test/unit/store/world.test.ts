import { afterEach, expect, test } from "bun:test";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Database } from "bun:sqlite";
import { WorldReader } from "../../../server/store/world-reader.ts";
import { assert } from "../../../server/protocol/assert.ts";
import { formatOf, migrate } from "../../../server/store/world-schema.ts";
import { WITNESS_FILE, WORLD_FILE, WorldWriter } from "../../../server/store/world-writer.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "wowsim-world-"));
  folders.push(folder);
  return folder;
}

const open = (folder: string): WorldWriter => WorldWriter.open(folder, { synchronous: "NORMAL", clock: () => 1_000 });
const batchOf = (tick: number, bytes = 64): Uint8Array => new Uint8Array(bytes).fill(tick);
const state = Bun.zstdCompressSync(new Uint8Array(10_000).fill(7));

function writeTicks(writer: WorldWriter, from: number, to: number, epoch = 1): void {
  writer.begin();
  writer.snapshot({ zone: 1, epoch, tick: from - 1, module: "aa", hash: "00", ticket: 5, state });
  for (let tick = from; tick <= to; tick++)
    writer.tick({ zone: 1, epoch, tick, module: "aa", hash: "ff", batch: batchOf(tick, tick * 32) });
  writer.commit();
  writer.testify();
}

function damage(folder: string, sql: string): void {
  const database = new Database(join(folder, WORLD_FILE));
  database.run(sql);
  database.close();
}

function reading(folder: string): WorldReader {
  const reader = WorldReader.open(folder);
  if (reader === null) throw new Error("no journal");
  return reader;
}

test("what was committed is read again, also while the writer is still open", () => {
  const folder = newFolder();
  const writer = open(folder);
  writeTicks(writer, 1, 9);
  writer.begin();
  writer.put("session", "12", '{"name":"Ann"}');
  writer.event({ kind: "gap", zone: 1, tick: 9, json: "{}", body: new Uint8Array([1, 2]) });
  writer.module({ hash: "aa", label: "own", wasm: new Uint8Array([0, 1]) });
  writer.meta("seed", "7");
  writer.commit();
  writer.testify();
  const reader = reading(folder);
  const history = reader.history(1);
  expect(history.problems).toEqual([]);
  expect(history.lostTicks).toBe(0);
  expect(history.snapshot?.ticket).toBe(5);
  expect("ticks" in history && history.ticks.map(({ tick, batch }) => [tick, batch.length])).toEqual(
    [1, 2, 3, 4, 5, 6, 7, 8, 9].map((tick) => [tick, tick * 32]),
  );
  expect(reader.facts("session")).toEqual([expect.objectContaining({ key: "12", json: '{"name":"Ann"}' })]);
  expect(reader.events().map(({ kind, body }) => [kind, [...body]])).toEqual([["gap", [1, 2]]]);
  expect(reader.module("aa")?.label).toBe("own");
  expect(reader.meta("seed")).toBe("7");
  expect(reader.rowsMissing).toBe(0);
  reader.close();
  writer.close();
});

test("a rolled-back transaction leaves nothing, and the same ticks can be written again", () => {
  const folder = newFolder();
  const writer = open(folder);
  writeTicks(writer, 1, 3);
  writer.begin();
  writer.tick({ zone: 1, epoch: 1, tick: 4, module: "aa", hash: "ff", batch: batchOf(4) });
  writer.rollback();
  writer.rollback();
  const { lsn } = writer;
  writeTicks(writer, 1, 4);
  expect(writer.lsn).toBe(lsn + 1);
  const history = reading(folder).history(1);
  expect("ticks" in history && history.ticks.length).toBe(4);
  writer.close();
});

test("a newer epoch replaces the ticks of the older one", () => {
  const folder = newFolder();
  const writer = open(folder);
  writeTicks(writer, 1, 9, 1);
  writeTicks(writer, 6, 7, 2);
  writer.close();
  const history = reading(folder).history(1);
  expect(history.snapshot?.epoch).toBe(2);
  expect("ticks" in history && history.ticks.map(({ tick }) => tick)).toEqual([6, 7]);
  expect(history.lostTicks).toBe(0);
});

test("a damaged tick ends the history, and what is lost is told to the tick", () => {
  const folder = newFolder();
  const writer = open(folder);
  writeTicks(writer, 1, 9);
  writer.close();
  damage(folder, "UPDATE record SET hash = 'fe' WHERE tick = 6");
  const history = reading(folder).history(1);
  expect("ticks" in history && history.ticks.at(-1)?.tick).toBe(5);
  expect(history.lostTicks).toBe(4);
  expect(history.problems).toEqual(["Tick 6 of zone 1 is damaged."]);
});

test("a missing tick ends the history", () => {
  const folder = newFolder();
  const writer = open(folder);
  writeTicks(writer, 1, 9);
  writer.close();
  damage(folder, "DELETE FROM record WHERE tick IN (4, 5)");
  const history = reading(folder).history(1);
  expect(history.problems).toEqual(["Ticks 4 to 5 of zone 1 are missing."]);
  expect(history.lostTicks).toBe(6);
});

test("with a damaged snapshot the history begins at an older one of the same epoch, and nothing is lost", () => {
  const folder = newFolder();
  const writer = open(folder);
  writeTicks(writer, 1, 9);
  writeTicks(writer, 10, 12);
  writer.close();
  damage(folder, "UPDATE snapshot SET body = zeroblob(length(body)) WHERE tick = 9");
  const history = reading(folder).history(1);
  expect(history.snapshot?.tick).toBe(0);
  expect("ticks" in history && history.ticks.length).toBe(12);
  expect(history.lostTicks).toBe(0);
  expect(history.problems).toEqual(["The snapshot of zone 1 at tick 9 is damaged."]);
});

test("with no good snapshot the whole zone is lost, and that is said", () => {
  const folder = newFolder();
  const writer = open(folder);
  writeTicks(writer, 1, 9);
  writer.close();
  damage(folder, "DELETE FROM snapshot");
  expect(reading(folder).history(1)).toEqual({
    zone: 1,
    snapshot: null,
    lostTicks: 9,
    problems: ["Zone 1 has no snapshot."],
  });
});

test("the witness notices rows that are gone from the end, and of which zone they were", () => {
  const folder = newFolder();
  const writer = open(folder);
  writeTicks(writer, 1, 7);
  writer.begin();
  for (const tick of [8, 9]) writer.tick({ zone: 1, epoch: 1, tick, module: "aa", hash: "ff", batch: batchOf(tick) });
  writer.commit();
  writer.testify();
  writer.close();
  damage(folder, "DELETE FROM record WHERE tick > 7");
  const reader = reading(folder);
  expect(reader.rowsMissing).toBe(2);
  expect(reader.problems()).toEqual(["2 committed changes are missing at the end."]);
  expect(reader.history(1)).toMatchObject({ lostTicks: 2, problems: ["Ticks 8 to 9 of zone 1 are missing."] });
});

test("a commit of facts alone is witnessed too, and facts of an earlier time are noticed", () => {
  const folder = newFolder();
  const writer = open(folder);
  writeTicks(writer, 1, 3);
  const change = (write: () => void): void => {
    writer.begin();
    write();
    writer.commit();
    writer.testify();
  };
  change(() => writer.put("character", "Ann", '{"gold":5}'));
  const earlier = new Database(join(folder, WORLD_FILE)).query("SELECT * FROM fact").all();
  change(() => writer.put("character", "Ann", '{"gold":1}'));
  change(() => writer.put("character", "Bob", '{"gold":4}'));
  change(() => writer.drop("character", "Cid"));
  change(() => writer.drop("character", "Bob"));
  const { lsn } = writer;
  writer.close();
  expect(open(folder).lsn).toBe(lsn);
  expect(reading(folder).problems()).toEqual([]);
  const [{ crc, json }] = earlier as [{ crc: number; json: string }];
  damage(folder, `UPDATE fact SET crc = ${crc}, json = '${json}'`);
  expect(reading(folder).problems()).toEqual(["Facts are damaged, missing, or older than they should be."]);
});

test("a newer epoch that can not be used does not bring back what it had rewritten", () => {
  const folder = newFolder();
  const writer = open(folder);
  writeTicks(writer, 1, 9, 1);
  writeTicks(writer, 6, 8, 2);
  writer.close();
  for (const sql of [
    "UPDATE snapshot SET ticket = 9 WHERE epoch = 2",
    "DELETE FROM snapshot WHERE epoch = 2",
    "DELETE FROM record WHERE epoch = 2",
  ]) {
    damage(folder, sql);
    const history = reading(folder).history(1);
    expect("ticks" in history && history.ticks.map(({ tick }) => tick)).toEqual([1, 2, 3, 4, 5]);
    expect(history.lostTicks).toBe(3);
    expect(history.problems.at(-1)).toBe("Epoch 2 of zone 1 can not be used; epoch 1 ends at tick 5.");
  }
});

test("a damaged index costs nothing", () => {
  const folder = newFolder();
  const writer = open(folder);
  writeTicks(writer, 1, 9);
  writer.close();
  const path = join(folder, WORLD_FILE);
  const sql = "SELECT rootpage FROM sqlite_schema WHERE name = 'record_at'";
  const page = new Database(path).query<{ rootpage: number }, []>(sql).get()!.rootpage;
  const bytes = readFileSync(path);
  writeFileSync(path, bytes.fill(0, (page - 1) * 4_096, page * 4_096));
  const history = reading(folder).history(1);
  expect("ticks" in history && history.ticks.length).toBe(9);
  expect(history.lostTicks).toBe(0);
  expect(history.problems.length).toBeGreaterThan(0);
});

test("rows and witness of another world are told apart", () => {
  const [folder, other] = [newFolder(), newFolder()];
  for (const each of [folder, other]) {
    const writer = open(each);
    writeTicks(writer, 1, 9);
    writer.close();
  }
  copyFileSync(join(other, WITNESS_FILE), join(folder, WITNESS_FILE));
  expect(() => reading(folder)).toThrow("different worlds");
  expect(() => open(folder)).toThrow("different worlds");
  rmSync(join(folder, WITNESS_FILE));
  const reader = reading(folder);
  expect(reader.problems()).toEqual([
    "There is no good world.witness: rows that are missing at the end can not be noticed.",
  ]);
  expect(reader.rowsMissing).toBeNull();
  expect(reader.history(1).lostTicks).toBe(0);
  new Database(join(folder, WORLD_FILE)).run(
    `ATTACH '${join(other, WORLD_FILE)}' AS other; UPDATE record SET crc = (SELECT crc FROM other.record o WHERE o.lsn = record.lsn) WHERE tick > 6`,
  );
  expect(reading(folder).history(1)).toMatchObject({ lostTicks: 3, problems: ["Tick 7 of zone 1 is damaged."] });
});

const third = (file: Database): void => void file.run("UPDATE fact SET crc = crc + 1, at = 5");

test("a file of an earlier format is brought to the newest one, rows and all", () => {
  const database = new Database(":memory:");
  migrate(database);
  database.run("INSERT INTO fact VALUES ('halt', 'server', '{}', 7)");
  const second = "ALTER TABLE fact ADD COLUMN at INTEGER NOT NULL DEFAULT 0";
  const steps = [() => assert(false, "the first step is not taken again"), second, third];
  migrate(database, steps);
  migrate(database, steps);
  expect(formatOf(database)).toBe(3);
  expect(database.query("SELECT * FROM fact").all()).toEqual([
    { kind: "halt", key: "server", json: "{}", crc: 8, at: 5 },
  ]);
  const failing = [...steps, () => assert(false, "the fourth step fails")];
  expect(() => migrate(database, failing)).toThrow("fourth");
  expect(formatOf(database)).toBe(3);
  expect(() => migrate(database)).toThrow("format 3");
});

test("of a new world nothing is told", () => {
  const folder = newFolder();
  const writer = open(folder);
  expect(reading(folder).problems()).toEqual([]);
  expect(new WorldReader(writer.database, folder).problems()).toEqual([]);
  writer.close();
});

test("a file of a later format is refused, and not changed", () => {
  const folder = newFolder();
  open(folder).close();
  damage(folder, "PRAGMA user_version = 99");
  expect(() => WorldReader.open(folder)).toThrow("format 99");
  expect(() => open(folder)).toThrow("format 99");
});

test("an unreadable file is said to be one", () => {
  const folder = newFolder();
  Bun.write(join(folder, WORLD_FILE), "this is no database, although it is long enough to be one".repeat(200));
  expect(() => WorldReader.open(folder)).toThrow("--fresh");
});

test("an empty file beside a log is no new world: it is refused, and the log stays", () => {
  const folder = newFolder();
  const writer = open(folder);
  writeTicks(writer, 1, 9);
  const log = readFileSync(join(folder, `${WORLD_FILE}-wal`));
  expect(log.length).toBeGreaterThan(0);
  const other = newFolder();
  writeFileSync(join(other, WORLD_FILE), "");
  writeFileSync(join(other, `${WORLD_FILE}-wal`), log);
  expect(() => WorldReader.open(other)).toThrow("is empty, but its log is not");
  expect(readFileSync(join(other, `${WORLD_FILE}-wal`)).length).toBe(log.length);
  rmSync(join(other, WORLD_FILE));
  expect(() => WorldReader.open(other)).toThrow("is gone from");
  writer.close();
});

test("a witness that can not be written is named, and not the journal", () => {
  const folder = newFolder();
  mkdirSync(join(folder, "world.witness"));
  expect(() => open(folder)).toThrow("world.witness can not be written");
});
