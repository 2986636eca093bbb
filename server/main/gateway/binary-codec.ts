// The binary encoding, for load tests: server/protocol/game/binary-wire.ts shows the messages.
//
//   B1 10 14 00  07 00 00 00  00 00 C0 3F ...        → ClientMessage { kind: "move", seq: 7, x: 1.5, ... }
//   kernel frame                                     → the same bytes
//
// A message that does not begin with the mark, or whose length is shorter than a header, is refused as a malformed
// message of one byte. So a stream that has lost its alignment fails soon, and the limit on malformed messages in a row
// ends it.

import { ABI_VERSION } from "../../../assembly/abi.ts";
import {
  BINARY_MARK,
  CLIENT_ATTACK,
  CLIENT_BYE,
  CLIENT_CAST,
  CLIENT_HEADER_BYTES,
  CLIENT_HELLO,
  CLIENT_KIND,
  CLIENT_LENGTH,
  CLIENT_MOVE,
  CLIENT_NAMES,
  CLIENT_PING,
  CLIENT_SEQ,
  RECORD_NOT_DURABLE,
  CLIENT_TRADE_ACCEPT,
  CLIENT_TRADE_CANCEL,
  CLIENT_TRADE_OFFER,
  SERVER_ERROR,
  SERVER_NAMES,
  SERVER_PONG,
  SERVER_STATE,
  SERVER_WELCOME,
  SERVER_ZONE,
} from "../../protocol/game/binary-wire.ts";
import { ACTION_ROWS } from "../../protocol/game/actions.ts";
import type { ByteWriter } from "../../protocol/game/byte-writer.ts";
import type {
  ClientMessage,
  ClientMessageKind,
  NamedId,
  PortalInfo,
  ServerMessage,
  Welcome,
} from "../../protocol/game/client-messages.ts";
import type { Codec } from "./codec.ts";
import {
  BASE_DAMAGE_MAX,
  CAST_TICKS_MAX,
  COORDINATE_MAX,
  NAMES_MAX,
  SEQ_MAX,
  SPELL_ID_MAX,
  TEXT_LENGTH_MAX,
} from "./message-bounds.ts";
import { at as itemAt } from "../../protocol/assert.ts";

/** Messages without fields: the kind by its number. */
const PLAIN: ReadonlyMap<number, ClientMessageKind> = new Map(ACTION_ROWS.map(([kind, { wire }]) => [wire, kind]));
const FIELDS = CLIENT_HEADER_BYTES;
/** The last text, the secret, may be left out. */
const HELLO_TEXTS_MIN = 4;
const HELLO_TEXTS_MAX = 5;

export const binaryCodec: Codec = {
  name: "binary",
  passesFrames: true,

  messageEnd(bytes, start, _searched, end) {
    if (bytes[start] !== BINARY_MARK) return start + 1;
    if (end - start < CLIENT_HEADER_BYTES) return -1;
    const length = bytes.readUInt16LE(start + CLIENT_LENGTH);
    if (length < CLIENT_HEADER_BYTES) return start + 1;
    return start + length > end ? -1 : start + length;
  },

  isBlank() {
    return false;
  },

  decode(bytes, start, end, into) {
    if (bytes[start] !== BINARY_MARK || end - start < CLIENT_HEADER_BYTES)
      return refuse(into, "A message begins with the mark 0xB1 and says how long it is, at least 8 bytes.");
    const kind = itemAt(bytes, start + CLIENT_KIND);
    const seq = bytes.readUInt32LE(start + CLIENT_SEQ);
    if (seq > SEQ_MAX) return refuse(into, "seq must be a whole number from 1 to 2147483647, or 0 for none.");
    into.seq = seq;
    return decodeFields(kind, bytes, start, end, into);
  },

  encode(message, out) {
    const start = out.length;
    out.u32(0);
    const kind = encodeFields(message, out);
    out.pad(start, 4);
    out.setU32(start, (out.length - start) | (kind << 24));
  },

  encodeFrame(frame, _names, out, isDurable = true) {
    const start = out.length;
    frame.copyTo(out);
    if (isDurable) return;
    out.u32(RECORD_NOT_DURABLE | (1 << 8));
    out.setU32(start, (out.length - start) | (SERVER_STATE << 24));
  },
};

