// The demo to its end where nothing is installed but Bun, and from the one-file build in an empty folder.

import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { copyCheckout, pathWithOnly, runIn } from "../helpers/clone.ts";
import { ROOT } from "../helpers/command.ts";
import { LINES } from "../helpers/readme.ts";
import { leavesNothing, place } from "../helpers/run-place.ts";
import { expectWholeDemo } from "../helpers/whole-demo.ts";

setDefaultTimeout(300_000);

const temporary = mkdtempSync(join(tmpdir(), "wowsim-demos-"));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

test(LINES.demoWithBun, async () => {
  using run = place();
  const clone = join(temporary, "clone");
  mkdirSync(clone);
  copyCheckout(clone);
  const path = pathWithOnly(join(temporary, "bin"), { bun: realpathSync(process.execPath) });
  const { code, stdout, stderr } = await runIn(clone, path, ["sh", "-c", LINES.demoWithBun], run.env);
  expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
  expectWholeDemo(stdout);
  leavesNothing(run);
});

test("the one-file build runs the whole demo by itself, and leaves nothing behind", async () => {
  using run = place();
  const [binary, empty] = [join(temporary, "wowsim"), join(temporary, "empty")];
  mkdirSync(empty);
  const build = Bun.spawn([process.execPath, "tools/build-binary.ts", "--out", binary], { cwd: ROOT, stderr: "pipe" });
  const complaint = await build.stderr.text();
  expect({ code: await build.exited, complaint }).toMatchObject({ code: 0 });
  const { code, stdout, stderr } = await runIn(empty, "/usr/bin:/bin", [binary, "demo", "--auto"], run.env);
  expect({ code, tail: code === 0 ? "" : `${stdout}${stderr}`.slice(-2_000) }).toEqual({ code: 0, tail: "" });
  expectWholeDemo(stdout);
  expect(readdirSync(empty)).toEqual([]);
  leavesNothing(run);
});
