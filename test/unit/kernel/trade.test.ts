// Trades: both sides change in one tick or neither does, and only for the very offer that was accepted.

import { describe, expect, test } from "bun:test";
import * as abi from "../../../assembly/abi.ts";
import {
  accept,
  bagOf,
  cancel,
  endow,
  heldBy,
  itemsBroken,
  offer,
  offerOf,
  stackOf,
} from "../../helpers/kernel-items.ts";
import type { Goods } from "../../helpers/kernel-items.ts";
import { openZone } from "../../helpers/kernel-zone.ts";
import type { KernelZone } from "../../helpers/kernel-zone.ts";

const WOLF = 1_000_001;
/** Items 1 to 12, of which a player holds ten each. */
const ITEMS = Array.from({ length: 12 }, (_, index) => ({ id: index + 1, name: `Item ${index + 1}`, stack: 10 }));
const EIGHT: Goods = Object.fromEntries(ITEMS.slice(0, 8).map(({ id }) => [id, 5]));

/** Players 1, 2 and 3 side by side; 1 has 30 gold, 2 has 4 of item 1. */
async function open(): Promise<KernelZone> {
  const zone = (await openZone({ items: ITEMS })).join(1).join(2, { x: 5 }).join(3, { x: 2 }).run();
  endow(zone, 1, { 0: 30 });
  endow(zone, 2, { 1: 4 });
  return zone;
}

/** The refusal of the last tick, which has no other. */
const refusal = (zone: KernelZone): number => zone.event("refused").info;

describe("a trade", () => {
  test("changes both sides in the tick in which it is accepted", async () => {
    const zone = await open();
    offer(zone, 1, 2, { 0: 10 }, { 1: 3 }).run();
    expect(zone.event("trade")).toMatchObject({ info: abi.TRADE_OFFERED, source: 1, target: 2, a: offerOf(zone, 1) });
    expect(heldBy(zone, 1)).toEqual({ 0: 30 });
    accept(zone, 2, 1).run();
    expect(zone.event("trade")).toMatchObject({ info: abi.TRADE_DONE, b: stackOf(0, 10), d: stackOf(1, 3) });
    expect([heldBy(zone, 1), heldBy(zone, 2)]).toEqual([
      { 0: 20, 1: 3 },
      { 0: 10, 1: 1 },
    ]);
    expect(offerOf(zone, 1)).toBe(0);
    expect(itemsBroken(zone)).toEqual([]);
  });

  test("is told to the two, with what they hold, and to nobody else", async () => {
    const zone = await open();
    offer(zone, 1, 2, { 0: 10 }, { 1: 4 }).run();
    accept(zone, 2, 1).run();
    const told = [1, 2, 3].map((id) => zone.frames.get(id));
    expect(told.map((frame) => frame?.events.some(({ kind }) => kind === abi.EVENT_TRADE) ?? false)).toEqual([
      true,
      true,
      false,
    ]);
    expect(told.map((frame) => frame?.stacks)).toEqual([[20, stackOf(1, 4)], [10], undefined]);
  });

  test("can be a gift, and two stacks for two", async () => {
    const zone = await open();
    offer(zone, 1, 2, { 0: 1 }).run();
    accept(zone, 2, 1).run();
    expect(heldBy(zone, 2)).toEqual({ 0: 1, 1: 4 });
    endow(zone, 1, { 5: 2 });
    endow(zone, 2, { 6: 7 });
    offer(zone, 1, 2, { 0: 4, 5: 2 }, { 1: 4, 6: 7 }).run();
    accept(zone, 2, 1).run();
    expect([heldBy(zone, 1), heldBy(zone, 2)]).toEqual([
      { 0: 25, 1: 4, 6: 7 },
      { 0: 5, 5: 2 },
    ]);
  });

  test("takes place although both bags are full, when each makes room by what it gives", async () => {
    const zone = await open();
    endow(zone, 1, EIGHT);
    endow(zone, 3, { 5: 1, 6: 1, 7: 1, 8: 1, 9: 1, 10: 1, 11: 1, 12: 1 });
    offer(zone, 1, 3, { 1: 5 }, { 12: 1 }).run();
    accept(zone, 3, 1).run();
    expect(heldBy(zone, 1)).toMatchObject({ 12: 1 });
    expect(heldBy(zone, 3)).toMatchObject({ 1: 5 });
    expect(itemsBroken(zone)).toEqual([]);
  });
});

