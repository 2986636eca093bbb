// What runs beside a lane that replays recorded ticks: it sees each state before the tick, and each batch after the lane has run it.
//
//   follower.follows(lane); lane.step(batch); follower.step(batch)

import type { Lane } from "./lane.ts";

export interface Follower {
  /** Before each tick of the lane. */
  follows(recorded: Lane): void;
  /** The lane has run this batch. */
  step(batch: Uint8Array): void;
  /** The lane goes on from another state. */
  leaves(): void;
  /** The lane has reached its end. */
  ends(): void;
  /** It has seen enough: the replay may end. */
  readonly isDone: boolean;
}
