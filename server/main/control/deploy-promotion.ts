// A promotion gives one module to every zone, or to none. First all of them take it on trial; only when the last one has
// it are they told to keep it. When one drops out before that, all give it back; when one does while they keep it, those
// that have kept it go back to what they ran.
//
//   next({ hash: "9f3c…", isDecided: false }, zones)
//   // { promotion: { hash, isDecided: true }, orders: [[1, { type: "keep" }], [2, { type: "keep" }]] }

import type { Message, ZoneDeploy } from "./deploy-machine.ts";

export interface Promotion {
  readonly hash: string;
  /** Every zone has had it on trial; they are told to keep it. */
  readonly isDecided: boolean;
}

export interface Next {
  /** Null: it is over. */
  promotion: Promotion | null;
  orders: [zoneId: number, message: Message][];
}

/** What a promotion does next, as its zones are. Pure. */
export function next(promotion: Promotion, zones: ReadonlyMap<number, ZoneDeploy>): Next {
  return promotion.isDecided ? afterDecision(promotion, zones) : beforeDecision(promotion, zones);
}

function beforeDecision(promotion: Promotion, zones: ReadonlyMap<number, ZoneDeploy>): Next {
  const out = [...zones].find(([, { stage }]) => stage.name !== "joined" && !isJoining(stage));
  if (out !== undefined) {
    const reason = reasonOf(out);
    const orders = [...zones.keys()].map((id): [number, Message] => [id, { type: "abandon", reason }]);
    return { promotion: null, orders };
  }
  if ([...zones.values()].some(({ stage }) => stage.name !== "joined")) return { promotion, orders: [] };
  const orders = [...zones.keys()].map((id): [number, Message] => [id, { type: "keep" }]);
  return { promotion: { ...promotion, isDecided: true }, orders };
}

function afterDecision(promotion: Promotion, zones: ReadonlyMap<number, ZoneDeploy>): Next {
  if ([...zones.values()].some(({ stage }) => stage.name === "keeping")) return { promotion, orders: [] };
  const out = [...zones].find(([, { promoted }]) => promoted !== promotion.hash);
  if (out === undefined) return { promotion: null, orders: [] };
  const reason = reasonOf(out);
  const orders = [...zones]
    .filter(([, { promoted, previous }]) => promoted === promotion.hash && previous !== null)
    .map(([id]): [number, Message] => [id, { type: "back", reason }]);
  return { promotion: null, orders };
}

const isJoining = (stage: ZoneDeploy["stage"]): boolean => stage.name === "swapping" && stage.purpose === "promotion";

const reasonOf = ([id, { lastError }]: [number, ZoneDeploy]): string =>
  `promotion stopped: zone ${id}: ${lastError ?? "does not run it any more"}`;
