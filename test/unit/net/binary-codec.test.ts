import { describe, expect, test } from "bun:test";
import * as abi from "../../../assembly/abi.ts";
import { binaryCodec } from "../../../server/main/gateway/binary-codec.ts";
import * as wire from "../../../server/protocol/game/binary-wire.ts";
import { ByteWriter } from "../../../server/protocol/game/byte-writer.ts";
import { ClientMessage } from "../../../server/protocol/game/client-messages.ts";
import type { ServerMessage } from "../../../server/protocol/game/client-messages.ts";
import { codecFor } from "../../../server/main/gateway/codec.ts";
import { FrameReader } from "../../../server/protocol/game/frame-reader.ts";
import { jsonCodec } from "../../../server/main/gateway/json-codec.ts";
import { encodeJsonFrame } from "../../../server/main/gateway/json-frames.ts";
import { BinaryStream, writeClientMessage } from "../../../tools/client/binary-messages.ts";
import { expectGolden } from "../../helpers/golden.ts";
import { FrameBuilder } from "../../helpers/net.ts";
import { codecContract } from "./codec-contract.ts";

type Sent = Parameters<typeof writeClientMessage>[0];

function write(...messages: Sent[]): Buffer {
  const writer = new ByteWriter(16);
  for (const message of messages) writeClientMessage(message, writer);
  return Buffer.from(writer.bytes.slice(0, writer.length));
}

/** A message with some of its bytes others. */
function spoilt(message: Sent, at: number, ...bytes: number[]): Buffer {
  const whole = write(message);
  whole.set(bytes, at);
  return whole;
}

