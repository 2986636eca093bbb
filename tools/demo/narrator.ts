// The demo's output: one small interface, and its plain form for pipes, logs and NO_COLOR terminals. The form for a
// person at a terminal is in narrator-clack.ts.
//
//   narrator.phase(1, 6, "Baseline", "what does a healthy server look like?")
//   narrator.fact("ticks", "p50 0.15 ms, p99 1.36 ms; 0 of 400 over 50 ms")
//   narrator.claim(true, "ticks keep to their budget: p99 1.36 ms of 50 ms")
//
// A fact is a measurement; a claim is a measurement that decides the exit code.

import { fieldLines } from "../ui/table.ts";

/** Runs during a wait; `update` changes the displayed text, where that is possible. */
export type Work<T> = (update: (text: string) => void) => Promise<T>;

export interface Narrator {
  intro(title: string, text: string): void;
  phase(number: number, of: number, title: string, question: string): void;
  /** An empty label continues the previous fact. */
  fact(label: string, text: string): void;
  claim(ok: boolean, text: string): void;
  /** Shows that work is in progress until it is done; an error of the work is thrown on. */
  during<T>(text: string, work: Work<T>): Promise<T>;
  table(title: string, rows: readonly (readonly [label: string, value: string])[]): void;
  /** Asks whether to continue, if a person can be asked; false: no. */
  mayGoOn(next: string): Promise<boolean>;
  outro(ok: boolean, text: string): void;
}

export const LABEL_WIDTH = 15;
const INDENT = "    ";

/** One line for each item, no colour, no cursor moves: suitable for a log. */
export class PlainNarrator implements Narrator {
  readonly #write: (line: string) => void;

  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  intro(title: string, text: string): void {
    this.#write(title);
    this.#write(text);
  }

  phase(number: number, of: number, title: string, question: string): void {
    this.#write("");
    this.#write(`[${number}/${of}] ${title}: ${question}`);
  }

  fact(label: string, text: string): void {
    this.#write(`${INDENT}${label.padEnd(LABEL_WIDTH)} ${text}`);
  }

  claim(ok: boolean, text: string): void {
    this.#write(`${INDENT}${ok ? "[true] " : "[FALSE]"} ${text}`);
  }

  async during<T>(text: string, work: Work<T>): Promise<T> {
    this.#write(`${INDENT}... ${text}`);
    return await work(() => {});
  }

  table(title: string, rows: readonly (readonly [string, string])[]): void {
    this.#write(`${INDENT}${title}`);
    for (const line of fieldLines(rows)) this.#write(`${INDENT}  ${line}`);
  }

  async mayGoOn(): Promise<boolean> {
    return true;
  }

  outro(ok: boolean, text: string): void {
    this.#write("");
    this.#write(`${ok ? "PASSED" : "FAILED"}: ${text}`);
  }
}
