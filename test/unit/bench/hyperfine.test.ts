// The system's hyperfine is found whatever lies in front of it.

import { afterAll, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { findHyperfine, findOnPath } from "../../../server/testing/hyperfine.ts";

const temporary = mkdtempSync(join(tmpdir(), "wowsim-path-"));
afterAll(() => rmSync(temporary, { recursive: true }));

function folderWith(name: string, says: string): string {
  const folder = join(temporary, name);
  mkdirSync(folder, { recursive: true });
  const program = join(folder, "hyperfine");
  writeFileSync(program, `#!/bin/sh\necho '${says}'\n`);
  chmodSync(program, 0o755);
  return folder;
}

const stub = folderWith("node_modules/.bin", "failed to install");
const real = folderWith("usr-bin", "hyperfine 1.15.0");

test("the npm package's stub is passed over, also when it comes first", () => {
  expect(findHyperfine([stub, real].join(delimiter))).toEqual({
    path: join(real, "hyperfine"),
    version: "hyperfine 1.15.0",
  });
});

test("without the real one, the error says how to install it", () => {
  expect(() => findHyperfine(stub)).toThrow("apt-get install hyperfine");
});

test("another program of that name is not taken for it", () => {
  const other = folderWith("other", "hyper 2.0");
  expect(() => findHyperfine(other)).toThrow('it answers "hyper 2.0" to --version');
});

test("folders that are not there, and empty parts of the path, do no harm", () => {
  expect(findOnPath("hyperfine", ["", join(temporary, "nowhere"), real].join(delimiter))).toBe(join(real, "hyperfine"));
});
