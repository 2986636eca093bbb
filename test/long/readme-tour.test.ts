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
    let [before, promptsBefore] = [0, 0];
    const shown = (): string => tmux.everything.slice(before);
    const isBack = (): boolean => prompts(tmux.everything).length > promptsBefore;
    const type = (): void => {
      before = tmux.everything.trimEnd().length;
      promptsBefore = prompts(tmux.everything).length;
      tmux.type(`${line}\n`);
    };
    type();
    // Zones that had no processor for a moment are DEGRADED for ten seconds. Then a reader asks once more.
    const askedMax = line === "wowsim health" ? HEALTH_ASKED_MAX : 1;
    for (let asked = 1; asked < askedMax && !shows.test(shown()); asked++) {
      await tmux.until(isBack, `has its prompt back after ${line}`);
      if (!shows.test(shown())) type();
    }
    if (line === "wowsim dashboard") {
      await tmux.shows(/^● live/m);
      await tmux.shows("40 players");
      tmux.keys("q");
    }
    await tmux.until(() => isBack() && shows.test(shown()), `shows ${shows} after ${line}`, 180_000);
    expect([line, prompts(tmux.everything)[promptsBefore]]).toEqual([line, code]);
  }
  expectPictured("diagnose", tmux.everything);
  await allEnd(run);
  const messages = readLines(join(clone.path, ".wowsim/telemetry.jsonl")).map(({ message }) => message);
  expect(messages).toContain("Server stopped");
});

/** An answer takes some three seconds. */
const HEALTH_ASKED_MAX = 8;

/** The exit codes that the prompts so far tell. */
const prompts = (text: string): number[] => [...text.matchAll(/^\[(\d+)\] \$/gm)].map(([, code]) => Number(code));
