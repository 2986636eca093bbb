// Time, in ticks. The rate is in the header, so that a rule written in seconds holds at any rate.

import { Cell } from "../memory/columns";
import { HEADER_TICK, HEADER_TICK_RATE } from "../memory/memory";

export class Clock {
  @inline static now(): u32 {
    return Cell.get(HEADER_TICK);
  }
  /** So many whole seconds in ticks. */
  @inline static seconds(seconds: u32): u32 {
    return seconds * Cell.get(HEADER_TICK_RATE);
  }
  /** Milliseconds in ticks, rounded. */
  static milliseconds(ms: u32): u32 {
    return (ms * Cell.get(HEADER_TICK_RATE) + 500) / 1000;
  }
  /** Yards a tick at so many yards a second. */
  @inline static step(yardsPerSecond: f32): f32 {
    return yardsPerSecond / <f32>Cell.get(HEADER_TICK_RATE);
  }
}
