// The audit of items: what the players of a real zone hold follows from its ledger, and whatever does not is told.

import { expect, test } from "bun:test";
import { ITEM_COUNT_MAX } from "../../../assembly/abi.ts";
import { ItemAudit } from "../../../server/main/zones/item-audit.ts";
import { ITEMS } from "../../../server/shared/ring-records.ts";
import type { ItemCount } from "../../../server/shared/ring-records.ts";
import { countItems } from "../../../server/zone/item-count.ts";
import { MemoryEmitter } from "../../helpers/control-faults.ts";
import { TestClock } from "../../helpers/telemetry.ts";
import { playedZone } from "../../helpers/zone.ts";

function audit() {
  const [emitter, clock] = [new MemoryEmitter(), new TestClock(0)];
  const items = new ItemAudit(emitter, clock.now);
  return { items, clock, errors: () => emitter.messages("Items not conserved") };
}

/** A zone's count in which of item 0 so many are held, and so many in each column of the ledger. */
function count(zoneId: number, held: number, ...ledger: [number, number, number, number]): ItemCount {
  const record = ITEMS.empty();
  const [created, destroyed, arrived, departed] = ledger;
  record.zoneId = zoneId;
  record.held[0] = held;
  [record.created[0], record.destroyed[0], record.arrived[0], record.departed[0]] = [
    created,
    destroyed,
    arrived,
    departed,
  ];
  return record;
}

test("what follows from the ledger is in order, also when its numbers have wrapped around", () => {
  const { items, errors } = audit();
  items.itemsCounted(count(1, 40, 100, 30, 20, 50));
  items.itemsCounted(count(2, 5, 3, 0xffff_fffe, 0, 0));
  expect(errors()).toEqual([]);
  expect([...items.zones]).toEqual([
    [1, { gold: 40, wrongKinds: 0 }],
    [2, { gold: 5, wrongKinds: 0 }],
  ]);
});

test("what does not is told with its numbers, once in ten seconds and zone", () => {
  const { items, clock, errors } = audit();
  for (let second = 0; second < 25; second++) {
    items.itemsCounted(count(1, 41, 100, 30, 20, 50));
    items.itemsCounted(count(2, 1, 1, 0, 0, 0));
    clock.pass(1_000);
  }
  expect(errors()).toHaveLength(3);
  expect(errors()[0]).toMatchObject({
    type: "error",
    component: "audit",
    data: {
      zone_id: 1,
      kinds: 1,
      items: [{ item: 0, held: 41, expected: 40, created: 100, destroyed: 30, arrived: 20, departed: 50 }],
    },
  });
  expect(items.zones.get(1)).toEqual({ gold: 41, wrongKinds: 1 });
  items.forget(1);
  expect([...items.zones.keys()]).toEqual([2]);
});

test("a count is of the zone's memory: a piece that its kernel did not account for is found", async () => {
  const zone = await playedZone(5);
  const { items, errors } = audit();
  const bag = zone.at.stacks;
  for (const [word, kind] of [
    [250, 0],
    [(3 << 24) | 7, 3],
  ] as const) {
    zone.view.setUint32(bag + kind * 4, word, true);
    zone.view.setUint32(zone.at.ledgerCreated + kind * 4, word & 0xff_ffff, true);
  }
  const record = countItems(zone, ITEMS.empty());
  expect([record.held[0], record.held[3], record.tick]).toEqual([250, 7, zone.tick]);
  items.itemsCounted(record);
  expect(errors()).toEqual([]);
  zone.view.setUint32(bag, 251, true);
  items.itemsCounted(countItems(zone, ITEMS.empty()));
  expect(errors()[0]?.data).toMatchObject({ items: [{ item: 0, held: 251, expected: 250 }] });
});

test("the record of a count survives its way through a ring", () => {
  const bytes = new DataView(new ArrayBuffer(ITEMS.bytes));
  const record = count(7, 40, 100, 30, 20, 50);
  record.held[ITEM_COUNT_MAX - 1] = 0xffff_ffff;
  ITEMS.write(bytes, 0, record);
  expect(ITEMS.read(bytes, 0, ITEMS.bytes, ITEMS.empty())).toEqual(record);
});
