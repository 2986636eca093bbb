// What the README says to type, typed: every line of its shell blocks is run in a clean clone, as it stands there and in its
// order, and must show what the README promises. A line that is not known here fails the first test.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import packageFile from "../../package.json";
import { cloneCheckout, outsideNpm, runIn } from "../helpers/clone.ts";
import { ROOT } from "../helpers/command.ts";
import type { Finished } from "../helpers/command.ts";
import { expectPictured } from "../helpers/current-picture.ts";
import { ownNetwork } from "../helpers/own-network.ts";
import { shellLines } from "../helpers/readme.ts";
import { allEnd, leavesNothing, place } from "../helpers/run-place.ts";
import { readLines } from "../helpers/serve-process.ts";
import { Tmux } from "../helpers/tmux.ts";
import { expectWholeDemo } from "../helpers/whole-demo.ts";

setDefaultTimeout(300_000);

interface Seen {
  line: string;
  /** On the terminal once the prompt is back. */
  shows: RegExp;
  code?: number;
}

/** Five minutes on a terminal. */
const TOUR: readonly Seen[] = [
  { line: "alias wowsim=$PWD/tools/wowsim.sh", shows: /^/ },
  { line: "wowsim serve &", shows: /^ *telemetry in .*\/\.wowsim\/telemetry\.jsonl/m },
  { line: "wowsim spawn-clients --count 40 --duration 30m &", shows: /^\[2\] \d+$/m },
  { line: "wowsim health", shows: /^healthy {2}at (.|\n)*^players +40 connected/m },
  { line: "wowsim inject-fault activate latency-spike --zone 1", shows: /^latency-spike is active on zone 1/m },
  // Zone 2 is as before: all its ticks, and none of the 200 ms. On a busy machine three late ones make it DEGRADED for a while.
  { line: "wowsim health", shows: /^critical {2}at (.|\n)*^ +2 {2}Westfall +[A-Z]+ +(19|20)(\.\d)? +\d\.\d/m, code: 2 },
  { line: "wowsim diagnose --file .wowsim/telemetry.jsonl", shows: /^latency-spike +9\d % sure, zone 1,/m, code: 1 },
  { line: "wowsim inject-fault deactivate latency-spike", shows: /^latency-spike is ended/m },
  { line: "wowsim build-kernel --variant regression --out bad.wasm", shows: /^bad\.wasm: \d+ bytes/m },
  { line: "wowsim deploy bad.wasm", shows: /^rolled back [\da-f]{16} after/m, code: 1 },
  { line: "wowsim build-kernel --variant hotfix --out good.wasm", shows: /^good\.wasm: \d+ bytes/m },
  { line: "wowsim deploy good.wasm", shows: /^promoted [\da-f]{16} after/m },
  { line: "wowsim dashboard", shows: /^/ },
  { line: "kill %2", shows: /\b40 of 40 clients got in; 40 were playing at the end/ },
  { line: "kill %1", shows: /^wowsim: SIGTERM, stopping/m },
];
const LINES = {
  demo: "npm install && npm run demo",
  tests: "npm install && npm test",
  demoWithBun: "bun install && bun run demo",
  tour: TOUR.map(({ line }) => line),
  doctor: "npm run doctor",
  link: "npm link",
  build: "npm run build:binary",
};

const readme = readFileSync(join(ROOT, "README.md"), "utf8");
const folder = mkdtempSync(join(tmpdir(), "wowsim-readme-"));
const clone = join(folder, "wowsim");
const prefix = join(folder, "prefix");

beforeAll(() => cloneCheckout(clone));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** As somebody types it who has Node and npm, in their clone; what npm has in its cache already is not fetched again. */
async function type(line: string, env: Record<string, string> = {}): Promise<Finished> {
  const npm = { npm_config_prefer_offline: "true", npm_config_prefix: prefix };
  return await runIn(clone, outsideNpm().PATH, ["sh", "-c", line], { ...npm, ...env });
}

/** For those lines that come after the first. */
async function installed(): Promise<void> {
  if (existsSync(join(clone, "node_modules"))) return;
  const { code, stderr } = await type("npm install");
  if (code !== 0) throw new Error(stderr);
}

