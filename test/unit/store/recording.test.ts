import { afterEach, expect, test } from "bun:test";
import { Database } from "bun:sqlite";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openRecording } from "../../../server/store/recording.ts";
import { EpochReader } from "../../../server/store/world-epochs.ts";
import { WORLD_FILE, WorldWriter } from "../../../server/store/world-writer.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** A recording of ten ticks, and its folder. */
function recorded(): { folder: string; path: string; bytes: Uint8Array } {
  const folder = mkdtempSync(join(tmpdir(), "wowsim-recording-"));
  folders.push(folder);
  const writer = WorldWriter.open(folder, { synchronous: "NORMAL", clock: () => 1_000 });
  writer.begin();
  const state = Bun.zstdCompressSync(new Uint8Array(10_000).fill(7));
  writer.snapshot({ zone: 1, epoch: 1, tick: 0, module: "aa", hash: "00", ticket: 0, state });
  for (let tick = 1; tick <= 10; tick++)
    writer.tick({ zone: 1, epoch: 1, tick, module: "aa", hash: "ff", batch: new Uint8Array(64).fill(tick) });
  writer.commit();
  writer.close();
  const bytes = readFileSync(join(folder, WORLD_FILE));
  const path = join(folder, "zone-1.wowrec");
  return { folder, path, bytes };
}

const write = (path: string, bytes: Uint8Array): Promise<number> => Bun.write(path, bytes);

test("a recording is read like a journal, packed or not, and stays as it is", async () => {
  const { path, bytes } = recorded();
  for (const content of [Bun.zstdCompressSync(bytes), bytes]) {
    await write(path, content);
    const before = readFileSync(path);
    const reader = openRecording(path);
    expect(reader.zones()).toEqual([1]);
    expect(reader.history(1).problems).toEqual([]);
    expect(new EpochReader(reader.source).of(1)).toEqual([
      { epoch: 1, firstTick: 1, lastTick: 10, firstLsn: 2, lastLsn: 11 },
    ]);
    const [place] = reader.snapshots(1);
    expect(new EpochReader(reader.source).ticks(place!, 4, 7, []).map(({ tick }) => tick)).toEqual([5, 6, 7]);
    reader.close();
    expect(readFileSync(path).equals(before)).toBe(true);
  }
});

test("what is no recording is refused, with what it is", async () => {
  const { folder, path, bytes } = recorded();
  const refused = async (content: Uint8Array): Promise<string> => {
    await write(path, content);
    try {
      openRecording(path).close();
      return "";
    } catch (error) {
      return `${(error as { code: string }).code}: ${(error as Error).message}`;
    }
  };
  expect(await refused(new Uint8Array(0))).toContain("recording_invalid: ");
  expect(await refused(Buffer.from("hello"))).toContain("is no recording of a world");
  expect(await refused(Bun.zstdCompressSync(Buffer.from("hello")))).toContain("is no recording of a world");
  expect(await refused(bytes.subarray(0, 60))).toContain("is cut off: 40 bytes are missing");
  expect(await refused(bytes.subarray(0, -1))).toContain("is cut off: 1 bytes are missing");
  const packed = Bun.zstdCompressSync(bytes);
  for (const part of [0.1, 0.5, 0.9, 0.99]) {
    const cut = packed.subarray(0, Math.floor(packed.length * part));
    expect(await refused(cut)).toMatch(/recording_invalid: .* (is cut off|can not be unpacked|is no recording)/);
  }
  const empty = new Database(join(folder, "empty.sqlite"), { create: true });
  empty.run("CREATE TABLE other (a)");
  empty.close();
  expect(await refused(readFileSync(join(folder, "empty.sqlite")))).toContain("is no recording of a world");
  const endless = new Database(join(folder, "endless.sqlite"), { create: true });
  endless.run(
    "CREATE VIEW snapshot AS WITH RECURSIVE more(lsn) AS (SELECT 1 UNION ALL SELECT lsn + 1 FROM more) SELECT * FROM more",
  );
  endless.run("PRAGMA user_version = 1");
  endless.close();
  expect(await refused(readFileSync(join(folder, "endless.sqlite")))).toContain("is no recording of a world");
  const newer = bytes.slice();
  new DataView(newer.buffer).setUint32(60, 99);
  expect(await refused(newer)).toContain("journal_too_new");
  expect(() => openRecording(join(folder, "none.wowrec"))).toThrow("There is no file");
  expect(() => openRecording(folder)).toThrow("is no regular file");
});

test("damage within a recording is told by its reader", async () => {
  const { path, bytes } = recorded();
  const damaged = bytes.slice();
  for (let at = 8_192; at < damaged.length; at += 512) damaged[at] = (damaged[at] ?? 0) ^ 0xff;
  await write(path, Bun.zstdCompressSync(damaged));
  const reader = openRecording(path);
  const problems: string[] = [];
  reader.zones(problems);
  const history = reader.history(1);
  expect([...problems, ...history.problems, ...reader.problems()].length).toBeGreaterThan(0);
  reader.close();
});
