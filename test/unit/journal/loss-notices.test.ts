// What an operator is told at the start of zones that did not come back whole.

import { expect, test } from "bun:test";
import { lossNotices } from "../../../server/main/open-journal.ts";

test("a zone whose journal could not be run to its end says how much is lost and why; a whole one says nothing", () => {
  const whole = { zoneId: 1, tick: 900, fromTick: 800, lostTicks: 0, problem: null, ticket: 0, players: [] };
  const problem = "The replay of tick 8201 gives another state.";
  expect(lossNotices([whole, { ...whole, zoneId: 2, tick: 8_200, lostTicks: 168, problem }])).toEqual([
    "Zone 2 goes on after tick 8200: 168 ticks of its journal are lost. The replay of tick 8201 gives another state.",
  ]);
});
