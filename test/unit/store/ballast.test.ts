import { afterEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ballast, BALLAST_FILE, freeBytesOf } from "../../../server/store/ballast.ts";

const MB = 2 ** 20;
const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "wowsim-ballast-"));
  folders.push(folder);
  return folder;
}

function fill(ballast: Ballast): number {
  for (let steps = 1; ; steps++) if (!ballast.fill()) return steps;
}

test("it is written in steps, takes room on the disk, and is found again", () => {
  const folder = newFolder();
  const ballast = new Ballast(folder, 3 * MB);
  expect(fill(ballast)).toBe(3);
  expect(ballast.isFull).toBe(true);
  const { size, blocks } = statSync(join(folder, BALLAST_FILE));
  expect(size).toBe(3 * MB);
  expect(blocks * 512).toBeGreaterThanOrEqual(3 * MB);
  expect(new Ballast(folder, 3 * MB).isFull).toBe(true);
  expect(freeBytesOf(folder)).toBeGreaterThan(0);
});

test("it is given up once, and written again when there is room for it twice", () => {
  const folder = newFolder();
  let free = 100 * MB;
  const ballast = new Ballast(folder, 2 * MB, () => free);
  fill(ballast);
  expect(ballast.release()).toBe(true);
  expect(ballast.release()).toBe(false);
  expect(existsSync(join(folder, BALLAST_FILE))).toBe(false);
  free = 3 * MB;
  expect(ballast.fill()).toBe(false);
  expect(ballast.held).toBe(0);
  free = 5 * MB;
  fill(ballast);
  expect(ballast.isFull).toBe(true);
});

test("a folder that can not be written to is no error", () => {
  const folder = newFolder();
  mkdirSync(join(folder, BALLAST_FILE));
  const ballast = new Ballast(folder, MB);
  rmSync(join(folder, BALLAST_FILE), { recursive: true });
  const gone = new Ballast(join(folder, "not there"), MB, () => 9 * MB);
  expect(gone.fill()).toBe(false);
  expect(gone.release()).toBe(false);
  expect(ballast.release()).toBe(false);
});

test("one from a time with more room is cut", () => {
  const folder = newFolder();
  fill(new Ballast(folder, 3 * MB));
  expect(new Ballast(folder, MB)).toMatchObject({ held: MB, isFull: true });
  expect(statSync(join(folder, BALLAST_FILE)).size).toBe(MB);
});
