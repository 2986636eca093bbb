// The check of the layout finds what it is for.

import { expect, test } from "bun:test";
import { breaches, circles, importsOf, roomOf } from "../../layers.ts";

const found = (files: Record<string, string>): { breaches: string[]; circles: string[][] } => {
  const imports = importsOf(new Map(Object.entries(files)));
  return { breaches: breaches(imports), circles: circles(imports) };
};

test.each([
  ["a tool that knows the server's insides", "tools/analysis/a.ts", "server/zone/b.ts"],
  ["a thread that knows another", "server/zone/a.ts", "server/feed/b.ts"],
  ["a part of the main thread that knows another", "server/main/gateway/a.ts", "server/main/control/b.ts"],
  ["a protocol that knows the server", "server/protocol/a.ts", "server/shared/b.ts"],
  ["a kernel's room that knows a later one", "assembly/state/a.ts", "assembly/combat/b.ts"],
  ["a product that knows what tests drive", "server/main/a.ts", "server/testing/b.ts"],
  ["a test that knows a bench", "test/unit/a.ts", "bench/lib/b.ts"],
  ["a bench that knows a test", "bench/a.ts", "test/helpers/b.ts"],
])("%s is a breach, with a type alone too", (_what, from, to) => {
  const up = "../".repeat(from.split("/").length - 1);
  for (const kind of ["import", "import type"]) {
    const seen = found({ [from]: `${kind} { b } from "${up}${to}";`, [to]: "export const b = 1;" });
    expect(seen.breaches).toHaveLength(1);
    expect(seen.breaches[0]).toStartWith(`${from} imports ${to}`);
    expect(seen.circles).toEqual([]);
  }
});

test("what is allowed is none, and a circle is told with all in it", () => {
  const seen = found({
    "tools/commands/a.ts": 'import { b } from "../ui/b.ts";',
    "tools/ui/b.ts": 'import { c } from "./c.ts";',
    "tools/ui/c.ts": 'export { b } from "./b.ts";',
  });
  expect(seen).toEqual({ breaches: [], circles: [["tools/ui/b.ts", "tools/ui/c.ts"]] });
});

test("a file's room is the innermost folder that is one", () => {
  expect(roomOf("server/protocol/faults/fault.ts")).toBe("server/protocol");
  expect(roomOf("server/main/gateway/gateway.ts")).toBe("server/main/gateway");
  expect(roomOf("server/main.ts")).toBe("server");
});
