// The control port under anything a socket can carry: the server answers every line it is still willing to read, stays
// in order, and goes on serving others.

import { afterAll, beforeAll, expect, test } from "bun:test";
import fc from "fast-check";
import { RawConnection, startControl } from "../helpers/control-server.ts";
import type { RunningControl } from "../helpers/control-server.ts";

let control: RunningControl;

beforeAll(() => {
  control = startControl({ limits: { lineBytesMax: 20_000 } });
});
afterAll(() => control.server.stop());

/** Still there, still right, for somebody new. */
async function expectServing(): Promise<void> {
  await using connection = await RawConnection.open(control.port);
  connection.send('{"command":"status","fault_id":"zone-trap","id":"check"}\n');
  expect(await connection.answersUntil(1)).toMatchObject([{ success: true, id: "check" }]);
}

/** Sends the chunks as they are cut, then ends its side, and waits for the server to end its own. */
async function sendAll(chunks: readonly Uint8Array[]): Promise<RawConnection> {
  const connection = await RawConnection.open(control.port);
  for (const chunk of chunks) {
    connection.send(chunk);
    await Bun.sleep(0);
  }
  connection.finish();
  await connection.until(() => connection.hasEnded || connection.isClosed);
  return connection;
}

const requests = [
  '{"command":"list"}',
  '{"command":"activate","fault_id":"zone-trap","params":{"every_ticks":5},"duration_ticks":3}',
  '{"command":"deactivate","fault_id":"zone-trap"}',
  '{"command":"status","fault_id":"zoné-träp"}',
];

test("random bytes are answered or cut off, never a crash", async () => {
  const chunk = fc.uint8Array({ maxLength: 2_000 });
  await fc.assert(
    fc.asyncProperty(fc.array(chunk, { maxLength: 8 }), async (chunks) => {
      await using connection = await sendAll(chunks);
      for (const answer of connection.answers) expect(answer["success"]).toBe(false);
    }),
    { numRuns: 150 },
  );
  await expectServing();
});

test("requests cut at any byte are answered as if they had come whole", async () => {
  const bytes = Buffer.from(requests.map((line, id) => line.replace("}", `,"id":${id}}`).concat("\n")).join(""));
  for (let cut = 1; cut < bytes.length; cut++) {
    await using connection = await sendAll([bytes.subarray(0, cut), bytes.subarray(cut)]);
    expect(connection.answers.length).toBe(requests.length);
    expect(connection.answers.map(({ success }) => success)).toEqual([true, expect.any(Boolean), true, false]);
  }
});

test("any JSON is answered, one answer a line, in order", async () => {
  const field = fc.constantFrom(
    "command",
    "fault_id",
    "params",
    "target_zone_id",
    "duration_ticks",
    "id",
    "token",
    "probability",
  );
  const word = fc.constantFrom(
    "activate",
    "status",
    "list",
    "halt",
    "resume",
    "auth",
    "zone-trap",
    "memory-pressure",
    "delay_ms",
  );
  const value = fc.oneof(word, fc.jsonValue(), fc.double(), fc.integer());
  const line = fc.oneof(fc.dictionary(field, value), fc.jsonValue());
  await fc.assert(
    fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 20 }), async (lines) => {
      const texts = lines.map((each) => JSON.stringify(each));
      await using connection = await sendAll([Buffer.from(`${texts.join("\n")}\n`)]);
      expect(connection.answers).toHaveLength(texts.length);
      for (const [at, answer] of connection.answers.entries()) {
        const { id } = Object(lines[at]) as { id?: unknown };
        // As JSON: a line can not say -0.
        if (answer["id"] !== undefined) expect(JSON.stringify(answer["id"])).toBe(JSON.stringify(id));
      }
    }),
    { numRuns: 150 },
  );
  control.bench.registry.resume();
  control.bench.registry.deactivateAll();
  await expectServing();
});

test("connections that come, send a little and vanish leave nothing behind", async () => {
  const before = control.server.counters.accepted;
  for (let round = 0; round < 20; round++) {
    const all = await Promise.all(Array.from({ length: 10 }, () => RawConnection.open(control.port)));
    for (const [at, connection] of all.entries()) {
      connection.send('{"command":"list"}\n{"comm'.slice(0, at * 3));
      await connection[Symbol.asyncDispose]();
    }
  }
  while (control.server.connections > 0) await Bun.sleep(1);
  expect(control.server.counters.accepted - before).toBe(200);
  await expectServing();
});
