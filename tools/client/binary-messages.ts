// The client's side of the binary encoding (server/protocol/game/binary-wire.ts draws it): writes client messages as bytes, and
// reads server messages as objects of the same form as the JSON lines. Kernel frames are passed on unread.
//
//   writeClientMessage({ kind: "move", seq: 7, x: 1.5, y: 0, z: 0 }, writer)     // B1 10 14 00 07 00 00 00 ...
//   const stream = new BinaryStream({ onFrame: (bytes, at, length) => ..., onMessage: (message) => ... })
//   stream.push(chunk)

import { WowsimError } from "../../server/protocol/errors.ts";
import { printable } from "../../server/protocol/printable.ts";
import { ACTION_ROWS } from "../../server/protocol/game/actions.ts";
import * as wire from "../../server/protocol/game/binary-wire.ts";
import type { ByteWriter } from "../../server/protocol/game/byte-writer.ts";
import type {
  ClientMessage,
  NamedId,
  PortalInfo,
  ServerMessage,
  SpellInfo,
  Welcome,
} from "../../server/protocol/game/client-messages.ts";

const KINDS: ReadonlyMap<ClientMessage["kind"], number> = new Map<ClientMessage["kind"], number>([
  ["hello", wire.CLIENT_HELLO],
  ["ping", wire.CLIENT_PING],
  ["bye", wire.CLIENT_BYE],
  ["names", wire.CLIENT_NAMES],
  ...ACTION_ROWS.map(([kind, action]): [ClientMessage["kind"], number] => [kind, action.wire]),
]);

/** Appends one message; absent fields are written as 0 or "". */
export function writeClientMessage(
  message: Partial<ClientMessage> & Pick<ClientMessage, "kind">,
  out: ByteWriter,
): void {
  const start = out.length;
  out
    .byte(wire.BINARY_MARK)
    .byte(KINDS.get(message.kind) ?? 0)
    .u16(0)
    .u32(message.seq ?? 0);
  writeFields(message, out);
  out.setU16(start + wire.CLIENT_LENGTH, out.length - start);
}

function writeFields(message: Partial<ClientMessage>, out: ByteWriter): void {
  const { target = 0, players = [], creatures = [], hello } = message;
  switch (message.kind) {
    case "move":
      out
        .f32(message.x ?? 0)
        .f32(message.y ?? 0)
        .f32(message.z ?? 0);
      return;
    case "cast":
      out
        .u32(target)
        .u32(message.spell ?? 0)
        .u32(message.castTicks ?? 0);
      return;
    case "attack":
      out
        .u32(target)
        .u32(message.baseDamage ?? 0)
        .u32(message.magical === true ? 1 : 0);
      return;
    case "trade_offer":
      out.u32(target);
      for (const stack of message.stacks ?? [0, 0, 0, 0]) out.u32(stack);
      return;
    case "trade_accept":
    case "trade_cancel":
      out.u32(target).u32(message.offer ?? 0);
      return;
    case "ping":
      out.f64(message.echo ?? 0);
      return;
    case "names":
      out.u16(players.length).u16(creatures.length);
      for (const id of [...players, ...creatures]) out.u32(id);
      return;
    case "hello":
      out.u16(hello?.version ?? 1).u16(hello?.zone ?? 0);
      out
        .utf8(hello?.name ?? "")
        .utf8(hello?.playerClass ?? "")
        .utf8(hello?.token ?? "")
        .utf8(hello?.resume ?? "");
      if (hello !== undefined && hello.secret !== "") out.utf8(hello.secret);
      return;
  }
}

export interface BinaryStreamVisitor {
  /** One kernel frame, valid during the call. */
  onFrame(bytes: Buffer, at: number, length: number): void;
  onMessage(message: ServerMessage): void;
}

const LENGTH_MASK = 0xff_ffff;
const NOTHING = Buffer.alloc(0);

/** Splits a server's byte stream, however the network cut it, into messages. */
export class BinaryStream {
  readonly #visitor: BinaryStreamVisitor;
  #rest: Buffer = NOTHING;

  constructor(visitor: BinaryStreamVisitor) {
    this.#visitor = visitor;
  }

  /** Throws WowsimError("bad_stream") when the bytes are not a stream of messages. */
  push(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (bytes.length - at >= wire.SERVER_HEADER_BYTES) {
      const head = bytes.readUInt32LE(at);
      const length = head & LENGTH_MASK;
      if (length < wire.SERVER_HEADER_BYTES) throw badStream(`a message of ${length} bytes`);
      if (bytes.length - at < length) break;
      if (head >>> 24 === wire.SERVER_STATE) this.#visitor.onFrame(bytes, at, length);
      else this.#visitor.onMessage(readServerMessage(bytes, at, at + length));
      at += length;
    }
    // The chunk's memory may be reused, so the rest is copied.
    this.#rest = at === bytes.length ? NOTHING : Buffer.from(bytes.subarray(at));
  }