test("the README has these lines, and no others", () => {
  expect(shellLines(readme)).toEqual(Object.values(LINES).flat());
});

test(LINES.demo, async () => {
  using run = place();
  const { code, stdout, stderr } = await type(LINES.demo, run.env);
  expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
  expect(readme).toContain(`It claims ${expectWholeDemo(stdout)} things`);
  expectPictured("demo", stdout);
  leavesNothing(run);
});

// All of it is what runs this test, so in the clone it is only begun: to its end it would come here again.
test(`${LINES.tests}, its first part`, async () => {
  const { code, stdout } = await type(`${LINES.tests} -- check`);
  const last = stdout.trim().split("\n").at(-1);
  expect({ code, last }).toEqual({ code: 0, last: expect.stringMatching(/^\d+ passed, 0 failed$/) as string });
});

test(LINES.demoWithBun, async () => {
  using run = place();
  const withBun = { clone: join(folder, "with-bun"), bin: join(folder, "bin") };
  cloneCheckout(withBun.clone);
  mkdirSync(withBun.bin);
  symlinkSync(process.execPath, join(withBun.bin, "bun"));
  const path = `${withBun.bin}:${outsideNpm().PATH}`;
  const { code, stdout, stderr } = await runIn(withBun.clone, path, ["sh", "-c", LINES.demoWithBun], run.env);
  expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
  expectWholeDemo(stdout);
  leavesNothing(run);
});

const within = ownNetwork();
if (within === null)
  process.stderr.write(
    "SKIPPED: the README's five minutes take the default ports, and this system gives a test no network of its own (unshare --net, as root).\n",
  );

test.skipIf(within === null)("the five minutes, line by line on a terminal", async () => {
  await installed();
  using run = place();
  const env = { ...run.env, PATH: outsideNpm().PATH };
  await using tmux = await Tmux.start({ width: 100, height: 50, env, shell: "bash --norc", within: within ?? [] });
  // The prompt says how the last command ended.
  tmux.type(`cd ${clone}; PS1='[$?] $ '; clear\n`);
  await tmux.shows(/^\[0\] \$/);
  for (const { line, shows, code = 0 } of TOUR) {
    const before = tmux.everything.trimEnd().length;
    const promptsBefore = prompts(tmux.everything).length;
    tmux.type(`${line}\n`);
    if (line === "wowsim dashboard") {
      await tmux.shows(/^● live/m);
      await tmux.shows("40 players");
      tmux.keys("q");
    }
    const shown = (): string => tmux.everything.slice(before);
    await tmux.until(
      () => prompts(tmux.everything).length > promptsBefore && shows.test(shown()),
      `shows ${shows} after ${line}`,
      180_000,
    );
    expect([line, prompts(tmux.everything)[promptsBefore]]).toEqual([line, code]);
  }
  expectPictured("diagnose", tmux.everything);
  await allEnd(run);
  const messages = readLines(join(clone, ".wowsim/telemetry.jsonl")).map(({ message }) => message);
  expect(messages).toContain("Server stopped");
});

/** The exit codes that the prompts so far tell. */
const prompts = (text: string): number[] => [...text.matchAll(/^\[(\d+)\] \$/gm)].map(([, code]) => Number(code));

test(LINES.doctor, async () => {
  await installed();
  const { code, stdout } = await type(LINES.doctor);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^ok +packages +all \d+ at their pinned versions$/m);
});

test(LINES.link, async () => {
  await installed();
  expect((await type(LINES.link)).code).toBe(0);
  const { stdout } = await runIn(folder, outsideNpm().PATH, [join(prefix, "bin/wowsim"), "--version"]);
  expect(stdout).toBe(`${packageFile.version}\n`);
});

test(LINES.build, async () => {
  await installed();
  expect((await type(LINES.build)).code).toBe(0);
  const { stdout } = await runIn(folder, outsideNpm().PATH, [join(clone, "dist/wowsim"), "--version"]);
  expect(stdout).toBe(`${packageFile.version}\n`);
});
