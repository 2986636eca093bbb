// The small parts of the gateway, each by itself.

import { describe, expect, test } from "bun:test";
import { asciiJson, ByteWriter } from "../../../server/protocol/game/byte-writer.ts";
import { FrameReader } from "../../../server/protocol/game/frame-reader.ts";
import { jsonCodec } from "../../../server/main/gateway/json-codec.ts";
import { TokenBucket } from "../../../server/main/sockets/token-bucket.ts";
import { MessageSplitter } from "../../../server/main/sockets/message-splitter.ts";
import { Outbox } from "../../../server/main/sockets/outbox.ts";
import { nextState, SESSION_EVENTS, SESSION_STATES } from "../../../server/main/gateway/session-states.ts";
import type { SessionState } from "../../../server/main/gateway/session-states.ts";
import { SESSION_ID_MAX, SessionTable } from "../../../server/main/gateway/session-table.ts";
import { FrameBuilder, RecordingEmitter } from "../../helpers/net.ts";

const bytes = (...values: number[]): Uint8Array => new Uint8Array(values);
/** A socket that takes so many bytes at a time. */
const socket = (takes: number) => ({
  written: [] as number[],
  write(data: Uint8Array, at: number, length: number) {
    const taken = Math.min(takes, length);
    this.written.push(...data.subarray(at, at + taken));
    return taken;
  },
});

function splitOne(splitter: MessageSplitter, chunk: string): string[] {
  const lines: string[] = [];
  const outcome = splitter.push(Buffer.from(chunk), jsonCodec, (data, start, end) => {
    lines.push(data.toString("utf8", start, end - 1));
    return true;
  });
  return outcome === "ok" ? lines : [...lines, outcome];
}

/** The lines that these chunks give, and the outcome where it is not "ok". */
const splitAll = (splitter: MessageSplitter, ...chunks: string[]): string[] =>
  chunks.flatMap((chunk) => splitOne(splitter, chunk));

/** The states that can be reached from this one, itself included. */
function reach(from: SessionState): Set<string> {
  const seen = new Set<string>([from]);
  const queue = [from];
  for (const state of queue) {
    for (const event of SESSION_EVENTS) {
      const to = nextState(state, event);
      if (to === null || seen.has(to)) continue;
      seen.add(to);
      queue.push(to);
    }
  }
  return seen;
}

const textOf = (writer: ByteWriter): string => new TextDecoder().decode(writer.bytes.subarray(0, writer.length));

describe("the byte writer", () => {
  test("writes whole numbers as JSON does", () => {
    for (const n of [0, 1, 9, 10, 99, 100, 12345, 999_999, 1_000_001, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 53 - 1])
      expect(textOf(new ByteWriter(1).uint(n))).toBe(JSON.stringify(n));
  });

  test("writes coordinates to a hundredth", () => {
    for (const [value, text] of [
      [0, "0"],
      [-0.001, "0"],
      [1.5, "1.5"],
      [-2.25, "-2.25"],
      [0.07, "0.07"],
      [-0.1, "-0.1"],
      [17_066.666, "17066.67"],
      [99_999.999, "100000"],
    ] as const)
      expect(textOf(new ByteWriter(1).fixed(value))).toBe(text);
  });

  test("writes what JSON can read even of numbers no coordinate has", () => {
    for (const value of [1e12, -1e9, Number.NaN, Number.POSITIVE_INFINITY])
      expect(Number.isFinite(JSON.parse(textOf(new ByteWriter().fixed(value))))).toBe(true);
  });

  test("escapes what is not ASCII, so that a character is a byte", () => {
    const text = asciiJson({ name: 'Änn "の" 🐺' });
    expect(text).toMatch(/^[\x20-\x7e]+$/);
    expect(JSON.parse(text)).toEqual({ name: 'Änn "の" 🐺' });
  });
});

