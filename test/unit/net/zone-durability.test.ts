// Which zones are told to be not durable: from the worker's messages and from the reports of their ticks.

import { expect, test } from "bun:test";
import { ZoneDurability } from "../../../server/main/gateway/zone-durability.ts";
import { emptyReport } from "../../../server/shared/tick-report.ts";
import { LAG_TICKS_MAX } from "../../../server/zone/output-gate.ts";

const report = (zoneId: number, durable: boolean) => ({ ...emptyReport(zoneId), durable });
const says = (isLost: boolean, ...zones: number[]) => ({ type: "journal", zones, isLost, ms: 0 }) as const;

test("zones are durable until their worker says otherwise, and again when it says so", () => {
  const durability = new ZoneDurability();
  expect(durability.isDurable(1)).toBe(true);
  durability.said(says(true, 1, 2));
  expect([1, 2, 3].map((zone) => durability.isDurable(zone))).toEqual([false, false, true]);
  durability.said(says(false, 1));
  expect([1, 2].map((zone) => durability.isDurable(zone))).toEqual([true, false]);
});

test("reports of ticks that had waited until the loss do not end it, those after it do", () => {
  const durability = new ZoneDurability();
  durability.said(says(true, 1));
  for (let tick = 0; tick <= LAG_TICKS_MAX; tick++) durability.ticked(report(1, true));
  expect(durability.isDurable(1)).toBe(false);
  durability.ticked(report(1, false));
  durability.ticked(report(1, true));
  expect(durability.isDurable(1)).toBe(true);
});

test("a report is enough to know of a loss", () => {
  const durability = new ZoneDurability();
  durability.ticked(report(1, false));
  expect(durability.isDurable(1)).toBe(false);
});

test("a loss is over with the worker that said it, sooner or later", () => {
  const durability = new ZoneDurability();
  durability.said(says(true, 1, 2));
  durability.revives(1);
  expect(durability.isDurable(1)).toBe(true);
  for (let tick = 0; tick < 100; tick++) durability.ticked(report(2, true));
  expect(durability.isDurable(2)).toBe(true);
});
