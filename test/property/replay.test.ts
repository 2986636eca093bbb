// Whatever is played, a replay gives the same states; the same module never differs from itself, and one with another instruction
// differs whenever that instruction has an effect.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { OP_ATTACK, OP_CAST, OP_CANCEL_CAST, OP_MOVE, OP_RELEASE, OP_STOP_ATTACK } from "../../assembly/abi.ts";
import { replay } from "../../server/replay/replay.ts";
import { candidateFile } from "../helpers/candidates.ts";
import { newJournal } from "../helpers/journal.ts";
import { commandBytes } from "../helpers/zone-commands.ts";
import type { ReplayedEvent } from "../../server/protocol/replay.ts";

const CREATURES = [1_000_001, 1_100_007, 1_100_009];

const command = fc.record({
  op: fc.constantFrom(OP_MOVE, OP_MOVE, OP_CAST, OP_ATTACK, OP_CANCEL_CAST, OP_STOP_ATTACK, OP_RELEASE),
  session: fc.constantFrom(1, 2),
  x: fc.integer({ min: -40, max: 40 }),
  y: fc.integer({ min: -40, max: 40 }),
  a: fc.constantFrom(1, 2, ...CREATURES),
  b: fc.constantFrom(100, 116, 133, 2050),
});
type Command = typeof command extends fc.Arbitrary<infer Value> ? Value : never;
/** A fight that is sure to come: one player runs to a creature, the other casts at it, and it hits back. */
const FIGHT: Command[][] = Array.from({ length: 100 }, () => [
  { op: OP_MOVE, session: 1, x: 19, y: 10, a: 1, b: 100 },
  { op: OP_CAST, session: 2, x: 0, y: 0, a: 1_000_001, b: 100 },
]);
const play = fc.array(fc.array(command, { maxLength: 3 }), { minLength: 20, maxLength: 120 });

/** A cast and an attack use a and b, a move x and y; both lie at the same place in the record. */
function batchOf(tick: number, commands: readonly Command[]): Uint8Array {
  const sorted = commands.toSorted((one, other) => one.session - other.session);
  return commandBytes(
    sorted.map(({ op, session, x, y, a, b }, index) => ({
      op,
      session,
      seq: tick * 4 + index,
      ...(op === OP_MOVE ? { x, y } : { a, b }),
    })),
  );
}

/** A hit that armour has made weaker. */
function isArmoured(event: ReplayedEvent): boolean {
  const { damage_type: type, mitigation, outcome } = event;
  return event.event === "damage" && type === "PHYSICAL" && Number(mitigation) > 0 && outcome !== "blocked";
}

test("a replay gives the recorded states, and finds a changed instruction where it matters", async () => {
  let found = 0;
  await fc.assert(
    fc.asyncProperty(play, fc.nat(20), async (ticks, from) => {
      using journal = await newJournal();
      let turn = 0;
      // The same play again and again, so that fights get going.
      for (let round = 0; round < 4; round++)
        journal.play(1, ticks.length, (tick) => batchOf(tick, ticks[turn++ % ticks.length]!));
      journal.close();
      const hits: ReplayedEvent[] = [];
      const onEvents = (_zone: number, _tick: number, events: ReplayedEvent[]): void => {
        hits.push(...events.filter(isArmoured));
      };
      const where = { dataDir: journal.folder, from };
      const [same] = (await replay({ ...where, module: await candidateFile(journal.folder, null) }, {})).zones;
      const changed = { ...where, events: true, module: await candidateFile(journal.folder, "armour-sign") };
      const [other] = (await replay(changed, { onEvents })).zones;
      for (const zone of [same!, other!]) {
        expect(zone).toMatchObject({ firstDifference: null, problems: [], lost: 0 });
        expect(zone.verified).toBe(zone.ticks);
      }
      expect(same!.comparison).toMatchObject({ differing: 0, first: null, fuelRatio: 1 });
      expect(other!.comparison!.differing > 0).toBe(hits.length > 0);
      // A blow that tells nothing, because it was absorbed as a whole, differs too.
      if (hits.length > 0) expect(other!.comparison!.first!.tick).toBeLessThanOrEqual(hits[0]!.tick);
      found += hits.length;
    }),
    { numRuns: 6, examples: [[FIGHT, 0]] },
  );
  expect(found).toBeGreaterThan(0);
});
