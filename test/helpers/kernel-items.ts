// What players hold in a zone, and the trades between them, for tests.
//
//   endow(zone, 1, { 0: 30, 2: 5 })                       // 30 gold and 5 of item 2, as if they had been loot
//   offer(zone, 1, 2, { 0: 10 }, { 2: 1 }).run()          // 1 gives 2 ten gold and wants one of item 2
//   heldBy(zone, 1)                                       // { 0: 30, 2: 5 }
//   itemsBroken(zone)                                     // [] or ["of item 0 players hold 31, the ledger says 30"]

import * as abi from "../../assembly/abi.ts";
import type { KernelZone } from "./kernel-zone.ts";

/** Pieces by item id. */
export type Goods = Readonly<Record<number, number>>;

export const stackOf = (item: number, count: number): number => ((item << abi.STACK_KIND_SHIFT) | count) >>> 0;
const kindOf = (stack: number): number => stack >>> abi.STACK_KIND_SHIFT;
const countOf = (stack: number): number => stack & abi.STACK_COUNT_MASK;

/** The words of a player's bag. */
export function bagOf(zone: KernelZone, id: number): Uint32Array {
  const at = zone.kernel.layout.value("STACK_BASE") + zone.row(id) * abi.STACK_COUNT_MAX * 4;
  return new Uint32Array(zone.memory.buffer, at, abi.STACK_COUNT_MAX);
}

export function heldBy(zone: KernelZone, id: number): Goods {
  const stacks = [...bagOf(zone, id)].filter((stack) => stack !== 0);
  return Object.fromEntries(stacks.map((stack) => [kindOf(stack), countOf(stack)]));
}

/** Gives a player what it does not have yet, and enters it into the ledger. */
export function endow(zone: KernelZone, id: number, goods: Goods): KernelZone {
  const bag = bagOf(zone, id);
  const created = ledger(zone, "LEDGER_CREATED");
  for (const [item, count] of Object.entries(goods)) {
    const place = Number(item) === abi.ITEM_GOLD ? 0 : bag.indexOf(0, 1);
    if (place < 0 || bag[place] !== 0) throw new Error(`No place for item ${item}.`);
    bag[place] = stackOf(Number(item), count);
    created[Number(item)]! += count;
  }
  return zone;
}

/** One column of the zone's ledger. */
export function ledger(zone: KernelZone, column: string): Uint32Array {
  const { layout } = zone.kernel;
  return new Uint32Array(zone.memory.buffer, layout.value(column), layout.value("ITEMS_MAX"));
}

function side(goods: Goods): [first: number, second: number] {
  const stacks = Object.entries(goods).map(([item, count]) => stackOf(Number(item), count));
  if (stacks.length > abi.TRADE_STACKS) throw new Error("A side of a trade has two stacks at most.");
  return [stacks[0] ?? 0, stacks[1] ?? 0];
}

export function offer(zone: KernelZone, from: number, to: number, gives: Goods, wants: Goods = {}): KernelZone {
  const [[b, c], [d, e]] = [side(gives), side(wants)];
  return zone.command(abi.OP_TRADE_OFFER, { session: from, a: to, b, c, d, e });
}

/** The offer that stands, as its number. */
export function offerOf(zone: KernelZone, maker: number): number {
  return zone.get(maker, "PLAYER_OFFER");
}

export function accept(zone: KernelZone, session: number, maker: number, number = offerOf(zone, maker)): KernelZone {
  return zone.command(abi.OP_TRADE_ACCEPT, { session, a: maker, b: number });
}

export function cancel(zone: KernelZone, session: number, maker: number, number: number): KernelZone {
  return zone.command(abi.OP_TRADE_CANCEL, { session, a: maker, b: number });
}

/** What is wrong with bags, offers and the ledger after a tick; [] when nothing is. */
export function itemsBroken(zone: KernelZone): string[] {
  const broken: string[] = [];
  const limits = new Map(zone.content.items.map(({ id, stack }) => [id, stack]));
  const sums = new Uint32Array(zone.kernel.layout.value("ITEMS_MAX"));
  for (const id of zone.rows().keys()) {
    if (!zone.hasFlag(id, abi.ENTITY_PLAYER)) continue;
    const bag = bagOf(zone, id);
    const kinds = [...bag].filter((stack) => stack !== 0).map(kindOf);
    if (new Set(kinds).size < kinds.length) broken.push(`${id} has one kind in two places`);
    for (const [place, stack] of bag.entries()) {
      if (stack === 0) continue;
      const [kind, count] = [kindOf(stack), countOf(stack)];
      sums[kind]! += count;
      if (count === 0 || count > (limits.get(kind) ?? 0)) broken.push(`${id} has ${count} of item ${kind}`);
      if ((place === 0) !== (kind === abi.ITEM_GOLD)) broken.push(`${id} has item ${kind} in place ${place}`);
    }
    if (offerOf(zone, id) !== 0) broken.push(...offerBroken(zone, id));
  }
  const [created, destroyed, arrived, departed] = ["CREATED", "DESTROYED", "ARRIVED", "DEPARTED"].map((column) =>
    ledger(zone, `LEDGER_${column}`),
  );
  for (const [item, sum] of sums.entries()) {
    const wanted = (created![item]! - destroyed![item]! + arrived![item]! - departed![item]!) >>> 0;
    if (sum !== wanted) broken.push(`of item ${item} players hold ${sum}, the ledger says ${wanted}`);
  }
  return broken;
}

/** An offer stands between two who are here and alive, and only as long as it may. */
function offerBroken(zone: KernelZone, maker: number): string[] {
  const partner = zone.get(maker, "PLAYER_OFFER_TO");
  if (zone.row(partner) < 0) return [`${maker} has an offer to ${partner}, who is gone`];
  if (zone.hasFlag(maker, abi.ENTITY_DEAD) || zone.hasFlag(partner, abi.ENTITY_DEAD))
    return [`${maker} has an offer to ${partner}, and one of them is dead`];
  return zone.get(maker, "PLAYER_OFFER_END") <= zone.tick ? [`${maker} has an offer that is over`] : [];
}
