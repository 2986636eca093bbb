// The README's first line, typed in a clean clone: the demo to its end, with nothing beside it that takes its time. Ended early it is by
// e2e/demo.test.ts; from the one-file build and by Bun alone it is run by long/demos.test.ts.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { expectPictured } from "../helpers/current-picture.ts";
import { LINES, README, ReadmeClone } from "../helpers/readme.ts";
import { leavesNothing, place } from "../helpers/run-place.ts";
import { expectWholeDemo } from "../helpers/whole-demo.ts";

setDefaultTimeout(300_000);

let clone: ReadmeClone;
beforeAll(() => {
  clone = new ReadmeClone();
});
afterAll(() => clone?.[Symbol.dispose]());

test(LINES.demo, async () => {
  using run = place();
  const { code, stdout, stderr } = await clone.type(LINES.demo, run.env);
  expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
  expect(README).toContain(`It makes ${expectWholeDemo(stdout)} claims`);
  expectPictured("demo", stdout);
  leavesNothing(run);
});
