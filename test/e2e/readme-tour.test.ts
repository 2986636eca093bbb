// The README's five minutes, typed on a terminal in a clean clone, line by line as they stand there: each must show what the
// README promises.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { outsideNpm } from "../helpers/clone.ts";
import { expectPictured } from "../helpers/current-picture.ts";
import { ownNetwork } from "../helpers/own-network.ts";
import { ReadmeClone, TOUR } from "../helpers/readme.ts";
import { allEnd, place } from "../helpers/run-place.ts";
import { readLines } from "../helpers/serve-process.ts";
import { Tmux } from "../helpers/tmux.ts";

setDefaultTimeout(300_000);

let clone: ReadmeClone;
beforeAll(async () => {
  clone = new ReadmeClone();
  await clone.installed();
});
afterAll(() => clone?.[Symbol.dispose]());

const within = ownNetwork();
if (within === null)
  process.stderr.write(
    "SKIPPED: the README's five minutes take the default ports, and this system gives a test no network of its own (unshare --net, as root).\n",
  );

test.skipIf(within === null)("the five minutes, line by line on a terminal", async () => {
  using run = place();
  const env = { ...run.env, PATH: outsideNpm().PATH };
  await using tmux = await Tmux.start({ width: 100, height: 50, env, shell: "bash --norc", within: within ?? [] });
  // The prompt says how the last command ended.
  tmux.type(`cd ${clone.path}; PS1='[$?] $ '; clear\n`);
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
  const messages = readLines(join(clone.path, ".wowsim/telemetry.jsonl")).map(({ message }) => message);
  expect(messages).toContain("Server stopped");
});

/** The exit codes that the prompts so far tell. */
const prompts = (text: string): number[] => [...text.matchAll(/^\[(\d+)\] \$/gm)].map(([, code]) => Number(code));
