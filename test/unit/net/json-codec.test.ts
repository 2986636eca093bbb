import { describe, expect, test } from "bun:test";
import * as abi from "../../../assembly/abi.ts";
import { binaryCodec } from "../../../server/main/gateway/binary-codec.ts";
import { ByteWriter } from "../../../server/protocol/game/byte-writer.ts";
import { ClientMessage } from "../../../server/protocol/game/client-messages.ts";
import { codecFor } from "../../../server/main/gateway/codec.ts";
import { FrameReader } from "../../../server/protocol/game/frame-reader.ts";
import { jsonCodec } from "../../../server/main/gateway/json-codec.ts";
import { FrameBuilder } from "../../helpers/net.ts";
import { codecContract } from "./codec-contract.ts";

const line = (value: unknown): Buffer => Buffer.from(`${typeof value === "string" ? value : JSON.stringify(value)}\n`);

/** One side of a trade, from its stacks. */
const side = (...stacks: number[]) =>
  stacks.filter((stack) => stack !== 0).map((stack) => ({ item: stack >>> 24, count: stack & 0xff_ffff }));

/** A client message as the protocol has it. */
function toJson(message: Partial<ClientMessage>): unknown {
  const { kind, seq, x, y, z, hello } = message;
  switch (kind) {
    case "move":
      return { type: "movement", session_id: 99, seq, position: { x, y, z } };
    case "cast":
      return {
        type: "spell_cast",
        action: "CAST_START",
        seq,
        spell_id: message.spell,
        cast_time_ticks: message.castTicks,
        target_id: message.target,
      };
    case "cancel_cast":
      return { type: "spell_cast", session_id: 99, seq, action: "INTERRUPT" };
    case "attack":
      return {
        type: "combat",
        action: "ATTACK",
        seq,
        target_session_id: message.target,
        base_damage: message.baseDamage,
        damage_type: message.magical ? "MAGICAL" : "PHYSICAL",
      };
    case "stop_attack":
      return { type: "combat", action: "STOP", seq };
    case "trade_offer": {
      const [give, give2, want, want2] = message.stacks!;
      return { type: kind, seq, target_id: message.target, give: side(give, give2), want: side(want, want2) };
    }
    case "trade_accept":
      return { type: kind, seq, target_id: message.target, offer_id: message.offer };
    case "trade_cancel":
      return { type: kind, seq, target_id: message.target || undefined, offer_id: message.offer };
    case "ping":
      return { type: "ping", t: message.echo };
    case "names":
      return { type: "names", players: message.players, creatures: message.creatures };
    case "release_as_ghost":
      return { type: "release", seq, as_ghost: true };
    case "hello":
      return {
        type: "hello",
        v: hello!.version,
        name: hello!.name,
        zone: hello!.zone,
        class: hello!.playerClass,
        token: hello!.token,
        resume: hello!.resume,
        secret: hello!.secret,
      };
    default:
      return { type: kind, seq };
  }
}

const move = (position: unknown): unknown => ({ type: "movement", position });

