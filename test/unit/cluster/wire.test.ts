// What gateways and zone hosts send each other: batches of records, whatever their size, and what damaged ones are.

import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  BatchWriter,
  eachCommandRecord,
  eachZoneRecord,
  readCommandHead,
  readZoneHead,
} from "../../../server/bus/wire.ts";
import { END, ENTERED } from "../../../server/shared/ring-records.ts";

const HEAD = { zone: 3, epoch: 7, tick: 4_711, applied: 17 };

function recordsOf(batch: Uint8Array, each = eachZoneRecord): Uint8Array[] {
  const found: Uint8Array[] = [];
  each(batch, (_view, bytes, offset, length) => void found.push(bytes.slice(offset, offset + length)));
  return found;
}

test("records of any number and size come back as they were, also where a batch had to grow for them", () => {
  const writer = new BatchWriter("zone");
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40_000 }), { maxLength: 8 }), (records) => {
      for (const record of records) writer.add(record, 0, record.length);
      writer.put(END, { zoneId: 9 });
      // Somewhere in a larger buffer, as the bus hands it out.
      const sent = new Uint8Array(writer.byteLength + 3);
      sent.set(writer.takeZone(HEAD), 3);
      const batch = sent.subarray(3);
      expect(readZoneHead(batch)).toEqual(HEAD);
      const found = recordsOf(batch);
      expect(found.slice(0, -1)).toEqual(records);
      const last = found.at(-1) ?? new Uint8Array(0);
      expect(END.read(new DataView(last.buffer), 0, last.length, END.empty())).toEqual({ zoneId: 9 });
      expect(writer.isEmpty).toBe(true);
    }),
    { numRuns: 60 },
  );
});

test("a record that makes the batch grow is written whole", () => {
  const writer = new BatchWriter("zone");
  const entered = { zoneId: 1, session: 2, ticket: 3, outcome: 1, reason: 0 };
  // Until the batch has grown some times, at every offset.
  for (let count = 0; count < 20_000; count++) writer.put(ENTERED, { ...entered, session: count });
  const sessions = recordsOf(writer.takeZone(HEAD).slice()).map((record) => {
    return ENTERED.read(new DataView(record.buffer), 0, record.length, ENTERED.empty()).session;
  });
  expect(sessions).toEqual(Array.from({ length: 20_000 }, (_, count) => count));
});

test("commands have a number each, from the first on", () => {
  const writer = new BatchWriter("commands");
  const commands = [new Uint8Array(32).fill(1), new Uint8Array(64).fill(2)];
  for (const command of commands) writer.add(command, 0, command.length);
  const batch = writer.takeCommands({ gateway: 2, epoch: 7, first: 40 }).slice();
  expect(readCommandHead(batch)).toEqual({ gateway: 2, epoch: 7, first: 40 });
  expect(recordsOf(batch, eachCommandRecord)).toEqual(commands);
});

test("a batch that was cut, or is of another release, is refused and never read beyond its end", () => {
  const writer = new BatchWriter("zone");
  writer.add(new Uint8Array(40), 0, 40);
  const batch = writer.takeZone(HEAD).slice();
  for (let length = 0; length < batch.length; length++) {
    const part = batch.subarray(0, length);
    const isWhole = length === 20;
    const read = (): void => {
      readZoneHead(part);
      recordsOf(part);
    };
    if (isWhole) read();
    else expect(read).toThrow(length < 20 ? "fewer than its head" : "ends within a record");
  }
  new DataView(batch.buffer).setUint32(0, 2, true);
  expect(() => readZoneHead(batch)).toThrow("has version 2; this process knows 1");
});
