// What every encoding of the game port must do, whatever its bytes look like. A codec's test file runs this with a way
// to write client messages and to read what the server says in that encoding.

import { describe, expect, test } from "bun:test";
import * as abi from "../../../assembly/abi.ts";
import { ByteWriter } from "../../../server/protocol/game/byte-writer.ts";
import { ClientMessage } from "../../../server/protocol/game/client-messages.ts";
import type { ServerMessage, Welcome } from "../../../server/protocol/game/client-messages.ts";
import type { Codec, EntityNames } from "../../../server/main/gateway/codec.ts";
import { FrameReader } from "../../../server/protocol/game/frame-reader.ts";
import { MessageSplitter } from "../../../server/main/sockets/message-splitter.ts";
import { FrameBuilder } from "../../helpers/net.ts";

export interface CodecUnderTest {
  codec: Codec;
  /** The bytes by which a client says each of these, one after the other. */
  write(messages: Partial<ClientMessage>[]): Buffer;
  /** Complete messages the codec must refuse, and why they are wrong. */
  malformed: [why: string, bytes: Buffer][];
  /** Whether an entity's name comes with it, or is asked for. */
  namesInFrames: boolean;
  /** What a client makes of the server's bytes: one entry a message. */
  read(bytes: Uint8Array): Record<string, unknown>[];
}

const names: EntityNames = {
  player: (id) => (id === 8 ? '"Ann"' : null),
  creature: (template) => (template === 1 ? '"Hogger"' : null),
};

/** Messages with every field that their kind has. */
const MESSAGES: Partial<ClientMessage>[] = [
  { kind: "move", seq: 1, x: 1.5, y: -2.25, z: 0 },
  { kind: "cast", seq: 2, spell: 200, castTicks: 30, target: 1_000_001 },
  { kind: "cancel_cast", seq: 3 },
  { kind: "attack", seq: 4, target: 1_000_001, baseDamage: 25, magical: true },
  { kind: "stop_attack", seq: 5 },
  { kind: "release", seq: 6 },
  { kind: "release_as_ghost", seq: 7 },
  { kind: "reclaim", seq: 8 },
  { kind: "trade_offer", seq: 9, target: 12, stacks: [30, 0, 0x0300_0002, 0xff00_0001] },
  { kind: "trade_offer", seq: 10, target: 12, stacks: [0, 0, 0xffffff, 0] },
  { kind: "trade_accept", seq: 11, target: 12, offer: 4_000_000_000 },
  { kind: "trade_cancel", seq: 12, target: 12, offer: 7 },
  { kind: "trade_cancel", seq: 13, target: 0, offer: 7 },
  { kind: "ping", echo: 12.5 },
  { kind: "names", players: [7, 8], creatures: [1] },
  { kind: "bye" },
  {
    kind: "hello",
    hello: { version: 1, name: "Änn", zone: 2, playerClass: "Mage", token: "t", resume: "r", secret: "open sesame" },
  },
];

const goods = (item: number, count: number) => ({ item, count });

/** The fields of `expected`, as `actual` has them. */
function same(actual: ClientMessage, expected: Partial<ClientMessage>): void {
  for (const [field, value] of Object.entries(expected)) expect(actual[field as keyof ClientMessage]).toEqual(value);
}

function decodeAll(codec: Codec, chunks: Buffer[]): ClientMessage[] {
  const splitter = new MessageSplitter(16_384);
  const decoded: ClientMessage[] = [];
  for (const chunk of chunks) {
    splitter.push(chunk, codec, (bytes, start, end) => {
      const message = new ClientMessage();
      if (codec.decode(bytes, start, end, message)) decoded.push(message);
      return true;
    });
  }
  return decoded;
}

