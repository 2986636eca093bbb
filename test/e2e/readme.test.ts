// What the README says to type, typed: every line of its shell blocks is run in a clean clone, as it stands there, and must
// show what the README promises. A line that is not known here fails the first test. The demo is typed by timed/demo.test.ts,
// the lines of the five minutes by long/readme-tour.test.ts, those that are about an installer by clean-clone.test.ts.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import packageFile from "../../package.json";
import { outsideNpm, runIn } from "../helpers/clone.ts";
import { LINES, README, ReadmeClone, shellLines } from "../helpers/readme.ts";

setDefaultTimeout(300_000);

let clone: ReadmeClone;
beforeAll(() => {
  clone = new ReadmeClone();
});
afterAll(() => clone?.[Symbol.dispose]());

test("the README has these lines, and no others", () => {
  expect(shellLines(README)).toEqual(Object.values(LINES).flat());
});

test(LINES.doctor, async () => {
  await clone.installed();
  const { code, stdout } = await clone.type(LINES.doctor);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^ok +packages +all \d+ at their pinned versions$/m);
});

test(LINES.link, async () => {
  await clone.installed();
  expect((await clone.type(LINES.link)).code).toBe(0);
  const { stdout } = await runIn(clone.folder, outsideNpm().PATH, [join(clone.prefix, "bin/wowsim"), "--version"]);
  expect(stdout).toBe(`${packageFile.version}\n`);
});

test(LINES.build, async () => {
  await clone.installed();
  expect((await clone.type(LINES.build)).code).toBe(0);
  const { stdout } = await runIn(clone.folder, outsideNpm().PATH, [join(clone.path, "dist/wowsim"), "--version"]);
  expect(stdout).toBe(`${packageFile.version}\n`);
});
