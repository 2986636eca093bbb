// The terminal, drawn on with terminal-kit: frames (frame.ts) go into its ScreenBuffer, and only cells that changed are
// written. What the terminal was before, it is again after leave(), whatever happened in between.
//
//   const terminal = new TerminalScreen({ hasColor: true, isAscii: false })
//   terminal.enter()
//   terminal.draw(frame)
//   terminal.leave()
//
// Rows that are as before, and the ends of others that are, are not even looked at: a large screen costs no more than what
// changes on it.

import terminalKit from "terminal-kit";
import type { Attributes, MouseData, ScreenBuffer, Terminal } from "terminal-kit";
import type { Frame } from "./frame.ts";
import { toAscii } from "./glyphs.ts";
import { filteredInput, MARK_NO_PASTES, MARK_PASTES } from "./keyboard.ts";
import type { Rect } from "./layout.ts";
import { slice } from "./text.ts";
import type { Line, Size, Style } from "./text.ts";

export interface TerminalScreenOptions {
  hasColor: boolean;
  isAscii: boolean;
}

export interface TerminalEvents {
  /** A character, or a name such as "ENTER", "UP", "CTRL_C". */
  onKey(key: string): void;
  /** Cells from 0. */
  onClick(x: number, y: number): void;
  onWheel(by: -1 | 1): void;
  onResize(): void;
}

// The colours are those of the terminal's own palette, so that they are readable on whatever background it has. What they
// say is always said in words or signs as well.
const RED = 1;
const GREEN = 2;
const YELLOW = 3;
const CYAN = 6;

const COLORED: Record<Style, Attributes> = {
  plain: {},
  dim: { dim: true },
  bold: { bold: true },
  title: { bold: true },
  good: { color: GREEN },
  warn: { color: YELLOW },
  bad: { color: RED, bold: true },
  accent: { color: CYAN },
  key: { color: CYAN, bold: true },
  selected: { inverse: true },
};

const UNCOLORED: Record<Style, Attributes> = {
  plain: {},
  dim: { dim: true },
  bold: { bold: true },
  title: { bold: true },
  good: {},
  warn: { bold: true },
  bad: { bold: true, underline: true },
  accent: {},
  key: { bold: true },
  selected: { inverse: true },
};

/** One letter a cell, to compare rows by. */
const STYLE_LETTERS: Record<Style, string> = {
  plain: "p",
  dim: "d",
  bold: "b",
  title: "t",
  good: "g",
  warn: "w",
  bad: "x",
  accent: "a",
  key: "k",
  selected: "s",
};

const ENTER_SCREEN = `\x1b[?1049h\x1b[?25l\x1b[2J${MARK_PASTES}`;
/** The cursor is shown on the alternate screen and on the other: some terminals keep one state for each. */
const LEAVE_SCREEN = `\x1b[0m${MARK_NO_PASTES}\x1b[?25h\x1b[?1049l\x1b[?25h`;
const CLEAR = "\x1b[0m\x1b[2J";

export class TerminalScreen {
  readonly #terminal: Terminal;
  readonly #isAscii: boolean;
  readonly #styles: Record<Style, Attributes>;
  #events: TerminalEvents | null = null;
  #buffer: ScreenBuffer | null = null;
  #attributes = new Map<Style, number>();
  /** What each row shows: its characters, and the style of each. */
  #rows: { text: string; styles: string }[] = [];
  /** To be written in one go. */
  #pending = "";
  #isEntered = false;

