// Every package this program brings may be used with it: its licence is on a list of those that ask for no more than to be
// named, by its own package.json and by the lock file alike.

import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "../../..");
const ALLOWED = new Set([
  "MIT",
  "ISC",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "0BSD",
  "BlueOak-1.0.0",
  "Unlicense",
]);

/** Packages that name no licence in the usual place, and what in which file of theirs grants it. */
const BY_TEXT: Record<string, { file: string; licence: string; words: string }> = {
  "node-bitmap": {
    file: "README.md",
    licence: "MIT",
    words: "to deal in the Software without restriction, including",
  },
};

const { packages } = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")) as {
  packages: Record<string, { license?: string }>;
};
const locked = Object.entries(packages).filter(([path]) => path !== "");
const installed = locked.filter(([path]) => existsSync(join(ROOT, path, "package.json")));

/** The licences an SPDX expression asks to keep; of alternatives, any may be chosen. */
function isAllowed(expression: string): boolean {
  const bare = expression.replace(/^\((.*)\)$/, "$1");
  const alternatives = bare.split(" OR ").map((alternative) => alternative.split(" AND "));
  return alternatives.some((licences) => licences.every((licence) => ALLOWED.has(licence.replace(/[()]/g, ""))));
}

test("an expression is allowed when one of its alternatives is, as a whole", () => {
  const verdicts = ["MIT", "(MIT OR GPL-3.0)", "(BSD-3-Clause AND Apache-2.0)", "(MIT AND GPL-3.0)", "GPL-3.0", ""];
  expect(verdicts.map(isAllowed)).toEqual([true, true, true, false, false, false]);
});

test("there are packages to look at", () => {
  expect(installed.length).toBeGreaterThan(30);
});

test.each(locked)("%s is under a licence of the list", (path, { license }) => {
  const name = nameOf(path);
  expect([name, isAllowed(BY_TEXT[name]?.licence ?? license ?? "")]).toEqual([name, true]);
});

// Those that are for other systems lie in the lock file only.
test.each(installed)("%s says so itself", (path) => {
  const name = nameOf(path);
  const own = JSON.parse(readFileSync(join(ROOT, path, "package.json"), "utf8")) as { license?: string };
  const byText = BY_TEXT[name];
  if (byText === undefined) expect([name, isAllowed(own.license ?? "")]).toEqual([name, true]);
  else expect(readFileSync(join(ROOT, path, byText.file), "utf8").replace(/\s+/g, " ")).toContain(byText.words);
});

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
}