/** A frame as the JSON lines have it, for comparison. */
function frameLines(bytes: Buffer, at: number, length: number): Record<string, unknown>[] {
  const aligned = new Uint8Array(bytes.subarray(at, at + length));
  const writer = new ByteWriter(16);
  const reader = new FrameReader().open(aligned, 0, length);
  let isDurable = true;
  while (reader.next()) if (reader.kind === wire.RECORD_NOT_DURABLE) isDurable = false;
  encodeJsonFrame(
    new FrameReader().open(aligned, 0, length),
    { player: () => null, creature: () => null },
    writer,
    isDurable,
  );
  const lines = Buffer.from(writer.bytes.subarray(0, writer.length)).toString().trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

function read(bytes: Uint8Array): Record<string, unknown>[] {
  const messages: Record<string, unknown>[] = [];
  const stream = new BinaryStream({
    onFrame: (buffer, at, length) => messages.push(...frameLines(buffer, at, length)),
    onMessage: (message) => messages.push({ ...message }),
  });
  stream.push(Buffer.from(bytes));
  return messages;
}

const move: Sent = { kind: "move", seq: 1, x: 1, y: 2, z: 3 };
const hello: Sent = {
  kind: "hello",
  hello: { version: 1, name: "Ann", zone: 0, playerClass: "", token: "", resume: "", secret: "" },
};
const NAN = [0, 0, 0xc0, 0x7f];
const INFINITY = [0, 0, 0x80, 0x7f];

codecContract("binary", {
  codec: binaryCodec,
  namesInFrames: false,
  write: (messages) => write(...(messages as Sent[])),
  read,
  malformed: [
    ["a message without the mark", spoilt(move, 0, 0xb2)],
    ["a mark alone", Buffer.of(wire.BINARY_MARK)],
    ["an unknown kind", spoilt({ kind: "release", seq: 1 }, wire.CLIENT_KIND, 99)],
    ["a move without z", spoilt(move, wire.CLIENT_LENGTH, 16).subarray(0, 16)],
    ["a move that is no number", spoilt(move, 12, ...NAN)],
    ["an infinite move", spoilt(move, 8, ...INFINITY)],
    ["a move out of the world", write({ kind: "move", seq: 1, x: 100_001, y: 0, z: 0 })],
    ["a seq past 2^31", spoilt(move, wire.CLIENT_SEQ, 0, 0, 0, 0x80)],
    ["a spell id past 2^31", write({ kind: "cast", seq: 1, spell: 2 ** 31, target: 0, castTicks: 0 })],
    ["an attack on nobody", write({ kind: "attack", seq: 1, target: 0 })],
    ["an unknown damage type", spoilt({ kind: "attack", seq: 1, target: 5 }, 16, 2)],
    ["an offer with three stacks", spoilt({ kind: "trade_offer", seq: 1 }, wire.CLIENT_LENGTH, 24).subarray(0, 24)],
    [
      "an accepted offer without number",
      spoilt({ kind: "trade_accept", seq: 1 }, wire.CLIENT_LENGTH, 12).subarray(0, 12),
    ],
    ["a ping that is no number", spoilt({ kind: "ping", echo: 1 }, 14, 0xf8, 0x7f)],
    ["a bye with something more", Buffer.concat([spoilt({ kind: "bye" }, wire.CLIENT_LENGTH, 9), Buffer.of(0)])],
    ["a hello without texts", spoilt(hello, wire.CLIENT_LENGTH, 12).subarray(0, 12)],
    ["a hello whose name is longer than it", spoilt(hello, 12, 0xff)],
    ["a hello with an endless token", write({ ...hello, hello: { ...hello.hello!, token: "x".repeat(300) } })],
    ["a hello that goes on", Buffer.concat([spoilt(hello, wire.CLIENT_LENGTH, 24), Buffer.of(0)])],
    ["names of too many", write({ kind: "names", players: Array.from({ length: 65 }, () => 1) })],
    ["names that are not there", spoilt({ kind: "names", players: [1] }, 8, 2)],
  ],
});

describe("a binary connection", () => {
  test("is chosen by the mark, and by nothing that is text", () => {
    const codecs = { json: jsonCodec, binary: binaryCodec };
    expect(codecFor(write(move)[0]!, codecs)).toBe(binaryCodec);
    expect(codecFor(0x7b, codecs)).toBe(jsonCodec);
  });

  test("gets a kernel frame as it is", () => {
    const bytes = new FrameBuilder(7, 3, 2)
      .record(abi.RECORD_CHANGE, abi.CHANGE_POSITION, 9, { f: 1 }, { f: 2 }, { f: 3 })
      .bytes();
    const writer = new ByteWriter(1);
    binaryCodec.encodeFrame(
      new FrameReader().open(bytes, 0, bytes.length),
      { player: () => "", creature: () => "" },
      writer,
    );
    expect(writer.bytes.slice(0, writer.length)).toEqual(new Uint8Array(bytes));
  });

  test("that got out of step is refused byte by byte, and not waited for", () => {
    const message = new ClientMessage();
    for (const bytes of [Buffer.of(0, 0xb1, 1), Buffer.of(0xb1, 3, 7, 0, 0, 0, 0, 0)]) {
      expect(binaryCodec.messageEnd(bytes, 0, 0, bytes.length)).toBe(1);
      expect(binaryCodec.decode(bytes, 0, 1, message)).toBe(false);
    }
  });
});

/** Rows of 16 bytes. */
function hex(bytes: Uint8Array): string {
  const rows: string[] = [];
  for (let at = 0; at < bytes.length; at += 16) rows.push(Buffer.from(bytes.subarray(at, at + 16)).toString("hex"));
  return rows.map((row) => row.replaceAll(/../g, "$& ").trimEnd()).join("\n");
}

const SAID: Sent[] = [
  { ...hello, hello: { version: 1, name: "Ann", zone: 2, playerClass: "Mage", token: "", resume: "", secret: "" } },
  { ...hello, hello: { ...hello.hello!, secret: "open sesame" } },
  { kind: "move", seq: 7, x: 1.5, y: -2.25, z: 0 },
  { kind: "cast", seq: 8, target: 1_000_001, spell: 200, castTicks: 0 },
  { kind: "cancel_cast", seq: 9 },
  { kind: "attack", seq: 10, target: 1_000_001, baseDamage: 25, magical: false },
  { kind: "stop_attack", seq: 11 },
  { kind: "release", seq: 12 },
  { kind: "release_as_ghost", seq: 13 },
  { kind: "reclaim", seq: 14 },
  { kind: "trade_offer", seq: 15, target: 12, stacks: [30, 0, (3 << 24) | 2, 0] },
  { kind: "trade_accept", seq: 16, target: 7, offer: 41 },
  { kind: "trade_cancel", seq: 17, target: 0, offer: 42 },
  { kind: "ping", echo: 17.25 },
  { kind: "names", players: [7], creatures: [5] },
  { kind: "bye" },
];

const TOLD: ServerMessage[] = [
  {
    type: "welcome",
    session_id: 7,
    entity_id: 7,
    zone_id: 2,
    tick: 812,
    tick_rate_hz: 20,
    resume: "13e780a5",
    seq: 0,
    class: "Mage",
    spells: [{ id: 200, name: "Fireball", effect: "damage", range_yd: 35 }],
    portals: [{ to: 1, x: 130, y: -4.5, radius_yd: 6 }],
  },
  {
    type: "welcome",
    session_id: 8,
    entity_id: 8,
    zone_id: 1,
    tick: 812,
    tick_rate_hz: 20,
    resume: "",
    seq: 0,
    class: "",
    spells: [],
    portals: [],
    character: { name: "Ann", level: 12, experience: 345 },
  },
  { type: "error", code: "busy", message: "The zone takes no more just now.", seq: 8 },
  { type: "pong", t: 17.25, tick: 830 },
  { type: "zone", zone_id: 1, tick: 880, reason: "zone_down", portals: [] },
  {
    type: "zone",
    zone_id: 2,
    tick: 881,
    reason: "portal",
    portals: [{ to: 1, x: 130, y: -4.5, radius_yd: 6 }],
    lost_from: 8,
    lost_to: 9,
  },
  { type: "names", players: [{ id: 7, name: "Ann" }], creatures: [{ id: 5, name: "Young Boar" }] },
];

const FRAME = new FrameBuilder(7, 813, 8)
  .reset()
  .record(abi.RECORD_SELF, 0, 210, 210, 355, 420, 1_000_001, 200, 860, 860)
  .record(abi.RECORD_ENTER, 1, 1_000_001, { f: 18 }, { f: 10 }, { f: 0 }, 1_600, 1_600, 0, 11)
  .record(abi.RECORD_CHANGE, abi.CHANGE_POSITION | abi.CHANGE_HEALTH, 8, { f: 1.5 }, { f: -2.25 }, { f: 0 }, 90, 100)
  .record(abi.RECORD_LEAVE, 0, 9)
  .record(abi.RECORD_AURAS, 1, 8, 103 | (1 << 16), 900, 7)
  .event(abi.EVENT_CAST_STARTED, 0, 7, 1_000_001, 200, 30);

const PACE = new FrameBuilder(7, 814, 8).record(abi.RECORD_PACE, 4, { f: 0.5 }, { f: 40 });

const HOLDS = new FrameBuilder(7, 815, 16)
  .record(abi.RECORD_STACKS, 2, 250, (3 << 24) | 7)
  .event(abi.EVENT_LOOT, abi.LOOT_TAKEN, 7, 1_000_001, 12, 250)
  .event(abi.EVENT_TRADE, abi.TRADE_OFFERED, 7, 12, 41, 30, 0, (3 << 24) | 2, 0, 1_415);

test("every message has the bytes that it always had", () => {
  const told = TOLD.map((message) => {
    const writer = new ByteWriter(16);
    binaryCodec.encode(message, writer);
    return `> ${JSON.stringify(message)}\n${hex(writer.bytes.subarray(0, writer.length))}`;
  });
  const said = SAID.map((message) => `< ${JSON.stringify(message)}\n${hex(write(message))}`);
  const states = [FRAME, PACE, HOLDS].map((built) => {
    const lines = frameLines(Buffer.from(built.bytes()), 0, built.bytes().length);
    return `> ${lines.map((line) => JSON.stringify(line)).join("\n  ")}\n${hex(built.bytes())}`;
  });
  expectGolden("protocol/binary", [...said, ...told, ...states].join("\n\n"));
});

test("a server of before portals were told is understood: its messages end earlier", () => {
  const told: ServerMessage[] = [];
  const stream = new BinaryStream({ onFrame: () => undefined, onMessage: (message) => told.push(message) });
  const down = "20 00 00 04 01 00 00 00 70 03 00 00 09 00 7a 6f 6e 65 5f 64 6f 77 6e 00 00 00 00 00 00 00 00 00";
  const through = "1c 00 00 04 02 00 00 00 71 03 00 00 06 00 70 6f 72 74 61 6c 08 00 00 00 09 00 00 00";
  for (const bytes of [down, through]) stream.push(Buffer.from(bytes.replaceAll(" ", ""), "hex"));
  expect(told).toMatchObject([
    { zone_id: 1, reason: "zone_down", portals: [] },
    { zone_id: 2, reason: "portal", portals: [], lost_from: 8, lost_to: 9 },
  ]);
});
