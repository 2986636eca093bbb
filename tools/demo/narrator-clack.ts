// The demo for a person at a terminal: clack's guide line, a spinner while something is waited for, and a question between
// phases unless --auto. What was waited for leaves no trace when it went well; lines are broken to fit beside the guide.
// NO_COLOR is honoured by clack itself.

import { confirm, intro, isCancel, log, note, outro, spinner } from "@clack/prompts";
import { columns, paint, wrapped } from "../ui/output.ts";
import { fieldLines } from "../ui/table.ts";
import { LABEL_WIDTH } from "./narrator.ts";
import type { Narrator, Work } from "./narrator.ts";

/** "│  " before every line, and a column that stays free. */
const GUIDE_WIDTH = 4;
const FLAT = { spacing: 0 };

export class ClackNarrator implements Narrator {
  readonly #asks: boolean;
  readonly #spin = spinner({ indicator: "timer", withGuide: false });
  /** What the spinner says; null while it does not spin. */
  #spinning: string | null = null;

  constructor(options: { asks: boolean }) {
    this.#asks = options.asks;
  }

  intro(title: string, text: string): void {
    intro(paint.bold(title));
    log.message(broken(text));
  }

  phase(number: number, of: number, title: string, question: string): void {
    this.#print(() => log.step(`${paint.bold(`${number}/${of} ${title}`)}: ${question}`));
  }

  fact(label: string, text: string): void {
    const lines = wrapped(text, columns() - GUIDE_WIDTH - LABEL_WIDTH - 1);
    const shown = lines.map((line, index) => `${paint.cyan((index === 0 ? label : "").padEnd(LABEL_WIDTH))} ${line}`);
    this.#print(() => log.message(shown, FLAT));
  }

  claim(ok: boolean, text: string): void {
    this.#print(() => (ok ? log.success(broken(text), FLAT) : log.error(broken(`NOT TRUE: ${text}`), FLAT)));
  }

  async during<T>(text: string, work: Work<T>): Promise<T> {
    this.#start(text);
    try {
      const result = await work((shown) => {
        this.#spinning = shown;
        this.#spin.message(cut(shown));
      });
      this.#spin.clear();
      return result;
    } catch (error) {
      this.#spin.error(text);
      throw error;
    } finally {
      this.#spinning = null;
    }
  }

  table(title: string, rows: readonly (readonly [string, string])[]): void {
    this.#print(() => note(fieldLines(rows).join("\n"), title));
  }

  async mayGoOn(next: string): Promise<boolean> {
    if (!this.#asks) return true;
    const answer = await confirm({ message: `Go on to: ${next}?`, active: "continue", inactive: "stop here" });
    return !isCancel(answer) && answer;
  }

  outro(ok: boolean, text: string): void {
    outro(ok ? paint.green(text) : paint.red(text));
  }

  #start(text: string): void {
    this.#spinning = text;
    this.#spin.start(cut(text));
    leaveCtrlCAlone();
  }

  /** Prints above the spinner, when it spins. */
  #print(print: () => void): void {
    const spinning = this.#spinning;
    if (spinning !== null) this.#spin.clear();
    print();
    if (spinning !== null) this.#start(spinning);
  }
}

const broken = (text: string): string => wrapped(text, columns() - GUIDE_WIDTH).join("\n");

/** A spinner's line stays one line, with room for its sign and its clock. */
const cut = (text: string): string => text.slice(0, columns() - 14);

/**
 * While it spins, clack reads the keyboard raw and ends the process at Ctrl-C or Escape, with a server still running.
 * Without its listener Ctrl-C is a signal again, which the demo handles by putting everything away.
 */
function leaveCtrlCAlone(): void {
  process.stdin.removeAllListeners("keypress");
  if (process.stdin.isTTY) process.stdin.setRawMode(false);
}
