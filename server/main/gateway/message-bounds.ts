// What a client's numbers may be, in any encoding: past these a message is malformed, or the number is cut.

/** Yards; the continents of the game lie well within. */
export const COORDINATE_MAX = 100_000;
export const ID_MAX = 0xffff_ffff;
export const SPELL_ID_MAX = 0x7fff_ffff;
export const SEQ_MAX = 0x7fff_ffff;
/** An old client names its spell's cast time; nobody casts for more than 10 s at 20 Hz. */
export const CAST_TICKS_MAX = 200;
export const BASE_DAMAGE_MAX = 1_000_000;
/** Characters of a name, a token, a resume. */
export const TEXT_LENGTH_MAX = 256;
/** Names asked for in one message. */
export const NAMES_MAX = 64;
