// The demo for a person at a terminal: clack's guide line, a spinner during a wait, and a question between phases unless
// --auto. A successful wait leaves no trace; lines are broken to fit beside the guide.
// Clack itself handles NO_COLOR.

import type { Key } from "node:readline";
import { confirm, intro, log, note, outro, settings, spinner } from "@clack/prompts";
import { orCancelled } from "../ui/ask.ts";
import { columns, paint } from "../ui/output.ts";
import { cut as cutTo, wrapped } from "../ui/wrap.ts";
import { fieldLines } from "../ui/table.ts";
import { LABEL_WIDTH } from "./narrator.ts";
import type { Narrator, Work } from "./narrator.ts";

/** "│  " before every line, and one free column. */
const GUIDE_WIDTH = 4;
const FLAT = { spacing: 0 };

export class ClackNarrator implements Narrator {
  readonly #asks: boolean;
  readonly #signal: AbortSignal;
  readonly #spin = spinner({ indicator: "timer", withGuide: false, cancelMessage: "interrupted" });
  /** The spinner's text; null while it does not spin. */
  #spinning: string | null = null;
  /** Gives keyboard handling back to clack. */
  #takeKeys: () => void = () => {};

  /** An aborted `signal` answers a question too, for when nobody can answer. */
  constructor(options: { asks: boolean; signal: AbortSignal }) {
    this.#asks = options.asks;
    this.#signal = options.signal;
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
      this.#clear();
      return result;
    } catch (error) {
      this.#takeKeys();
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
    const signal = this.#signal;
    const words = { message: `Go on to: ${next}?`, active: "continue", inactive: "stop here" };
    return (await orCancelled(confirm({ ...words, signal }), signal)) === true;
  }

  outro(ok: boolean, text: string): void {
    outro(ok ? paint.green(text) : paint.red(text));
  }

  #start(text: string): void {
    this.#spinning = text;
    this.#spin.start(cut(text));
    this.#takeKeys = leaveKeysAlone();
  }

  #clear(): void {
    this.#takeKeys();
    this.#spin.clear();
  }

  /** Prints above the spinner while it spins. */
  #print(print: () => void): void {
    const spinning = this.#spinning;
    if (spinning !== null) this.#clear();
    print();
    if (spinning !== null) this.#start(spinning);
  }
}

const broken = (text: string): string => wrapped(text, columns() - GUIDE_WIDTH).join("\n");

/** A spinner's text stays on one line, with room for its sign and its clock. */
const cut = (text: string): string => cutTo(text, columns() - 14);

/**
 * While it spins, clack reads the keyboard in raw mode, so that typed text is not shown, and ends the process at Ctrl-C or
 * Escape, with a server still running. Here both are ordinary keys meanwhile, and Ctrl-C sends the usual signal.
 */
function leaveKeysAlone(): () => void {
  const cancelling = [...settings.aliases].filter(([, action]) => action === "cancel");
  for (const [key] of cancelling) settings.aliases.delete(key);
  process.stdin.on("keypress", signalAtCtrlC);
  return () => {
    process.stdin.off("keypress", signalAtCtrlC);
    for (const [key, action] of cancelling) settings.aliases.set(key, action);
  };
}

function signalAtCtrlC(_text: string, { ctrl, name }: Key): void {
  if (ctrl === true && name === "c") process.kill(process.pid, "SIGINT");
}