function decodeFields(kind: number, bytes: Buffer, start: number, end: number, into: ClientMessage): boolean {
  const at = start + FIELDS;
  const length = end - start;
  switch (kind) {
    case CLIENT_MOVE:
      return isLong(length, 12, into) && decodeMove(bytes, at, into);
    case CLIENT_CAST:
      return isLong(length, 12, into) && decodeCast(bytes, at, into);
    case CLIENT_ATTACK:
      return isLong(length, 12, into) && decodeAttack(bytes, at, into);
    case CLIENT_TRADE_OFFER:
      return isLong(length, 20, into) && decodeTradeOffer(bytes, at, into);
    case CLIENT_TRADE_ACCEPT:
    case CLIENT_TRADE_CANCEL:
      into.kind = kind === CLIENT_TRADE_ACCEPT ? "trade_accept" : "trade_cancel";
      return isLong(length, 8, into) && decodeTradeAnswer(bytes, at, into);
    case CLIENT_PING:
      return isLong(length, 8, into) && decodePing(bytes, at, into);
    case CLIENT_HELLO:
      return decodeHello(bytes, at, end, into);
    case CLIENT_NAMES:
      return decodeNames(bytes, at, end, into);
    case CLIENT_BYE:
      into.kind = "bye";
      return isLong(length, 0, into);
    default:
      return isLong(length, 0, into) && decodePlain(kind, into);
  }
}

/** Every kind has an exact length, so that a longer message of a later version is not half understood. */
function isLong(length: number, fieldBytes: number, into: ClientMessage): boolean {
  if (length === CLIENT_HEADER_BYTES + fieldBytes) return true;
  return refuse(into, `A message of that kind has ${CLIENT_HEADER_BYTES + fieldBytes} bytes, not ${length}.`);
}

function decodePlain(kind: number, into: ClientMessage): boolean {
  const plain = PLAIN.get(kind);
  if (plain === undefined) return refuse(into, `There is no message of kind ${kind}.`);
  into.kind = plain;
  return true;
}

function decodeMove(bytes: Buffer, at: number, into: ClientMessage): boolean {
  into.kind = "move";
  into.x = bytes.readFloatLE(at);
  into.y = bytes.readFloatLE(at + 4);
  into.z = bytes.readFloatLE(at + 8);
  return isCoordinate(into.x) && isCoordinate(into.y) && isCoordinate(into.z)
    ? true
    : refuse(into, "x, y and z must be numbers of yards.");
}

/** Also refuses NaN and infinite values. */
function isCoordinate(value: number): boolean {
  return value >= -COORDINATE_MAX && value <= COORDINATE_MAX;
}

function decodeCast(bytes: Buffer, at: number, into: ClientMessage): boolean {
  into.kind = "cast";
  into.target = bytes.readUInt32LE(at);
  into.spell = bytes.readUInt32LE(at + 4);
  into.castTicks = Math.min(bytes.readUInt32LE(at + 8), CAST_TICKS_MAX);
  return into.spell <= SPELL_ID_MAX || refuse(into, "That is no spell's id.");
}

function decodeAttack(bytes: Buffer, at: number, into: ClientMessage): boolean {
  into.kind = "attack";
  into.target = bytes.readUInt32LE(at);
  into.baseDamage = Math.min(bytes.readUInt32LE(at + 4), BASE_DAMAGE_MAX);
  const type = bytes.readUInt32LE(at + 8);
  into.magical = type === 1;
  if (into.target === 0) return refuse(into, "An attack needs a target.");
  return type <= 1 || refuse(into, "The damage type is 0, physical, or 1, magical.");
}

/** Any stacks: the zone's kernel refuses those that there are not. */
function decodeTradeOffer(bytes: Buffer, at: number, into: ClientMessage): boolean {
  into.kind = "trade_offer";
  into.target = bytes.readUInt32LE(at);
  const stack = (index: number): number => bytes.readUInt32LE(at + 4 + index * 4);
  into.stacks = [stack(0), stack(1), stack(2), stack(3)];
  return true;
}

function decodeTradeAnswer(bytes: Buffer, at: number, into: ClientMessage): boolean {
  into.target = bytes.readUInt32LE(at);
  into.offer = bytes.readUInt32LE(at + 4);
  return true;
}

