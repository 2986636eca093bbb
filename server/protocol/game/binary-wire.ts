// The binary encoding of the game port, drawn: what server (binary-codec.ts) and clients (tools/client) agree on. The same
// is told with an example of every message in docs/PROTOCOL.md. All numbers are little-endian.
//
// Client to server: 8 bytes, then the fields of the kind. The mark is no byte of text, so the first one of a connection
// chooses the encoding; it stands in every message, so that a stream that got out of step is noticed.
//
//    0      1      2        4       8
//    | 0xB1 | kind | length | seq   | fields...       length counts the whole message; seq is 0 where there is none
//      u8     u8     u16      u32
//
// Server to client: 4 bytes, then the fields of the kind, padded with zeros to a multiple of 4. Kind 0 is a frame of the
// kernel as it is (assembly/abi.ts): its first word is its length, which is below 2^24.
//
//    0               4
//    | length | kind | fields...
//      u24      u8
//
// A text is a u16 of how many bytes follow, and those, UTF-8.

export const BINARY_MARK = 0xb1;

export const CLIENT_HEADER_BYTES = 8;
export const CLIENT_KIND = 1;
export const CLIENT_LENGTH = 2;
export const CLIENT_SEQ = 4;

/** version u16, zone u16 (0: none wished for); name, class, token, resume: texts. */
export const CLIENT_HELLO = 1;
/** t f64. */
export const CLIENT_PING = 2;
export const CLIENT_BYE = 3;
/** players u16, creatures u16; so many entity ids of players u32; so many creature templates u32. */
export const CLIENT_NAMES = 4;
/** x, y, z f32. */
export const CLIENT_MOVE = 16;
/** target u32 (0: none), spell u32, cast time in ticks u32. */
export const CLIENT_CAST = 17;
export const CLIENT_CANCEL_CAST = 18;
/** target u32, bound of the base damage u32 (0: none), damage type u32 (0 physical, 1 magical). */
export const CLIENT_ATTACK = 19;
export const CLIENT_STOP_ATTACK = 20;
export const CLIENT_RELEASE = 21;
export const CLIENT_RELEASE_AS_GHOST = 22;
export const CLIENT_RECLAIM = 23;

export const SERVER_HEADER_BYTES = 4;

/** A kernel frame. */
export const SERVER_STATE = 0;
/**
 * session, entity, zone, tick, tick rate, seq, version of the frames' form (ABI_VERSION): u32; resume, class: texts; how many
 * spells u16; of each: id u32, range f32, name, effect: texts; how many portals u16; of each: zone it leads to u32, x, y,
 * radius f32.
 */
export const SERVER_WELCOME = 1;
/** seq u32 (0: about no action); code, message: texts. */
export const SERVER_ERROR = 2;
/** tick u32, t f64. */
export const SERVER_PONG = 3;
/** zone u32, tick u32; reason: text; lost from, lost to u32 (0: no action is lost); portals as in the welcome. */
export const SERVER_ZONE = 4;
/** players u16, creatures u16; of each: entity id or template u32, name: text. */
export const SERVER_NAMES = 5;
