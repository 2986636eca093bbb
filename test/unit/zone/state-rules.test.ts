// The rules of the game, held against the state of a zone: what play leaves keeps them, and each breach is named.

import { expect, test } from "bun:test";
import { OP_ATTACK, STACK_KIND_SHIFT } from "../../../assembly/abi.ts";
import { StateRules } from "../../../server/zone/state-rules.ts";
import type { Zone } from "../../../server/zone/zone.ts";
import { commandBytes } from "../../helpers/zone-commands.ts";
import { playedZone } from "../../helpers/zone.ts";

/** Two players, of whom the first attacks Hogger. */
async function zone(): Promise<Zone> {
  const played = await playedZone(20);
  played.step(commandBytes([{ op: OP_ATTACK, session: 1, seq: 99, a: 1_000_001 }]));
  for (let tick = 0; tick < 200; tick++) played.step(new Uint8Array(0));
  return played;
}

/** Where a value of the first player, or of the first creature, is. */
const at = ({ kernel, at: { playersMax } }: Zone, column: string, ofCreature = false): number =>
  kernel.layout.value(column) + (ofCreature && !column.startsWith("CREATURE") ? playersMax * 4 : 0);

test.each<[column: string, value: number, says: string]>([
  ["ENTITY_HEALTH", 999_999, "player 1 has 999999 of "],
  ["ENTITY_POWER", 5_000, "player 1 has 5000 of "],
  ["ENTITY_HEALTH", 0, "player 1 has 0 health and is alive"],
  ["STACK_BASE", (0 << STACK_KIND_SHIFT) | 77, "players hold 77 of item 0, the ledger has "],
])("%s = %d is told", async (column, value, says) => {
  const played = await zone();
  const rules = StateRules.of(played);
  expect(rules.problem(20)).toBeNull();
  played.view.setUint32(at(played, column), value, true);
  expect(rules.problem(20)).toStartWith(says);
});

test("a creature that hates who is gone is told", async () => {
  const played = await zone();
  const { playersMax, creatureThreatCount, threatRow } = played.at;
  const rules = StateRules.of(played);
  expect(played.view.getUint32(creatureThreatCount, true)).toBeGreaterThan(0);
  played.view.setUint16(threatRow, playersMax - 1, true);
  expect(rules.problem(1)).toBe("creature 1000001 hates who is gone");
});

test("what was broken before is left out, and the rest is not", async () => {
  const played = await zone();
  played.view.setUint32(at(played, "ENTITY_HEALTH", true), 999_999, true);
  const rules = new StateRules(played.memory, played.kernel.layout);
  expect(rules.leaveOutBroken()).toEqual([expect.stringContaining("creature 1000001 has 999999 of ")]);
  expect(rules.problem(20)).toBeNull();
  played.view.setUint32(at(played, "ENTITY_POWER"), 5_000, true);
  expect(rules.problem(20)).toContain("power");
});
