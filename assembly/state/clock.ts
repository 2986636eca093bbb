// Time, in ticks. The tick rate is in the header, so a rule written in seconds works at any rate.

import { Cell } from "../memory/columns";
import { HEADER_TICK, HEADER_TICK_RATE } from "../memory/memory";

export class Clock {
  @inline static now(): u32 {
    return Cell.get(HEADER_TICK);
  }
  /** Whole seconds in ticks. */
  @inline static seconds(seconds: u32): u32 {
    return seconds * Cell.get(HEADER_TICK_RATE);
  }
  /** Milliseconds in ticks, rounded. */
  static milliseconds(ms: u32): u32 {
    return (ms * Cell.get(HEADER_TICK_RATE) + 500) / 1000;
  }
  /** Yards per tick at this speed. */
  @inline static step(yardsPerSecond: f32): f32 {
    return yardsPerSecond / <f32>Cell.get(HEADER_TICK_RATE);
  }
}