codecContract("json", {
  codec: jsonCodec,
  namesInFrames: true,
  write: (messages) => Buffer.concat(messages.map((message) => line(toJson(message)))),
  read: (bytes) =>
    new TextDecoder()
      .decode(bytes)
      .split("\n")
      .filter((text) => text !== "")
      .map((text) => JSON.parse(text)),
  malformed: [
    ["what is not JSON", line("hello?")],
    ["half an object", line('{"type":"ping",')],
    ["a number", line("5")],
    ["null", line("null")],
    ["a list", line("[]")],
    ["no type", line({})],
    ["an unknown type", line({ type: "teleport" })],
    ["a type that every object has", line({ type: "constructor" })],
    ["a position without z", line(move({ x: 1, y: 2 }))],
    ["a position of texts", line(move({ x: "1", y: 2, z: 3 }))],
    ["an infinite position", line('{"type":"movement","position":{"x":1e999,"y":0,"z":0}}')],
    ["a position outside the world", line(move({ x: 1e9, y: 0, z: 0 }))],
    ["a position that is a number", line(move(4))],
    ["a spell without action", line({ type: "spell_cast", spell_id: 100 })],
    ["a spell without id", line({ type: "spell_cast", action: "CAST_START" })],
    ["half a spell id", line({ type: "spell_cast", action: "CAST_START", spell_id: 1.5 })],
    ["a negative spell id", line({ type: "spell_cast", action: "CAST_START", spell_id: -1 })],
    ["a negative cast time", line({ type: "spell_cast", action: "CAST_START", spell_id: 1, cast_time_ticks: -1 })],
    ["an attack on nobody", line({ type: "combat", action: "ATTACK", target_session_id: 0 })],
    ["an attack on a name", line({ type: "combat", action: "ATTACK", target_session_id: "Ann" })],
    [
      "an unknown damage type",
      line({ type: "combat", action: "ATTACK", target_session_id: 1, damage_type: "PSYCHIC" }),
    ],
    ["an offer to nobody", line({ type: "trade_offer", give: [{ item: 0, count: 1 }] })],
    ["an offer to a name", line({ type: "trade_offer", target_id: "Ann", give: [] })],
    ...[
      null,
      5,
      { item: 0, count: 1 },
      [5],
      [null],
      [{ item: 0 }],
      [{ count: 1 }],
      [{ item: 0, count: 0 }],
      [{ item: 0, count: -5 }],
      [{ item: -1, count: 1 }],
      [{ item: 256, count: 1 }],
      [{ item: 0, count: 2 ** 24 }],
      [{ item: 0, count: 1.5 }],
      [{ item: "0", count: "1" }],
      [{ item: 0, count: Number.MAX_VALUE }],
      [1, 2, 3].map((item) => ({ item, count: 1 })),
    ].flatMap((wrong): [string, Buffer][] => [
      [`an offer that gives ${JSON.stringify(wrong)}`, line({ type: "trade_offer", target_id: 5, give: wrong })],
      [`an offer that wants ${JSON.stringify(wrong)}`, line({ type: "trade_offer", target_id: 5, want: wrong })],
    ]),
    ["an accepted offer of nobody", line({ type: "trade_accept", offer_id: 5 })],
    ["an accepted offer without number", line({ type: "trade_accept", target_id: 5 })],
    ["an accepted offer 0", line({ type: "trade_accept", target_id: 5, offer_id: 0 })],
    ["a cancelled offer that is negative", line({ type: "trade_cancel", offer_id: -1 })],
    ["a cancelled offer past 2^32", line({ type: "trade_cancel", offer_id: 2 ** 32 })],
    ["a seq of 0", line({ type: "release", seq: 0 })],
    ["a seq past 2^31", line({ type: "release", seq: 2 ** 31 })],
    ["a ping without number", line({ type: "ping" })],
    ["names of too many", line({ type: "names", players: Array.from({ length: 65 }, () => 1) })],
    ["names of nobody's id", line({ type: "names", players: [-1] })],
    ["a hello without version", line({ type: "hello", name: "Ann" })],
    ["a hello with a number for a name", line({ type: "hello", v: 1, name: 5 })],
    ["a hello with an endless token", line({ type: "hello", v: 1, token: "x".repeat(300) })],
  ],
});

function decode(value: unknown): ClientMessage {
  const bytes = line(value);
  const message = new ClientMessage();
  expect(jsonCodec.decode(bytes, 0, bytes.length, message)).toBe(true);
  return message;
}

describe("JSON lines from clients of the earlier simulator", () => {
  test("are understood as they are", () => {
    const cast = decode({
      type: "spell_cast",
      session_id: 3,
      action: "CAST_START",
      spell_id: 200,
      cast_time_ticks: 30,
    });
    expect(cast).toMatchObject({ kind: "cast", seq: 0, spell: 200, castTicks: 30, target: 0 });
    const attack = decode({
      type: "combat",
      session_id: 3,
      action: "ATTACK",
      target_session_id: 1_000_001,
      base_damage: 25,
      damage_type: "PHYSICAL",
    });
    expect(attack).toMatchObject({ kind: "attack", target: 1_000_001, baseDamage: 25, magical: false });
  });

  test("have their numbers clamped where they have no say", () => {
    const cast = decode({ type: "spell_cast", action: "CAST_START", spell_id: 9, cast_time_ticks: 1e6 });
    expect(cast.castTicks).toBe(200);
    const attack = decode({ type: "combat", action: "ATTACK", target_session_id: 5, base_damage: 4e9 });
    expect(attack.baseDamage).toBe(1_000_000);
  });

  test("may end in CR LF, and an empty line is nothing", () => {
    expect(decode('{"type":"ping","t":1}\r').kind).toBe("ping");
    expect(jsonCodec.isBlank(Buffer.from("\r\n"), 0, 2)).toBe(true);
    expect(jsonCodec.isBlank(Buffer.from("\n"), 0, 1)).toBe(true);
  });

  test("may be nested as deeply as a line can hold without harm", () => {
    const bytes = line("[".repeat(16_000));
    expect(jsonCodec.decode(bytes, 0, bytes.length, new ClientMessage())).toBe(false);
    const closed = line(`${'{"a":'.repeat(2_700)}1${"}".repeat(2_700)}`);
    expect(jsonCodec.decode(closed, 0, closed.length, new ClientMessage())).toBe(false);
  });
});

