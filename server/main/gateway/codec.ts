// An encoding of the game port: it turns bytes into messages and messages into bytes. There are JSON lines for people
// and scripts (json-codec.ts), and a binary encoding for load (binary-codec.ts), which passes the kernel's frames on
// unchanged.
//
// The first byte of a connection selects the encoding. JSON lines begin with "{", and any other line of plain text is
// still a (malformed) line, so every byte of plain text selects JSON; the binary encoding begins with its mark.

import { BINARY_MARK } from "../../protocol/game/binary-wire.ts";
import type { ClientMessage, ServerMessage } from "../../protocol/game/client-messages.ts";
import type { ByteWriter } from "../../protocol/game/byte-writer.ts";
import type { Framing } from "../sockets/framing.ts";
import type { FrameReader } from "../../protocol/game/frame-reader.ts";

/** Names for the numbers in a frame; JSON text in ASCII, quotes included. */
export interface EntityNames {
  /** A player's name, or null when the session is not known. */
  player(entityId: number): string | null;
  /** A creature kind's name, or null. */
  creature(template: number): string | null;
}

export interface Codec extends Framing {
  readonly name: "json" | "binary";
  /** True when encodeFrame appends the kernel's frame unchanged. */
  readonly passesFrames: boolean;
  /** Fills `into` from one complete message; false, with `into.problem` set, when it is malformed. */
  decode(bytes: Buffer, start: number, end: number, into: ClientMessage): boolean;
  /** Appends one rare message. */
  encode(message: ServerMessage, out: ByteWriter): void;
  /**
   * Appends the content of a kernel frame; the reader stands before its first record. `isDurable`: what it tells is in the
   * journal; default true.
   */
  encodeFrame(frame: FrameReader, names: EntityNames, out: ByteWriter, isDurable?: boolean): void;
}

/** The codec for a connection's first byte, or null when no encoding begins with it. */
export function codecFor(firstByte: number, codecs: { json: Codec; binary: Codec }): Codec | null {
  if (firstByte === BINARY_MARK) return codecs.binary;
  const isText =
    (firstByte >= 0x20 && firstByte < 0x7f) || firstByte === 0x09 || firstByte === 0x0a || firstByte === 0x0d;
  return isText ? codecs.json : null;
}
