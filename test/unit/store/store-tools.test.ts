import { Database } from "bun:sqlite";
import { afterEach, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ExportWish } from "../../../server/protocol/store-tools.ts";
import { lockDataDir } from "../../../server/store/data-dir.ts";
import { storeTools } from "../../../server/store/tools.ts";
import { WorldReader } from "../../../server/store/world-reader.ts";
import { WORLD_FILE } from "../../../server/store/world-writer.ts";
import { writeJournal } from "../../../server/testing/journal-truth.ts";
import type { JournalTruth } from "../../../server/testing/journal-truth.ts";
import { judge } from "../../../server/testing/journal-verdict.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

const SECOND_MS = 1_000;
const quiet = (): void => {};

/** A journal of a tick a second that began an hour and some minutes ago. */
function journal(commits = 200): { folder: string; truth: JournalTruth } {
  const folder = mkdtempSync(join(tmpdir(), "wowsim-store-"));
  folders.push(folder);
  let now = Date.now() - 3_900_000;
  const onCommit = (): void => void (now += SECOND_MS);
  return { folder, truth: writeJournal(folder, { seed: 3, commits, clock: () => now, onCommit }) };
}

/** The code of the error that it ends with; null when it ends well. */
async function codeOf(ask: () => Promise<unknown>): Promise<unknown> {
  return await ask().then(
    () => null,
    ({ code }: { code: string }) => code,
  );
}

/** The epoch of a zone with the most ticks, and where it began: snapshots come later in it too. */
function longestEpoch({ ticks, begins }: JournalTruth, zone: number): { epoch: number; begin: number } {
  const lengthOf = (epoch: number): number =>
    [...ticks.keys()].filter((key) => key.startsWith(`${zone}/${epoch}/`)).length;
  const [[epoch, begin]] = [...begins.get(zone)!].toSorted(([one], [other]) => lengthOf(other) - lengthOf(one)) as [
    [number, number],
  ];
  return { epoch, begin };
}

function damage(folder: string, sql: string): void {
  const database = new Database(join(folder, WORLD_FILE));
  database.run(sql);
  database.close();
}

/** Exports, and opens what was written. */
async function exporting(folder: string, wish: Omit<ExportWish, "out">, name = "piece.wowrec") {
  const out = join(folder, name);
  const made = await storeTools.export(folder, { ...wish, out });
  const database = Database.deserialize(Bun.zstdDecompressSync(readFileSync(out)));
  return { made, reader: new WorldReader(database, null, true) };
}

describe("status", () => {
  test("counts what is there, also while somebody writes", async () => {
    const { folder, truth } = journal();
    const status = await storeTools.status(folder);
    expect(status).toMatchObject({ format: 1, lsn: truth.lsn, problems: [], durability: null, gaps: [] });
    expect(status.zones.map(({ zone, epoch, tick }) => [zone, { epoch, tick }])).toEqual(
      [...truth.heads].map(([zone, { epoch, tick }]) => [zone, { epoch, tick }]),
    );
    expect(status.zones.reduce((sum, { ticks }) => sum + ticks, 0)).toBe(600);
    expect(Object.values(status.facts).reduce((sum, count) => sum + count, 0)).toBe(truth.facts.size);
    expect(status.events).toEqual({ fault: truth.events.length });
    expect(status.modules).toEqual([{ hash: "aa", label: "own" }]);
    expect(Object.keys(status.files)).toEqual(["world.sqlite", "world.sqlite-wal", "world.witness"]);
    truth.close();
  });

  test("says when rows are missing at the end", async () => {
    const { folder, truth } = journal();
    truth.close();
    damage(folder, `DELETE FROM record WHERE lsn > ${truth.lsn - 2}`);
    damage(folder, `DELETE FROM meta WHERE key = 'tally'`);
    expect((await storeTools.status(folder)).problems.length).toBeGreaterThan(0);
  });

  test("a folder without a journal has none, and gets none", async () => {
    const { folder } = journal(1);
    const nowhere = join(folder, "nowhere");
    const asked = [
      () => storeTools.status(nowhere),
      () => storeTools.verify(nowhere, quiet),
      () => storeTools.compact(nowhere, {}, quiet),
      () => storeTools.export(nowhere, { zone: 1, span: { lastMs: 1 } }),
    ];
    for (const ask of asked) expect(await codeOf(ask)).toBe("no_journal");
    expect(existsSync(nowhere)).toBe(false);
  });
});

