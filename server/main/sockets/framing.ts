// How a stream of bytes is cut into messages, whatever is in them.

/** Where messages end. */
export interface Framing {
  /**
   * Where the message that begins at `start` ends: the index one past it, or -1 when it is not complete in
   * [start, end). Bytes before `searched` were in an earlier, vain call and need not be looked at again.
   */
  messageEnd(bytes: Buffer, start: number, searched: number, end: number): number;
  /** True when the bytes of a complete message are to be skipped silently (an empty line). */
  isBlank(bytes: Buffer, start: number, end: number): boolean;
}

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** A message a line. */
export const LINES: Framing = {
  messageEnd(bytes, start, searched, end) {
    const at = bytes.indexOf(NEWLINE, Math.max(start, searched));
    return at < 0 || at >= end ? -1 : at + 1;
  },

  isBlank(bytes, start, end) {
    return end - start === 1 || (end - start === 2 && bytes[start] === CARRIAGE_RETURN);
  },
};