describe("an accepted offer changes nothing", () => {
  test.each<[string, number, (zone: KernelZone) => unknown]>([
    ["too far away", abi.REFUSED_OUT_OF_RANGE, (zone) => zone.place(2, 11.5)],
    ["the accepter has too little", abi.REFUSED_NOT_HELD, (zone) => (bagOf(zone, 2)[1] = stackOf(1, 2))],
    ["its maker has too little", abi.REFUSED_PARTNER_NOT_HELD, (zone) => (bagOf(zone, 1)[0] = 9)],
    ["no room for the gold", abi.REFUSED_NO_ROOM, (zone) => (bagOf(zone, 2)[0] = 995)],
    ["its maker's stack is full", abi.REFUSED_PARTNER_NO_ROOM, (zone) => endow(zone, 1, { 1: 9 })],
    [
      "its maker's bag is full",
      abi.REFUSED_PARTNER_NO_ROOM,
      (zone) => endow(zone, 1, { 2: 1, 3: 1, 4: 1, 5: 1, 6: 1, 7: 1, 8: 1, 9: 1 }),
    ],
  ])("%s", async (_, reason, spoil) => {
    const zone = await open();
    offer(zone, 1, 2, { 0: 10 }, { 1: 3 }).run();
    spoil(zone);
    zone.run();
    const before = [heldBy(zone, 1), heldBy(zone, 2)];
    accept(zone, 2, 1).run();
    expect(refusal(zone)).toBe(reason);
    expect([heldBy(zone, 1), heldBy(zone, 2)]).toEqual(before);
    expect(offerOf(zone, 1)).not.toBe(0);
  });

  test("in its older form, once it was changed", async () => {
    const zone = await open();
    offer(zone, 1, 2, { 0: 10 }, { 1: 1 }).run();
    const old = offerOf(zone, 1);
    offer(zone, 1, 2, { 0: 1 }, { 1: 4 });
    accept(zone, 2, 1, old).run();
    expect(refusal(zone)).toBe(abi.REFUSED_NO_SUCH_OFFER);
    expect(zone.events.filter(({ kind }) => kind === "trade").map(({ info }) => info)).toEqual([
      abi.TRADE_CANCELLED,
      abi.TRADE_OFFERED,
    ]);
    expect(heldBy(zone, 2)).toEqual({ 1: 4 });
  });

  test("a second time", async () => {
    const zone = await open();
    offer(zone, 1, 2, { 0: 10 }).run();
    const number = offerOf(zone, 1);
    accept(zone, 2, 1, number);
    accept(zone, 2, 1, number).run();
    expect(refusal(zone)).toBe(abi.REFUSED_NO_SUCH_OFFER);
    expect(heldBy(zone, 2)).toEqual({ 0: 10, 1: 4 });
  });

  test.each<[string, (zone: KernelZone, number: number) => unknown]>([
    ["by a third", (zone, number) => accept(zone, 3, 1, number)],
    ["by its maker", (zone, number) => accept(zone, 1, 1, number)],
    ["with number 0", (zone) => accept(zone, 2, 1, 0)],
    ["of a creature", (zone, number) => zone.spawn(WOLF, { x: 300 }) && accept(zone, 2, WOLF, number)],
    ["of nobody", (zone, number) => accept(zone, 2, 0xffff_ffff, number)],
  ])("%s", async (_, act) => {
    const zone = await open();
    offer(zone, 1, 2, { 0: 10 }).run();
    act(zone, offerOf(zone, 1));
    zone.run();
    expect(refusal(zone)).toBe(abi.REFUSED_NO_SUCH_OFFER);
    expect(heldBy(zone, 1)).toEqual({ 0: 30 });
  });
});

