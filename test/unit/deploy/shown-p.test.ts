// A verdict's p is compared with a limit; what is printed is on the side of it on which the number is.

import { expect, test } from "bun:test";
import { shownP } from "../../../tools/analysis/measures.ts";

test.each([
  [3.2e-7, "3e-7"],
  [0.0099, "0.0099"],
  [0.0101, "0.0101"],
  [0.01, "0.01"],
  [0.34, "0.3"],
  [null, "unknown"],
])("%p beside 0.01 reads %s", (p, text) => {
  expect(shownP(p, 0.01)).toBe(text);
});
