// The binary encoding of the game port, shared by server (binary-codec.ts) and clients (tools/client). docs/PROTOCOL.md has
// an example of every message. All numbers are little-endian.
//
// Client to server: 8 bytes, then the fields of the kind. The mark can not begin a text, so the first byte of a connection
// chooses the encoding. Every message has the mark, so that a stream that lost its framing is noticed.
//
//    0      1      2        4       8
//    | 0xB1 | kind | length | seq   | fields...       length counts the whole message; seq is 0 when there is none
//      u8     u8     u16      u32
//
// Server to client: 4 bytes, then the fields of the kind, padded with zeros to a multiple of 4. Kind 0 is an unchanged frame of the
// kernel (assembly/abi.ts): its first word is its length, which is below 2^24.
//
//    0               4
//    | length | kind | fields...
//      u24      u8
//
// A text is a u16 with its length in bytes, then that many bytes of UTF-8.

export const BINARY_MARK = 0xb1;

export const CLIENT_HEADER_BYTES = 8;
export const CLIENT_KIND = 1;
export const CLIENT_LENGTH = 2;
export const CLIENT_SEQ = 4;

/** version u16, zone u16 (0: any); name, class, token, resume: texts; secret: text, which may be left out. */
export const CLIENT_HELLO = 1;
/** t f64. */
export const CLIENT_PING = 2;
export const CLIENT_BYE = 3;
/** players u16, creatures u16; then that many entity ids of players u32, and that many creature templates u32. */
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
/** target u32; two stacks that are given, two that are wanted: u32 each (item << 24 | count, 0: none). */
export const CLIENT_TRADE_OFFER = 24;
/** target u32 (who made the offer), number of the offer u32. */
export const CLIENT_TRADE_ACCEPT = 25;
/** The same; target 0: the client's own offer. */
export const CLIENT_TRADE_CANCEL = 26;

export const SERVER_HEADER_BYTES = 4;

/** A kernel frame. */
export const SERVER_STATE = 0;
/**
 * Kind of a record without fields that the server adds to a frame while what the zone tells is not in the journal. The kernel has the
 * kinds below it.
 */
export const RECORD_NOT_DURABLE = 64;
/**
 * session, entity, zone, tick, tick rate, seq, version of the frame format (ABI_VERSION): u32; resume, class: texts; number of
 * spells u16; for each: id u32, range f32, name, effect: texts; number of portals u16; for each: zone it leads to u32, x, y,
 * radius f32. Of a character follow its name: text, and what it enters the world with: level u32 (0: it is there already),
 * experience u32.
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
