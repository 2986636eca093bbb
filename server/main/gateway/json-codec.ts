// JSON lines, docs/PROTOCOL.md: one object per line, UTF-8 in, ASCII out (other characters are escaped).
//
//   {"type":"movement","position":{"x":1.5,"y":0,"z":-3}}      → ClientMessage { kind: "move", x: 1.5, ... }
//   kernel frame                                               → {"type":"state","tick":9,...} (json-frames.ts)
//
// In addition to the protocol of the earlier simulator, a client may send
//   {"type":"hello",...,"class":"Mage"}                        its class by name; without it the server assigns classes in turn
//   {"type":"spell_cast",...,"target_id":n}                    the target of the spell
//   {"type":"combat","action":"STOP"}                          stop attacking
//   {"type":"release"}                                         when dead: back to the spawn point, alive
//   {"type":"release","as_ghost":true}                         when dead: a ghost at the spawn point, which walks to its body
//   {"type":"reclaim"}                                         the ghost becomes alive near its body, once it is allowed
//   {"type":"trade_offer","target_id":n,"give":[{"item":0,"count":9}],"want":[]}   offers a trade; trade_accept, trade_cancel: + "offer_id"
//   {"type":"names","players":[7],"creatures":[5]}             requests the names of session ids and templates
//   {"type":"bye"}                                             ends the session: no 30 s reconnection window
//   "seq":n in any of these but hello, ping, bye               client's number, rising, 1 to 2^31-1; `state.ack` is the highest applied
// and receives
//   welcome + "seq", "class", "spells":[{id,name,effect,range_yd}]   seq: the client's own numbers continue after it
//   {"type":"zone","zone_id":n,"tick":n,"reason":"zone_down"|"zone_restored"|"portal"|...}      moved to another zone
//          + "lost_from":n,"lost_to":n                        its actions that arrived after it had left the zone
//   {"type":"error",...,"seq":n}                               busy: that command was refused

import type { Codec } from "./codec.ts";
import type { ByteWriter } from "../../protocol/game/byte-writer.ts";
import { asciiJson } from "../../protocol/game/byte-writer.ts";
import type { ClientMessage, ClientMessageKind } from "../../protocol/game/client-messages.ts";
import { encodeJsonFrame } from "./json-frames.ts";
import { decodeTradeAccept, decodeTradeCancel, decodeTradeOffer } from "./json-trades.ts";
import {
  BASE_DAMAGE_MAX,
  CAST_TICKS_MAX,
  COORDINATE_MAX,
  ID_MAX,
  NAMES_MAX,
  SEQ_MAX,
  SPELL_ID_MAX,
  TEXT_LENGTH_MAX,
  isNumber,
  isWhole,
} from "./message-bounds.ts";
import { LINES } from "../sockets/framing.ts";

const NEWLINE = 0x0a;

type Fields = Record<string, unknown>;

export const jsonCodec: Codec = {
  name: "json",
  passesFrames: false,

  ...LINES,

  decode(bytes, start, end, into) {
    let parsed: unknown;
    try {
      parsed = JSON.parse(bytes.toString("utf8", start, end - 1));
    } catch {
      // The parser's own message quotes the line; this message does not.
      return refuse(into, "The line is not JSON.");
    }
    if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed))
      return refuse(into, "A message is a JSON object.");
    return decodeFields(parsed as Fields, into);
  },

  encode(message, out: ByteWriter) {
    out.text(asciiJson(message)).byte(NEWLINE);
  },

  encodeFrame: encodeJsonFrame,
};

type Decoder = (fields: Fields, into: ClientMessage) => boolean;

/** Messages that act in the world, by their `type`; each may have a seq. */
const ACTION_TYPES: Readonly<Record<string, Decoder>> = {
  movement: decodeMovement,
  spell_cast: decodeSpellCast,
  combat: decodeCombat,
  release: (fields, into) => is(into, fields["as_ghost"] === true ? "release_as_ghost" : "release"),
  reclaim: (_, into) => is(into, "reclaim"),
  trade_offer: decodeTradeOffer,
  trade_accept: decodeTradeAccept,
  trade_cancel: decodeTradeCancel,
};

/** The other messages. */
const OTHER_TYPES: Readonly<Record<string, Decoder>> = {
  hello: decodeHello,
  names: decodeNames,
  ping: decodePing,
  bye: (_, into) => is(into, "bye"),
};

const TYPES = new Map([
  ...Object.entries(ACTION_TYPES).map(([type, decode]): [unknown, Decoder] => [
    type,
    (fields, into) => decode(fields, into) && decodeSeq(fields, into),
  ]),
  ...Object.entries(OTHER_TYPES).map(([type, decode]): [unknown, Decoder] => [type, decode]),
]);

function decodeFields(fields: Fields, into: ClientMessage): boolean {
  const decode = TYPES.get(fields["type"]);
  if (decode !== undefined) return decode(fields, into);
  return refuse(into, `Unknown type; there are ${[...TYPES.keys()].join(", ")}.`);
}

/** A message that consists only of its kind. */
function is(into: ClientMessage, kind: ClientMessageKind): boolean {
  into.kind = kind;
  return true;
}

