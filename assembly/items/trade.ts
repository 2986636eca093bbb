// Trades between two players of the zone. A player makes one offer at a time; its partner accepts it by its number, and then both
// sides change in the same tick, or neither does.
//
//   OFFER 12 -> 15: gives 30 gold, wants 2 of item 3     row of 12: OFFER 41, OFFER_TO 15, GIVES [30, 0], WANTS [3 << 24 | 2, 0]
//   OFFER 12 -> 15: gives 20 gold                        OFFER 42 instead; whoever still accepts 41 gets no_such_offer
//   ACCEPT 15: offer 42 of 12                            both bags are computed beside, then both are written
//
// An offer ends when it is accepted, declined, taken back or replaced, when one of the two dies or leaves the zone, and after
// OFFER_SECONDS. All conditions are checked when it is made, and all again when it is accepted.

import {
  COUNTER_TRADES,
  ENTITY_DEAD,
  PHASE_TRADES,
  REFUSED_BAD_COMMAND,
  REFUSED_DEAD,
  REFUSED_INVALID_TARGET,
  REFUSED_NOT_HELD,
  REFUSED_NO_ROOM,
  REFUSED_NO_SUCH_ENTITY,
  REFUSED_NO_SUCH_OFFER,
  REFUSED_OUT_OF_RANGE,
  REFUSED_PARTNER_NOT_HELD,
  REFUSED_PARTNER_NO_ROOM,
  REFUSED_TARGET_DEAD,
  TRADE_CANCELLED,
  TRADE_DECLINED,
  TRADE_DONE,
  TRADE_ENDED_BY_DEATH,
  TRADE_ENDED_BY_LEAVING,
  TRADE_EXPIRED,
  TRADE_OFFERED,
} from "../abi";
import { Cell, U32 } from "../memory/columns";
import {
  ENTITY_ID,
  ENTITY_SINCE,
  HEADER_OFFERS,
  HEADER_PLAYERS_HIGH,
  PLAYERS_MAX,
  PLAYER_OFFER,
  PLAYER_OFFER_END,
  PLAYER_OFFER_GIVES,
  PLAYER_OFFER_SINCE,
  PLAYER_OFFER_TO,
  PLAYER_OFFER_WANTS,
  TRADED_BASE,
} from "../memory/memory";
import { isWithin } from "../space/space";
import { Breadcrumb } from "../state/breadcrumb";
import { Changed, Flag } from "../state/changes";
import { Clock } from "../state/clock";
import { Counter } from "../state/counters";
import { NO_ROW, rowOf } from "../state/entity-rows";
import { emitTrade } from "../state/events";
import { BAG_BYTES, Bag, Stack, give, heldOf, take } from "./stacks";

/** Two players trade within this distance. */
const TRADE_YARDS: f32 = 11;
const OFFER_SECONDS: u32 = 30;
/** The second stack of a side, in bytes after its first. */
const SECOND: usize = PLAYERS_MAX * 4;

/** The player in `row` offers a trade: two stacks for two stacks, 0 = none. Returns 0 or a REFUSED_*. */
export function offerTrade(row: u32, partnerId: u32, gives: u32, gives2: u32, wants: u32, wants2: u32): u32 {
  const partner = rowOf(partnerId);
  if (partner == NO_ROW) return REFUSED_NO_SUCH_ENTITY;
  if (partner >= PLAYERS_MAX || partner == row) return REFUSED_INVALID_TARGET;
  if (!isTrade(gives, gives2, wants, wants2)) return REFUSED_BAD_COMMAND;
  const refusal = apartRefusal(row, partner);
  if (refusal != 0) return refusal;
  if (!holds(row, gives) || !holds(row, gives2)) return REFUSED_NOT_HELD;
  endOffer(row, TRADE_CANCELLED);
  Cell.set(HEADER_OFFERS, max<u32>(Cell.get(HEADER_OFFERS) + 1, 1));
  U32.set(PLAYER_OFFER, row, Cell.get(HEADER_OFFERS));
  U32.set(PLAYER_OFFER_TO, row, partnerId);
  U32.set(PLAYER_OFFER_SINCE, row, Clock.now());
  U32.set(PLAYER_OFFER_END, row, Clock.now() + Clock.seconds(OFFER_SECONDS));
  U32.set(PLAYER_OFFER_GIVES, row, gives);
  U32.set(PLAYER_OFFER_GIVES + SECOND, row, gives2);
  U32.set(PLAYER_OFFER_WANTS, row, wants);
  U32.set(PLAYER_OFFER_WANTS + SECOND, row, wants2);
  tell(row, TRADE_OFFERED);
  return 0;
}

/** The player in `row` accepts an offer made to it. Both sides change, or neither does. Returns 0 or a REFUSED_*. */
export function acceptTrade(row: u32, makerId: u32, number: u32): u32 {
  const maker = rowOf(makerId);
  if (!isOpen(maker, row, number)) return REFUSED_NO_SUCH_OFFER;
  const refusal = apartRefusal(row, maker);
  if (refusal != 0) return refusal;
  const mine = TRADED_BASE;
  const theirs = TRADED_BASE + BAG_BYTES;
  memory.copy(mine, Bag.of(row), BAG_BYTES);
  memory.copy(theirs, Bag.of(maker), BAG_BYTES);
  if (!takeBoth(mine, PLAYER_OFFER_WANTS, maker)) return REFUSED_NOT_HELD;
  if (!takeBoth(theirs, PLAYER_OFFER_GIVES, maker)) return REFUSED_PARTNER_NOT_HELD;
  if (!giveBoth(mine, PLAYER_OFFER_GIVES, maker)) return REFUSED_NO_ROOM;
  if (!giveBoth(theirs, PLAYER_OFFER_WANTS, maker)) return REFUSED_PARTNER_NO_ROOM;
  memory.copy(Bag.of(row), mine, BAG_BYTES);
  memory.copy(Bag.of(maker), theirs, BAG_BYTES);
  Changed.stacks(row);
  Changed.stacks(maker);
  Counter.add(COUNTER_TRADES, 1);
  endOffer(maker, TRADE_DONE);
  return 0;
}

