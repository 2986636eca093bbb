import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GAP_FILE, GapMark, gapProblem } from "../../../server/store/gap-mark.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "wowsim-gap-"));
  folders.push(folder);
  return folder;
}

/** Null while it is still empty. */
function saidIn(folder: string): number | null {
  const bytes = readFileSync(join(folder, GAP_FILE));
  return bytes.length === 0 ? null : Number(bytes.readBigUInt64LE());
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await Bun.sleep(1);
}

test("it says since when the journal is not written, as long as one of the reasons holds", async () => {
  const folder = newFolder();
  let now = 1_000_000_000_000;
  const mark = new GapMark(() => now);
  mark.set("refused", true);
  mark.open(folder);
  await until(() => saidIn(folder) === now);
  expect(gapProblem(folder)).toContain("from 2001-09-09T01:46:40.000Z on");
  now += 5_000;
  mark.set("waiting", true);
  mark.set("refused", true);
  mark.set("refused", false);
  await until(() => saidIn(folder) === now);
  mark.set("waiting", false);
  await until(() => saidIn(folder) === 0);
  expect(gapProblem(folder)).toBeNull();
  await mark.close(false);
});

test("an end that could not write everything leaves what it says; one that could clears it", async () => {
  for (const isWhole of [false, true]) {
    const folder = newFolder();
    const mark = new GapMark(() => 1_000_000_000_000);
    mark.open(folder);
    mark.set("waiting", true);
    await mark.close(isWhole);
    expect(gapProblem(folder) === null).toBe(isWhole);
  }
});

test("a disk that hangs holds up neither who sets it nor the end, and gets the newest value when it is back", async () => {
  const folder = newFolder();
  const values: number[] = [];
  const calls: (() => void)[] = [];
  const mark = new GapMark(
    () => 7,
    (_file, bytes, done) => {
      values.push(Number(new DataView(bytes.buffer).getBigUint64(0, true)));
      calls.push(done);
    },
  );
  mark.open(folder);
  mark.set("waiting", true);
  mark.set("waiting", false);
  mark.set("refused", true);
  expect(values).toEqual([0]);
  calls.shift()?.();
  expect(values).toEqual([0, 7]);
  await mark.close(false);
});
