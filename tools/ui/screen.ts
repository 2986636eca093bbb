// A terminal screen that is redrawn many times. It uses the alternate screen, so the earlier content comes back at the end.
//
//   using screen = new Screen()
//   screen.draw(["healthy", ...])        // closed, and the terminal restored, at the end of the block or the process

interface Terminal {
  readonly rows?: number;
  write(text: string): unknown;
}

const ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l";
const LEAVE = "\x1b[?7h\x1b[?25h\x1b[?1049l";
const HOME = "\x1b[H";
const CLEAR_LINE = "\x1b[K";
const CLEAR_BELOW = "\x1b[J";
const ROWS = 24;

export class Screen implements Disposable {
  readonly #terminal: Terminal;
  readonly #onExit = (): void => this.close();
  #isOpen = false;

  constructor(terminal: Terminal = process.stdout) {
    this.#terminal = terminal;
  }

  /** Shows these lines from the top; lines that do not fit are cut off. */
  draw(lines: readonly string[]): void {
    if (!this.#isOpen) {
      this.#isOpen = true;
      process.on("exit", this.#onExit);
      this.#terminal.write(ENTER);
    }
    const shown = lines.slice(0, this.#terminal.rows ?? ROWS);
    this.#terminal.write(HOME + shown.map((line) => line + CLEAR_LINE).join("\r\n") + CLEAR_BELOW);
  }

  /** Restores the terminal. May be called again. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    process.off("exit", this.#onExit);
    this.#terminal.write(LEAVE);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
