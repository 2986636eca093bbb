// Trades and what players hold, from a client's view: a stack as the protocol has it, and the actions of a trade.
//
//   client.trade(offerTo(12, [{ item: 0, count: 30 }], [{ item: 3, count: 2 }]))     // 30 gold for two of item 3
//   client.trade(acceptOf(12, 41))                                                   // offer 41 of player 12
//   client.world.inventory.get(GOLD)                                                 // 220

import { ITEM_GOLD, STACK_COUNT_MASK, STACK_KIND_SHIFT } from "../../assembly/abi.ts";
import type { ClientWords } from "./wire.ts";

export const GOLD = ITEM_GOLD;

/** Pieces of one item; item 0 is gold. */
export interface Goods {
  item: number;
  count: number;
}

/** The words of an action of a trade. */
export type TradeWords = ClientWords & { kind: "trade_offer" | "trade_accept" | "trade_cancel" };

/** An offer that another player has made, as the server's `trade` event tells it. */
export interface Offer {
  maker: number;
  offer: number;
  gives: readonly Goods[];
  wants: readonly Goods[];
  /** Tick of the zone at which it ends. */
  endTick: number;
}

/** Up to two kinds of goods on each side; the receiver sees what it is to get and to give. */
export function offerTo(target: number, give: readonly Goods[], want: readonly Goods[] = []): TradeWords {
  const [first = 0, second = 0] = give.map(stackOf);
  const [third = 0, fourth = 0] = want.map(stackOf);
  return { kind: "trade_offer", target, stacks: [first, second, third, fourth] };
}

export function acceptOf(maker: number, offer: number): TradeWords {
  return { kind: "trade_accept", target: maker, offer };
}

/** Declines the offer of `maker`, or takes the client's own back, with maker 0. */
export function cancelOf(maker: number, offer: number): TradeWords {
  return { kind: "trade_cancel", target: maker, offer };
}

export function stackOf({ item, count }: Goods): number {
  return ((item << STACK_KIND_SHIFT) | count) >>> 0;
}

/** The goods in stacks of the binary encoding; 0 is none. */
export function goodsOf(stacks: readonly number[]): Goods[] {
  return stacks
    .filter((stack) => stack !== 0)
    .map((stack) => ({ item: stack >>> STACK_KIND_SHIFT, count: stack & STACK_COUNT_MASK }));
}
