// A progress bar on a terminal, nothing elsewhere: one line that is drawn over and, at the end, wiped away.
//
//   const bar = progressBar("playing"); bar.update(0.4, "12 of 30 s, 200 clients"); bar.done()
//   playing ████████░░░░░░░░░░░░ 12 of 30 s, 200 clients

import { isTerminal } from "./output.ts";

const WIDTH = 20;

export interface ProgressBar {
  /** `share` from 0 to 1. */
  update(share: number, text: string): void;
  /** Wipes the line. */
  done(): void;
}

/** Draws on stderr, so that stdout stays clean; `write` and `isShown` can be given. */
export function progressBar(
  label: string,
  isShown = isTerminal(),
  write: (text: string) => void = (text) => void process.stderr.write(text),
): ProgressBar {
  if (!isShown) return { update() {}, done() {} };
  return {
    update(share, text) {
      const full = Math.round(Math.min(1, Math.max(0, share)) * WIDTH);
      write(`\r\x1b[2K${label} ${"█".repeat(full)}${"░".repeat(WIDTH - full)} ${text}`);
    },
    done() {
      write("\r\x1b[2K");
    },
  };
}
