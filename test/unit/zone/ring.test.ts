// The ring between two threads: what goes in comes out, whole and in order; what does not fit is refused and counted.

import { expect, setDefaultTimeout, test } from "bun:test";
import { Ring } from "../../../server/shared/ring.ts";
import { isRecord } from "../../helpers/zone-ring-records.ts";

setDefaultTimeout(90_000);

/** Writer's end and reader's end of one ring. */
function ends(capacityBytes: number): { writer: Ring; reader: Ring } {
  const buffer = Ring.allocate(capacityBytes);
  return { writer: new Ring(buffer), reader: new Ring(buffer) };
}

function write(ring: Ring, text: string): boolean {
  return ring.append(new TextEncoder().encode(text));
}

function read(ring: Ring, recordsMax?: number): string[] {
  const texts: string[] = [];
  ring.drain((offset, length) => {
    texts.push(new TextDecoder().decode(ring.bytes.slice(offset, offset + length)));
  }, recordsMax);
  return texts;
}

test.each([0, 512, 1_000, 1_025, 2 ** 31, 1.5])("a ring of %p bytes can not be made", (bytes) => {
  expect(() => Ring.allocate(bytes)).toThrow(RangeError);
});

test("records come out as they went in, once they are committed", () => {
  const { writer, reader } = ends(1_024);
  write(writer, "one");
  write(writer, "");
  write(writer, "three");
  expect(read(reader)).toEqual([]);
  expect(reader.isEmpty).toBe(true);
  writer.commit();
  expect(reader.isEmpty).toBe(false);
  expect(read(reader, 2)).toEqual(["one", ""]);
  expect(read(reader)).toEqual(["three"]);
  expect(read(reader)).toEqual([]);
  expect(reader.usedBytes).toBe(0);
});

test("a full ring refuses and counts, overwrites nothing, and takes again what was read", () => {
  const { writer, reader } = ends(1_024);
  const text = "x".repeat(60); // 64 bytes with its length
  let taken = 0;
  while (write(writer, text)) taken++;
  expect(taken).toBe(16);
  expect(write(writer, "")).toBe(false);
  writer.commit();
  expect([reader.refused, writer.usedBytes, writer.freeBytes]).toEqual([2, 1_024, 0]);
  expect(read(reader, 1)).toEqual([text]);
  expect(write(writer, "y".repeat(60))).toBe(true);
  expect(write(writer, "")).toBe(false);
  writer.commit();
  expect(read(reader)).toEqual([...Array<string>(15).fill(text), "y".repeat(60)]);
  expect(reader.refused).toBe(3);
});

test("no record is split across the end, and one of up to half the ring fits an empty one wherever that stands", () => {
  const { writer, reader } = ends(1_024);
  for (let lap = 0; lap < 300; lap++) {
    expect(write(writer, "a".repeat(lap % 50))).toBe(true);
    writer.commit();
    read(reader);
    const big = String(lap).padStart(508, ".");
    expect(write(writer, big)).toBe(true);
    writer.commit();
    expect(read(reader)).toEqual([big]);
  }
  expect(reader.refused).toBe(0);
});

test("the counts of bytes go past 2^32", () => {
  const buffer = Ring.allocate(1_024);
  new Int32Array(buffer, 0, 2).fill(-48); // 4,294,967,248 written, and as many read
  const [writer, reader] = [new Ring(buffer), new Ring(buffer)];
  for (const text of ["before", "across the turn of the count", "after"]) {
    expect(write(writer, text.padEnd(40))).toBe(true);
    writer.commit();
    expect(writer.usedBytes).toBe(48);
    expect(read(reader)).toEqual([text.padEnd(40)]);
  }
  expect(reader.isEmpty).toBe(true);
});

test("a reader that waits gives up after its time, and is woken before it by a writer in another thread", async () => {
  const { reader } = ends(4_096);
  await reader.waitAsync(1);
  reader.wait(1);
  expect(reader.isEmpty).toBe(true);
  const worker = new Worker(new URL("../../helpers/zone-ring-writer-worker.ts", import.meta.url).href);
  const waiting = reader.waitAsync(2_147_483_647);
  worker.postMessage({ buffer: reader.buffer, records: 1 });
  await waiting;
  expect(reader.isEmpty).toBe(false);
  await reader.waitAsync(2_147_483_647);
  worker.terminate();
});

test("between two threads, through a ring that is full most of the time, nothing is lost, torn or out of order", async () => {
  const reader = new Ring(Ring.allocate(2_048));
  const worker = new Worker(new URL("../../helpers/zone-ring-writer-worker.ts", import.meta.url).href);
  worker.postMessage({ buffer: reader.buffer, records: 40_000 });
  let torn = 0;
  for (let done = 0; done < 40_000;) {
    await reader.waitAsync(1_000);
    let index = done;
    done += reader.drain((offset, length) => {
      if (!isRecord(reader, offset, length, index++)) torn++;
    });
  }
  expect(torn).toBe(0);
  expect(reader.isEmpty).toBe(true);
  worker.terminate();
});