function decodeMovement(fields: Fields, into: ClientMessage): boolean {
  const position = fields["position"];
  if (typeof position !== "object" || position === null) return refuse(into, "movement needs position {x, y, z}.");
  const { x, y, z } = position as Fields;
  if (!isNumber(x, -COORDINATE_MAX, COORDINATE_MAX)) return refuse(into, "position.x must be a number of yards.");
  if (!isNumber(y, -COORDINATE_MAX, COORDINATE_MAX)) return refuse(into, "position.y must be a number of yards.");
  if (!isNumber(z, -COORDINATE_MAX, COORDINATE_MAX)) return refuse(into, "position.z must be a number of yards.");
  into.kind = "move";
  into.x = x;
  into.y = y;
  into.z = z;
  return true;
}

function decodeSpellCast(fields: Fields, into: ClientMessage): boolean {
  if (fields["action"] === "INTERRUPT") {
    into.kind = "cancel_cast";
    return true;
  }
  if (fields["action"] !== "CAST_START") return refuse(into, "action must be CAST_START or INTERRUPT.");
  const { spell_id: spell, cast_time_ticks: ticks = 0, target_id: target = 0 } = fields;
  if (!isWhole(spell, 0, SPELL_ID_MAX)) return refuse(into, "spell_id must be a whole number.");
  if (!isNumber(ticks, 0, ID_MAX)) return refuse(into, "cast_time_ticks must be a number from 0.");
  if (!isWhole(target, 0, ID_MAX)) return refuse(into, "target_id must be an entity id.");
  into.kind = "cast";
  into.spell = spell;
  into.castTicks = Math.min(Math.floor(ticks), CAST_TICKS_MAX);
  into.target = target;
  return true;
}

function decodeCombat(fields: Fields, into: ClientMessage): boolean {
  if (fields["action"] === "STOP") {
    into.kind = "stop_attack";
    return true;
  }
  if (fields["action"] !== "ATTACK") return refuse(into, "action must be ATTACK or STOP.");
  const { target_session_id: target, base_damage: damage = 0, damage_type: type = "PHYSICAL" } = fields;
  if (!isWhole(target, 1, ID_MAX)) return refuse(into, "target_session_id must be an entity id.");
  if (!isNumber(damage, 0, ID_MAX)) return refuse(into, "base_damage must be a number from 0.");
  if (type !== "PHYSICAL" && type !== "MAGICAL") return refuse(into, "damage_type must be PHYSICAL or MAGICAL.");
  into.kind = "attack";
  into.target = target;
  into.baseDamage = Math.min(Math.floor(damage), BASE_DAMAGE_MAX);
  into.magical = type === "MAGICAL";
  return true;
}

function decodePing(fields: Fields, into: ClientMessage): boolean {
  const { t } = fields;
  if (!isNumber(t, -Number.MAX_VALUE, Number.MAX_VALUE)) return refuse(into, "ping needs a number t.");
  into.kind = "ping";
  into.echo = t;
  return true;
}

function decodeNames(fields: Fields, into: ClientMessage): boolean {
  const { players = [], creatures = [] } = fields;
  if (!isIds(players) || !isIds(creatures) || players.length + creatures.length > NAMES_MAX)
    return refuse(into, `names asks for players and creatures, lists of at most ${NAMES_MAX} numbers in all.`);
  into.kind = "names";
  into.players = players;
  into.creatures = creatures;
  return true;
}

function isIds(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((id) => isWhole(id, 0, ID_MAX));
}

function decodeHello(fields: Fields, into: ClientMessage): boolean {
  const { v: version, name, zone = 0, class: playerClass = "", token = "", resume = "", secret = "" } = fields;
  if (!isWhole(version, 0, ID_MAX)) return refuse(into, 'hello needs the protocol version, "v":1.');
  if (name !== undefined && !isText(name)) return refuse(into, "name must be a text.");
  if (name === "") return refuse(into, "name must not be empty; leave it out to be given one.");
  if (!isWhole(zone, 0, ID_MAX)) return refuse(into, "zone must be a zone id.");
  if (!isText(playerClass)) return refuse(into, "class must be the name of a class.");
  if (!isText(token)) return refuse(into, "token must be a text.");
  if (!isText(secret)) return refuse(into, "secret must be a text.");
  if (fields["secret"] === "")
    return refuse(into, "secret must not be empty; leave it out to play without a character.");
  if (!isText(resume)) return refuse(into, "resume must be the text a welcome gave.");
  into.kind = "hello";
  into.hello = { version, name: name ?? "", zone, playerClass, token, resume, secret };
  return true;
}

function decodeSeq(fields: Fields, into: ClientMessage): boolean {
  const { seq } = fields;
  if (seq === undefined) {
    into.seq = 0;
    return true;
  }
  if (!isWhole(seq, 1, SEQ_MAX)) return refuse(into, "seq must be a whole number from 1 to 2147483647.");
  into.seq = seq;
  return true;
}

function refuse(into: ClientMessage, problem: string): boolean {
  into.problem = problem;
  return false;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value.length <= TEXT_LENGTH_MAX;
}
