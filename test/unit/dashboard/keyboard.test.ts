import { expect, test } from "bun:test";
import fc from "fast-check";
import { InputFilter } from "../../../tools/dashboard/keyboard.ts";

const through = (...chunks: (string | Uint8Array)[]): string => {
  const filter = new InputFilter();
  return chunks.map((chunk) => filter.take(typeof chunk === "string" ? Buffer.from(chunk) : chunk)).join("");
};

test("keys come through, whole characters also when they are split", () => {
  expect(through("f\x1b[A\x1b[<0;3;4M")).toBe("f\x1b[A\x1b[<0;3;4M");
  const [first, second] = [Buffer.from("é").subarray(0, 1), Buffer.from("é").subarray(1)];
  expect(through(first, second)).toBe("é");
});

test("bytes that are no text come through as text", () => {
  expect(through(Uint8Array.of(0x80, 0x81, 0xff, 0x66))).toBe("\ufffd\ufffd\ufffdf");
});

test("what is pasted is dropped, however it is split", () => {
  const pasted = "a\x1b[200~k y \n\x1b[201~b\x1b[200~x\x1b[201~c";
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: pasted.length - 1 }), { maxLength: 5 }), (cuts) => {
      const places = [0, ...cuts.toSorted((a, b) => a - b), pasted.length];
      const chunks = places.slice(1).map((to, index) => pasted.slice(places[index], to));
      // A lone Escape, or one with its bracket, is taken for a key.
      fc.pre(chunks.every((chunk) => !chunk.endsWith("\x1b") && !chunk.endsWith("\x1b[")));
      expect(through(...chunks)).toBe("abc");
    }),
  );
});