/** Ends an offer: the player's own (makerId 0 or its own id), or one made to it. Returns 0 or a REFUSED_*. */
export function cancelTrade(row: u32, makerId: u32, number: u32): u32 {
  if (makerId == 0 || makerId == U32.get(ENTITY_ID, row)) {
    if (number == 0 || U32.get(PLAYER_OFFER, row) != number) return REFUSED_NO_SUCH_OFFER;
    endOffer(row, TRADE_CANCELLED);
    return 0;
  }
  const maker = rowOf(makerId);
  if (!isOpen(maker, row, number)) return REFUSED_NO_SUCH_OFFER;
  endOffer(maker, TRADE_DECLINED);
  return 0;
}

/** Phase: offers end whose time is over, or of whose two players one has died or left. */
export function endOffers(): void {
  Breadcrumb.phase(PHASE_TRADES);
  const high = Cell.get(HEADER_PLAYERS_HIGH);
  for (let row: u32 = 0; row < high; row++) {
    if (U32.get(PLAYER_OFFER, row) == 0) continue;
    const partner = rowOf(U32.get(PLAYER_OFFER_TO, row));
    if (!isSince(partner, row)) endOffer(row, TRADE_ENDED_BY_LEAVING);
    else if (Flag.has(row, ENTITY_DEAD) || Flag.has(partner, ENTITY_DEAD)) endOffer(row, TRADE_ENDED_BY_DEATH);
    else if (isOver(row)) endOffer(row, TRADE_EXPIRED);
  }
}

/** Ends the player's own offer, if it has one, and tells both. */
export function endOffer(row: u32, how: u32): void {
  if (U32.get(PLAYER_OFFER, row) == 0) return;
  tell(row, how);
  U32.set(PLAYER_OFFER, row, 0);
}

/** True for the offer with that number, as long as it stands, and only for the player to whom it was made. */
function isOpen(maker: u32, row: u32, number: u32): bool {
  if (maker >= PLAYERS_MAX || number == 0 || U32.get(PLAYER_OFFER, maker) != number) return false;
  return U32.get(PLAYER_OFFER_TO, maker) == U32.get(ENTITY_ID, row) && isSince(row, maker) && !isOver(maker);
}

/** True while the partner has been in the zone since the offer: one who left and came back is not meant. */
function isSince(partner: u32, maker: u32): bool {
  return partner < PLAYERS_MAX && U32.get(ENTITY_SINCE, partner) <= U32.get(PLAYER_OFFER_SINCE, maker);
}

function isOver(maker: u32): bool {
  return Clock.now() >= U32.get(PLAYER_OFFER_END, maker);
}

/** Why these two can not trade at the moment, 0 when they can. */
function apartRefusal(row: u32, partner: u32): u32 {
  if (Flag.has(row, ENTITY_DEAD)) return REFUSED_DEAD;
  if (Flag.has(partner, ENTITY_DEAD)) return REFUSED_TARGET_DEAD;
  return isWithin(row, partner, TRADE_YARDS) ? 0 : REFUSED_OUT_OF_RANGE;
}

/** True for stacks that can be traded: at least one, each whole, and no kind twice. */
function isTrade(a: u32, b: u32, c: u32, d: u32): bool {
  if ((a | b | c | d) == 0 || !isWholeOrNone(a) || !isWholeOrNone(b) || !isWholeOrNone(c) || !isWholeOrNone(d))
    return false;
  return !(isSame(a, b) || isSame(a, c) || isSame(a, d) || isSame(b, c) || isSame(b, d) || isSame(c, d));
}

function isWholeOrNone(stack: u32): bool {
  return stack == 0 || Stack.isWhole(stack);
}

function isSame(one: u32, other: u32): bool {
  return one != 0 && other != 0 && Stack.kind(one) == Stack.kind(other);
}

function holds(row: u32, stack: u32): bool {
  return stack == 0 || heldOf(Bag.of(row), Stack.kind(stack)) >= Stack.count(stack);
}

function takeBoth(bag: usize, side: usize, maker: u32): bool {
  return take(bag, U32.get(side, maker)) && take(bag, U32.get(side + SECOND, maker));
}

function giveBoth(bag: usize, side: usize, maker: u32): bool {
  return give(bag, U32.get(side, maker)) && give(bag, U32.get(side + SECOND, maker));
}

function tell(row: u32, how: u32): void {
  emitTrade(
    how,
    row,
    U32.get(PLAYER_OFFER_TO, row),
    rowOf(U32.get(PLAYER_OFFER_TO, row)),
    U32.get(PLAYER_OFFER, row),
    U32.get(PLAYER_OFFER_GIVES, row),
    U32.get(PLAYER_OFFER_GIVES + SECOND, row),
    U32.get(PLAYER_OFFER_WANTS, row),
    U32.get(PLAYER_OFFER_WANTS + SECOND, row),
    U32.get(PLAYER_OFFER_END, row),
  );
}