describe("no offer is made", () => {
  test.each<[string, number, number, number[]]>([
    ["to oneself", abi.REFUSED_INVALID_TARGET, 1, [1]],
    ["to a creature", abi.REFUSED_INVALID_TARGET, WOLF, [1]],
    ["to nobody", abi.REFUSED_NO_SUCH_ENTITY, 77, [1]],
    ["to 0", abi.REFUSED_NO_SUCH_ENTITY, 0, [1]],
    ["of nothing for nothing", abi.REFUSED_BAD_COMMAND, 2, [0, 0, 0, 0]],
    ["of more than one holds", abi.REFUSED_NOT_HELD, 2, [31]],
    ["of what one does not have", abi.REFUSED_NOT_HELD, 2, [0, stackOf(1, 1)]],
    ["of an item that there is not", abi.REFUSED_BAD_COMMAND, 2, [stackOf(13, 1)]],
    ["of a kind beyond the table", abi.REFUSED_BAD_COMMAND, 2, [stackOf(255, 1)]],
    ["of no pieces of an item", abi.REFUSED_BAD_COMMAND, 2, [1, stackOf(1, 0)]],
    ["for more than a stack has", abi.REFUSED_BAD_COMMAND, 2, [1, 0, stackOf(1, 11)]],
    ["for all bits", abi.REFUSED_BAD_COMMAND, 2, [1, 0, 0xffff_ffff]],
    ["of one kind twice", abi.REFUSED_BAD_COMMAND, 2, [5, 6]],
    ["of gold for gold", abi.REFUSED_BAD_COMMAND, 2, [5, 0, 6]],
  ])("%s", async (_, reason, to, [b = 0, c = 0, d = 0, e = 0]) => {
    const zone = (await open()).spawn(WOLF, { x: 9 }).run();
    zone.command(abi.OP_TRADE_OFFER, { session: 1, a: to, b, c, d, e }).run();
    expect(refusal(zone)).toBe(reason);
    expect(offerOf(zone, 1)).toBe(0);
  });

  test("to somebody too far away", async () => {
    const zone = (await open()).place(2, 11.5).run();
    offer(zone, 1, 2, { 0: 1 }).run();
    expect(refusal(zone)).toBe(abi.REFUSED_OUT_OF_RANGE);
  });
});

describe("an offer ends", () => {
  const ENDS: [string, number, (zone: KernelZone, number: number) => unknown][] = [
    ["declined", abi.TRADE_DECLINED, (zone, number) => cancel(zone, 2, 1, number)],
    ["taken back", abi.TRADE_CANCELLED, (zone, number) => cancel(zone, 1, 0, number)],
    ["its maker leaves", abi.TRADE_ENDED_BY_LEAVING, (zone) => zone.leave(1)],
    ["its partner leaves", abi.TRADE_ENDED_BY_LEAVING, (zone) => zone.leave(2)],
    ["its maker departs", abi.TRADE_ENDED_BY_LEAVING, (zone) => zone.command(abi.OP_DEPART, { a: 1 })],
    ["its partner departs", abi.TRADE_ENDED_BY_LEAVING, (zone) => zone.command(abi.OP_DEPART, { a: 2 })],
    ["its maker dies", abi.TRADE_ENDED_BY_DEATH, (zone) => dies(zone, 1)],
    ["its partner dies", abi.TRADE_ENDED_BY_DEATH, (zone) => dies(zone, 2)],
    ["after 30 s", abi.TRADE_EXPIRED, (zone) => zone.run(599)],
  ];
  test.each(ENDS)("%s", async (_, how, act) => {
    const zone = await open();
    offer(zone, 1, 2, { 0: 10 }).run();
    const number = offerOf(zone, 1);
    act(zone, number);
    if (!zone.run().has("trade")) zone.runUntil("trade", 100);
    expect(zone.event("trade")).toMatchObject({ info: how, source: 1, target: 2, a: number });
    if (zone.row(2) < 0) zone.join(2, { x: 5 }).run();
    accept(zone, 2, 1, number).run();
    expect(refusal(zone)).toBe(abi.REFUSED_NO_SUCH_OFFER);
    expect(itemsBroken(zone)).toEqual([]);
  });

  test("not by others, nor by a wrong number", async () => {
    const zone = await open();
    offer(zone, 1, 2, { 0: 10 }).run();
    const number = offerOf(zone, 1);
    for (const act of [
      () => cancel(zone, 3, 1, number),
      () => cancel(zone, 2, 1, number + 1),
      () => cancel(zone, 1, 0, 0),
      () => cancel(zone, 2, 0, number),
    ]) {
      act().run();
      expect(refusal(zone)).toBe(abi.REFUSED_NO_SUCH_OFFER);
    }
    expect(offerOf(zone, 1)).toBe(number);
  });

  test("by one who left and came back within a tick", async () => {
    const zone = await open();
    offer(zone, 1, 2, { 0: 10 }).run();
    const number = offerOf(zone, 1);
    zone.leave(2).join(2, { x: 5 });
    accept(zone, 2, 1, number).run();
    expect(refusal(zone)).toBe(abi.REFUSED_NO_SUCH_OFFER);
    expect(zone.event("trade").info).toBe(abi.TRADE_ENDED_BY_LEAVING);
  });
});

/** A wolf beside the player strikes it dead. */
function dies(zone: KernelZone, id: number): void {
  zone.spawn(WOLF, { x: zone.position(id)[0] + 1 }).run();
  zone.set(id, "HEALTH", 1).attack(id, WOLF);
}
