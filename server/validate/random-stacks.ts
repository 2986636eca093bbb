// Stacks at random, for players who are made up: what a traveller brings along from another zone, and offers of a trade with up to two
// stacks on each side, no kind twice.
//
//   travellerWords(look, random)           // as a crossing brings them
//   tradeOffer(look, 3, 5, random)         // { a: 41, b: 30, c: 3 << 24 | 2, d: 7 << 24 | 1, e: 0 }

import * as abi from "../../assembly/abi.ts";
import type { CommandFields } from "../protocol/game/command.ts";
import type { ZoneLook } from "./zone-look.ts";

const LEVEL_MAX = 20;
const POINTS_MAX = 2_000;
const ACK_MAX = 5_000;
/** Pieces of one kind. */
const PIECES_MAX = 40;
/** Kinds in a bag at least, beside gold; a full bag has no room for more. */
const KINDS_MIN = 3;
/** The word with the factor of a player's threat, a float. */
const THREAT_FACTOR_WORD = 11;
const ONE_AS_FLOAT = 0x3f80_0000;

type Random = () => number;
const below = (random: Random, bound: number): number => Math.floor(random() * bound);
const kindOf = (stack: number): number => stack >>> abi.STACK_KIND_SHIFT;

/** A player whom nobody here has met, with a bag of goods. */
export function travellerWords(look: ZoneLook, random: Random): Uint32Array {
  const words = new Uint32Array(abi.TRANSFER_WORDS);
  words[0] = look.classes[below(random, look.classes.length)]?.index ?? 0;
  words[abi.TRANSFER_LEVEL] = 1 + below(random, LEVEL_MAX);
  words[abi.TRANSFER_HEALTH] = 1 + below(random, POINTS_MAX);
  words[abi.TRANSFER_HEALTH + 1] = below(random, POINTS_MAX);
  words[abi.TRANSFER_ACK] = below(random, ACK_MAX);
  words[THREAT_FACTOR_WORD] = ONE_AS_FLOAT;
  words.set(bag(look, random), abi.TRANSFER_WALKED - abi.STACK_COUNT_MAX);
  return words;
}

/** Gold first, then other kinds, each once. */
function bag({ stackLimits }: ZoneLook, random: Random): number[] {
  const kinds = [...stackLimits.keys()].filter((kind) => kind !== abi.ITEM_GOLD && (stackLimits[kind] ?? 0) > 0);
  const stackOf = (kind: number): number => {
    const limit = Math.min(stackLimits[kind] ?? 0, PIECES_MAX);
    return limit === 0 ? 0 : ((kind << abi.STACK_KIND_SHIFT) | (1 + below(random, limit))) >>> 0;
  };
  const places = KINDS_MIN + below(random, abi.STACK_COUNT_MAX - KINDS_MIN);
  return [abi.ITEM_GOLD, ...drawn(kinds, places, random)].map(stackOf);
}

/** Fields of an offer of this player to another one (-1: to nobody): of what they hold, or of one coin when that is nothing. */
export function tradeOffer(look: ZoneLook, row: number, partner: number, random: Random): CommandFields {
  const gives = drawn(look.stacksOf(row), stacks(random), random);
  const given = new Set(gives.map(kindOf));
  const held = partner < 0 ? [] : look.stacksOf(partner).filter((stack) => !given.has(kindOf(stack)));
  const wants = drawn(held, stacks(random), random);
  const [b = 0, c = 0] = gives.map((stack) => part(stack, random));
  const [d = 0, e = 0] = wants.map((stack) => part(stack, random));
  // An offer of nothing for nothing is none; the player may lack the coin.
  return { a: partner < 0 ? 0 : look.idOf(partner), b: b === 0 && d === 0 ? 1 : b, c, d, e };
}

/** As many as one can offer half of the time. */
function stacks(random: Random): number {
  return below(random, 2) === 0 ? abi.TRADE_STACKS : below(random, abi.TRADE_STACKS + 1);
}

function part(stack: number, random: Random): number {
  const count = 1 + below(random, stack & abi.STACK_COUNT_MASK);
  return ((stack & ~abi.STACK_COUNT_MASK) | count) >>> 0;
}

/** Some of them, at most `count`, in any order. */
function drawn(items: readonly number[], count: number, random: Random): number[] {
  const rest = [...items];
  return Array.from({ length: Math.min(count, rest.length) }, () => rest.splice(below(random, rest.length), 1)).flat();
}
