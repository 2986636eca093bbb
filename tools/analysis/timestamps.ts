// Converts timestamps of telemetry lines to numbers: same results as Date.parse in a tenth of its time. (Date.parse cost more
// than all else in reading a line.) Consecutive lines differ in their last digits, so only those are parsed.
//
//   const timestamps = new TimestampReader()
//   timestamps.read("2026-01-01T00:00:00.050Z")      // 1767225600050

const LENGTH = "2026-01-01T00:00:00.050Z".length;
/** Where the milliseconds begin. */
const SECOND_LENGTH = "2026-01-01T00:00:00.".length;
const POINT = 46;
const Z = 90;
const DIGIT_0 = 48;

export class TimestampReader {
  /** The last timestamp without its milliseconds, and its time. */
  #second = "-";
  #secondMs = Number.NaN;

  /** Milliseconds since 1970; NaN for a text that is not a time. */
  read(timestamp: string): number {
    const ms = millisecondsIn(timestamp);
    if (Number.isNaN(ms)) return Date.parse(timestamp);
    if (!timestamp.startsWith(this.#second) && !this.#remember(timestamp.slice(0, SECOND_LENGTH)))
      return Date.parse(timestamp);
    return this.#secondMs + ms;
  }

  /** False when the text is not in the server's format: the characters after it may then mean anything. */
  #remember(second: string): boolean {
    const secondMs = Date.parse(`${second}000Z`);
    if (Number.isNaN(secondMs) || !new Date(secondMs).toISOString().startsWith(second)) return false;
    this.#second = second;
    this.#secondMs = secondMs;
    return true;
  }
}

/** The three digits at the end of a timestamp in the server's format; NaN for another format. */
function millisecondsIn(timestamp: string): number {
  if (timestamp.length !== LENGTH || timestamp.charCodeAt(LENGTH - 1) !== Z) return Number.NaN;
  if (timestamp.charCodeAt(SECOND_LENGTH - 1) !== POINT) return Number.NaN;
  let ms = 0;
  for (let at = SECOND_LENGTH; at < LENGTH - 1; at++) {
    const digit = timestamp.charCodeAt(at) - DIGIT_0;
    if (!(digit >= 0 && digit <= 9)) return Number.NaN;
    ms = ms * 10 + digit;
  }
  return ms;
}
