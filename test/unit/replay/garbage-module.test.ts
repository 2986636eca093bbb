// A module that passes every check and writes garbage, run in step with a good journal: whatever it does is told, and the
// recorded states stay what they were.

import { expect, test } from "bun:test";
import { join } from "node:path";
import { replay } from "../../../server/replay/replay.ts";
import { buildGarbageKernel, GARBAGE } from "../../../server/testing/garbage-kernel.ts";
import { eventWords } from "../../../tools/replay/event-words.ts";
import { comparisonLines } from "../../../tools/replay/comparison-lines.ts";
import type { ReplayNames } from "../../../server/protocol/replay.ts";
import { garbage } from "../../helpers/garbage-zone.ts";
import { newJournal } from "../../helpers/journal.ts";
import { commandBytes } from "../../helpers/zone-commands.ts";

const names: ReplayNames = { entity: (id) => `entity ${id}`, spell: (id) => `spell ${id}`, item: (id) => `item ${id}` };
/** Random garbage, besides each kind that was foreseen. */
const DICE = 60;

test("garbage of every kind is told as a difference or a trap", async () => {
  using journal = await newJournal();
  const orders = [
    ...GARBAGE.filter((name) => name !== "dice").map((name) => garbage(name)),
    ...Array.from({ length: DICE }, (_, seed) => garbage("dice", seed + 1)),
  ];
  journal.zone(1);
  journal.play(1, orders.length, (tick) => commandBytes([{ ...orders[tick - 3]!, seq: tick }]));
  journal.close();
  const module = join(journal.folder, "garbage.wasm");
  await Bun.write(module, await buildGarbageKernel());
  const { zones } = await replay(
    { dataDir: journal.folder, module, events: true },
    {
      onEvents: (_zone, _tick, events) => events.forEach((event) => eventWords(event, names)),
    },
  );
  const [zone] = zones;
  expect(zone).toMatchObject({ ticks: orders.length + 2, verified: orders.length + 2, problems: [] });
  const comparison = zone!.comparison!;
  expect(comparison.ticks).toBe(orders.length + 2);
  expect(comparison.traps).toBeGreaterThan(10);
  expect(comparison.differing).toBeGreaterThanOrEqual(GARBAGE.length - 1);
  expect(comparisonLines(1, comparison, names).length).toBeGreaterThan(5);
});
