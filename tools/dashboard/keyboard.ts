// The terminal's bytes, on their way to terminal-kit, which turns them into keys and clicks. Two things are kept from it:
// bytes that are no UTF-8, at which it would read on for ever, and what is pasted: it would be read as keys, and these
// keys break servers.
//
//   const filter = new InputFilter()
//   filter.take(Buffer.from("f\x1b[200~kill switch: k\x1b[201~h"))      // "fh"

import type { TerminalInput } from "terminal-kit";
import { at as itemAt } from "../../server/protocol/assert.ts";

/** Sent to the terminal: from now on it marks what is pasted. */
export const MARK_PASTES = "\x1b[?2004h";
export const MARK_NO_PASTES = "\x1b[?2004l";
const PASTE_BEGIN = "\x1b[200~";
const MARKS = new RegExp(`(${String.fromCharCode(27)}\\[20[01]~)`);

/** A mark that is cut off by the end of a read. A lone Escape is not held back: it may be the key. */
const CUT_MARK = new RegExp(`${String.fromCharCode(27)}\\[2(?:0[01]?)?$`);

export class InputFilter {
  readonly #decoder = new TextDecoder();
  #isPasting = false;
  /** The beginning of a mark. */
  #held = "";

  /** What is left of it. */
  take(bytes: Uint8Array): string {
    const text = this.#held + this.#decoder.decode(bytes, { stream: true });
    this.#held = CUT_MARK.exec(text)?.[0] ?? "";
    const [first = "", ...others] = text.slice(0, text.length - this.#held.length).split(MARKS);
    let kept = this.#isPasting ? "" : first;
    // Marks and what follows them, by turns.
    for (let at = 0; at + 1 < others.length; at += 2) {
      this.#isPasting = others[at] === PASTE_BEGIN;
      if (!this.#isPasting) kept += itemAt(others, at + 1);
    }
    return kept;
  }
}

/** stdin behind the filter, as terminal-kit wants it. */
export function filteredInput(stdin: NodeJS.ReadStream): TerminalInput {
  const filter = new InputFilter();
  const listeners = new Map<unknown, (chunk: Buffer) => void>();
  return {
    on(event, listener) {
      const wrapped = (chunk: Buffer): void => {
        const kept = filter.take(chunk);
        if (kept !== "") listener(Buffer.from(kept));
      };
      listeners.set(listener, wrapped);
      stdin.on(event, wrapped);
    },
    removeListener(event, listener) {
      const wrapped = listeners.get(listener);
      if (wrapped !== undefined) stdin.removeListener(event, wrapped);
      listeners.delete(listener);
    },
    pause: () => stdin.pause(),
    resume: () => stdin.resume(),
    setRawMode: (isRaw) => stdin.setRawMode(isRaw),
  };
}
