// What there is to undo by a zone's course: the last module that a deploy swapped in, whatever epochs lie between.

import { expect, test } from "bun:test";
import { findUndo } from "../../../server/undo/journal-course.ts";
import type { Span, ToldOfModules } from "../../../server/undo/journal-course.ts";

/** "A 1-10, B 11-30": epochs in turn. */
function spans(text: string): Span[] {
  return text.split(", ").map((part, index) => {
    const [module = "", ticks = ""] = part.split(" ");
    const [begin = 0, end = 0] = ticks.split("-").map(Number);
    return { epoch: index + 1, begin, end, module, at: begin * 50 };
  });
}

function find(text: string, told: Partial<ToldOfModules> = {}): string {
  const all = { module: null, deployed: () => true, undone: [], ...told };
  try {
    const { module, through, fromTick, epoch } = findUndo(1, spans(text), all);
    return `${module} through ${through} from ${fromTick} in ${epoch}`;
  } catch (error) {
    return (error as Error).message;
  }
}

test("a module that was rolled back, by an operator, a lost worker or a restart", () => {
  expect(find("A 1-10, B 11-30, A 31-40")).toBe("B through A from 10 in 1");
  expect(find("A 1-10, B 11-30, A 31-40, A 41-50, A 51-60")).toBe("B through A from 10 in 1");
  expect(find("A 1-5, A 6-10, B 11-20, B 21-30, A 31-40")).toBe("B through A from 10 in 2");
});

test("a module that is in place", () => {
  expect(find("A 1-10, B 11-30")).toBe("B through A from 10 in 1");
  expect(find("A 1-10, B 11-20, B 21-30, B 31-40")).toBe("B through A from 10 in 1");
  expect(find("A 1-10, B 11-30, C 31-40")).toBe("C through B from 30 in 2");
});

test("a module that was swapped in over one on trial goes with it", () => {
  expect(find("A 1-10, B 11-20, C 21-30, A 31-40")).toBe("C through A from 10 in 1");
});

test("of several the last, and the one that is named", () => {
  const text = "A 1-10, B 11-20, A 21-30, C 31-40, A 41-50";
  expect(find(text)).toBe("C through A from 30 in 3");
  expect(find(text, { module: "B" })).toBe("B through A from 10 in 1");
  expect(find(text, { module: "D" })).toBe("module D ran in none of its ticks; its journal reaches back to tick 1");
});

test("what is undone is not undone twice; the same module that comes again is", () => {
  const undone = [{ fromTick: 10, tick: 31 }];
  expect(find("A 1-10, B 11-30, A 31-31, A 32-40", { undone })).toBe(
    "module B, swapped in after tick 10, is undone already",
  );
  expect(find("A 1-10, B 11-30, A 31-31, A 32-40, B 41-50, A 51-60", { undone })).toBe("B through A from 40 in 4");
});

test("a journal that does not reach back says from where on it reaches", () => {
  expect(find("B 4711-4800")).toBe("module B was swapped in earlier, and its journal reaches back to tick 4711");
  expect(find("A 1-10, B 11-20, A 35-40")).toBe(
    "module A was swapped in earlier, and its journal reaches back to tick 35, since ticks 21 to 34 are not in it: the zone was DOWN, or the journal lost",
  );
  expect(find("A 1-40", { deployed: () => false })).toBe(
    "no module was swapped in, and its journal reaches back to tick 1",
  );
  expect(find("A 1-10, B 11-20", { deployed: () => false })).toBe(
    "module B came with the server and not by a deploy; its journal reaches back to tick 1",
  );
});
