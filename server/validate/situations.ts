// Situations that no name of a command, a spell or an event tells, and in which a kernel may do what it likes when neither a recording
// nor random commands had them.

import * as abi from "../../assembly/abi.ts";
import { LEVEL_CLOSED } from "../protocol/limits.ts";

/** It was there when the command was given, the term occurred, or a zone had the level of overload. */
export interface Situation {
  name: string;
  op?: number;
  term?: string;
  level?: number;
}

export const SITUATIONS: readonly Situation[] = [
  { name: "a trade of two stacks", term: "trades.of_two" },
  { name: "a trade for two stacks", term: "trades.for_two" },
  { name: "a trade of two stacks for two", term: "trades.two_for_two" },
  ...Array.from({ length: LEVEL_CLOSED }, (_, index) => ({ name: `overload of level ${index + 1}`, level: index + 1 })),
  { name: "a departure to another zone", op: abi.OP_DEPART },
  { name: "an arrival from another zone", op: abi.OP_ARRIVE },
  { name: "an entity that is pushed", op: abi.OP_NUDGE },
  { name: "an entity that is put elsewhere", op: abi.OP_PLACE },
  { name: "a creature that appears", op: abi.OP_SPAWN },
  { name: "a creature that is taken out", op: abi.OP_DESPAWN },
];
