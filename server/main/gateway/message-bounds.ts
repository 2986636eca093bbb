// The bounds of a client's numbers, in any encoding: beyond them a message is malformed, or the number is cut to the
// bound.

/** In yards; the continents of the game lie well within. */
export const COORDINATE_MAX = 100_000;
export const ID_MAX = 0xffff_ffff;
export const SPELL_ID_MAX = 0x7fff_ffff;
export const SEQ_MAX = 0x7fff_ffff;
/** Old clients send the cast time of a spell; no cast takes more than 10 s at 20 Hz. */
export const CAST_TICKS_MAX = 200;
export const BASE_DAMAGE_MAX = 1_000_000;
/** The most characters of a name, a token or a resume token. */
export const TEXT_LENGTH_MAX = 256;
/** The most names requested in one message. */
export const NAMES_MAX = 64;

/** A finite number in [min, max]: JSON has no NaN, but 1e999 parses as Infinity. */
export function isNumber(value: unknown, min: number, max: number): value is number {
  return typeof value === "number" && value >= min && value <= max;
}

export function isWhole(value: unknown, min: number, max: number): value is number {
  return isNumber(value, min, max) && Number.isInteger(value);
}
