// Properties of the game port's input: what comes in may be anything, cut anywhere.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { asciiJson, ByteWriter } from "../../server/protocol/game/byte-writer.ts";
import { ClientMessage } from "../../server/protocol/game/client-messages.ts";
import { jsonCodec } from "../../server/main/gateway/json-codec.ts";
import { MessageSplitter } from "../../server/main/sockets/message-splitter.ts";
import { binaryCodec } from "../../server/main/gateway/binary-codec.ts";
import { BINARY_MARK } from "../../server/protocol/game/binary-wire.ts";
import { startGateway } from "../helpers/net.ts";

const LINE_BYTES_MAX = 64;

/** Cuts bytes at the given places. */
function cut(bytes: Buffer, places: number[]): Buffer[] {
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].toSorted((a, b) => a - b);
  return [0, ...at].map((start, index) => bytes.subarray(start, at[index] ?? bytes.length));
}

/** The lines and the outcome of a stream given in these chunks. */
function split(chunks: Buffer[]): { lines: string[]; outcome: string } {
  const splitter = new MessageSplitter(LINE_BYTES_MAX);
  const lines: string[] = [];
  for (const chunk of chunks) {
    const outcome = splitter.push(chunk, jsonCodec, (bytes, start, end) => {
      lines.push(bytes.toString("latin1", start, end - 1));
      return true;
    });
    if (outcome !== "ok") return { lines, outcome };
    expect(splitter.partialBytes).toBeLessThanOrEqual(LINE_BYTES_MAX);
  }
  return { lines, outcome: "ok" };
}

/** Bytes with many newlines in them. */
const stream = fc
  .array(fc.oneof(fc.uint8Array({ maxLength: 30 }), fc.constant(Uint8Array.of(10)), fc.uint8Array({ maxLength: 90 })))
  .map((parts) => Buffer.concat(parts));

describe("the stream of a client", () => {
  test("means the same wherever it is cut", () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat(), { maxLength: 40 }), (bytes, places) => {
        expect(split(cut(bytes, places))).toEqual(split([bytes]));
      }),
      { numRuns: 500 },
    );
  });

  test("means the same when it comes byte by byte", () => {
    fc.assert(
      fc.property(stream, (bytes) => {
        expect(split([...bytes].map((byte) => Buffer.from([byte])))).toEqual(split([bytes]));
      }),
    );
  });
});

/** Objects that are nearly messages: right and wrong types in the right places. */
const nearlyMessage = fc.record(
  {
    type: fc.constantFrom("movement", "spell_cast", "combat", "hello", "ping", "release", "bye", "nonsense"),
    position: fc.oneof(fc.record({ x: fc.double(), y: fc.double(), z: fc.double() }), fc.jsonValue()),
    action: fc.constantFrom("CAST_START", "INTERRUPT", "ATTACK", "STOP", 5),
    spell_id: fc.oneof(fc.integer(), fc.jsonValue()),
    cast_time_ticks: fc.oneof(fc.integer(), fc.double()),
    target_id: fc.oneof(fc.nat(), fc.jsonValue()),
    target_session_id: fc.oneof(fc.nat(), fc.double()),
    base_damage: fc.oneof(fc.integer(), fc.double()),
    damage_type: fc.constantFrom("PHYSICAL", "MAGICAL", "OTHER"),
    seq: fc.oneof(fc.integer(), fc.double()),
    t: fc.oneof(fc.double(), fc.string()),
    v: fc.oneof(fc.constant(1), fc.jsonValue()),
    name: fc.oneof(fc.string(), fc.jsonValue()),
    zone: fc.oneof(fc.nat(), fc.jsonValue()),
    resume: fc.oneof(fc.string(), fc.jsonValue()),
  },
  { requiredKeys: [] },
);

