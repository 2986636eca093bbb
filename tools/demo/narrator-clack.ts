// The demo for a person at a terminal: clack's guide line, a spinner while something is waited for, and a question between
// phases unless --auto. What was waited for leaves no trace when it went well; lines are broken to fit beside the guide.
// NO_COLOR is honoured by clack itself.

import type { Key } from "node:readline";
import { confirm, intro, log, note, outro, settings, spinner } from "@clack/prompts";
import { orCancelled } from "../ui/ask.ts";
import { columns, paint } from "../ui/output.ts";
import { cut as cutTo, wrapped } from "../ui/wrap.ts";
import { fieldLines } from "../ui/table.ts";
import { LABEL_WIDTH } from "./narrator.ts";
import type { Narrator, Work } from "./narrator.ts";

/** "│  " before every line, and a column that stays free. */
const GUIDE_WIDTH = 4;
const FLAT = { spacing: 0 };

export class ClackNarrator implements Narrator {
  readonly #asks: boolean;
  readonly #signal: AbortSignal;
  readonly #spin = spinner({ indicator: "timer", withGuide: false, cancelMessage: "interrupted" });
  /** What the spinner says; null while it does not spin. */
  #spinning: string | null = null;
  /** Gives the keyboard back to clack. */
  #takeKeys: () => void = () => {};

  /** `signal` is an answer too: nobody may be there to give another. */
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

  /** Prints above the spinner, when it spins. */
  #print(print: () => void): void {
    const spinning = this.#spinning;
    if (spinning !== null) this.#clear();
    print();
    if (spinning !== null) this.#start(spinning);
  }
}

const broken = (text: string): string => wrapped(text, columns() - GUIDE_WIDTH).join("\n");

/** A spinner's line stays one line, with room for its sign and its clock. */
const cut = (text: string): string => cutTo(text, columns() - 14);

/**
 * While it spins, clack reads the keyboard raw, so that nothing typed shows, and ends the process at Ctrl-C or Escape, with
 * a server still running. Here both are only keys meanwhile, and Ctrl-C is made the signal again that it is elsewhere.
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
