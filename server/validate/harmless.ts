// Differences that a candidate may have without a word, because it adds what nobody uses yet, or writes another remark; and those that no
// word excuses.

import type { BehaviourTerm } from "../protocol/behaviour.ts";

/** Counters that no kernel of this version uses, and the kernel's note of what it is doing. */
const HARMLESS = ["counters.unused_", "state.breadcrumb_"];

/** An invariant that the candidate breaks more often than the incumbent. */
export const isBreach = ({
  what,
  incumbent,
  candidate,
}: Pick<BehaviourTerm, "what" | "incumbent" | "candidate">): boolean =>
  what.startsWith("broken.") && candidate > incumbent;

export const isHarmless = ({ what }: Pick<BehaviourTerm, "what">): boolean =>
  HARMLESS.some((prefix) => what.startsWith(prefix));