export function codecContract(name: string, { codec, write, malformed, namesInFrames, read }: CodecUnderTest): void {
  const encode = (message: ServerMessage): Record<string, unknown>[] => {
    const writer = new ByteWriter(16);
    codec.encode(message, writer);
    return read(writer.bytes.subarray(0, writer.length));
  };
  const encodeFrame = (frame: FrameBuilder, isDurable?: boolean): Record<string, unknown>[] => {
    const writer = new ByteWriter(16);
    const bytes = frame.bytes();
    codec.encodeFrame(new FrameReader().open(bytes, 0, bytes.length), names, writer, isDurable);
    return read(writer.bytes.subarray(0, writer.length));
  };

  describe(`${name}: every codec`, () => {
    test("understands every message", () => {
      const decoded = decodeAll(codec, [write(MESSAGES)]);
      expect(decoded.length).toBe(MESSAGES.length);
      for (const [index, message] of decoded.entries()) same(message, MESSAGES[index]!);
    });

    test("understands the same wherever the stream is cut", () => {
      const bytes = write(MESSAGES);
      for (let at = 1; at < bytes.length; at++) {
        const decoded = decodeAll(codec, [bytes.subarray(0, at), bytes.subarray(at)]);
        expect(decoded.map((message) => message.kind)).toEqual(MESSAGES.map((message) => message.kind!));
      }
      const single = decodeAll(
        codec,
        [...bytes].map((byte) => Buffer.from([byte])),
      );
      for (const [index, message] of single.entries()) same(message, MESSAGES[index]!);
    });

    test.each(malformed)("refuses %s, and says why", (_why, bytes) => {
      const message = new ClientMessage();
      expect(codec.decode(bytes, 0, bytes.length, message)).toBe(false);
      expect(message.problem).not.toBe("");
    });

    test("tells what is rare", () => {
      expect(encode({ type: "pong", t: 1.5, tick: 9 })).toEqual([{ type: "pong", t: 1.5, tick: 9 }]);
      const portal = { to: 1, x: 130.5, y: -4, radius_yd: 6 };
      const messages: ServerMessage[] = [
        { type: "error", code: "busy", message: "später", seq: 4 },
        { type: "error", code: "held", message: "" },
        { type: "zone", zone_id: 2, tick: 77, reason: "zone_down", portals: [] },
        {
          type: "zone",
          zone_id: 1,
          tick: 78,
          reason: "portal",
          portals: [portal, { ...portal, to: 3 }],
          lost_from: 5,
          lost_to: 9,
        },
        { type: "names", players: [{ id: 8, name: "Änn" }], creatures: [{ id: 1, name: "Hogger" }] },
        {
          type: "welcome",
          session_id: 8,
          entity_id: 8,
          zone_id: 2,
          tick: 4_000_000_000,
          tick_rate_hz: 20,
          resume: "13e780a5",
          seq: 2_147_483_647,
          class: "Mage",
          spells: [
            { id: 200, name: "Fireball", effect: "damage", range_yd: 35 },
            { id: 103, name: "Renew Touch", effect: "heal", range_yd: 40.5 },
          ],
          portals: [portal],
        },
      ];
      const welcome = messages.find(({ type }) => type === "welcome") as Welcome;
      messages.push({ ...welcome, character: { name: "Änn", level: 60, experience: 0 } });
      messages.push({ ...welcome, character: { name: "Änn" } });
      for (const message of messages) expect(encode(message)).toEqual([{ ...message }]);
    });

    test("tells that what it tells is not kept, only then, and beside everything else", () => {
      const frame = new FrameBuilder(7, 42, 5).reset().record(abi.RECORD_LEAVE, 0, 9);
      const [kept = {}] = encodeFrame(frame);
      expect(encodeFrame(frame, false)).toEqual([{ ...kept, durable: false }]);
      expect(encodeFrame(frame, true)).toEqual([kept]);
      expect(kept).not.toHaveProperty("durable");
      expect(encodeFrame(new FrameBuilder(7, 43, 5), false)[0]).toMatchObject({ type: "state", durable: false });
    });

    test("tells how the zone is overloaded, and nothing of it where it is not said", () => {
      const [state] = encodeFrame(
        new FrameBuilder(7, 42, 5)
          .reset()
          .record(abi.RECORD_PACE, 4, { f: 0.5 }, { f: 40 })
          .record(abi.RECORD_LEAVE, 0, 9),
      );
      const pace = { level: 4, rate: 0.5, sight_yd: 40 };
      expect(state).toMatchObject({ type: "state", reset: true, pace, leave: [9] });
      expect(encodeFrame(new FrameBuilder(7, 43, 5).record(abi.RECORD_LEAVE, 0, 9))[0]).not.toHaveProperty("pace");
    });

    test("tells what a frame has", () => {
      const frame = new FrameBuilder(7, 42, 5)
        .reset()
        .record(abi.RECORD_SELF, 0, 80, 100, 30, 50, 1_000_001, 200, 60, 57)
        .record(
          abi.RECORD_ENTER,
          0,
          8,
          { f: 1.5 },
          { f: -2.25 },
          { f: 0 },
          80,
          100,
          1_000_001,
          10 | (abi.ENTITY_PLAYER << 8),
        )
        .record(abi.RECORD_ENTER, 1, 1_000_001, { f: 18 }, { f: 10 }, { f: 0.1 }, 900, 1_000, 7, 11 | (4 << 8))
        .record(abi.RECORD_CHANGE, abi.CHANGE_POSITION, 7, { f: 0.5 }, { f: 0.25 }, { f: -1 })
        .record(
          abi.RECORD_CHANGE,
          abi.CHANGE_POSITION | abi.CHANGE_HEALTH,
          1_000_002,
          { f: 3 },
          { f: 4 },
          { f: 5 },
          6,
          8,
        )
        .record(abi.RECORD_LEAVE, 0, 1_000_003)
        .event(abi.EVENT_DAMAGE, abi.DAMAGE_MAGICAL, 1_000_001, 7, 20, 15, 5, 80, 0);
      const [state, event] = encodeFrame(frame);
      expect(state).toEqual({
        type: "state",
        tick: 42,
        ack: 5,
        reset: true,
        self: {
          health: 80,
          max_health: 100,
          power: 30,
          max_power: 50,
          target: 1_000_001,
          cast_spell_id: 200,
          cast_end_tick: 60,
          gcd_end_tick: 57,
        },
        position: { x: 0.5, y: 0.25, z: -1 },
        enter: [
          {
            id: 8,
            kind: "player",
            ...(namesInFrames ? { name: "Ann" } : {}),
            template: 0,
            level: 10,
            x: 1.5,
            y: -2.25,
            z: 0,
            health: 80,
            max_health: 100,
            target: 1_000_001,
            flags: [],
          },
          {
            id: 1_000_001,
            kind: "creature",
            ...(namesInFrames ? { name: "Hogger" } : {}),
            template: 1,
            level: 11,
            x: 18,
            y: 10,
            z: 0.1,
            health: 900,
            max_health: 1_000,
            target: 7,
            flags: ["in_combat"],
          },
        ],
        change: [{ id: 1_000_002, x: 3, y: 4, z: 5, health: 6, max_health: 8 }],
        leave: [1_000_003],
      });
      expect(event).toEqual({
        type: "event",
        event: "damage",
        tick: 42,
        attacker_id: 1_000_001,
        target_id: 7,
        base_damage: 20,
        actual_damage: 15,
        damage_type: "MAGICAL",
        mitigation: 5,
        target_health: 80,
        spell_id: 0,
      });
    });

    test("tells what a player holds, what it gets, and how its trades stand", () => {
      const [trade, none] = [
        [41, 30, 0, (3 << 24) | 2, (63 << 24) | 1, 900],
        [42, 0, 0, 5, 0, 901],
      ];
      const frame = new FrameBuilder(7, 42, 5)
        .record(abi.RECORD_STACKS, 2, 250, (3 << 24) | 7)
        .event(abi.EVENT_LOOT, abi.LOOT_TAKEN, 7, 1_000_001, 12, 250)
        .event(abi.EVENT_LOOT, abi.LOOT_NO_ROOM, 7, 1_000_001, (9 << 24) | 2, 0)
        .event(abi.EVENT_TRADE, abi.TRADE_OFFERED, 7, 12, ...trade)
        .event(abi.EVENT_TRADE, abi.TRADE_ENDED_BY_LEAVING, 12, 7, ...none);
      const [state, ...events] = encodeFrame(frame);
      expect(state).toMatchObject({ inventory: [goods(0, 250), goods(3, 7)] });
      const loot = { type: "event", event: "loot", tick: 42, creature_id: 1_000_001 };
      const told = { type: "event", event: "trade", tick: 42 };
      expect(events).toEqual([
        { ...loot, item: 0, count: 12, held: 250, taken: true },
        { ...loot, item: 9, count: 2, held: 0, taken: false },
        {
          ...told,
          outcome: "offered",
          maker_id: 7,
          partner_id: 12,
          offer_id: 41,
          gives: [goods(0, 30)],
          wants: [goods(3, 2), goods(63, 1)],
          end_tick: 900,
        },
        {
          ...told,
          outcome: "left",
          maker_id: 12,
          partner_id: 7,
          offer_id: 42,
          gives: [],
          wants: [goods(0, 5)],
          end_tick: 901,
        },
      ]);
      expect(encodeFrame(new FrameBuilder(7, 43, 5).record(abi.RECORD_STACKS, 0))[0]).toMatchObject({ inventory: [] });
    });

    test("tells of an empty frame only its tick and ack", () => {
      expect(encodeFrame(new FrameBuilder(7, 3, 2))).toEqual([
        { type: "state", tick: 3, ack: 2, enter: [], change: [], leave: [] },
      ]);
    });
  });
}