/** What a binary connection may begin with, or be full of. */
const nearlyBinary = fc
  .record({
    kind: fc.oneof(fc.integer({ min: 1, max: 24 }), fc.nat(255)),
    length: fc.oneof(fc.constantFrom(8, 16, 20, 27), fc.nat(65_535)),
    rest: fc.uint8Array({ maxLength: 60 }),
  })
  .map(({ kind, length, rest }) => Buffer.from([BINARY_MARK, kind, length & 0xff, length >>> 8, ...rest]));

const anyLine = fc.oneof(
  nearlyBinary,
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  fc.json().map((text) => Buffer.from(text)),
  nearlyMessage.map((message) => Buffer.from(JSON.stringify(message))),
);

/** It was refused with a reason, or has nothing that the kernel can not take. */
function expectSound(isAccepted: boolean, message: ClientMessage): void {
  if (!isAccepted) return expect(message.problem).not.toBe("");
  for (const value of [message.x, message.y, message.z]) expect(Math.abs(value)).toBeLessThanOrEqual(100_000);
  for (const value of [message.seq, message.target, message.spell, message.castTicks, message.baseDamage])
    expect(value >>> 0).toBe(value);
}

test("a message that is accepted has only numbers the kernel can take", () => {
  fc.assert(
    fc.property(anyLine, (line) => {
      const bytes = Buffer.concat([line, Buffer.from("\n")]);
      const message = new ClientMessage();
      expectSound(jsonCodec.decode(bytes, 0, bytes.length, message), message);
    }),
    { numRuns: 2_000 },
  );
});

test("a binary message that is accepted has only numbers the kernel can take", () => {
  fc.assert(
    fc.property(nearlyBinary, (bytes) => {
      const message = new ClientMessage();
      const end = binaryCodec.messageEnd(bytes, 0, 0, bytes.length);
      if (end < 0) return;
      expect(end).toBeLessThanOrEqual(bytes.length);
      expectSound(binaryCodec.decode(bytes, 0, end, message), message);
    }),
    { numRuns: 2_000 },
  );
});

test("what is written is JSON, whatever the name and the numbers", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "binary" }),
      fc.nat(),
      fc.float({ min: -1e6, max: 1e6, noNaN: true }),
      (name, n, f) => {
        const writer = new ByteWriter(1);
        writer.text('{"name":').text(asciiJson(name)).text(',"n":').uint(n).text(',"f":').fixed(f).text("}");
        const parsed = JSON.parse(Buffer.from(writer.bytes.subarray(0, writer.length)).toString("latin1"));
        expect(parsed.name).toBe(name);
        expect(parsed.n).toBe(n);
        expect(Math.abs(parsed.f - f)).toBeLessThan(0.0051);
      },
    ),
    { numRuns: 500 },
  );
});

test("a gateway fed with anything goes on serving, counts every refusal, and keeps nothing", async () => {
  await using server = startGateway();
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyLine, { minLength: 1, maxLength: 30 }),
      fc.array(fc.nat(), { maxLength: 10 }),
      async (lines, places) => {
        const client = await server.client();
        const bytes = Buffer.concat(lines.flatMap((line) => [line, Buffer.from("\n")]));
        const before = server.gateway.counters.bytesIn;
        for (const chunk of cut(bytes, places)) if (chunk.length > 0) client.raw(chunk);
        await server.run(() => client.closed || server.gateway.counters.bytesIn - before >= bytes.length);
        client.close();
        await server.run(() => server.gateway.trafficNow().connected === 0);
      },
    ),
    { numRuns: 60 },
  );
  server.clock.now += 31_000;
  await server.run(() => server.gateway.sessions.size === 0);
  const { counters } = server.gateway;
  expect(counters.disconnected).toBe(counters.accepted);
  expect(counters.malformed).toBeGreaterThan(0);
  expect(server.emitter.all("Malformed JSON from client").length).toBeLessThanOrEqual(counters.malformed);
  expect(server.emitter.all("Invalid state transition attempted")).toEqual([]);
  const honest = await server.client();
  honest.send({ type: "hello", v: 1, name: "Ann" });
  await server.run(() => honest.last("welcome") !== undefined);
});
