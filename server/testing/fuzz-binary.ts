// Messages that a hostile or broken client might send in the binary encoding; fuzz-messages.ts, for text, explains more.
//
//   const draw = binaryFuzzSource(seededRandom(1))
//   draw()      // { kind: "wrong length", bytes: <b1 10 2f 00 ...> }
//
// Only "truncated", which a connection must send last, makes the server wait for more: every other message is as long as its
// length field says. Bytes that do not begin with the mark contain no mark, because a server searches the next mark byte by byte.

import { BINARY_MARK, CLIENT_HEADER_BYTES, CLIENT_KIND, CLIENT_LENGTH } from "../protocol/game/binary-wire.ts";
import { ByteWriter } from "../protocol/game/byte-writer.ts";
import { writeClientMessage } from "../../tools/client/binary-messages.ts";
import type { ClientWords } from "../../tools/client/wire.ts";
import { sourceOf } from "./fuzz-messages.ts";
import type { FuzzMessage } from "./fuzz-messages.ts";
import { at as itemAt } from "../protocol/assert.ts";

/** The kinds, with the number of each in a thousand messages. */
const SHARES = {
  valid: 300,
  "random bytes": 80,
  "wrong mark": 80,
  "wrong length": 180,
  "out of range": 120,
  "unknown type": 80,
  mutated: 155,
  "huge length": 5,
} as const;

/** Valid messages, from which the broken ones are derived. */
export const BINARY_SAMPLES: readonly ClientWords[] = [
  { kind: "move", x: 1.5, y: -2, z: 0 },
  { kind: "cast", target: 1_000_001, spell: 200 },
  { kind: "cancel_cast" },
  { kind: "attack", target: 1_000_001, baseDamage: 10 },
  { kind: "stop_attack" },
  { kind: "release" },
  { kind: "reclaim" },
  { kind: "trade_offer", target: 2, stacks: [1, 0, (3 << 24) | 2, 0] },
  { kind: "trade_accept", target: 2, offer: 1 },
  { kind: "trade_cancel", target: 0, offer: 1 },
  { kind: "ping", echo: 17 },
  { kind: "names", players: [1, 2], creatures: [5] },
  {
    kind: "hello",
    hello: {
      version: 1,
      name: "Fuzz",
      zone: 1,
      playerClass: "",
      token: "",
      resume: "0123456789abcdef",
      secret: "open sesame",
    },
  },
];

/** NaN, infinity and boundary values, as four bytes. */
const NASTY_WORDS = [0, 1, 0x7f80_0000, 0xff80_0000, 0x7fc0_0000, 0xffff_ffff, 0x7fff_ffff, 0x8000_0000, 0x7f7f_ffff];

export function binaryMessage(words: ClientWords): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(64);
  writeClientMessage(words, writer);
  return writer.bytes.slice(0, writer.length);
}

/** An endless source of messages. `random`: uniform in [0, 1). */
export function binaryFuzzSource(random: () => number): () => FuzzMessage {
  return sourceOf(SHARES, makers(random), random);
}

function makers(random: () => number): Record<keyof typeof SHARES, () => Uint8Array> {
  const whole = (max: number): number => Math.floor(random() * max);
  const sample = (): Uint8Array<ArrayBuffer> => binaryMessage(itemAt(BINARY_SAMPLES, whole(BINARY_SAMPLES.length)));
  const noise = (length: number): Uint8Array<ArrayBuffer> => Uint8Array.from({ length }, () => withoutMark(whole(256)));
  const changed = (change: (view: DataView, bytes: Uint8Array<ArrayBuffer>) => void): Uint8Array => {
    const bytes = sample();
    change(new DataView(bytes.buffer), bytes);
    return bytes;
  };
  /** A message with a correct length field, whatever length its kind needs. */
  const ofLength = (length: number): Uint8Array => {
    const bytes = new Uint8Array(length);
    bytes.set(noise(length));
    bytes.set(sample().subarray(0, CLIENT_HEADER_BYTES));
    new DataView(bytes.buffer).setUint16(CLIENT_LENGTH, length, true);
    return bytes;
  };
  return {
    valid: sample,
    "random bytes": () => noise(1 + whole(12)),
    "wrong mark": () => changed((_view, bytes) => bytes.forEach((byte, at) => (bytes[at] = withoutMark(byte)))),
    // Also shorter than a header: a message of one byte and some extra bytes.
    "wrong length": () =>
      whole(4) === 0
        ? changed((view, bytes) => {
            bytes.forEach((byte, at) => (bytes[at] = at === 0 ? byte : withoutMark(byte)));
            view.setUint16(CLIENT_LENGTH, whole(CLIENT_HEADER_BYTES), true);
          })
        : ofLength(CLIENT_HEADER_BYTES + whole(whole(10) === 0 ? 16_000 : 80)),
    "out of range": () =>
      changed((view, bytes) => {
        for (let at = 4; at + 4 <= bytes.length; at += 4)
          if (whole(2) === 0) view.setUint32(at, itemAt(NASTY_WORDS, whole(NASTY_WORDS.length)), true);
      }),
    "unknown type": () => changed((_view, bytes) => (bytes[CLIENT_KIND] = 24 + whole(232))),
    mutated: () =>
      changed((_view, bytes) => {
        for (let changes = 1 + whole(4); changes > 0; changes--) {
          const at = whole(bytes.length);
          // The mark and the length stay unchanged: "wrong mark" and "wrong length" are kinds of their own.
          if (at === CLIENT_KIND || at >= CLIENT_LENGTH + 2) bytes[at] = whole(256);
        }
      }),
    // More than the port accepts, up to the largest value of the length field.
    "huge length": () => ofLength(16_385 + whole(65_536 - 16_385)),
  };
}

function withoutMark(byte: number): number {
  return byte === BINARY_MARK ? BINARY_MARK - 1 : byte;
}
