// An encoding of the game port: how bytes become messages and messages bytes. JSON lines for people and scripts
// (json-codec.ts), a binary one for load (binary-codec.ts), which passes the kernel's frames on as they are.
//
// The two are told apart by a connection's first byte. JSON lines begin with "{", and a line that does not is still a
// (malformed) line, so every byte of plain text chooses them; the binary one begins with its mark.

import { BINARY_MARK } from "../../protocol/game/binary-wire.ts";
import type { ClientMessage, ServerMessage } from "../../protocol/game/client-messages.ts";
import type { ByteWriter } from "../../protocol/game/byte-writer.ts";
import type { Framing } from "../sockets/framing.ts";
import type { FrameReader } from "../../protocol/game/frame-reader.ts";

/** Names for what a frame only has numbers of; JSON text in ASCII, quotes included. */
export interface EntityNames {
  /** A player's name, or null when the session is not known. */
  player(entityId: number): string | null;
  /** A creature kind's name, or null. */
  creature(template: number): string | null;
}

export interface Codec extends Framing {
  readonly name: "json" | "binary";
  /** What encodeFrame appends is the kernel's frame as it lies. */
  readonly passesFrames: boolean;
  /** Fills `into` from one complete message; false, with `into.problem` set, when it is malformed. */
  decode(bytes: Buffer, start: number, end: number, into: ClientMessage): boolean;
  /** Appends one rare message. */
  encode(message: ServerMessage, out: ByteWriter): void;
  /** Appends what a kernel frame tells; the reader stands before its first record. */
  encodeFrame(frame: FrameReader, names: EntityNames, out: ByteWriter): void;
}

/** The codec that a connection's first byte asks for, or null: no such encoding here. */
export function codecFor(firstByte: number, codecs: { json: Codec; binary: Codec }): Codec | null {
  if (firstByte === BINARY_MARK) return codecs.binary;
  const isText =
    (firstByte >= 0x20 && firstByte < 0x7f) || firstByte === 0x09 || firstByte === 0x0a || firstByte === 0x0d;
  return isText ? codecs.json : null;
}
