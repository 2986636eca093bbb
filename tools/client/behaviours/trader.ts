// A trader: fights alone until it holds something, and trades small amounts with other players nearby. It answers each offer: it
// accepts most that it can fulfil, and declines the others.
//
//   playTrader(view)   // { do: "offer", target: 12, give: [{ item: 3, count: 1 }], want: [{ item: 0, count: 2 }] }

import { distanceBetween, matesOf } from "../behaviour.ts";
import type { Action, Behaviour, View } from "../behaviour.ts";
import { GOLD } from "../trades.ts";
import type { Goods, Offer } from "../trades.ts";
import { playAlone } from "./alone.ts";
import { nearestOf } from "./healer.ts";

/** Of so many turns it spends this many on trade, when it has something; in the others it earns. */
const ROUND_TURNS = 60;
const TRADE_TURNS = 30;
/** It makes an offer in one of so many turns of trade. */
const OFFER_TURNS = 3;
/** It goes this near to a partner, yards; the server allows 11. */
const NEAR_YD = 6;
const REACH_YD = 9;
/** Pieces that it offers or wants at most. */
const PIECES_MAX = 3;
/** Share of the offers it can fulfil that it accepts. */
const WILLING = 0.8;

export const playTrader: Behaviour = (view) => {
  const [offer] = view.offers.filter(({ endTick }) => endTick > view.tick);
  if (offer !== undefined) return answer(view, offer);
  const isTrading = view.inventory.size > 0 && (view.turn + view.entityId) % ROUND_TURNS < TRADE_TURNS;
  const partner = isTrading ? nearestOf(view.position, matesOf(view)) : null;
  if (partner === null) return playAlone(view);
  if (distanceBetween(view.position, partner) > REACH_YD)
    return { do: "walk", x: partner.x, y: partner.y, stopAt: NEAR_YD };
  return view.turn % OFFER_TURNS === 0 ? propose(view, partner.id) : playAlone(view);
};

function answer({ inventory, random }: View, { maker, offer, wants }: Offer): Action {
  const canGive = wants.every(({ item, count }) => (inventory.get(item) ?? 0) >= count);
  return { do: canGive && random() < WILLING ? "accept" : "decline", maker, offer };
}

/** Some pieces of what it holds: for gold or, when they are gold themselves, for another item that it holds, or for nothing. */
function propose({ inventory, random }: View, target: number): Action {
  const held = [...inventory];
  const [item, count] = held[Math.floor(random() * held.length)] ?? [GOLD, 0];
  if (count === 0) return { do: "hold" };
  const give = [{ item, count: some(random, count) }];
  const other = item === GOLD ? held.find(([kind]) => kind !== GOLD)?.[0] : GOLD;
  const want: Goods[] = other === undefined || random() < 0.5 ? [] : [{ item: other, count: some(random, PIECES_MAX) }];
  return { do: "offer", target, give, want };
}

function some(random: () => number, most: number): number {
  return 1 + Math.floor(random() * Math.min(most, PIECES_MAX));
}
