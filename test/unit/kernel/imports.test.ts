// The kernel's files know each other in one direction: none can be reached from itself by its imports.

import { expect, test } from "bun:test";
import { dirname, join, normalize } from "node:path";
import { readSources } from "../../../server/kernel/build.ts";

/** Of each file the files it imports or exports again. */
function importsOf(sources: ReadonlyMap<string, string>): Map<string, string[]> {
  const found = [...sources].map(([name, text]): [string, string[]] => [
    name,
    [...text.matchAll(/from "(\.[^"]+)"/g)].map(([, path]) => `${normalize(join(dirname(name), path ?? ""))}.ts`),
  ]);
  return new Map(found);
}

/** The files that are left once those which import none of the others are taken away, again and again: those in circles. */
function inCircles(imports: Map<string, string[]>): string[] {
  const left = new Map(imports);
  for (let before = -1; before !== left.size;) {
    before = left.size;
    for (const [name, targets] of left) if (!targets.some((target) => left.has(target))) left.delete(name);
  }
  return [...left.keys()].toSorted();
}

test("no file of the kernel imports itself by way of others", async () => {
  const imports = importsOf(await readSources());
  expect([...imports.values()].flat().filter((target) => !imports.has(target))).toEqual([]);
  expect(inCircles(imports)).toEqual([]);
});

test("a circle is found", () => {
  const imports = importsOf(
    new Map([
      ["index.ts", 'import { a } from "./a";'],
      ["a.ts", 'export * from "./combat/b";'],
      ["combat/b.ts", 'import { a } from "../a";'],
      ["c.ts", ""],
    ]),
  );
  expect(inCircles(imports)).toEqual(["a.ts", "combat/b.ts", "index.ts"]);
});
