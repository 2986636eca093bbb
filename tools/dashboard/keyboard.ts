// Filters the terminal's bytes before terminal-kit turns them into keys and clicks. Two things are removed: bytes that are
// not UTF-8, on which terminal-kit would loop forever, and pasted text, which would be read as keys, and these keys break
// servers.
//
//   const filter = new InputFilter()
//   filter.take(Buffer.from("f\x1b[200~kill switch: k\x1b[201~h"))      // "fh"

import type { TerminalInput } from "terminal-kit";
import { at as itemAt } from "../../server/protocol/assert.ts";

/** Sent to the terminal: it then marks pasted text. */
export const MARK_PASTES = "\x1b[?2004h";
export const MARK_NO_PASTES = "\x1b[?2004l";
const PASTE_BEGIN = "\x1b[200~";
const MARKS = new RegExp(`(${String.fromCharCode(27)}\\[20[01]~)`);

/** A mark that the end of a read cuts off. A lone Escape is not kept back, because it may be the key. */
const CUT_MARK = new RegExp(`${String.fromCharCode(27)}\\[2(?:0[01]?)?$`);

export class InputFilter {
  readonly #decoder = new TextDecoder();
  #isPasting = false;
  /** The beginning of a mark. */
  #held = "";

  /** The bytes after filtering. */
  take(bytes: Uint8Array): string {
    const text = this.#held + this.#decoder.decode(bytes, { stream: true });
    this.#held = CUT_MARK.exec(text)?.[0] ?? "";
    const [first = "", ...others] = text.slice(0, text.length - this.#held.length).split(MARKS);
    let kept = this.#isPasting ? "" : first;
    // A mark and the text after it alternate.
    for (let at = 0; at + 1 < others.length; at += 2) {
      this.#isPasting = others[at] === PASTE_BEGIN;
      if (!this.#isPasting) kept += itemAt(others, at + 1);
    }
    return kept;
  }
}

/** stdin behind the filter, in the form that terminal-kit expects. */
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
