// A promotion gives one module to every zone, or to none. First all zones run it on trial; when the last one does, all
// are told to keep it. When a zone drops out before that, all roll back. When a zone drops out while the others keep
// it, those that have kept it return to the module they ran before.
//
//   next({ hash: "9f3c…", reason: "canary passed", isDecided: false }, zones)
//   // { promotion: { hash, reason, isDecided: true }, orders: [[1, { type: "keep", reason }], [2, { type: "keep", reason }]] }

import type { Message, ZoneDeploy } from "./deploy-machine.ts";

export interface Promotion {
  readonly hash: string;
  /** Why, for the history. */
  readonly reason: string;
  /** Every zone has run the module on trial; the zones are told to keep it. */
  readonly isDecided: boolean;
}

export interface Next {
  /** Null when the promotion is over. */
  promotion: Promotion | null;
  orders: [zoneId: number, message: Message][];
}

/** The next step of a promotion, given the state of its zones. Pure. */
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
  const { reason } = promotion;
  const orders = [...zones.keys()].map((id): [number, Message] => [id, { type: "keep", reason }]);
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
