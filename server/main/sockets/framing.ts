// How a byte stream is split into messages, whatever the messages contain.

/** Finds the ends of messages. */
export interface Framing {
  /**
   * The end of the message that begins at `start`: the index after its last byte, or -1 when the message is not
   * complete in [start, end). An earlier call has already searched the bytes before `searched`; they need not be
   * searched again.
   */
  messageEnd(bytes: Buffer, start: number, searched: number, end: number): number;
  /** True when the bytes of a complete message are to be skipped silently (an empty line). */
  isBlank(bytes: Buffer, start: number, end: number): boolean;
}

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** One message per line. */
export const LINES: Framing = {
  messageEnd(bytes, start, searched, end) {
    const at = bytes.indexOf(NEWLINE, Math.max(start, searched));
    return at < 0 || at >= end ? -1 : at + 1;
  },

  isBlank(bytes, start, end) {
    return end - start === 1 || (end - start === 2 && bytes[start] === CARRIAGE_RETURN);
  },
};
