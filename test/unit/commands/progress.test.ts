// The progress bar: one line, wiped in the end, and not a character while somebody else has the terminal.

import { expect, test } from "bun:test";
import { isInForeground } from "../../../tools/ui/foreground.ts";
import { progressBar } from "../../../tools/ui/progress.ts";

const WIPE = "\r\x1b[2K";

function barOn({ isShown = true } = {}) {
  const terminal = { written: "", mayDraw: true };
  const write = (text: string): void => void (terminal.written += text);
  return { terminal, bar: progressBar("players", isShown, write, () => terminal.mayDraw) };
}

test("it is drawn over and wiped away", () => {
  const { terminal, bar } = barOn();
  bar.update(0.5, "half");
  bar.interrupt(() => (terminal.written += "a line\n"));
  bar.update(1, "all");
  bar.done();
  const line = (full: number, text: string): string =>
    `${WIPE}players ${"█".repeat(full)}${"░".repeat(20 - full)} ${text}`;
  expect(terminal.written).toBe(`${line(10, "half")}${WIPE}a line\n${line(20, "all")}${WIPE}`);
});

test("in the background it writes nothing, and wipes nothing that others wrote meanwhile", () => {
  const { terminal, bar } = barOn();
  terminal.mayDraw = false;
  bar.update(0.1, "unseen");
  bar.done();
  expect(terminal.written).toBe("");
  terminal.mayDraw = true;
  bar.update(0.2, "seen");
  const { written } = terminal;
  terminal.mayDraw = false;
  bar.update(0.3, "unseen");
  bar.done();
  expect(terminal.written).toBe(written);
});

test("without a terminal there is none", () => {
  const { terminal, bar } = barOn({ isShown: false });
  bar.update(0.5, "half");
  bar.done();
  expect(terminal.written).toBe("");
});

test.each([
  ["the terminal's own group", "4711 (bun) R 1 4711 4000 34816 4711 4194304", true],
  ["a job in the background", "4711 (bun) S 1 4711 4000 34816 4000 4194304", false],
  ["a name with blanks and parentheses", "4711 (a) b (c) S 1 4711 4000 34816 4000 4194304", false],
  ["no terminal at all", "4711 (bun) S 1 4711 4000 0 -1 4194304", true],
  ["a system that does not say", "", true],
])("the foreground: %s", (_, stat, isSo) => {
  expect(isInForeground(stat)).toBe(isSo);
});