  constructor({ hasColor, isAscii }: TerminalScreenOptions) {
    const { generic, isSSH } = terminalKit.guessTerminal();
    this.#terminal = terminalKit.createTerminal({
      stdin: filteredInput(process.stdin),
      stdout: process.stdout,
      stderr: process.stderr,
      generic,
      isTTY: true,
      isSSH,
    });
    this.#terminal.raw = (text) => {
      this.#pending += text;
    };
    this.#isAscii = isAscii;
    this.#styles = hasColor ? COLORED : UNCOLORED;
    this.#terminal.on("key", (key) => this.#events?.onKey(key));
    this.#terminal.on("mouse", (name, data) => this.#onMouse(name, data));
    this.#terminal.on("resize", () => this.#onResize());
  }

  get size(): Size {
    return { width: this.#terminal.width, height: this.#terminal.height };
  }

  /** True while the terminal has not taken what was drawn last. */
  get isClogged(): boolean {
    return process.stdout.writableNeedDrain;
  }

  /** Takes the terminal: its alternate screen, its keys, its mouse. */
  enter(events: TerminalEvents): void {
    this.#events = events;
    if (this.#isEntered) return;
    this.#isEntered = true;
    this.#terminal.shutdown = false;
    process.stdout.write(ENTER_SCREEN);
    this.#terminal.grabInput({ mouse: "button" });
    this.repaint();
  }

  /** Gives it back as it was. May be called again, and in the middle of anything. */
  leave(): void {
    if (!this.#isEntered) return;
    this.#isEntered = false;
    this.#events = null;
    this.#pending = "";
    this.#terminal.grabInput(false);
    // Else it would tidy up once more at the process's end.
    this.#terminal.shutdown = true;
    process.stdout.write(LEAVE_SCREEN);
  }

  /** Draws everything anew next time. */
  repaint(): void {
    this.#buffer = null;
    this.#rows = [];
  }

  draw(frame: Frame): void {
    if (!this.#isEntered) return;
    const isFirst = this.#buffer === null;
    const buffer = (this.#buffer ??= this.#newBuffer(frame));
    let changed: Rect | null = null;
    for (const [y, row] of frame.rows.entries()) {
      const part = this.#put(buffer, y, row);
      // Drawn for the first time, a buffer is drawn whole.
      if (isFirst) continue;
      if (part === null && changed !== null) buffer.draw({ delta: true, srcClipRect: changed });
      changed = part === null ? null : around(changed, part);
    }
    if (isFirst) buffer.draw({ delta: true });
    else if (changed !== null) buffer.draw({ delta: true, srcClipRect: changed });
    this.#flush();
  }

  #newBuffer({ width, height }: Size): ScreenBuffer {
    this.#pending += CLEAR;
    const buffer = new terminalKit.ScreenBuffer({ dst: this.#terminal, width, height, x: 1, y: 1 });
    for (const [style, attributes] of Object.entries(this.#styles)) {
      const color = attributes.color === undefined ? { defaultColor: true } : {};
      const attribute = buffer.object2attr({ bgDefaultColor: true, ...color, ...attributes });
      this.#attributes.set(style as Style, attribute);
    }
    return buffer;
  }

  /** Puts what has changed of a row into the buffer; where that is, null when it is as it was. */
  #put(buffer: ScreenBuffer, y: number, row: Line): Rect | null {
    let text = "";
    let styles = "";
    for (const part of row) {
      text += part.text;
      styles += STYLE_LETTERS[part.style].repeat(part.text.length);
    }
    const before = this.#rows[y];
    if (before !== undefined && text === before.text && styles === before.styles) return null;
    this.#rows[y] = { text, styles };
    const isSame = (x: number): boolean => text[x] === before?.text[x] && styles[x] === before?.styles[x];
    let from = 0;
    while (from < text.length && isSame(from)) from++;
    let to = text.length;
    while (to > from && isSame(to - 1)) to--;
    let x = from;
    for (const part of slice(row, from, to)) {
      const attr = this.#attributes.get(part.style) ?? 0;
      buffer.put({ x, y, attr }, this.#isAscii ? toAscii(part.text) : part.text);
      x += part.text.length;
    }
    return { x: from, y, width: to - from, height: 1 };
  }

  #flush(): void {
    if (this.#pending === "") return;
    process.stdout.write(this.#pending);
    this.#pending = "";
  }

  #onMouse(name: string, { x, y }: MouseData): void {
    if (name === "MOUSE_LEFT_BUTTON_PRESSED") this.#events?.onClick(x - 1, y - 1);
    else if (name === "MOUSE_WHEEL_UP") this.#events?.onWheel(-1);
    else if (name === "MOUSE_WHEEL_DOWN") this.#events?.onWheel(1);
  }

  #onResize(): void {
    this.repaint();
    this.#events?.onResize();
  }
}

/** The least that holds both. */
function around(one: Rect | null, other: Rect): Rect {
  if (one === null) return other;
  const x = Math.min(one.x, other.x);
  const right = Math.max(one.x + one.width, other.x + other.width);
  return { x, y: one.y, width: right - x, height: other.y + other.height - one.y };
}