function decodePing(bytes: Buffer, at: number, into: ClientMessage): boolean {
  into.kind = "ping";
  into.echo = bytes.readDoubleLE(at);
  return Number.isFinite(into.echo) || refuse(into, "ping needs a number t.");
}

function decodeHello(bytes: Buffer, at: number, end: number, into: ClientMessage): boolean {
  if (end - at < 4) return refuse(into, "hello needs the protocol version.");
  const texts: string[] = [];
  let from = at + 4;
  while (texts.length < HELLO_TEXTS_MIN || (texts.length < HELLO_TEXTS_MAX && from < end)) {
    const length = from + 2 > end ? Number.POSITIVE_INFINITY : bytes.readUInt16LE(from);
    if (length > TEXT_LENGTH_MAX || from + 2 + length > end)
      return refuse(
        into,
        `hello has texts of at most ${TEXT_LENGTH_MAX} bytes: name, class, token, resume, and then it may have a secret.`,
      );
    texts.push(bytes.toString("utf8", from + 2, from + 2 + length));
    from += 2 + length;
  }
  if (from !== end) return refuse(into, "hello is longer than its texts.");
  const [name = "", playerClass = "", token = "", resume = "", secret = ""] = texts;
  into.kind = "hello";
  into.hello = {
    version: bytes.readUInt16LE(at),
    zone: bytes.readUInt16LE(at + 2),
    name,
    playerClass,
    token,
    resume,
    secret,
  };
  return true;
}

function decodeNames(bytes: Buffer, at: number, end: number, into: ClientMessage): boolean {
  const [players, creatures] = end - at < 4 ? [NAMES_MAX, 1] : [bytes.readUInt16LE(at), bytes.readUInt16LE(at + 2)];
  if (players + creatures > NAMES_MAX || end - at !== 4 + (players + creatures) * 4)
    return refuse(into, `names asks for at most ${NAMES_MAX}, and has an id for each.`);
  const ids = Array.from({ length: players + creatures }, (_, index) => bytes.readUInt32LE(at + 4 + index * 4));
  into.kind = "names";
  into.players = ids.slice(0, players);
  into.creatures = ids.slice(players);
  return true;
}

/** Appends the fields of the message; returns its kind. */
function encodeFields(message: ServerMessage, out: ByteWriter): number {
  switch (message.type) {
    case "welcome":
      encodeWelcome(message, out);
      return SERVER_WELCOME;
    case "error":
      out
        .u32(message.seq ?? 0)
        .utf8(message.code)
        .utf8(message.message);
      return SERVER_ERROR;
    case "pong":
      out.u32(message.tick).f64(message.t);
      return SERVER_PONG;
    case "zone":
      out.u32(message.zone_id).u32(message.tick).utf8(message.reason);
      out.u32(message.lost_from ?? 0).u32(message.lost_to ?? 0);
      encodePortals(message.portals, out);
      return SERVER_ZONE;
    case "names":
      out.u16(message.players.length).u16(message.creatures.length);
      for (const { id, name } of [...message.players, ...message.creatures] satisfies NamedId[]) out.u32(id).utf8(name);
      return SERVER_NAMES;
  }
}

function encodeWelcome(welcome: Welcome, out: ByteWriter): void {
  out.u32(welcome.session_id).u32(welcome.entity_id).u32(welcome.zone_id).u32(welcome.tick);
  out.u32(welcome.tick_rate_hz).u32(welcome.seq).u32(ABI_VERSION);
  out.utf8(welcome.resume).utf8(welcome.class).u16(welcome.spells.length);
  for (const { id, range_yd, name, effect } of welcome.spells) out.u32(id).f32(range_yd).utf8(name).utf8(effect);
  encodePortals(welcome.portals, out);
  const { character } = welcome;
  if (character !== undefined)
    out
      .utf8(character.name)
      .u32(character.level ?? 0)
      .u32(character.experience ?? 0);
}

/** Only a character follows the portals. */
function encodePortals(portals: readonly PortalInfo[], out: ByteWriter): void {
  out.u16(portals.length);
  for (const { to, x, y, radius_yd } of portals) out.u32(to).f32(x).f32(y).f32(radius_yd);
}

function refuse(into: ClientMessage, problem: string): boolean {
  into.problem = problem;
  return false;
}