describe("the token bucket", () => {
  test("lets a burst through, then the rate", () => {
    const bucket = new TokenBucket(100, 200, 0);
    let taken = 0;
    while (bucket.take(0)) taken++;
    expect(taken).toBe(200);
    expect(bucket.take(9)).toBe(false);
    expect(bucket.take(10)).toBe(true);
    expect(bucket.take(10)).toBe(false);
  });

  test("never holds more than the burst", () => {
    const bucket = new TokenBucket(100, 3, 0);
    expect([1, 2, 3, 4].map(() => bucket.take(1e9))).toEqual([true, true, true, false]);
  });
});

describe("the outbox", () => {
  test("writes all it gathered at once", () => {
    const outbox = new Outbox(100);
    outbox.append(bytes(1, 2, 9), 2);
    outbox.append(bytes(3), 1);
    const target = socket(100);
    expect(outbox.flush(target)).toEqual({ state: "drained", bytes: 3 });
    expect(target.written).toEqual([1, 2, 3]);
    expect(outbox.pendingBytes).toBe(0);
  });

  test("goes on where a partial write ended, and loses nothing that came meanwhile", () => {
    const outbox = new Outbox(20_000);
    const target = socket(3);
    const expected: number[] = [];
    for (let i = 0; i < 2_000; i++) {
      const value = i % 251;
      expected.push(value, value, value);
      outbox.append(bytes(value, value, value), 3);
      if (i % 2 === 0) {
        outbox.unblock();
        outbox.flush(target);
      }
    }
    while (outbox.pendingBytes > 0) {
      outbox.unblock();
      outbox.flush(target);
    }
    expect(target.written).toEqual(expected);
  });

  test("does not write to a socket that is full until it drains", () => {
    const outbox = new Outbox(100);
    outbox.append(bytes(1, 2, 3), 3);
    const target = socket(1);
    expect(outbox.flush(target).state).toBe("blocked");
    expect(outbox.flush(target)).toEqual({ state: "blocked", bytes: 0 });
    expect(target.written).toEqual([1]);
    outbox.unblock();
    expect(outbox.flush(target).bytes).toBe(1);
  });

  test("passes a message on from where it lies, and owes what the socket did not take", () => {
    const outbox = new Outbox(4);
    const target = socket(3);
    expect(outbox.pass(target, bytes(9, 1, 2, 3, 9), 1, 3)).toBe("drained");
    expect(outbox.isEmpty).toBe(true);
    expect(outbox.pass(target, bytes(9, 4, 5, 6, 7, 8), 1, 5)).toBe("blocked");
    expect([outbox.isEmpty, outbox.pendingBytes]).toEqual([false, 2]);
    outbox.append(bytes(9), 1);
    outbox.unblock();
    outbox.flush(target);
    expect(target.written).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(outbox.isEmpty).toBe(true);
  });

  test("takes a message whole or not at all, and keeps room for last words", () => {
    const outbox = new Outbox(4);
    expect(outbox.append(bytes(1, 2, 3), 3)).toBe(true);
    expect(outbox.append(bytes(4, 5), 2)).toBe(false);
    expect(outbox.pendingBytes).toBe(3);
    expect(outbox.appendFarewell(bytes(4, 5), 2)).toBe(true);
  });

  test("says so when the socket is closed", () => {
    const outbox = new Outbox(4);
    outbox.append(bytes(1), 1);
    expect(outbox.flush({ write: () => -1 }).state).toBe("closed");
  });
});

