// A progress bar on a terminal (none elsewhere, and none when the process is in the background): one line that is redrawn
// and erased at the end.
//
//   const bar = progressBar("playing"); bar.update(0.4, "12 of 30 s, 200 clients"); bar.done()
//   playing ████████░░░░░░░░░░░░ 12 of 30 s, 200 clients

import { isInForeground } from "./foreground.ts";
import { isTerminal } from "./output.ts";
import { cut } from "./wrap.ts";

const WIDTH = 20;
const COLUMNS = 80;
const WIPE = "\r\x1b[2K";

export interface ProgressBar {
  /** `share` from 0 to 1. */
  update(share: number, text: string): void;
  /** Erases the line so that `print` can write; the next update draws it again below. */
  interrupt(print: () => void): void;
  /** Erases the line. */
  done(): void;
}

/** Draws on stderr, so that stdout stays clean, and never beyond the terminal's width. `write` can be replaced. */
export function progressBar(
  label: string,
  isShown = isTerminal(process.stderr),
  write: (text: string) => void = (text) => void process.stderr.write(text),
  mayDraw: () => boolean = isInForeground,
): ProgressBar {
  if (!isShown) return { update() {}, interrupt: (print) => print(), done() {} };
  let isDrawn = false;
  const wipe = (): void => {
    if (isDrawn) write(WIPE);
    isDrawn = false;
  };
  return {
    update(share, text) {
      if (!mayDraw()) {
        // In the background, another program owns that line by now.
        isDrawn = false;
        return;
      }
      const full = Math.round(Math.min(1, Math.max(0, share)) * WIDTH);
      const line = `${label} ${"█".repeat(full)}${"░".repeat(WIDTH - full)} ${text}`;
      write(`${WIPE}${cut(line, (process.stderr.columns ?? COLUMNS) - 1)}`);
      isDrawn = true;
    },
    interrupt(print) {
      wipe();
      print();
    },
    done: wipe,
  };
}
