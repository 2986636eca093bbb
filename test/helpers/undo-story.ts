// What players, faults and operators do in the ticks of a zone that is undone, at random.

import { expect } from "bun:test";
import fc from "fast-check";
import { OP_PLACE, OP_TRAP, TRANSFER_WORDS } from "../../assembly/abi.ts";
import { ITEMS } from "../../server/shared/ring-records.ts";
import { arrivalRecords } from "../../server/shared/transfer.ts";
import { countItems } from "../../server/zone/item-count.ts";
import type { UndoPlay } from "./undo.ts";
import { commands } from "./zone-streams.ts";

/** What else happens in a tick. */
type Extra = "nothing" | "poison" | "departure" | "arrival" | "swap over" | "snapshot";
const extra = fc.oneof(
  { weight: 12, arbitrary: fc.constant<Extra>("nothing") },
  { weight: 4, arbitrary: fc.constantFrom<Extra>("poison", "departure", "arrival", "swap over", "snapshot") },
);
const tick = fc.record({ given: commands, extra, session: fc.integer({ min: 1, max: 6 }) });
export const ticks = (minLength: number, maxLength: number) => fc.array(tick, { minLength, maxLength, size: "max" });
export type Tick = { given: Parameters<UndoPlay["give"]>; extra: Extra; session: number };

/** A player with so much experience comes through a portal. */
function arrive(play: UndoPlay, session: number): void {
  const words = new Uint32Array(TRANSFER_WORDS);
  words.set([1, 10, 100, 0, 0, 500]);
  const records = arrivalRecords({ session, words }, { x: 1, y: 1, z: 0 }, 1, play.zone.tick + 1);
  play.bench.runner.acceptArrival(new Uint32Array(records.buffer));
}

/** A tick in which that happens. `end`: how the zone ticks. */
export function run(
  play: UndoPlay,
  { given, extra: made, session }: Tick,
  over: () => void,
  end: () => void = () => play.tick(),
): void {
  play.give(...given);
  if (made === "poison") play.give({ op: OP_TRAP, session });
  if (made === "departure") play.give({ op: OP_PLACE, a: session, x: 20, y: 0 });
  if (made === "arrival") arrive(play, session);
  if (made === "snapshot") play.zone.snapshot();
  if (made === "swap over") over();
  end();
}

/** What players hold follows from the zone's ledger. */
export function ledgerHolds(play: UndoPlay): void {
  const { held, created, destroyed, arrived, departed } = countItems(play.zone, ITEMS.empty());
  const expected = held.map((_, item) => created[item]! - destroyed[item]! + arrived[item]! - departed[item]!);
  expect([...held]).toEqual([...expected]);
}