const codecs = { json: jsonCodec, binary: binaryCodec };

describe("the first byte of a connection", () => {
  test("chooses JSON lines when it is text", () => {
    for (const text of ["{", "[", "x", " ", "\n", "\r", "\t"])
      expect(codecFor(text.charCodeAt(0), codecs)).toBe(jsonCodec);
  });

  test("chooses nothing yet otherwise", () => {
    for (const byte of [0x00, 0x16, 0x7f, 0x80, 0xb0, 0xff]) expect(codecFor(byte, codecs)).toBe(null);
  });
});

/** The one event line of a frame with this event. */
function eventLine(kind: number, info: number, ...fields: (number | { f: number })[]): unknown {
  const bytes = new FrameBuilder(7, 9).event(kind, info, ...fields).bytes();
  const writer = new ByteWriter();
  jsonCodec.encodeFrame(
    new FrameReader().open(bytes, 0, bytes.length),
    { player: () => null, creature: () => null },
    writer,
  );
  const lines = new TextDecoder().decode(writer.bytes.subarray(0, writer.length)).trimEnd().split("\n");
  return lines.length < 2 ? null : JSON.parse(lines[1]!);
}

describe("damage", () => {
  const plain = { type: "event", event: "damage", tick: 9, attacker_id: 7, target_id: 8, base_damage: 40 };
  const rest = { damage_type: "MAGICAL", target_health: 60, spell_id: 200 };
  test.each([
    ["plain", 0, [40, 30, 10, 60, 200], { actual_damage: 30, mitigation: 10 }],
    ["critical", abi.DAMAGE_CRITICAL, [40, 40, 0, 60, 200], { actual_damage: 40, mitigation: 0, outcome: "critical" }],
    ["from an aura", abi.DAMAGE_PERIODIC, [40, 40, 0, 60, 200], { actual_damage: 40, mitigation: 0, periodic: true }],
    ["half absorbed", 0, [40, 20, 0, 60, 200, 20], { actual_damage: 20, mitigation: 0, absorbed: 20 }],
  ] as const)("%s", (_, info, fields, told) => {
    expect(eventLine(abi.EVENT_DAMAGE, abi.DAMAGE_MAGICAL | info, 7, 8, ...fields)).toEqual({
      ...plain,
      ...rest,
      ...told,
    });
  });
});

test("auras stand among what changed of an entity, and beside the player's own position", () => {
  const bytes = new FrameBuilder(7, 9)
    .record(abi.RECORD_AURAS, 2, 8, 110 | (3 << 16), 90, 7, 120, 95, 12)
    .record(abi.RECORD_AURAS, 0, 7)
    .bytes();
  const out = new ByteWriter();
  jsonCodec.encodeFrame(
    new FrameReader().open(bytes, 0, bytes.length),
    { player: () => null, creature: () => null },
    out,
  );
  expect(JSON.parse(new TextDecoder().decode(out.bytes.subarray(0, out.length)))).toEqual({
    type: "state",
    tick: 9,
    auras: [],
    enter: [],
    change: [
      {
        id: 8,
        auras: [
          { spell_id: 110, stacks: 3, end_tick: 90, caster_id: 7 },
          { spell_id: 120, stacks: 0, end_tick: 95, caster_id: 12 },
        ],
      },
    ],
    leave: [],
  });
});

