// A ring whose reader keeps the records until they are safe elsewhere: reading, reading again, freeing.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { Ring } from "../../../server/shared/ring.ts";

const CAPACITY = 1_024;

/** Two ends whose places begin at any place. */
function endsAt(place: number): { writer: Ring; reader: Ring } {
  const buffer = Ring.allocate(CAPACITY);
  new Int32Array(buffer, 0, 2).fill(place | 0);
  return { writer: new Ring(buffer), reader: new Ring(buffer) };
}

function readAll(ring: Ring, recordsMax?: number): number[] {
  const numbers: number[] = [];
  ring.read((offset) => void numbers.push(ring.view.getUint32(offset, true)), recordsMax);
  return numbers;
}

function append(ring: Ring, number: number, bytes = 4): boolean {
  const offset = ring.reserve(bytes);
  if (offset >= 0) ring.view.setUint32(offset, number, true);
  return offset >= 0;
}

test.each([0, 1_000, 2 ** 31 - 64, 2 ** 32 - 64])("reading frees nothing, at place %d", (place) => {
  const { writer, reader } = endsAt(place - (place % 8));
  for (const number of [1, 2, 3]) append(writer, number, 100);
  const afterThree = writer.written;
  writer.commit();
  expect([readAll(reader), readAll(reader)]).toEqual([[1, 2, 3], []]);
  expect(writer.isFreed(afterThree)).toBe(false);
  reader.rewind();
  expect(readAll(reader, 2)).toEqual([1, 2]);
  reader.freeTo(reader.position);
  expect([writer.isFreed(afterThree), writer.isEmpty]).toEqual([false, false]);
  expect(readAll(reader)).toEqual([3]);
  reader.freeTo(reader.position);
  expect([writer.isFreed(afterThree), writer.isEmpty]).toEqual([true, true]);
});

test("a writer shows its records up to a place, and the others later", () => {
  const { writer, reader } = endsAt(2 ** 32 - 16);
  append(writer, 1);
  const place = writer.written;
  append(writer, 2);
  writer.commitTo(place);
  expect(readAll(reader)).toEqual([1]);
  writer.commit();
  expect(readAll(reader)).toEqual([2]);
});

test("another reader of the same ring goes on with what was not freed", () => {
  const { writer, reader } = endsAt(0);
  for (const number of [1, 2, 3]) append(writer, number);
  writer.commit();
  readAll(reader, 1);
  reader.freeTo(reader.position);
  readAll(reader);
  expect(readAll(new Ring(reader.buffer))).toEqual([2, 3]);
});

type Step = { do: "append"; bytes: number } | { do: "commit" | "rewind" | "free" } | { do: "read"; records: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant("append" as const), bytes: fc.integer({ min: 4, max: 400 }) }),
  fc.record({ do: fc.constantFrom("commit" as const, "rewind" as const, "free" as const) }),
  fc.record({ do: fc.constant("read" as const), records: fc.integer({ min: 1, max: 5 }) }),
);

test("whatever the order of steps and wherever the places begin, records come in order, and only freed ones are freed", () => {
  const start = fc.oneof(fc.constant(0), fc.integer({ min: -200, max: 200 }), fc.nat(2 ** 31)).map((n) => n * 8);
  fc.assert(
    fc.property(start, fc.array(step, { maxLength: 200 }), (place, steps) => {
      const { writer, reader } = endsAt(place);
      /** Records by what became of them. */
      const places: number[] = [];
      let [next, committed, read, freed] = [0, 0, 0, 0];
      for (const one of steps) {
        if (one.do === "append" && append(writer, next, one.bytes)) [places[next], next] = [writer.written, next + 1];
        else if (one.do === "commit") [, committed] = [writer.commit(), next];
        else if (one.do === "rewind") [, read] = [reader.rewind(), freed];
        else if (one.do === "free") [, freed] = [reader.freeTo(reader.position), read];
        else if (one.do === "read") for (const number of readAll(reader, one.records)) expect(number).toBe(read++);
        expect(read).toBeLessThanOrEqual(committed);
        for (let number = Math.max(0, freed - 3); number < next; number++)
          expect(writer.isFreed(places[number]!)).toBe(number < freed);
      }
      writer.commit();
      reader.rewind();
      expect(readAll(reader)).toEqual(Array.from({ length: next - freed }, (_, index) => freed + index));
    }),
    { numRuns: 300 },
  );
});
