// The audit of ownership: who is in two zones in two rounds running is reported, who is just crossing is not.

import { expect, test } from "bun:test";
import { Census } from "../../../server/main/zones/census.ts";
import { MemoryEmitter } from "../../helpers/control-faults.ts";
import { TestClock } from "../../helpers/telemetry.ts";

function audit(): { emitter: MemoryEmitter; round(zones: Record<number, number[]>): void; census: Census } {
  const [emitter, clock] = [new MemoryEmitter(), new TestClock(0)];
  const census = new Census(emitter, clock.now);
  return {
    emitter,
    census,
    round(zones) {
      clock.pass(1_000);
      for (const [zone, ids] of Object.entries(zones)) census.counted({ zoneId: Number(zone), ids: new Set(ids) });
    },
  };
}

const duplicates = (emitter: MemoryEmitter) => emitter.messages("Entity census").map(({ data }) => data["duplicates"]);
const errors = (emitter: MemoryEmitter) => emitter.messages("Entity in more than one zone");

test("a round counts zones and entities", () => {
  const { emitter, round } = audit();
  round({ 2: [1_000_002], 1: [1, 1_000_001] });
  round({ 1: [1, 1_000_001], 2: [1_000_002] });
  expect(emitter.messages("Entity census").at(-1)?.data).toEqual({ zones: 2, entities: 3, duplicates: 0 });
  expect(errors(emitter)).toEqual([]);
});

test("one that crosses between two looks is no breach", () => {
  const { emitter, round } = audit();
  round({ 1: [7], 2: [] });
  round({ 1: [7], 2: [7] });
  round({ 1: [], 2: [7] });
  round({ 1: [], 2: [7] });
  expect(Math.max(...(duplicates(emitter) as number[]))).toBe(0);
});

test("one that stays in two zones is reported, with ids and zones, once in ten seconds", () => {
  const { emitter, round } = audit();
  const split = { 1: [7, 2_000_001], 2: [2_000_001, 8], 3: [2_000_001] };
  for (let seconds = 0; seconds < 25; seconds++) round(split);
  expect(duplicates(emitter).at(-1)).toBe(1);
  expect(errors(emitter).map(({ type, component, data }) => [type, component, data])).toEqual(
    Array.from({ length: 3 }, () => ["error", "audit", { entity_ids: [2_000_001], zones: [1, 2, 3], count: 1 }]),
  );
});

test("a zone that is DOWN owns nobody", () => {
  const { emitter, census, round } = audit();
  round({ 1: [7], 2: [7] });
  census.forget(1);
  for (let seconds = 0; seconds < 3; seconds++) round({ 2: [7] });
  expect(duplicates(emitter).at(-1)).toBe(0);
});
