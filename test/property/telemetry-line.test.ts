import { expect, test } from "bun:test";
import fc from "fast-check";
import { RingEmitter } from "../../server/shared/emitter.ts";
import { LINE_BYTES_MAX } from "../../server/shared/telemetry-ring-line.ts";
import { Ring } from "../../server/shared/ring.ts";
import { drainLines, drainTexts, sumOf, TestClock, withMessage } from "../helpers/telemetry.ts";

const anything = fc.anything({
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withObjectString: true,
  withSet: true,
  withSparseArray: true,
  withTypedArray: true,
  withUnicodeString: true,
});

test("any data becomes exactly one line of valid JSON with an object as data", () => {
  const buffer = Ring.allocate(1 << 20);
  const emitter = new RingEmitter(new Ring(buffer), { now: new TestClock().now, source: "test" });
  const ring = new Ring(buffer);
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), anything, (component, message, data) => {
      emitter.emit("event", component, message, data as Record<string, unknown>);
      const [text = "", ...more] = drainTexts(ring);
      expect(more).toEqual([]);
      expect(text).not.toContain("\n");
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(LINE_BYTES_MAX);
      const line = JSON.parse(text);
      expect(Object.keys(line)).toEqual(["v", "timestamp", "type", "component", "message", "data"]);
      expect(typeof line.data === "object" && line.data !== null && !Array.isArray(line.data)).toBe(true);
    }),
    { numRuns: 1000 },
  );
});

test("data that JSON can say arrives as it was", () => {
  const buffer = Ring.allocate(1 << 20);
  const emitter = new RingEmitter(new Ring(buffer), { now: new TestClock().now, source: "test" });
  const ring = new Ring(buffer);
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 8 }), (data) => {
      emitter.emit("event", "a", "b", data);
      const text = JSON.stringify(data);
      if (text.length < LINE_BYTES_MAX / 4) expect(drainLines(ring)[0]?.data).toEqual(JSON.parse(text));
      else drainLines(ring);
    }),
  );
});

test("whatever happens to ring and budget, lines that arrived, were lost and were left out add up to those emitted", () => {
  const step = fc.record({
    lines: fc.integer({ min: 0, max: 30 }),
    kind: fc.constantFrom("Damage dealt", "Cast started"),
    passMs: fc.integer({ min: -500, max: 2000 }),
    reads: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const buffer = Ring.allocate(2048);
      const clock = new TestClock();
      const emitter = new RingEmitter(new Ring(buffer), { now: clock.now, source: "test", linesPerSecondMax: 10 });
      const ring = new Ring(buffer);
      let emitted = 0;
      let accounted = 0;
      const read = (): void => {
        const lines = drainLines(ring);
        const lost = withMessage(lines, "Lines lost");
        const leftOut = withMessage(lines, "Lines sampled out");
        const counts = leftOut.flatMap(({ data }) => Object.values(data["kinds"] as Record<string, number>));
        accounted += lines.length - lost.length - leftOut.length + sumOf(lost, "count");
        accounted += counts.reduce((sum, count) => sum + count, 0);
      };
      for (const { lines, kind, passMs, reads } of steps) {
        for (let index = 0; index < lines; index++) emitter.emitSampled("event", "combat", kind, { index });
        emitted += lines;
        clock.pass(passMs);
        emitter.flush();
        if (reads) read();
      }
      read();
      emitter.flush(true);
      read();
      expect(accounted).toBe(emitted);
    }),
  );
});
