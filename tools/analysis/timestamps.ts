// Times of telemetry lines as numbers, as Date.parse gives them and in a tenth of its time, which was more than all else that
// a line costs its reader: lines that come one after the other differ in their last digits, and only those are looked at.
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
  /** The last timestamp up to its milliseconds, and the time that is. */
  #second = "-";
  #secondMs = Number.NaN;

  /** Milliseconds since 1970; NaN for what is no time. */
  read(timestamp: string): number {
    const ms = millisecondsIn(timestamp);
    if (Number.isNaN(ms)) return Date.parse(timestamp);
    if (!timestamp.startsWith(this.#second) && !this.#remember(timestamp.slice(0, SECOND_LENGTH)))
      return Date.parse(timestamp);
    return this.#secondMs + ms;
  }

  /** False when it is not written as the server does: what follows may then mean anything. */
  #remember(second: string): boolean {
    const secondMs = Date.parse(`${second}000Z`);
    if (Number.isNaN(secondMs) || !new Date(secondMs).toISOString().startsWith(second)) return false;
    this.#second = second;
    this.#secondMs = secondMs;
    return true;
  }
}

/** The three digits at the end of a timestamp as the server writes them; NaN when it is another's. */
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
