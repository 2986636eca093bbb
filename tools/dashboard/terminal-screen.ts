// The terminal: draws frames (frame.ts) and writes only the cells that changed; terminal-kit reads its keys, mouse and
// size. leave() always restores the terminal.
//
//   const terminal = new TerminalScreen({ hasColor: true, isAscii: false })
//   terminal.enter()
//   terminal.draw(frame)
//   terminal.leave()
//
// It writes only cursor positions, and the weights and the eight colours that every terminal since the VT100 has.

import terminalKit from "terminal-kit";
import type { MouseData, Terminal } from "terminal-kit";
import type { Frame } from "./frame.ts";
import { toAscii } from "./glyphs.ts";
import { filteredInput, MARK_NO_PASTES, MARK_PASTES } from "./keyboard.ts";
import { slice, textOf } from "./text.ts";
import type { Line, Style } from "./text.ts";
import type { Size } from "./layout.ts";

export interface TerminalScreenOptions {
  hasColor: boolean;
  isAscii: boolean;
}

export interface TerminalEvents {
  /** A character, or a name such as "ENTER", "UP", "CTRL_C". */
  onKey(key: string): void;
  /** Cells, counted from 0. */
  onClick(x: number, y: number): void;
  onWheel(by: -1 | 1): void;
  onResize(): void;
}

// The colours are those of the terminal's own palette, so that they are readable on any background. Their meaning
// is always shown in words or signs as well. The numbers: 1 bold, 2 dim, 4 underlined, 7 inverse; 31 red, 32 green,
// 33 yellow, 36 cyan.
const COLORED: Record<Style, string> = {
  plain: "",
  dim: ";2",
  bold: ";1",
  title: ";1",
  good: ";32",
  warn: ";33",
  bad: ";1;31",
  accent: ";36",
  key: ";1;36",
  selected: ";7",
};

const UNCOLORED: Record<Style, string> = {
  ...COLORED,
  good: "",
  warn: ";1",
  bad: ";1;4",
  accent: "",
  key: ";1",
};

/** One letter for each cell, to compare rows. */
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
/** The cursor is shown on the alternate screen and on the normal one: some terminals keep a state for each. */
const LEAVE_SCREEN = `\x1b[0m${MARK_NO_PASTES}\x1b[?25h\x1b[?1049l\x1b[?25h`;
const CLEAR = "\x1b[0m\x1b[2J";
const RESET = "\x1b[0m";
/** Up to this many unchanged cells are written again, rather than the cursor moved past them. */
const SAME_CELLS_MAX = 8;

export class TerminalScreen {
  readonly #terminal: Terminal;
  readonly #isAscii: boolean;
  readonly #styles: Record<Style, string>;
  #events: TerminalEvents | null = null;
  /** The content of each row: its characters, and the style of each; null: not known. */
  #rows: { text: string; styles: string }[] | null = null;
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
    this.#isAscii = isAscii;
    this.#styles = hasColor ? COLORED : UNCOLORED;
    this.#terminal.on("key", (key) => this.#events?.onKey(key));
    this.#terminal.on("mouse", (name, data) => this.#onMouse(name, data));
    this.#terminal.on("resize", () => this.#onResize());
  }

  get size(): Size {
    return { width: this.#terminal.width, height: this.#terminal.height };
  }

  /** True while the terminal has not accepted the last draw. */
  get isClogged(): boolean {
    return process.stdout.writableNeedDrain;
  }

  /** Takes over the terminal: its alternate screen, its keys, its mouse. */
  enter(events: TerminalEvents): void {
    this.#events = events;
    if (this.#isEntered) return;
    this.#isEntered = true;
    this.#terminal.shutdown = false;
    process.stdout.write(ENTER_SCREEN);
    this.#terminal.grabInput({ mouse: "button" });
    this.repaint();
  }

  /** Restores the terminal. May be called again, and at any moment. */
  leave(): void {
    if (!this.#isEntered) return;
    this.#isEntered = false;
    this.#events = null;
    this.#terminal.grabInput(false);
    // Otherwise terminal-kit would restore the terminal once more at the process's exit.
    this.#terminal.shutdown = true;
    process.stdout.write(LEAVE_SCREEN);
  }

  /** The next draw writes everything. */
  repaint(): void {
    this.#rows = null;
  }

  /** In one write, so that no half frame is visible. */
  draw(frame: Frame): void {
    if (!this.#isEntered) return;
    let written = this.#rows === null ? CLEAR : "";
    this.#rows ??= [];
    for (const [y, row] of frame.rows.entries()) written += this.#changesOf(this.#rows, y, row);
    if (written !== "") process.stdout.write(written + RESET);
  }

  /** The output that changes a row to its new content. */
  #changesOf(rows: { text: string; styles: string }[], y: number, row: Line): string {
    const text = textOf(row);
    const styles = row.map((part) => STYLE_LETTERS[part.style].repeat(part.text.length)).join("");
    const before = rows[y];
    if (before !== undefined && text === before.text && styles === before.styles) return "";
    rows[y] = { text, styles };
    const isSame = (x: number): boolean => text[x] === before?.text[x] && styles[x] === before?.styles[x];
    let changes = "";
    for (let from = 0; from < text.length; from++) {
      if (isSame(from)) continue;
      let to = from + 1;
      for (let x = to; x < text.length && x - to < SAME_CELLS_MAX; x++) if (!isSame(x)) to = x + 1;
      changes += this.#cells(y, row, from, to);
      from = to;
    }
    return changes;
  }

  /** Cells [from, to) of a row. */
  #cells(y: number, row: Line, from: number, to: number): string {
    let written = `\x1b[${y + 1};${from + 1}H`;
    for (const { text, style } of slice(row, from, to))
      written += `\x1b[0${this.#styles[style]}m${this.#isAscii ? toAscii(text) : text}`;
    return written;
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
