// What a command says when something is wrong, on a terminal and in a pipe.

import { expect, test } from "bun:test";
import { complaint } from "../../../tools/ui/output.ts";

const LONG = "wowsim: No server answers. Start one with wowsim serve,\n  or say where it is with --host.";

test("on a terminal its lines end between words", () => {
  const lines = complaint(LONG, { isTTY: true, columns: 30 }).split("\n");
  expect(lines).toEqual([
    "wowsim: No server answers.",
    "Start one with wowsim serve,",
    "  or say where it is with",
    "  --host.",
  ]);
});

test("a line's own end stays, and a word longer than the line is not broken", () => {
  expect(complaint("a\n\n/some/path/of/great/length b\n", { isTTY: true, columns: 10 })).toBe(
    "a\n\n/some/path/of/great/length\nb\n",
  );
});

test("elsewhere it is as it was written, for programs to read", () => {
  expect(complaint(LONG, { columns: 30 })).toBe(LONG);
});
