// The demo for a person at a terminal: clack's guide line, spinners while something is waited for, and a question between
// phases unless --auto. NO_COLOR is honoured by clack itself.

import { confirm, intro, isCancel, log, note, outro, spinner } from "@clack/prompts";
import { paint } from "../ui/output.ts";
import { tableLines } from "./narrator.ts";
import type { Narrator, Work } from "./narrator.ts";

const LABEL_WIDTH = 22;

export class ClackNarrator implements Narrator {
  readonly #asks: boolean;

  constructor(options: { asks: boolean }) {
    this.#asks = options.asks;
  }

  intro(title: string, text: string): void {
    intro(paint.bold(title));
    log.message(text);
  }

  phase(number: number, of: number, title: string, question: string): void {
    log.step(`${paint.bold(`${number}/${of} ${title}`)}: ${question}`);
  }

  say(text: string): void {
    log.message(text, { spacing: 0 });
  }

  fact(label: string, text: string): void {
    log.message(`${paint.cyan(label.padEnd(LABEL_WIDTH))} ${text}`, { spacing: 0 });
  }

  claim(ok: boolean, text: string): void {
    if (ok) log.success(text, { spacing: 0 });
    else log.error(`NOT TRUE: ${text}`, { spacing: 0 });
  }

  async during<T>(text: string, work: Work<T>): Promise<T> {
    const spin = spinner({ indicator: "timer" });
    spin.start(text);
    leaveCtrlCAlone();
    try {
      const result = await work((shown) => spin.message(shown));
      spin.stop(text);
      return result;
    } catch (error) {
      spin.error(text);
      throw error;
    }
  }

  table(title: string, rows: readonly (readonly [string, string])[]): void {
    note(tableLines(rows).join("\n"), title);
  }

  async mayGoOn(next: string): Promise<boolean> {
    if (!this.#asks) return true;
    const answer = await confirm({ message: `Go on to: ${next}?`, active: "continue", inactive: "stop here" });
    return !isCancel(answer) && answer;
  }

  outro(ok: boolean, text: string): void {
    outro(ok ? paint.green(text) : paint.red(text));
  }
}

/**
 * While it spins, clack reads the keyboard raw and ends the process at Ctrl-C or Escape, with a server still running.
 * Without its listener Ctrl-C is a signal again, which the demo handles by putting everything away.
 */
function leaveCtrlCAlone(): void {
  process.stdin.removeAllListeners("keypress");
  if (process.stdin.isTTY) process.stdin.setRawMode(false);
}
