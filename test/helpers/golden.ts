// Texts that are compared as a whole with a file of test/golden, so that a change of what users see is a change somebody
// reads. After a wanted change: WOWSIM_GOLDEN=write bun test test/unit, then look at the diff.
//
//   expectGolden("dashboard/overview-80x24", frameText)

import { expect } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const AGAIN = "WOWSIM_GOLDEN=write bun test test/unit";
const FOLDER = join(import.meta.dir, "../golden");

/** Fails when the text differs from the file, or when there is none. Blanks at the ends of lines do not count. */
export function expectGolden(name: string, text: string): void {
  const path = join(FOLDER, `${name}.txt`);
  const seen = `${text
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n")
    .trimEnd()}\n`;
  if (process.env["WOWSIM_GOLDEN"] === "write") {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, seen);
  }
  if (!existsSync(path)) throw new Error(`There is no ${path}; make it: ${AGAIN}`);
  const meant = readFileSync(path, "utf8");
  if (seen !== meant) process.stderr.write(`${name} has changed. Wanted? ${AGAIN}\n`);
  expect(seen).toBe(meant);
}
