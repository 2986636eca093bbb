// The counters of this tick: zeroed when the tick begins, read by the host after it ended.

import { COUNTERS, COUNTER_REFUSED } from "../abi";
import { U32 } from "../memory/columns";
import { COUNTER_BASE } from "../memory/memory";

export class Counter {
  static clear(): void {
    memory.fill(COUNTER_BASE, 0, COUNTERS * 4);
  }
  @inline static add(counter: u32, amount: u32): void {
    U32.add(COUNTER_BASE, counter, amount);
  }
  @inline static set(counter: u32, value: u32): void {
    U32.set(COUNTER_BASE, counter, value);
  }
  @inline static refused(reason: u32): void {
    U32.add(COUNTER_BASE, COUNTER_REFUSED + reason, 1);
  }
}