describe("the message splitter", () => {
  test("gives lines wherever they were cut", () => {
    expect(splitAll(new MessageSplitter(100), "ab", "c\nd\n\ne", "f", "\n", "g\nh")).toEqual([
      "abc",
      "d",
      "",
      "ef",
      "g",
    ]);
  });

  test("keeps only what is not complete", () => {
    const splitter = new MessageSplitter(100);
    splitAll(splitter, "abc\nde");
    expect(splitter.partialBytes).toBe(2);
    splitAll(splitter, "f\n");
    expect(splitter.partialBytes).toBe(0);
  });

  test("takes a line as long as allowed and no longer, in one piece or in many", () => {
    const fits = `${"x".repeat(15)}\n`;
    const tooLong = `${"x".repeat(16)}\n`;
    expect(splitAll(new MessageSplitter(16), fits, ...fits)).toEqual(["x".repeat(15), "x".repeat(15)]);
    expect(splitAll(new MessageSplitter(16), tooLong)).toEqual(["too_long"]);
    expect(splitAll(new MessageSplitter(16), ...tooLong)).toContain("too_long");
    expect(splitAll(new MessageSplitter(16), "x".repeat(17))).toEqual(["too_long"]);
    expect(splitAll(new MessageSplitter(16), "x".repeat(8), `${"x".repeat(8)}\nok\n`)).toEqual(["too_long"]);
  });

  test("stops when the visitor has enough", () => {
    const splitter = new MessageSplitter(100);
    let seen = 0;
    expect(splitter.push(Buffer.from("a\nb\nc\n"), jsonCodec, () => ++seen < 2)).toBe("stopped");
    expect(seen).toBe(2);
  });
});

describe("the frame reader", () => {
  test("refuses a frame whose length is not what the ring has, and a record that leaves it", () => {
    const frame = new FrameBuilder(1, 1).record(5, 0, 77).bytes();
    expect(() => new FrameReader().open(frame, 0, frame.length - 4)).toThrow("bytes, but the ring has");
    frame[17] = 9;
    const reader = new FrameReader().open(frame, 0, frame.length);
    expect(() => reader.next()).toThrow("extends beyond its frame");
  });

  test("fields behind the end of all bytes are no zeros, but a bad frame", () => {
    const frame = new FrameBuilder(1, 1).record(5, 0, 77).bytes();
    const reader = new FrameReader().open(frame, 0, frame.length);
    expect([reader.next(), reader.word(0)]).toEqual([true, 77]);
    for (const read of [() => reader.word(1), () => reader.float(1)])
      expect(read).toThrow(expect.objectContaining({ code: "bad_frame" }));
  });
});

describe("session states", () => {
  test("a session that is destroyed stays so", () => {
    for (const event of SESSION_EVENTS) expect(nextState("DESTROYED", event)).toBe(null);
  });

  test("every state can be reached from CONNECTING, and DESTROYED from every state", () => {
    expect([...reach("CONNECTING")].toSorted()).toEqual([...SESSION_STATES].toSorted());
    for (const state of SESSION_STATES) expect(reach(state).has("DESTROYED")).toBe(true);
  });

  test("a move is reported, an illegal one refused and reported", () => {
    const emitter = new RecordingEmitter();
    const table = new SessionTable(emitter);
    const session = table.create();
    expect(table.move(session, "first_message")).toBe(true);
    expect(table.move(session, "resumed")).toBe(false);
    expect(session.state).toBe("AUTHENTICATING");
    expect(emitter.all("State transition")).toEqual([
      { session_id: 1, from_state: "CONNECTING", to_state: "AUTHENTICATING", event: "first_message" },
    ]);
    expect(emitter.all("Invalid state transition attempted")).toEqual([
      { session_id: 1, current_state: "AUTHENTICATING", event: "resumed" },
    ]);
  });
});

describe("the session table", () => {
  test("gives ids from 1, below those of creatures, and never one that is in use", () => {
    const table = new SessionTable(new RecordingEmitter());
    const first = table.create();
    expect(first.id).toBe(1);
    let last = first;
    for (let i = 0; i < 5; i++) {
      last = table.create();
      if (i > 0) table.move(last, "refused");
    }
    expect(last.id).toBe(6);
    expect(SESSION_ID_MAX).toBeLessThan(1_000_001);
    expect(table.size).toBe(2);
  });

  test("forgets a session that ends, its token and its place in the zone", () => {
    const table = new SessionTable(new RecordingEmitter());
    const session = table.create();
    table.rotateToken(session, "secret");
    table.enterZone(session, 2);
    expect(table.playersIn(2)).toBe(1);
    table.move(session, "refused");
    expect(table.get(session.id)).toBeUndefined();
    expect(table.byToken("secret")).toBeUndefined();
    expect(table.playersIn(2)).toBe(0);
  });
});
