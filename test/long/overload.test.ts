// The bench for overload runs, in small.

import { expect, test } from "bun:test";
import { broken, reportOf } from "../helpers/bench-report.ts";

test("a zone with twice its load climbs, answers everybody, and comes back; no other zone climbs", async () => {
  // A higher tick rate makes a shorter climb.
  const small = ["--crowd", "12", "--others", "3", "--seconds", "2", "--tick-rate", "100"];
  const report = await reportOf("bench/overload.ts", ...small);
  expect(report.checks).toHaveLength(8);
  expect(broken(report)).toEqual([]);
}, 180_000);