describe("verify", () => {
  test("finds nothing in a good journal, and tells how far it is", async () => {
    const { folder, truth } = journal();
    const shares: number[] = [];
    const verdict = await storeTools.verify(folder, (share) => shares.push(share));
    expect(verdict).toMatchObject({ isGood: true, problems: [], moreProblems: 0 });
    expect(verdict.zones.map(({ zone, tick, lostTicks }) => [zone, tick, lostTicks])).toEqual(
      [...truth.heads].map(([zone, { tick }]) => [zone, tick, 0]),
    );
    const facts = truth.facts.size + truth.events.length + 1;
    expect(verdict.rows).toBe(truth.ticks.size + truth.snapshots.size + facts);
    expect(shares).toEqual(shares.toSorted((one, other) => one - other));
    truth.close();
  });

  test("names each damaged and each missing tick, also those that a start does not need", async () => {
    const { folder, truth } = journal();
    truth.close();
    const { epoch, tick } = truth.heads.get(1)!;
    const [second, third] = [longestEpoch(truth, 2), longestEpoch(truth, 3)];
    const five = second.begin + 5;
    const [seven, eight] = [third.begin + 7, third.begin + 8];
    damage(folder, `UPDATE record SET hash = 'x' WHERE zone = 2 AND epoch = ${second.epoch} AND tick = ${five}`);
    damage(folder, `DELETE FROM record WHERE zone = 3 AND epoch = ${third.epoch} AND tick IN (${seven}, ${eight})`);
    damage(folder, `UPDATE record SET body = x'00' WHERE zone = 1 AND epoch = ${epoch} AND tick = ${tick - 1}`);
    damage(folder, "UPDATE event SET json = '{}' WHERE lsn = (SELECT min(lsn) FROM event)");
    damage(folder, "UPDATE module SET label = 'other'");
    const { isGood, problems, zones } = await storeTools.verify(folder, quiet);
    expect(isGood).toBe(false);
    expect(problems).toContain(`Tick ${five} of zone 2, epoch ${second.epoch}: damaged or missing.`);
    expect(problems).toContain(`Ticks ${seven} to ${eight} of zone 3, epoch ${third.epoch}: damaged or missing.`);
    expect(problems).toContain(`Tick ${tick - 1} of zone 1 is damaged.`);
    expect(problems.filter((problem) => /^Event \d+ is damaged|module aa is damaged\./.test(problem)).length).toBe(2);
    expect(problems.some((problem) => problem.startsWith("The table record has"))).toBe(true);
    expect(zones.map(({ lostTicks }) => lostTicks)).toEqual([2, 0, 0]);
  });

  test("notices damage to the file's structure", async () => {
    const { folder, truth } = journal();
    truth.close();
    const bytes = readFileSync(join(folder, WORLD_FILE));
    truncateSync(join(folder, WORLD_FILE), bytes.length - 4_096);
    const found = await storeTools.verify(folder, quiet).then(
      ({ isGood }) => isGood,
      ({ code }: { code: string }) => code,
    );
    expect(found).not.toBe(true);
  });
});

describe("compact", () => {
  test("deletes what is old, shrinks the file, and leaves a good journal", async () => {
    const { folder, truth } = journal(400);
    truth.close();
    const done = await storeTools.compact(folder, { ageMs: 1 }, quiet);
    expect(done.bytesAfter).toBeLessThan(done.bytesBefore / 2);
    expect(done.deleted["record"]).toBeGreaterThan(500);
    expect(await storeTools.verify(folder, quiet)).toMatchObject({ isGood: true, problems: [] });
    expect(judge(folder, truth).outcome).toBe("unharmed");
  });

  test("is refused while a server has the folder, and for a damaged journal", async () => {
    const { folder, truth } = journal();
    truth.close();
    const lock = await lockDataDir(folder);
    const compact = () => storeTools.compact(folder, {}, quiet);
    expect(await codeOf(compact)).toBe("data_dir_in_use");
    lock.release();
    damage(folder, "DELETE FROM fact");
    expect(await codeOf(compact)).toBe("journal_damaged");
    (await lockDataDir(folder)).release();
  });
});

describe("export", () => {
  test("the last minutes, from a snapshot on, while somebody writes", async () => {
    const { folder, truth } = journal();
    const head = truth.heads.get(2)!;
    const { made, reader } = await exporting(folder, { zone: 2, span: { lastMs: 60_000 } });
    expect(made).toMatchObject({ zone: 2, lastTick: head.tick, modules: 1, problems: [] });
    expect(made.snapshotTick).toBeLessThan(made.firstTick);
    expect(reader.problems()).toEqual([]);
    expect(reader.zones()).toEqual([2]);
    const history = reader.history(2);
    const original = WorldReader.open(folder)!.history(2);
    expect("ticks" in history && "ticks" in original && history.ticks).toEqual(
      "ticks" in original ? original.ticks : [],
    );
    expect(reader.module("aa")).not.toBeNull();
    expect(reader.facts("session")).toEqual([]);
    expect(reader.facts("character")).toEqual([]);
    truth.close();
  });

  test("ticks from one to another, and everything", async () => {
    const { folder, truth } = journal();
    truth.close();
    const { made, reader } = await exporting(folder, { zone: 1, span: { from: 50, to: 60 } });
    expect(made).toMatchObject({ firstTick: 50, lastTick: 60, problems: [] });
    const history = reader.history(1, 60);
    expect(history.problems).toEqual([]);
    expect("ticks" in history && history.ticks.at(-1)!.tick).toBe(60);
    const all = await exporting(folder, { zone: 1, span: { from: 0, to: Number.MAX_SAFE_INTEGER } }, "all.wowrec");
    expect(all.made.ticks).toBe([...truth.ticks.keys()].filter((key) => key.startsWith("1/")).length);
    expect(all.made.snapshotTick).toBe(0);
  });

  test("what is not there can not be exported, and no file is written over", async () => {
    const { folder, truth } = journal();
    truth.close();
    const refusal = (wish: ExportWish) => codeOf(() => storeTools.export(folder, wish));
    const out = join(folder, "x.wowrec");
    expect(await refusal({ zone: 9, span: { lastMs: 1_000 }, out })).toBe("no_such_ticks");
    expect(await refusal({ zone: 1, span: { from: 10_000, to: 20_000 }, out })).toBe("no_such_ticks");
    expect(existsSync(out)).toBe(false);
    expect(await refusal({ zone: 1, span: { lastMs: 1_000 }, out: join(folder, "no/where") })).toBe("output_failed");
    expect(await refusal({ zone: 1, span: { lastMs: 1_000 }, out: join(folder, WORLD_FILE) })).toBe("file_exists");
    damage(folder, "UPDATE module SET label = 'x'");
    const { made } = await exporting(folder, { zone: 1, span: { lastMs: 1_000 } });
    expect(made.problems.join(" ")).toContain("The module aa is not in the journal");
  });
});
