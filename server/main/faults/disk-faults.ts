// What all active faults do to the journal's disk, together: their delays add up, and one that fills it is enough.
//
//   faults.set(7, { stallMs: 2_000, isFull: false })      // activation 7
//   faults.set(7, null)                                   // it has ended

import type { DiskTroubleState } from "../../protocol/faults/fault.ts";
import type { FaultDisk } from "../../shared/fault-targets.ts";

const STALL_MS_MAX = 60_000;

export class DiskFaults {
  readonly #disk: FaultDisk;
  readonly #byActivation = new Map<number, DiskTroubleState>();
  #now: DiskTroubleState = { stallMs: 0, isFull: false };

  constructor(disk: FaultDisk) {
    this.#disk = disk;
  }

  set(activation: number, trouble: DiskTroubleState | null): void {
    if (trouble === null) this.#byActivation.delete(activation);
    else this.#byActivation.set(activation, trouble);
    const all = [...this.#byActivation.values()];
    const stallMs = Math.min(
      STALL_MS_MAX,
      all.reduce((sum, one) => sum + one.stallMs, 0),
    );
    const isFull = all.some((one) => one.isFull);
    // A change ends the delay of the commit under way.
    if (stallMs === this.#now.stallMs && isFull === this.#now.isFull) return;
    this.#now = { stallMs, isFull };
    this.#disk.set(this.#now);
  }
}
