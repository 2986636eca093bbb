// The messages of a trade as JSON, docs/PROTOCOL.md: what a client offers and wants becomes the stacks of the kernel, a word each.
//
//   {"type":"trade_offer","target_id":12,"give":[{"item":0,"count":30}],"want":[{"item":3,"count":2}]}
//     → ClientMessage { kind: "trade_offer", target: 12, stacks: [30, 0, 3 << 24 | 2, 0] }

import { STACK_COUNT_MASK, STACK_KIND_SHIFT, TRADE_STACKS } from "../../../assembly/abi.ts";
import type { ClientMessage } from "../../protocol/game/client-messages.ts";
import { ID_MAX, isWhole } from "./message-bounds.ts";

type Fields = Record<string, unknown>;

const ITEM_MAX = 2 ** (32 - STACK_KIND_SHIFT) - 1;
const SIDE = `a list of at most ${TRADE_STACKS} {item, count}, whole numbers, count from 1 to ${STACK_COUNT_MASK}`;

export function decodeTradeOffer(fields: Fields, into: ClientMessage): boolean {
  const { target_id: target, give = [], want = [] } = fields;
  if (!isWhole(target, 1, ID_MAX)) return refuse(into, "target_id must be a player's id.");
  const [gives, wants] = [sideOf(give), sideOf(want)];
  if (gives === null) return refuse(into, `give must be ${SIDE}.`);
  if (wants === null) return refuse(into, `want must be ${SIDE}.`);
  into.kind = "trade_offer";
  into.target = target;
  into.stacks = [...gives, ...wants];
  return true;
}

export function decodeTradeAccept(fields: Fields, into: ClientMessage): boolean {
  if (!isWhole(fields["target_id"], 1, ID_MAX)) return refuse(into, "target_id must be the id of who made the offer.");
  into.kind = "trade_accept";
  return decodeAnswer(fields, into);
}

export function decodeTradeCancel(fields: Fields, into: ClientMessage): boolean {
  into.kind = "trade_cancel";
  return decodeAnswer(fields, into);
}

/** Without a target it is about the client's own offer. */
function decodeAnswer({ target_id: target = 0, offer_id: offer }: Fields, into: ClientMessage): boolean {
  if (!isWhole(target, 0, ID_MAX)) return refuse(into, "target_id must be the id of who made the offer.");
  if (!isWhole(offer, 1, ID_MAX)) return refuse(into, "offer_id must be the number of an offer.");
  into.target = target;
  into.offer = offer;
  return true;
}

/** The two stacks of a side; null when it is not one. */
function sideOf(side: unknown): [first: number, second: number] | null {
  if (!Array.isArray(side) || side.length > TRADE_STACKS) return null;
  const stacks = side.map(stackOf);
  const [first = 0, second = 0] = stacks;
  return first === null || second === null ? null : [first, second];
}

function stackOf(entry: unknown): number | null {
  if (typeof entry !== "object" || entry === null) return null;
  const { item, count } = entry as Fields;
  if (!isWhole(item, 0, ITEM_MAX) || !isWhole(count, 1, STACK_COUNT_MASK)) return null;
  return ((item << STACK_KIND_SHIFT) | count) >>> 0;
}

function refuse(into: ClientMessage, problem: string): boolean {
  into.problem = problem;
  return false;
}
