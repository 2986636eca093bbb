import { expect, test } from "bun:test";
import fc from "fast-check";
import { TimestampReader } from "../../../tools/analysis/timestamps.ts";

const time = fc.date({ noInvalidDate: true }).map((date) => date.toISOString());
const near = fc.integer({ min: 0, max: 5_000 }).map((ms) => new Date(1_767_225_600_000 + ms).toISOString());
const broken = fc
  .tuple(near, fc.nat(23), fc.string({ minLength: 1, maxLength: 1 }))
  .map(([text, at, other]) => text.slice(0, at) + other + text.slice(at + 1));

test("every timestamp has the time that Date.parse gives it, whatever came before", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(time, near, broken, fc.string()), { maxLength: 30 }), (texts) => {
      const timestamps = new TimestampReader();
      expect(texts.map((text) => timestamps.read(text))).toEqual(texts.map((text) => Date.parse(text)));
    }),
    { numRuns: 1_000 },
  );
});