test("every event has its fields by name", () => {
  const event = { type: "event", tick: 9 };
  const cast = { source_id: 7, target_id: 8, spell_id: 200, cast_time_ticks: 30 };
  expect(eventLine(abi.EVENT_CAST_STARTED, 0, 7, 8, 200, 30)).toEqual({ ...event, event: "cast_started", ...cast });
  expect(eventLine(abi.EVENT_CAST_COMPLETED, 0, 7, 8, 200, 30)).toEqual({ ...event, event: "cast_completed", ...cast });
  expect(eventLine(abi.EVENT_CAST_INTERRUPTED, abi.INTERRUPT_BY_MOVEMENT, 7, 8, 200, 30)).toEqual({
    ...event,
    event: "cast_interrupted",
    ...cast,
    reason: "movement",
  });
  expect(eventLine(abi.EVENT_CAST_BLOCKED_GCD, 0, 7, 0, 100, 25, 9)).toEqual({
    ...event,
    event: "cast_blocked_gcd",
    source_id: 7,
    spell_id: 100,
    gcd_expires_tick: 25,
  });
  expect(eventLine(abi.EVENT_KILLED, 0, 7, 8)).toEqual({ ...event, event: "killed", killer_id: 7, target_id: 8 });
  expect(eventLine(abi.EVENT_HEALED, 0, 7, 8, 20, 90, 103)).toEqual({
    ...event,
    event: "healed",
    source_id: 7,
    target_id: 8,
    amount: 20,
    target_health: 90,
    spell_id: 103,
  });
  expect(eventLine(abi.EVENT_REFUSED, abi.REFUSED_OUT_OF_RANGE, 7, 0, abi.OP_CAST, 4, 200)).toEqual({
    ...event,
    event: "refused",
    reason: "out_of_range",
    action: "cast",
    seq: 4,
    subject_id: 200,
  });
  expect(eventLine(abi.EVENT_REVIVED, 0, 7)).toEqual({ ...event, event: "revived", entity_id: 7 });
  expect(eventLine(abi.EVENT_EVADED, 0, 8)).toEqual({ ...event, event: "evaded", entity_id: 8 });
  expect(eventLine(abi.EVENT_AGGRO, 0, 8, 7)).toEqual({ ...event, event: "aggro", source_id: 8, target_id: 7 });
  expect(eventLine(abi.EVENT_CORRECTED, 0, 7, 0, { f: 1.25 }, { f: -2 }, { f: 0 })).toEqual({
    ...event,
    event: "corrected",
    x: 1.25,
    y: -2,
    z: 0,
  });
  expect(eventLine(abi.EVENT_AURA_APPLIED, 5, 7, 8, 122, 90, 1, 0)).toEqual({
    ...event,
    event: "aura_applied",
    source_id: 7,
    target_id: 8,
    aura: "stun",
    spell_id: 122,
    end_tick: 90,
    stacks: 1,
    amount: 0,
  });
  const ended = { ...event, event: "aura_ended", source_id: 7, target_id: 8, spell_id: 141, reason: "used_up" };
  expect(eventLine(abi.EVENT_AURA_ENDED, abi.AURA_ENDED_USED_UP, 7, 8, 141)).toEqual(ended);
  const avoided = { ...event, event: "avoided", source_id: 7, target_id: 8, spell_id: 0, reason: "parry" };
  expect(eventLine(abi.EVENT_AVOIDED, abi.AVOIDED_PARRY, 7, 8)).toEqual(avoided);
  const gained = { ...event, event: "experience", gained: 95, experience: 190, next_level: 7_600 };
  expect(eventLine(abi.EVENT_EXPERIENCE, 0, 7, 0, 95, 190, 7_600)).toEqual(gained);
  expect(eventLine(abi.EVENT_LEVEL, 0, 7, 0, 11)).toEqual({ ...event, event: "level", entity_id: 7, level: 11 });
  expect(eventLine(abi.EVENT_MOVED, 0, 7)).toBe(null);
});

test("a record that claims more auras than it has is told with those it has", () => {
  const builder = new FrameBuilder(7, 9);
  for (let entity = 8; entity < 60; entity++) builder.record(abi.RECORD_AURAS, 0xffff, entity, 110 | (1 << 16), 90, 7);
  const bytes = builder.bytes();
  const out = new ByteWriter();
  const names = { player: () => null, creature: () => null };
  jsonCodec.encodeFrame(new FrameReader().open(bytes, 0, bytes.length), names, out);
  const { change } = JSON.parse(new TextDecoder().decode(out.bytes.subarray(0, out.length))) as {
    change: { auras: unknown[] }[];
  };
  expect(change.map(({ auras }) => auras.length)).toEqual(Array.from({ length: 52 }, () => 1));
});