  /** Drops the unfinished message, for when the link broke. */
  clear(): void {
    this.#rest = NOTHING;
  }
}

/** One message other than a frame. Throws WowsimError("bad_stream"). */
export function readServerMessage(bytes: Buffer, start: number, end: number): ServerMessage {
  const fields = new Fields(bytes, start + wire.SERVER_HEADER_BYTES, end);
  const kind = bytes.readUInt8(start + 3);
  switch (kind) {
    case wire.SERVER_WELCOME:
      return readWelcome(fields);
    case wire.SERVER_ERROR:
      return readError(fields);
    case wire.SERVER_PONG: {
      const tick = fields.u32();
      return { type: "pong", t: fields.f64(), tick };
    }
    case wire.SERVER_ZONE:
      return readZone(fields);
    case wire.SERVER_NAMES: {
      const [players, creatures] = [fields.u16(), fields.u16()];
      return { type: "names", players: readNames(players, fields), creatures: readNames(creatures, fields) };
    }
    default:
      throw badStream(`a message of kind ${kind}`);
  }
}

function readWelcome(fields: Fields): ServerMessage {
  const [session_id, entity_id, zone_id, tick, tick_rate_hz, seq] = [
    fields.u32(),
    fields.u32(),
    fields.u32(),
    fields.u32(),
    fields.u32(),
    fields.u32(),
  ];
  fields.u32();
  const [resume, playerClass] = [fields.text(), fields.text()];
  const spells = Array.from({ length: fields.u16() }, (): SpellInfo => {
    const [id, range_yd] = [fields.u32(), fields.f32()];
    return { id, name: fields.text(), effect: fields.text(), range_yd };
  });
  const portals = readPortals(fields);
  const welcome = {
    session_id,
    entity_id,
    zone_id,
    tick,
    tick_rate_hz,
    resume,
    seq,
    class: playerClass,
    spells,
    portals,
    ...readCharacter(fields),
  };
  return { type: "welcome", ...welcome };
}

/** Padding reads as no name. */
function readCharacter(fields: Fields): Pick<Welcome, "character"> {
  const name = fields.left < 2 ? "" : fields.text();
  if (name === "") return {};
  const [level, experience] = [fields.u32(), fields.u32()];
  return { character: level === 0 ? { name } : { name, level, experience } };
}

function readError(fields: Fields): ServerMessage {
  const seq = fields.u32();
  const [code, message] = [fields.text() as "malformed", fields.text()];
  return seq === 0 ? { type: "error", code, message } : { type: "error", code, message, seq };
}

function readZone(fields: Fields): ServerMessage {
  const [zone_id, tick, reason] = [fields.u32(), fields.u32(), fields.text() as "zone_down"];
  const [lost_from, lost_to] = [fields.u32(), fields.u32()];
  const lost = lost_to === 0 ? {} : { lost_from, lost_to };
  return { type: "zone", zone_id, tick, reason, portals: readPortals(fields), ...lost };
}

/** An older server's message ends here, except for its padding. */
function readPortals(fields: Fields): PortalInfo[] {
  const count = fields.left < 2 ? 0 : fields.u16();
  return Array.from({ length: count }, () => {
    return { to: fields.u32(), x: fields.f32(), y: fields.f32(), radius_yd: fields.f32() };
  });
}

function readNames(count: number, fields: Fields): NamedId[] {
  return Array.from({ length: count }, () => ({ id: fields.u32(), name: fields.text() }));
}

/** Reads a message's fields in order. */
class Fields {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;

  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  get left(): number {
    return this.#end - this.#at;
  }

  u16(): number {
    return this.#bytes.readUInt16LE(this.#take(2));
  }

  u32(): number {
    return this.#bytes.readUInt32LE(this.#take(4));
  }

  f32(): number {
    return this.#bytes.readFloatLE(this.#take(4));
  }

  f64(): number {
    return this.#bytes.readDoubleLE(this.#take(8));
  }

  text(): string {
    const length = this.u16();
    const at = this.#take(length);
    return printable(this.#bytes.toString("utf8", at, at + length));
  }

  #take(count: number): number {
    const at = this.#at;
    this.#at += count;
    if (this.#at > this.#end) throw badStream("a message that is shorter than its fields");
    return at;
  }
}

function badStream(what: string): WowsimError {
  return new WowsimError("bad_stream", `The server sent ${what}; it does not speak this version of the protocol.`);
}
